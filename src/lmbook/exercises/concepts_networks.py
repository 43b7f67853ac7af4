"""Checks for the exercises of concepts/networks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from lmbook.exercises import Exercises


def _number(answer: Any) -> float | None:
    """Return a single finite number, however it is wrapped; None for anything else."""
    if isinstance(answer, str | bytes | bool):
        return None
    if isinstance(answer, torch.Tensor):
        answer = answer.detach().cpu().numpy()
    try:
        values = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        return None
    if values.size != 1 or not math.isfinite(values.item()):
        return None
    return float(values.item())


def _parameters(answer: Any) -> str | None:
    number = _number(answer)
    if number is None:
        return "Give one number, without quotation marks."
    hints = {
        54_912: "Those are the weights. Each unit but the inputs has a bias too.",
        101_770: "That is 784-128-10. Two layers of 64 units are not one layer of 128.",
        50_890: "You have left out the layer from 64 to 64 units.",
        50_240: "That is the first layer alone.",
        55_834: "Inputs have no bias.",
    }
    if number == 55_050:
        return None
    return hints.get(
        int(number),
        "There are three layers. One from m to n units has (m + 1) · n parameters: add them up.",
    )


def _memory(answer: Any) -> str | None:
    number = _number(answer)
    if number is None:
        return "Give one number, without quotation marks: gigabytes."
    if math.isclose(number, 112e9, rel_tol=1e-3):
        return "Those are bytes. A gigabyte is here 10⁹ of them."
    hints = {
        112: None,
        14: "That is enough for the weights, to use the model.",
        28: "That is the weights and the gradients. What does the optimiser keep?",
        56: "The optimiser keeps three numbers of 4 bytes a parameter, not one or two.",
        70: "The optimiser keeps two averages and an exact copy of the weights, in 4 bytes each.",
        84: "That is the optimiser's state alone, or the exact copy of the weights is missing.",
        98: "One of weights and gradients is missing.",
        104.3: "You divided by 2³⁰; a gigabyte is here 10⁹ bytes.",
    }
    for value, hint in hints.items():
        if math.isclose(number, value, rel_tol=2e-3):
            return hint
    return "Add up the bytes a parameter: the weight, its gradient, and what the optimiser keeps."


def _budget(answer: Any) -> str | None:
    number = _number(answer)
    if number is None:
        return "Give one number, without quotation marks."
    hints = {
        math.sqrt(1e24 / 120): None,
        math.sqrt(1e24 / 120) / 1e9: "Those are billions: give the number itself.",
        math.sqrt(1e24 / 6): "That is as many tokens as parameters. The rule has 20 for each.",
        math.sqrt(1e24 / 20): "The 6 operations a parameter a token are missing.",
        20 * math.sqrt(1e24 / 120): "Those are the tokens.",
        1e24 / 120: "The parameters come in twice, in N and in D = 20 N: take the root.",
    }
    for value, hint in hints.items():
        if math.isclose(number, value, rel_tol=5e-3):
            return hint
    return "Put D = 20 N into C = 6 N D and solve for N."


def _exclusive_or(answer: Any) -> str | None:
    form = "Give four things: W1 of shape (2, 2), b1 and w2 of shape (2,), and the number b2."
    if isinstance(answer, str) or not isinstance(answer, tuple | list) or len(answer) != 4:
        return form
    try:
        W1, b1, w2, b2 = (
            np.asarray(part.detach().cpu() if isinstance(part, torch.Tensor) else part, dtype=float)
            for part in answer
        )
    except (TypeError, ValueError):
        return form
    if W1.shape != (2, 2) or b1.size != 2 or w2.size != 2 or b2.size != 1:
        shapes = ", ".join(str(part.shape) for part in (W1, b1, w2, b2))
        return f"{form} Yours have the shapes {shapes}."
    for x in ((0, 0), (0, 1), (1, 0), (1, 1)):
        wanted = float(x[0] != x[1])
        hidden = np.maximum(0, W1 @ np.array(x, dtype=float) + b1.ravel())
        got = float(w2.ravel() @ hidden + b2.item())
        if not math.isclose(got, wanted, abs_tol=1e-6):
            return f"For the inputs {x} the output should be {wanted:g}; yours is {got:g}."
    return None


check = Exercises(
    {
        "networks-1": _parameters,
        "networks-2": _memory,
        "networks-3": _budget,
        "networks-4": _exclusive_or,
    }
)
