"""Checks for the exercises of mnist/generalization."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np
import torch

from lmbook.exercises import Exercises

_VARIATIONS = (True, False, True, False, True, False)
_WHY_NOT = (
    "A digit that stands two pixels to the right is still the same digit.",
    "Hold a 2 to a mirror: nobody writes it like that, so the image is not one to learn from.",
    "People's handwriting leans by ten degrees and more.",
    "Upside down, a 6 is a 9 with the wrong label.",
    "Bent a little, a digit looks as if another hand had written it.",
    "Shuffling changes the order of the images and makes no new one.",
)


def _variations(answer: Any) -> str | None:
    if isinstance(answer, torch.Tensor):
        answer = answer.tolist()
    if isinstance(answer, str | Mapping | Set) or not isinstance(answer, Iterable):
        return "Give six truth values, one for each item, in a list or a tuple."
    given = tuple(answer)
    if len(given) != 6:
        return f"Give six truth values, one for each item; you gave {len(given)}."
    for item, value in zip("abcdef", given, strict=True):
        if not isinstance(value, bool | np.bool_ | int | float | np.number) or value not in (0, 1):
            return f"Give True or False for each item, without quotes; {item} is {value!r}."
    wrong = [i for i, (g, w) in enumerate(zip(given, _VARIATIONS, strict=True)) if bool(g) is not w]
    if not wrong:
        return None
    return f"Look again at {'abcdef'[wrong[0]]}. {_WHY_NOT[wrong[0]]}"


_DIFFERENCES = np.array([0.4, 1.0, -0.2, 0.8])
_T3 = 3.182  # quantile of t with three degrees of freedom for 95 %


def _interval(answer: Any) -> str | None:
    ask = "Give two numbers: the lower and the upper end of the interval."
    if isinstance(answer, str | Mapping | Set) or not isinstance(answer, Iterable):
        return ask
    if isinstance(answer, torch.Tensor):
        answer = answer.detach().cpu()
    try:
        ends = np.asarray(answer, dtype=float).ravel()
    except (TypeError, ValueError):
        return ask
    if ends.shape != (2,):
        return f"Give two numbers, the lower and the upper end; you gave {ends.size}."
    mean, n = _DIFFERENCES.mean(), len(_DIFFERENCES)
    std = _DIFFERENCES.std(ddof=1)
    halves = {
        None: _T3 * std / np.sqrt(n),
        "1.96 is for a standard deviation that is known. Four differences have three degrees of "
        "freedom, and the quantile is given in the exercise.": 1.96 * std / np.sqrt(n),
        "Divide the sum of squares by n - 1, not by n: the mean was estimated from the same four "
        "numbers.": _T3 * _DIFFERENCES.std() / np.sqrt(n),
        "That is where a single difference lies. The mean of four varies less: divide the standard "
        "deviation by the root of 4.": _T3 * std,
        "Divide by the root of 4, not by 4.": _T3 * std / n,
        "That is the mean plus and minus one standard error. Multiply by the quantile.": std
        / np.sqrt(n),
    }
    if ends[0] > ends[1]:
        return "The lower end comes first."
    if abs(ends.mean() - mean) > 0.02:
        return f"The interval should lie about the mean; yours lies about {ends.mean():.2f}."
    for hint, half in halves.items():
        if abs((ends[1] - ends[0]) / 2 - half) < 0.011:
            return hint
    return (
        "The middle is right, the width is not: it is the quantile times the standard deviation "
        "over the root of n, to both sides."
    )


def _dropout_channels(answer: Any) -> str | None:
    if not callable(answer):
        return f"Give a function of (hidden, p, generator), got {type(answer).__name__}."
    hidden = torch.rand(200, 30, 4, 5, generator=torch.Generator().manual_seed(0)) + 1
    before = hidden.clone()
    for p in (0.25, 0.5):
        got = answer(hidden, p, torch.Generator().manual_seed(1))
        if got is None:
            return "Your function returns nothing: end it with `return`."
        if not isinstance(got, torch.Tensor) or got.shape != hidden.shape:
            kind = f"{type(got).__name__} of shape {tuple(getattr(got, 'shape', ()))}"
            return f"Expected a Tensor of shape {tuple(hidden.shape)} back, got {kind}."
        if not torch.equal(hidden, before):
            return "Your function changes its input. Make a new tensor instead."
        ratio = got / hidden
        whole = ratio.flatten(2)  # (n, channels, places)
        if not torch.allclose(whole, whole[:, :, :1].expand_as(whole)):
            return (
                "Some channels are dropped in part: draw one number for each image and channel, of "
                "shape (n, channels, 1, 1)."
            )
        kept = whole[:, :, 0] != 0  # (n, channels)
        if not kept.all() and bool((kept == kept[:1]).all()):
            return "All images lose the same channels: each image needs chances of its own."
        if not kept.all() and bool((kept == kept[:, :1]).all()):
            return "All channels of an image fall together: each channel needs a chance of its own."
        share = kept.float().mean().item()
        if abs(share - (1 - p)) > 0.03:
            if abs(share - p) < 0.03:
                return f"With p = {p} you keep the share p of the channels; p is what is dropped."
            return f"With p = {p} the share {1 - share:.2f} of the channels is dropped."
        scale = ratio[ratio != 0].mean().item()
        if abs(scale - 1 / (1 - p)) > 1e-3:
            return (
                f"With p = {p} what is kept is multiplied by {scale:.2f}. The mean over the "
                "chances should be the input: by what do you have to divide?"
            )
    first = answer(hidden, 0.5, torch.Generator().manual_seed(1))
    if not torch.equal(first, answer(hidden, 0.5, torch.Generator().manual_seed(1))):
        return "The same generator state should drop the same channels: pass `generator` on."
    if torch.equal(first, answer(hidden, 0.5, torch.Generator().manual_seed(2))):
        return "Take the chance from `generator`, do not make one of your own."
    return None


check = Exercises(
    {
        "generalization-1": _variations,
        "generalization-2": _interval,
        "generalization-3": _dropout_channels,
    }
)
