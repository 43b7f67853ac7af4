"""Checks of backprop/mlp tell right answers from wrong ones, and say why."""

import numpy as np
import pytest
import torch
from judging import verdict_of

from lmbook.exercises.backprop_mlp import check

verdict = verdict_of(check)


SHAPES = [(16, 20), (16,), (8, 16), (8,), (4, 8), (4,)]
TINY = [[-1.2, -0.6], [1.2, 0.6]]


def gradients(parameters, X, labels, mask, mistake=""):
    W1, b1, W2, b2 = parameters
    H = np.tanh(X @ W1.T + b1)
    dropped = H * mask
    Z = (H if mistake == "no mask forward" else dropped) @ W2.T + b2
    shares = np.exp(Z - Z.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    delta2 = shares - np.eye(len(b2))[labels]
    if mistake == "no truth":
        delta2 = shares
    if mistake == "no labels":
        delta2 = shares * (1 - shares)
    if mistake == "turned round":
        delta2 = -delta2
    if mistake != "sum":
        delta2 = delta2 / len(X)
    if mistake == "n twice":
        delta2 = delta2 / len(X)
    slope = 1 - (dropped if mistake == "slope" else H) ** 2
    delta1 = delta2 @ W2 * slope
    if mistake != "no mask back":
        delta1 = delta1 * mask
    if mistake == "no slope":
        delta1 = delta2 @ W2 * mask
    if mistake == "mask twice":
        delta1 = delta1 * mask
    if mistake == "relu":
        delta1 = delta2 @ W2 * mask * (H > 0)
    if mistake == "mask of 0 and 1":
        delta1 = delta2 @ W2 * (mask > 0) * slope
    into = H if mistake == "no mask into" else dropped
    found = [delta1.T @ X, delta1.sum(0), delta2.T @ into, delta2.sum(0)]
    if mistake == "transposed":
        found[0] = found[0].T
    if mistake == "mean":
        found[1], found[3] = delta1.mean(0), delta2.mean(0)
    if mistake == "sign":
        found[1] = -found[1]
    return found


def with_mistake(mistake):
    return lambda parameters, X, labels, mask: gradients(parameters, X, labels, mask, mistake)


@pytest.mark.parametrize(
    ("name", "answer"),
    [("mlp-1", SHAPES), ("mlp-1", tuple(SHAPES)), ("mlp-1", [list(s) for s in SHAPES]),
     ("mlp-1", [torch.Size(s) for s in SHAPES]),
     ("mlp-1", [(16, 20), 16, (8, 16), 8, (4, 8), 4]),
     ("mlp-1", [(16, 20), (16), (8, 16), (8), (4, 8), (4)]),
     ("mlp-2", TINY), ("mlp-2", tuple(map(tuple, TINY))), ("mlp-2", np.array(TINY)),
     ("mlp-2", torch.tensor(TINY)), ("mlp-2", torch.tensor(TINY, requires_grad=True)),
     ("mlp-3", 1), ("mlp-3", 1.0), ("mlp-3", np.int64(1)), ("mlp-3", [1]),
     ("mlp-3", torch.tensor(1)),
     ("mlp-4", gradients), ("mlp-4", lambda *a: tuple(gradients(*a))),
     ("mlp-5", 4**-10), ("mlp-5", 0.25**10), ("mlp-5", 1e-6 * 0.95), ("mlp-5", np.float64(4**-10)),
     ("mlp-5", torch.tensor(0.25) ** 10)],
)  # fmt: skip
def test_right_answers(name, answer):
    assert verdict(name, answer)[0] is True


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("mlp-1", SHAPES[::2], "six shapes"),
        ("mlp-1", SHAPES[:4], "got 4"),
        ("mlp-1", [s[::-1] for s in SHAPES], "Transposed"),
        ("mlp-1", SHAPES[::-1], "W1, b1, W2"),
        ("mlp-1", SHAPES[::2] + SHAPES[1::2], "W1, b1, W2"),
        ("mlp-1", [(16, 20), (16, 1), (8, 16), (8, 1), (4, 8), (4, 1)], "is a vector"),
        ("mlp-1", [(16, 20), (1, 16), (8, 16), (1, 8), (4, 8), (1, 4)], "is a vector"),
        ("mlp-1", [(16, 21), *SHAPES[1:]], "W1"),
        ("mlp-1", [*SHAPES[:2], (16, 8), *SHAPES[3:]], "W2"),
        ("mlp-1", [str(shape) for shape in SHAPES], "quotation marks"),
        ("mlp-1", [(32, 16), (32, 16), (32, 8), (32, 8), (32, 4), (32, 4)], "summed over"),
        ("mlp-1", [*SHAPES[:3], (9,), *SHAPES[4:]], "b2"),
        ("mlp-1", "(16, 20)", "six shapes in a list"),
        ("mlp-1", 6, "six shapes in a list"),
        ("mlp-1", [None] * 6, "could not be checked"),
        ("mlp-2", np.transpose(TINY), "Transposed"),
        ("mlp-2", [[1.2, 0.6], [-1.2, -0.6]], "turned round"),
        ("mlp-2", [[-1.6, -0.8], [1.6, 0.8]], "left out the slope"),
        ("mlp-2", [[-0.8, -0.4], [-0.8, -0.4]], "not h"),
        ("mlp-2", [[-0.4, -0.2], [-1.2, -0.6]], "sigmoid"),
        ("mlp-2", [[-0.3, 0.3], [0.3, -0.3]], "not by h"),
        ("mlp-2", [[1.8, 0.9], [-0.3, -0.15]], "subtract 1"),
        ("mlp-2", [[-0.8, -0.4], [2.4, 1.2]], "not 1 - h."),
        ("mlp-2", [[2.4, 1.2], [-0.4, -0.2]], "slope of the tanh is missing"),
        ("mlp-2", [[0.3, 0.15], [-0.3, -0.15]], "first class"),
        ("mlp-2", [[1.8, 0.9], [-1.8, -0.9]], "last class"),
        ("mlp-2", [[0.1, -0.1], [-0.25, 0.25], [0.15, -0.15]], "shape of W2"),
        ("mlp-2", [[0, 0], [0, 0]], "step by step"),
        ("mlp-2", [-0.6, 0.6], r"shape (2, 2)"),
        ("mlp-2", "a", "could not be checked"),
        ("mlp-3", 64, "what differs"),
        ("mlp-3", 10, "ten classes"),
        ("mlp-3", 0, "differently"),
        ("mlp-3", 7, "two rows"),
        ("mlp-3", "1", "quotation"),
        ("mlp-4", with_mistake("no mask into"), "after the mask"),
        ("mlp-4", with_mistake("no mask back"), "missing on the way back"),
        ("mlp-4", with_mistake("slope"), "before the mask"),
        ("mlp-4", with_mistake("no slope"), "slope of the tanh is missing"),
        ("mlp-4", with_mistake("mask twice"), "not twice"),
        ("mlp-4", with_mistake("sum"), "divide by n"),
        ("mlp-4", with_mistake("no mask forward"), "missing on the way forward"),
        ("mlp-4", with_mistake("no truth"), "one-hot labels"),
        ("mlp-4", with_mistake("no labels"), "does not look at the labels"),
        ("mlp-4", with_mistake("turned round"), "turned round"),
        ("mlp-4", with_mistake("n twice"), "Divide by n once"),
        ("mlp-4", with_mistake("mean"), "not the mean"),
        ("mlp-4", with_mistake("relu"), "slope of a ReLU"),
        ("mlp-4", with_mistake("mask of 0 and 1"), "the mask itself"),
        ("mlp-4", with_mistake("transposed"), "W1 has the shape (5, 4)"),
        ("mlp-4", with_mistake("sign"), "b1 differs"),
        ("mlp-4", lambda *a: None, "return"),
        ("mlp-4", lambda *a: gradients(*a)[:3], "four gradients"),
        ("mlp-4", lambda *a: 3.0, "four gradients"),
        ("mlp-4", [1, 2], "Expected a function"),
        ("mlp-5", 4.0**-20, "mean square"),
        ("mlp-5", 0.25, "one layer"),
        ("mlp-5", 2.5, "do not add"),
        ("mlp-5", 4**10, "below 1"),
        ("mlp-5", 0.5, "largest slope squared"),
        ("mlp-5", 2.0**-10, "root of that is 1/4"),
        ("mlp-5", 1e-6, "two digits"),
        ("mlp-5", -(4.0**-10), "no sign"),
        ("mlp-5", None, "Give a number"),
    ],
)
def test_wrong_answers_get_a_hint(name, answer, hint):
    passed, message = verdict(name, answer)
    assert passed is False
    assert hint in message
