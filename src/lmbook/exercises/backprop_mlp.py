"""Checks for the exercises of backprop/mlp."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from lmbook.exercises import Exercises

_SHAPES = [(16, 20), (16,), (8, 16), (8,), (4, 8), (4,)]


def _as_shape(entry: Any) -> tuple[int, ...]:
    """Read a shape: a tuple, a list, a torch.Size, or a whole number for a vector."""
    sizes = entry if isinstance(entry, Iterable) else (entry,)
    return tuple(int(size) for size in sizes)


def _gradient_shapes(answer: Any) -> str | None:
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        return "Give six shapes in a list: [(…, …), (…,), …]."
    entries = list(answer)
    if any(isinstance(entry, str) for entry in entries):
        return "Give the shapes without quotation marks: (…, …) or (…,)."
    shapes = [_as_shape(entry) for entry in entries]
    if shapes == _SHAPES:
        return None
    if sorted(shapes) == sorted(_SHAPES):
        return "The shapes are right; give them in the order of the parameters: W1, b1, W2, …"
    if len(shapes) == 3:
        return "Each of the three layers has a bias too, and it has a gradient: six shapes."
    if len(shapes) != 6:
        return f"Three layers, each with weights and a bias, make six shapes; got {len(shapes)}."
    if any(32 in shape for shape in shapes):
        return "The batch of 32 is summed over: a gradient has the shape of its parameter."
    if [shape[::-1] for shape in shapes] == _SHAPES:
        return "Transposed: a weight matrix has a row for each unit of its own layer."
    columns = [entry for entry in shapes[1::2] if sorted(entry)[:-1] == [1]]
    if shapes[::2] == _SHAPES[::2] and len(columns) == 3:
        return "A bias is a vector, and so is its gradient: (16,) for the first one."
    wrong = next(
        i for i, pair in enumerate(zip(shapes, _SHAPES, strict=True)) if pair[0] != pair[1]
    )
    kind = "b" if wrong % 2 else "W"
    return (
        f"The shape of the gradient of {kind}{wrong // 2 + 1} is not right yet: "
        "a gradient has the shape of its parameter."
    )


def _tiny_gradient(answer: Any) -> str | None:
    if isinstance(answer, torch.Tensor):
        answer = answer.detach().cpu().numpy()
    got = np.asarray(answer, dtype=float)
    if got.shape == (3, 2):
        return "That is the shape of W2. The question is about the layer below: a (2, 2) matrix."
    if got.shape != (2, 2):
        return (
            f"Two hidden units and two inputs: expected a matrix of shape (2, 2), got {got.shape}."
        )
    right = np.array([[-1.2, -0.6], [1.2, 0.6]])
    hints = [
        (right.T, "Transposed: a row for each hidden unit, a column for each input."),
        (-right, "The signs are all turned round: it is shares minus truth."),
        (right / 0.75, "You left out the slope of the tanh."),
        (right / 0.75 * [[0.5], [-0.5]], "The slope of a tanh is 1 - h², not h."),
        (right / 0.75 * [[0.5], [1.5]], "The slope of a tanh is 1 - h², not 1 - h."),
        (right / 0.75 * [[0.25], [-0.75]], "h (1 - h) is the slope of a sigmoid; this is a tanh."),
        (
            np.outer([-0.6, 0.6], [0.5, -0.5]),
            "The first layer's weights are multiplied by x, not by h.",
        ),
        (
            np.outer([0.9, -0.15], [2, 1]),
            "The way back starts at shares minus truth: subtract 1 from the right class.",
        ),
        (
            np.outer([1.2, -0.2], [2, 1]),
            "The way back starts at shares minus truth, and the slope of the tanh is missing.",
        ),
        (np.outer([0.15, -0.15], [2, 1]), "You took the first class; the middle one is right."),
        (np.outer([0.9, -0.9], [2, 1]), "You took the last class; the middle one is right."),
    ]
    if np.allclose(got, right, atol=1e-6):
        return None
    for wrong, hint in hints:
        if np.allclose(got, wrong, atol=1e-6):
            return hint
    return (
        "Go step by step: shares minus truth, times W2 transposed, times the slope of the tanh, "
        "then each of the two results times each input."
    )


def _number(answer: Any) -> float | str:
    """Read a number, or say that it is none."""
    if isinstance(answer, str | bool) or answer is None:
        return "Give a number, without quotation marks."
    if isinstance(answer, torch.Tensor | np.ndarray | np.generic):
        answer = answer.item()
    if isinstance(answer, list | tuple) and len(answer) == 1:
        answer = answer[0]
    return float(answer)


def _same_units(answer: Any) -> str | None:
    value = _number(answer)
    if isinstance(value, str):
        return value
    hints = {
        1.0: None,
        64.0: "Compare two hidden units: what differs in their inputs, their weights, and the "
        "weights above them? So what differs in their gradients?",
        10.0: "All ten classes hang on every hidden unit, by weights that are the same for every "
        "hidden unit.",
        0.0: "The weights do move: they see different batches. But do they move differently?",
    }
    return hints.get(value, "Write down the gradient of two rows of W1. Where could they differ?")


def _sigmoid_factor(answer: Any) -> str | None:
    value = _number(answer)
    if isinstance(value, str):
        return value
    hints = [
        (4.0**-20, "That is the mean square. The question is about its root."),
        (0.25, "That is one layer. There are ten, and they multiply."),
        (1 / 16, "That is the mean square over one layer."),
        (2.5, "The factors of ten layers multiply; they do not add."),
        (4.0**10, "It shrinks: the factor is below 1."),
        (4.0**-9, "Nine layers; there are ten."),
        (4.0**-11, "Eleven layers; there are ten."),
        (
            2.0**-10,
            "One half a layer is too much: the mean square gets the slope squared, 1/16, "
            "and the root of that is 1/4.",
        ),
        (-(4.0**-10), "A size has no sign: the factor is above 0."),
    ]
    if np.isclose(value, 4.0**-10, rtol=0.02, atol=0):
        return None
    for wrong, hint in hints:
        if np.isclose(value, wrong, rtol=1e-3, atol=0):
            return hint
    if np.isclose(value, 4.0**-10, rtol=0.1, atol=0):
        return "Nearly: that looks rounded. Give it as a power, or to two digits."
    return (
        "A layer multiplies the mean square by the largest slope squared. Take the root of that, "
        "and then its tenth power, for ten layers."
    )


def _library(
    parameters: list[NDArray[np.float64]],
    X: NDArray[np.float64],
    labels: NDArray[np.int64],
    mask: NDArray[np.float64],
) -> list[NDArray[np.float64]]:
    """Compute the gradients of the network with dropout by autograd."""
    W1, b1, W2, b2 = tensors = [torch.tensor(p, requires_grad=True) for p in parameters]
    hidden = torch.tanh(F.linear(torch.from_numpy(X), W1, b1)) * torch.from_numpy(mask)
    F.cross_entropy(F.linear(hidden, W2, b2), torch.from_numpy(labels)).backward()
    return [tensor.grad.numpy() for tensor in tensors if tensor.grad is not None]


def _wrong_ways(
    parameters: list[NDArray[np.float64]],
    X: NDArray[np.float64],
    labels: NDArray[np.int64],
    mask: NDArray[np.float64],
) -> list[tuple[str, int, NDArray[np.float64]]]:
    """Gradients as likely mistakes give them: the hint, the parameter, its gradient."""
    W1, b1, W2, b2 = parameters
    H = np.tanh(X @ W1.T + b1)
    slope = 1 - H**2
    truth = np.eye(len(b2))[labels]

    def shares_of(into: NDArray[np.float64]) -> NDArray[np.float64]:
        exponentials = np.exp(into @ W2.T + b2)
        shares: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
        return shares

    shares = shares_of(H * mask)
    delta2 = (shares - truth) / len(X)
    below = delta2 @ W2
    unmasked = (shares_of(H) - truth) / len(X)
    no_labels = shares * (1 - shares) / len(X)
    return [
        ("The mask is missing on the way forward.", 3, unmasked.sum(axis=0)),
        (
            "Start at shares minus truth: subtract the one-hot labels.",
            3,
            (shares / len(X)).sum(axis=0),
        ),
        ("The start of the way back does not look at the labels.", 3, no_labels.sum(axis=0)),
        ("The signs are turned round: it is shares minus truth.", 3, -delta2.sum(axis=0)),
        ("Divide by n once, at the start of the way back.", 2, delta2.T @ (H * mask) / len(X)),
        (
            "A bias's gradient is the sum of the rows, not the mean: the 1/n is in already.",
            3,
            delta2.mean(axis=0),
        ),
        ("The second layer's weights see H after the mask.", 2, delta2.T @ H),
        ("The mask is missing on the way back.", 0, (below * slope).T @ X),
        (
            "The slope of the tanh needs H before the mask.",
            0,
            (below * mask * (1 - (H * mask) ** 2)).T @ X,
        ),
        ("The slope of the tanh is missing.", 0, (below * mask).T @ X),
        ("H > 0 is the slope of a ReLU; this is a tanh.", 0, (below * mask * (H > 0)).T @ X),
        (
            "On the way back the mask is a factor once, not twice.",
            0,
            (below * mask**2 * slope).T @ X,
        ),
        (
            "The way back multiplies by the mask itself, not by whether it is above 0.",
            0,
            (below * (mask > 0) * slope).T @ X,
        ),
    ]


def _dropout(answer: Any) -> str | None:
    if not callable(answer):
        return f"Expected a function of (parameters, X, labels, mask), got {type(answer).__name__}."
    rng = np.random.default_rng(0)
    for n, d, m, classes, keep in ((6, 5, 4, 3, 0.5), (3, 2, 7, 4, 0.8)):
        parameters = [rng.normal(size=shape) for shape in ((m, d), (m,), (classes, m), (classes,))]
        X, labels = rng.normal(size=(n, d)), rng.integers(classes, size=n)
        mask = (rng.random((n, m)) < keep) / keep
        got = answer([p.copy() for p in parameters], X.copy(), labels.copy(), mask.copy())
        if got is None:
            return "Your function returns nothing: end it with `return`."
        hint = _compare(got, parameters, X, labels, mask)
        if hint:
            return hint
    return None


def _compare(
    answer: Any,
    parameters: list[NDArray[np.float64]],
    X: NDArray[np.float64],
    labels: NDArray[np.int64],
    mask: NDArray[np.float64],
) -> str | None:
    """Say what is wrong with the four gradients, if anything is."""
    if not isinstance(answer, Iterable) or len(got := [np.asarray(g) for g in answer]) != 4:
        return "Return a list of four gradients: of W1, b1, W2, b2."
    names = ("W1", "b1", "W2", "b2")
    for name, gradient, parameter in zip(names, got, parameters, strict=True):
        if gradient.shape != parameter.shape:
            return (
                f"The gradient of {name} has the shape {gradient.shape}, {name} has "
                f"{parameter.shape}."
            )
    library = _library(parameters, X, labels, mask)
    if all(np.allclose(a, b, atol=1e-8) for a, b in zip(got, library, strict=True)):
        return None
    if all(np.allclose(a, len(X) * b, atol=1e-8) for a, b in zip(got, library, strict=True)):
        return "The loss is a mean over the batch: divide by n once."
    for hint, index, wrong in _wrong_ways(parameters, X, labels, mask):
        if np.allclose(got[index], wrong, atol=1e-8):
            return hint
    name = next(n for n, a, b in zip(names, got, library, strict=True) if not np.allclose(a, b))
    return f"All shapes are right; the gradient of {name} differs from autograd's."


check = Exercises(
    {
        "mlp-1": _gradient_shapes,
        "mlp-2": _tiny_gradient,
        "mlp-3": _same_units,
        "mlp-4": _dropout,
        "mlp-5": _sigmoid_factor,
    }
)
