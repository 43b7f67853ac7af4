"""Checks for the exercises of mnist/cnn."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from lmbook.exercises import Exercises


def _output_shape(answer: Any) -> str | None:
    shape = tuple(answer)
    if len(shape) != 4:
        return f"Give four numbers: (batch, channels, height, width), not {len(shape)}."
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
        14: "You are one layer short: the last pooling layer also looks at two neighbours.",
        (16, 4): "That is the field and the jump: give the field alone.",
    }
    if answer == 16:
        return None
    return hints.get(
        answer, "Each layer adds (kernel - 1) times the jump so far; then the jump grows."
    )


def _max_pool(answer: Any) -> str | None:
    rng = np.random.default_rng(0)
    for height, width, size in ((4, 4, 2), (28, 28, 2), (9, 6, 3), (7, 5, 2)):
        image = rng.normal(size=(height, width)) - 3
        expected = F.max_pool2d(torch.from_numpy(image)[None, None], size)[0, 0].numpy()
        got = np.asarray(answer(image, size))
        case = f"an image of shape {image.shape} and size {size}"
        if got.shape != expected.shape:
            return (
                f"For {case} expected shape {expected.shape}, got {got.shape}: "
                "rows and columns that fill no whole window are left out."
            )
        if not np.allclose(got, expected):
            return f"The shapes are right, the values are not, for {case} with negative pixels."
    return None


def _strided(answer: Any) -> str | None:
    if not isinstance(answer, nn.Module):
        return f"Expected a torch.nn.Module, got {type(answer).__name__}."
    pooled = [type(m).__name__ for m in answer.modules() if "MaxPool" in type(m).__name__]
    if pooled:
        return f"There is still pooling in it: {', '.join(pooled)}."
    device = next(answer.parameters()).device
    with torch.no_grad():
        shape = tuple(answer.eval()(torch.zeros(2, 1, 28, 28, device=device)).shape)
    if shape != (2, 10):
        return f"For two images expected logits of shape (2, 10), got {shape}."
    if not any(isinstance(m, nn.Conv2d) and m.stride != (1, 1) for m in answer.modules()):
        return (
            "Nothing in it steps by more than one pixel: the strides have to do the pooling's work."
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
