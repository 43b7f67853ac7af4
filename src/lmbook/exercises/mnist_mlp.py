"""Checks for the exercises of mnist/mlp."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lmbook.exercises import Exercises


def _number(answer: Any) -> float | None:
    try:
        return float(np.asarray(answer, dtype=float).reshape(()))
    except (TypeError, ValueError):
        return None


def _hint(number: float, hints: dict[float, str]) -> str | None:
    """Return the hint of the wrong answer that a number is within one per cent of."""
    near = [h for wrong, h in hints.items() if math.isclose(number, wrong, rel_tol=0.01)]
    return near[0] if near else None


def _ignorant(answer: Any) -> str | None:
    expected = "Give two numbers: (loss in nats, accuracy in percent)."
    if isinstance(answer, str):
        return expected
    try:
        loss, accuracy = (float(part) for part in answer)
    except (TypeError, ValueError):
        return expected
    right_loss = math.isclose(loss, math.log(10), rel_tol=0.01)
    if right_loss and math.isclose(accuracy, 10, abs_tol=0.1):
        return None
    if right_loss:
        if math.isclose(accuracy, 0.1, abs_tol=0.001):
            return "Right, but the accuracy is asked for in percent."
        if accuracy == 0:
            return "The loss is right. Whatever it answers, some of the digits are that one."
        return "The loss is right. A guess that ignores the image is right one time in how many?"
    if math.isclose(loss, 10, rel_tol=0.01) and math.isclose(accuracy, math.log(10), rel_tol=0.01):
        return "Loss first, then accuracy."
    hints = {
        1.0: "That is the logarithm to base 10: losses here are in nats, with base e.",
        math.log2(10): "That is in bits, the logarithm to base 2: nats have base e.",
        -math.log(10): "The loss is minus the logarithm, and so positive.",
        0.1: "That is the probability; the loss is minus its logarithm.",
        math.log(2): "That is one choice out of two; here it is one out of ten.",
        10.0: "Ten what? The loss of one answer is minus the logarithm of its probability.",
    }
    return (
        _hint(loss, hints) or "The loss is minus the logarithm of what the right digit was given."
    )


def _floor(answer: Any) -> str | None:
    number = _number(answer)
    if number is None:
        return "Give one number: a loss in nats."
    if number < 0:
        return "A loss is not negative."
    wrong = 1 - 0.9321
    hints = {
        wrong: "That is the share of wrong answers; what does each of them cost at least?",
        0.9321
        * math.log(2): "The *wrong* answers cost at least log 2; right ones may cost nothing.",
        wrong * math.log10(2): "That is with base 10; nats take the natural logarithm.",
        wrong * math.log(10): "A wrong answer may be a near tie with one other digit, not nine.",
        -math.log(0.9321): "That is the loss if every right digit is given the same 93 per cent. "
        "It can be lower: right answers may cost nothing.",
        100 * wrong * math.log(2): "Take the share of wrong answers from 0 to 1, not in percent.",
        0.0412: "That is what the log says; what is the least it could say?",
    }
    if math.isclose(number, wrong * math.log(2), rel_tol=0.005):
        return None
    return (
        _hint(number, hints) or "Multiply the share of wrong answers by the least that one costs."
    )


class _Probe(nn.Module):
    """Answers from its inputs; notes how it is called, and errs when it is training."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.sizes: list[int] = []
        self.graph = False

    def forward(self, inputs: Tensor) -> Tensor:
        self.sizes.append(len(inputs))
        self.graph = self.graph or torch.is_grad_enabled()
        logits = inputs * self.weight
        return -logits if self.training else logits


def _evaluate(answer: Any) -> str | None:
    if not callable(answer):
        return "Give a function, without calling it: evaluate, not evaluate(…)."
    right = torch.tensor([1, 1, 1, 1, 1, 1, 0, 0, 1, 0], dtype=torch.bool)
    targets = torch.arange(10) % 3
    shown = torch.where(right, targets, (targets + 1) % 3)  # what the probe will answer
    inputs = nn.functional.one_hot(shown, 3).float()  # (10, 3)
    probe = _Probe().train()
    got = answer(probe, inputs, targets, 4)
    if got is None:
        return "Your function returns nothing: end it with `return`."
    number = _number(got.detach().cpu() if isinstance(got, Tensor) else got)
    if number is None:
        return f"Return one number, the accuracy in percent; got {type(got).__name__}."
    case = "With ten examples, seven right, in batches of four,"
    hints = {
        0.7: "The number is right as a share: give it in percent.",
        100 * (1 + 0.5 + 0.5) / 3: f"{case} you get the mean of the batches' accuracies. The last "
        "batch is smaller, and must count for less.",
        100 * 6 / 8: f"{case} you leave out the last, incomplete batch.",
        100 * 7 / 12: f"{case} you divide by three full batches; the last one has two examples.",
        100 * 6 / 10: f"{case} you leave out the last batch, but divide by all.",
        7.0: "You return how many are right: divide by how many there are.",
        30.0: "That is the share of wrong answers.",
    }
    if not math.isclose(number, 70, rel_tol=1e-4):
        if probe.training:
            return "The network is still in training mode, in which some layers act differently."
        return _hint(number, hints) or f"{case} expected 70, got {number:g}."
    if max(probe.sizes) > 4:
        return "The number is right; but go through the examples batch by batch, for the memory."
    if probe.graph:
        return "The number is right; but nobody needs gradients here: switch them off."
    return None


def _difference(answer: Any) -> str | None:
    number = _number(answer)
    if number is None:
        return "Give one number, in points."
    spread = 100 * math.sqrt(0.018 / 2500)
    hints = {
        spread / 100: "Right as a share: give it in points, hundredths of one.",
        spread / math.sqrt(2): "That is the luck of one network; the question is their difference.",
        spread * math.sqrt(2): "Do not double it: the share d/m already belongs to the difference.",
        0.3 / spread: "That is the lead in standard deviations; the question is the deviation "
        "itself, in points.",
        100 * 0.018 / 2500: "Take the square root.",
        100 * 0.018 / 50: "The share that they disagree on belongs under the root, too.",
    }
    if math.isclose(number, spread, rel_tol=0.01):
        return None
    return _hint(number, hints) or "It is the root of d/m, in points: d the share, m the images."


check = Exercises(
    {
        "mnist-1": _ignorant,
        "mnist-2": _floor,
        "mnist-3": _evaluate,
        "mnist-4": _difference,
    }
)
