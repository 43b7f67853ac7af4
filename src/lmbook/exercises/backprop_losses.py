"""Checks for the exercises of backprop/losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from lmbook.exercises import Exercises

_ROUNDED = 0.01  # two decimals are asked for


def _number(answer: Any) -> float | None:
    """Read one number from whatever holds one; None if there is none."""
    if isinstance(answer, torch.Tensor):
        answer = answer.detach().cpu().numpy()
    if isinstance(answer, str | bytes) or answer is None:
        return None
    values = np.asarray(answer)
    return float(values.reshape(-1)[0]) if values.size == 1 else None


def _close(answer: float, hints: Mapping[float, str]) -> str | None:
    """Return the hint that belongs to the nearest likely wrong answer, if one is near."""
    return next((hint for wrong, hint in hints.items() if abs(answer - wrong) < _ROUNDED), None)


def _uniform_guess(answer: Any) -> str | None:
    value = _number(answer)
    if value is None:
        return "Give one number, without quotation marks."
    if abs(value - np.log(1000)) < _ROUNDED:
        return None
    hints = {
        -float(np.log(1000)): "A loss is minus the logarithm of a probability: it is not negative.",
        3.0: "That is the logarithm to base 10. A nat belongs to the natural logarithm.",
        float(np.log2(1000)): "That is in bits, with the logarithm to base 2. Give nats.",
        float(np.log(10)): "That would be for ten classes.",
        float(np.log1p(999 / np.e)): "That is the floor of softmax applied twice. Here it is "
        "applied once, and the network knows nothing.",
        0.001: "That is the probability of the label. What does giving it cost?",
        0.0: "A loss of zero is that of a network which is certain, and right.",
    }
    return _close(value, hints) or (
        "A uniform guess gives each class the same probability: which one? Then take minus its "
        "natural logarithm."
    )


def _gradient(answer: Any) -> str | None:
    if isinstance(answer, torch.Tensor):
        answer = answer.detach().cpu().numpy()
    if isinstance(answer, str):
        return "Give three numbers, without quotation marks."
    values = np.asarray(answer, dtype=float)
    if values.size != 3:
        return f"Expected three numbers, one for each logit, got {values.size}."
    values, p = values.reshape(3), np.array([0.5, 0.25, 0.25])
    right = p - np.array([0.0, 1.0, 0.0])
    if np.allclose(values, right, atol=_ROUNDED):
        return None
    hints = [
        (-right, "That is the push of a step, target minus prediction. The gradient is its "
         "negative."),
        (p, "Those are the probabilities. What is taken off, and where?"),
        (right / 3, "The mean runs over examples, and there is one. The classes are summed."),
        (p - np.array([1.0, 0.0, 0.0]), "The label is the second class, not the first."),
        (p - np.array([0.0, 0.0, 1.0]), "Python's class 2 is the third one. The label is the "
         "second."),
        (np.array([np.log(2), -1.0, 0.0]), "Those are the logits minus the target. Make "
         "probabilities of them first."),
    ]  # fmt: skip
    for wrong, hint in hints:
        if np.allclose(values, wrong, atol=_ROUNDED):
            return hint
    if abs(values.sum()) > _ROUNDED:
        return (
            f"The three sum to {values.sum():.3g}. They should sum to zero: raising all logits "
            "alike changes nothing."
        )
    return "Make probabilities of the logits first; then the gradient is prediction minus target."


def _floor(answer: Any) -> str | None:
    value = _number(answer)
    if value is None:
        return "Give one number, without quotation marks."
    if abs(value - np.log1p(np.exp(-1))) < _ROUNDED:
        return None
    hints = {
        0.0: "The second softmax sees one and zero, not plus and minus infinity.",
        float(np.log(2)): "That is the uniform guess. A sure network does a little better.",
        float(np.log1p(9 / np.e)): "That is the floor for ten classes.",
        float(np.log1p(2 / np.e)): "Count the *other* classes: there is one.",
        float(np.log1p(np.e)): "That is the loss of being sure and wrong.",
        float(np.e / (1 + np.e)): "That is the probability of the label. What does it cost?",
    }
    return _close(value, hints) or (
        "What does the second softmax make of the numbers 1 and 0? Take minus the logarithm of "
        "the label's share."
    )


def _focal(answer: Any) -> str | None:
    if not callable(answer):
        return f"Expected a function of (logits, labels, gamma), got {type(answer).__name__}."
    rng = np.random.default_rng(0)
    logits, labels = 2 * rng.normal(size=(40, 5)), rng.integers(5, size=40)
    log_p = F.log_softmax(torch.from_numpy(logits), dim=1).numpy()[np.arange(40), labels]
    for gamma in (0.0, 1.0, 2.0):
        got = answer(logits.copy(), labels.copy(), gamma)
        if got is None:
            return "Your function returns nothing: end it with `return`."
        value = _number(got)
        if value is None:
            return f"Expected one number, the mean over the examples, got shape {np.shape(got)}."
        each = -((1 - np.exp(log_p)) ** gamma) * log_p
        if abs(value - each.mean()) < 1e-9:
            continue
        case = f"For γ = {gamma:g}"
        if np.isclose(value, -each.mean()):
            return f"{case} the sign is wrong: a loss is minus the logarithm."
        if np.isclose(value, each.sum()):
            return f"{case} you give the sum over the examples: take the mean."
        if np.isclose(value, each.mean() / 5):
            return f"{case} you divide by the classes too: only the label's term counts."
        if np.isclose(value, (-(np.exp(log_p) ** gamma) * log_p).mean()):
            return f"{case} the factor is p to the power of γ: it has to be small where p is large."
        if gamma == 0:
            return "For γ = 0 the focal loss has to be the cross-entropy, and it is not."
        return f"{case} it differs, though γ = {gamma - 1:g} is right: look at the factor's power."
    extreme = np.array([[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 0.0]])
    with np.errstate(all="ignore"):
        value = _number(answer(extreme, np.array([1, 1]), 2.0))
    if value is None or not np.isfinite(value):
        return (
            f"The values are right for small logits. For logits of ±1000 it gives {value}: stay "
            "in logarithms, and take the largest logit out."
        )
    if abs(value - 1000) > 1e-6:
        return (
            "For logits of ±1000 it is finite, but not right: a bound on the probability "
            f"changes the loss. Expected 1000, got {value:.6g}."
        )
    return None


check = Exercises(
    {
        "losses-1": _uniform_guess,
        "losses-2": _gradient,
        "losses-3": _floor,
        "losses-4": _focal,
    }
)
