"""Checks for the exercises of mnist/cnn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from lmbook.exercises import Exercises


def _output_shape(answer: Any) -> str | None:
    if not isinstance(answer, Iterable) or isinstance(answer, str) or len(tuple(answer)) != 4:
        return "Give four numbers: (batch, channels, height, width)."
    shape = tuple(answer)
    if shape == (8, 13, 13, 32):
        return "The numbers are right; PyTorch puts channels before height and width."
    if shape[0] != 8:
        return "A layer never changes the size of the batch."
    if shape[1] != 32:
        return "The number of channels that come out is the layer's second argument."
    if shape[2:] != (13, 13):
        return "For a side: add the padding twice, take off the kernel, divide, round down, add 1."
    return None


def _receptive_field(answer: Any) -> str | None:
    hints = {
        11: "You let every layer reach (kernel - 1) pixels further, but after pooling one step "
        "is two pixels wide.",
        13: "A pooling layer has a kernel too: it looks at two neighbours.",
        14: "You are one layer short: the last pooling layer also looks at two neighbours.",
        (16, 4): "That is the field and the jump: give the field alone.",
    }
    if isinstance(answer, list):
        answer = tuple(answer)
    if isinstance(answer, torch.Tensor | np.generic):
        answer = answer.item()
    if answer in (16, (16,), (16, 16)):
        return None
    if isinstance(answer, str):
        return "Give a number, without quotation marks."
    return hints.get(
        answer, "Each layer adds (kernel - 1) times the jump so far; then the jump grows."
    )


def _max_pool(answer: Any) -> str | None:
    rng = np.random.default_rng(0)
    for height, width, size, level in ((4, 4, 2, 5), (6, 9, 3, 5), (7, 5, 2, 5), (28, 28, 2, -5)):
        image = rng.normal(size=(height, width)) + level
        expected = F.max_pool2d(torch.from_numpy(image)[None, None], size)[0, 0].numpy()
        got = answer(image, size)
        case = f"an image of shape {image.shape} and size {size}"
        if got is None:
            return "Your function returns nothing: end it with `return`."
        got = np.asarray(got)
        if got.shape != expected.shape:
            return (
                f"For {case} expected shape {expected.shape}, got {got.shape}: "
                "rows and columns that fill no whole window are left out."
            )
        if not np.allclose(got, expected):
            sign = "positive" if level > 0 else "negative"
            return f"The shape is right, the values are not, for {case} with {sign} pixels."
    return None


class _Operations(TorchDispatchMode):
    """Notes which poolings and strides a forward pass uses, however they are written."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.pools: list[str] = []
        self.strides: list[int] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        name = str(func)
        if "pool" in name and "adaptive_avg" not in name:
            self.pools.append(name.split(".")[1])
        if func is torch.ops.aten.convolution.default:
            self.strides.append(max(args[3]))
        return func(*args, **(kwargs or {}))


def _strided(answer: Any) -> str | None:
    if not isinstance(answer, nn.Module):
        return f"Expected a torch.nn.Module, got {type(answer).__name__}."
    parameter = next(answer.parameters(), torch.empty(0))
    training = answer.training
    try:
        with torch.no_grad(), _Operations() as seen:
            logits = answer.eval()(torch.zeros(2, 1, 28, 28, device=parameter.device))
    finally:
        answer.train(training)
    if tuple(logits.shape) != (2, 10):
        return f"For two images expected logits of shape (2, 10), got {tuple(logits.shape)}."
    if seen.pools:
        return f"There is still pooling in it: {', '.join(seen.pools)}."
    if seen.strides.count(2) < 2:
        return (
            "Two poolings halved the sides, so two convolutions with stride 2 have to; the strides "
            f"are {seen.strides}."
        )
    return None


check = Exercises(
    {
        "cnn-1": _output_shape,
        "cnn-2": _receptive_field,
        "cnn-3": _max_pool,
        "cnn-4": _strided,
    }
)
