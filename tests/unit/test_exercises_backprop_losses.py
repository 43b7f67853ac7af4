"""The exercises of backprop/losses: right, wrong and malformed answers."""

import re

import numpy as np
import pytest
import torch
from judging import verdict_of
from torch.nn import functional as F

from lmbook.exercises.backprop_losses import check

verdict = verdict_of(check)


def log_p(logits, labels):
    top = logits.max(axis=1, keepdims=True)
    shifted = logits - top
    log_shares = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_shares[np.arange(len(labels)), labels]


def focal(logits, labels, gamma):
    log = log_p(logits, labels)
    return (-((1 - np.exp(log)) ** gamma) * log).mean()


def torch_focal(logits, labels, gamma):
    losses = F.cross_entropy(torch.tensor(logits), torch.tensor(labels), reduction="none")
    return ((1 - (-losses).exp()) ** gamma * losses).mean()


def naive(logits, labels, gamma):
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    p = shares[np.arange(len(labels)), labels]
    return (-((1 - p) ** gamma) * np.log(p)).mean()


def clipped(logits, labels, gamma):
    log = np.maximum(log_p(logits, labels), np.log(1e-12))
    return (-((1 - np.exp(log)) ** gamma) * log).mean()


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("losses-1", 6.91), ("losses-1", np.log(1000)), ("losses-1", torch.tensor(6.9078)),
        ("losses-1", [6.91]), ("losses-1", 6.9),
        ("losses-2", (0.5, -0.75, 0.25)), ("losses-2", [0.5, -0.75, 0.25]),
        ("losses-2", np.array([[0.5, -0.75, 0.25]])),
        ("losses-2", torch.tensor([0.5, -0.75, 0.25])),
        ("losses-3", 0.31), ("losses-3", np.log(1 + 1 / np.e)),
        ("losses-4", focal), ("losses-4", torch_focal),
    ],
)  # fmt: skip
def test_right_answers(name, answer):
    assert verdict(name, answer)[0] is True, verdict(name, answer)[1]


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("losses-1", 3, "base 10"),
        ("losses-1", 9.97, "base 2"),
        ("losses-1", -6.91, "not negative"),
        ("losses-1", 2.30, "ten classes"),
        ("losses-1", 5.91, "floor"),
        ("losses-1", 0.001, "probability of the label"),
        ("losses-1", 1000, "which one"),
        ("losses-1", "6.91", "without quotation"),
        ("losses-1", None, "one number"),
        ("losses-1", (6.9, 1), "one number"),
        ("losses-2", (-0.5, 0.75, -0.25), "target minus prediction"),
        ("losses-2", (0.5, 0.25, 0.25), "taken off"),
        ("losses-2", (1 / 6, -0.25, 1 / 12), "mean runs over examples"),
        ("losses-2", (-0.5, 0.25, 0.25), "second class"),
        ("losses-2", (0.5, 0.25, -0.75), "third one"),
        ("losses-2", (np.log(2), -1, 0), "Make probabilities"),
        ("losses-2", (1, 1, 1), "sum to 3"),
        ("losses-2", (1, -1, 0), "prediction minus target"),
        ("losses-2", (1, 2), "three numbers.*got 2"),
        ("losses-2", "0.5", "without quotation"),
        ("losses-2", "abc", "without quotation"),
        ("losses-2", {"a": 1}, "could not be checked"),
        ("losses-3", 0.69, "uniform"),
        ("losses-3", 1.46, "ten classes"),
        ("losses-3", 0.55, "other"),
        ("losses-3", 1.31, "sure and wrong"),
        ("losses-3", 0.73, "probability of the label"),
        ("losses-3", 0, "infinity"),
        ("losses-3", 5, "1 and 0"),
        ("losses-3", "0.31", "without quotation"),
        ("losses-4", 3, "Expected a function"),
        ("losses-4", lambda z, y, g: None, "return"),
        ("losses-4", lambda z, y, g: log_p(z, y), "one number.*40"),
        ("losses-4", lambda z, y, g: -focal(z, y, g), "sign"),
        ("losses-4", lambda z, y, g: 40 * focal(z, y, g), "mean"),
        ("losses-4", lambda z, y, g: focal(z, y, g) / 5, "classes too"),
        ("losses-4", lambda z, y, g: (-(np.exp(log_p(z, y)) ** g) * log_p(z, y)).mean(), "small"),
        ("losses-4", lambda z, y, g: 7.0, "cross-entropy"),
        ("losses-4", lambda z, y, g: focal(z, y, min(g, 1)), "power"),
        ("losses-4", naive, "±1000"),
        ("losses-4", clipped, "bound on the probability"),
        ("losses-4", lambda z, y: 1.0, "could not be checked: TypeError"),
    ],
)
def test_wrong_answers_get_a_hint_that_fits(name, answer, hint):
    passed, message = verdict(name, answer)
    assert passed is False
    assert re.search(hint, message), message


@pytest.mark.parametrize("name", ["losses-1", "losses-2", "losses-3", "losses-4"])
def test_no_answer_yet(name):
    assert verdict(name, ...)[0] is None
