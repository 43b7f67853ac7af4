"""Checks for the exercises of mnist/speed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np
import torch

from lmbook.exercises import Exercises


def _listed(answer: Any) -> list[Any] | None:
    """Return the items of a tuple, list, array or tensor; None for anything else."""
    if isinstance(answer, torch.Tensor | np.ndarray):
        return list(np.asarray(answer).ravel().tolist())
    if isinstance(answer, Iterable) and not isinstance(answer, str | dict):
        return list(answer)
    return None


def _same_weights(answer: Any) -> str | None:
    given = _listed(answer)
    if given is None or len(given) != 5:
        return "Give five answers, True or False, in the order of the list."
    if any(item not in (0, 1) for item in given):
        return "Each answer is True or False."
    hints = [
        (
            True,
            "The same images in the same order give the same gradients, wherever they are kept.",
        ),
        (True, "Compare the largest of four ReLUs with the ReLU of the largest: try 3, -1, 2, -4."),
        (False, "Four times as many images a step: the gradients are averaged over other batches."),
        (
            True,
            "Where a number stands in memory changes at most the order of a sum, so its rounding.",
        ),
        (False, "Another target is another loss, and another loss has another gradient."),
    ]
    for place, (item, (right, hint)) in enumerate(zip(given, hints, strict=True), start=1):
        if bool(item) != right:
            return f"Look at number {place} again. {hint}"
    return None


def _amdahl(answer: Any) -> str | None:
    given = _listed(answer)
    if given is None or len(given) != 2 or not all(isinstance(item, Real) for item in given):
        return "Give two numbers: with loading ten times as fast, and with loading for nothing."
    first, limit = (float(item) for item in given)
    right, bound = 1 / (0.6 + 0.4 / 10), 1 / 0.6
    if math.isclose(first, bound, rel_tol=0.005) and math.isclose(limit, right, rel_tol=0.005):
        return "Both are right, in the other order."
    if math.isclose(first, 10) or math.isclose(first, 4):
        return "Only the loading becomes faster; the other six tenths of the step stay."
    if math.isclose(first, 0.64, rel_tol=0.005) or math.isclose(limit, 0.6, rel_tol=0.005):
        return "That is the share of the time that is left; how many times as fast is the whole?"
    if math.isclose(first, 1.36, rel_tol=0.005):
        return "You subtracted what is saved from 1; divide the old time by the new one."
    if math.isclose(first, 1 / (0.4 + 0.6 / 10), rel_tol=0.005) or math.isclose(first, 2.5):
        return "You made the computing faster, not the loading."
    if (first, limit) == (1.6, 1.7):
        return "Right so far; give two decimals."
    if not math.isclose(first, right, rel_tol=0.005):
        return "Write the new time of a step as a share of the old one, then take one over it."
    if math.isinf(limit):
        return "Loading can become free, and then six tenths of the step are still there."
    if not math.isclose(limit, bound, rel_tol=0.005):
        return "The first is right. For the second, let the loading take no time at all."
    return None


def _agree(got: Any, expected: float | None) -> bool:
    if got is None or expected is None:
        return got is expected
    return math.isclose(got, expected)


def _time_to(answer: Any) -> str | None:
    if not callable(answer):
        return f"Expected a function, got {type(answer).__name__}."
    cases: list[tuple[float, list[float], list[float], float | None, str]] = [
        (99.0, [3.0, 2.0, 4.0], [98.0, 99.2, 99.4], 5.0, "epochs after the target do not count"),
        (99.0, [3.0, 2.0, 4.0], [99.1, 98.9, 99.4], 3.0, "the first time is what counts"),
        (99.0, [3.0, 2.0], [98.0, 99.0], 5.0, "exactly the target is enough"),
        (99.0, [3.0, 2.0], [98.0, 98.9], None, "a run that never gets there has no time"),
    ]
    for target, seconds, accuracies, expected, why in cases:
        got = answer(target, list(seconds), list(accuracies))
        if not (got is None or isinstance(got, Real)):
            return f"Return a number of seconds, or None; got {got!r}."
        if not _agree(got, expected):
            if accuracies == [98.0, 99.2, 99.4]:
                slips = {
                    None: "the function returned nothing",
                    3.0: "the epoch that reaches the target counts as well",
                    2.0: "add up the seconds, do not count the epochs",
                }
                why = slips.get(None if got is None else float(got), why)
            return (
                f"For target {target}, seconds {seconds} and accuracies {accuracies} expected "
                f"{expected}, got {got}: {why}."
            )
    return None


check = Exercises({"speed-1": _same_weights, "speed-2": _amdahl, "speed-3": _time_to})
