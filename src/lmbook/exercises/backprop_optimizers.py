"""Checks for the exercises of backprop/optimizers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lmbook.exercises import Exercises


def _numbers(answer: Any) -> NDArray[np.float64] | None:
    """Return a tuple, list, array or tensor of numbers as a flat array; None for anything else."""
    if isinstance(answer, torch.Tensor):
        answer = answer.detach().cpu().numpy()
    try:
        return np.asarray(answer, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        return None


def _converges(answer: Any) -> str | None:
    if isinstance(answer, str):
        return "Give four values, True or False, without quotation marks."
    given = _numbers(answer)
    if given is None or given.shape != (4,) or not np.isin(given, (0, 1)).all():
        return "Give four values, True or False, one for each rate in the order of the exercise."
    hints: dict[tuple[int, ...], str] = {
        (1, 1, 1, 0): "Your border lies near 2/5: the curvature is the second derivative, and "
        "that of 5θ² is not 5.",
        (1, 1, 1, 1): "You took the flattest direction, or its factor alone: the steepest one "
        "diverges first.",
        (0, 0, 0, 0): "A rate above 1/L overshoots, and converges all the same: the border is "
        "further on.",
        (0, 0, 1, 1): "You have it upside down: small rates converge.",
    }
    verdict = tuple(int(v) for v in given)
    if verdict == (1, 1, 0, 0):
        return None
    return hints.get(
        verdict, "Find the second derivative in each direction; the larger one, L, sets 2/L."
    )


def _momentum(answer: Any) -> str | None:
    given = _numbers(answer)
    if isinstance(answer, str) or given is None or given.shape != (2,):
        return "Give two numbers: θ after one step, and θ after two."
    if np.allclose(given, (9.0, 7.2), atol=1e-6):
        return None
    hints = {
        (9.0, 8.1): "That is gradient descent without momentum: the second velocity keeps 0.9 of "
        "the first.",
        (9.9, 9.711): "You averaged, with a factor (1 - β) before the gradient; this momentum adds "
        "the whole gradient.",
        (8.1, 5.751): "That is Nesterov's momentum: here, step along the velocity alone.",
        (10.0, 9.0): "The first step already moves: renew the velocity first, then step along it.",
        (9.0, 7.1): "The second gradient is taken at the new θ, 9, not at the old one.",
        (10.0, 18.0): "Those are the velocities; the exercise asks for θ.",
    }
    for wrong, hint in hints.items():
        if np.allclose(given, wrong, atol=1e-6):
            return hint
    if np.isclose(given[0], 9.0):
        return "The first step is right. For the second: v = 0.9 · (old v) + (gradient at 9)."
    return "The gradient of θ²/2 is θ. Renew v = βv + gradient, then θ = θ - ηv."


def _first_step(answer: Any) -> str | None:
    given = _numbers(answer)
    if isinstance(answer, str) or given is None or given.shape != (3,):
        return "Give three numbers, one for each parameter."
    if np.allclose(given, (0.01, -0.01, 0.0), atol=2e-5):
        return None
    if np.allclose(given, (-0.01, 0.01, 0.0), atol=2e-5):
        return "The sizes are right; a step goes against the gradient."
    if np.allclose(np.abs(given), (2e-5, 0.5, 0.0), atol=1e-6):
        return "That is gradient descent. Adam divides by the size of the gradient."
    if np.allclose(np.abs(given), np.array([1, 1, 0]) * 0.01 * 0.1 / 0.001**0.5, rtol=2e-2):
        return "That is Adam without its correction."
    if not np.isclose(given[2], 0.0):
        return "Where the gradient is zero, so is its mean: 0 / (0 + ε)."
    if np.isclose(abs(given[0]), abs(given[1])):
        return "Equal sizes, rightly. How long is a corrected step, in learning rates?"
    return "At the first step the corrected mean is g and the root of the corrected square is |g|."


def _adagrad(answer: Any) -> str | None:
    if not callable(answer):
        return "Expected a function of (theta, gradients, learning_rate, eps)."
    rng = np.random.default_rng(0)
    for steps, width in ((1, 3), (7, 4)):
        start, gradients = rng.normal(size=width), rng.normal(size=(steps, width))
        given = start.copy()
        rate, eps = 0.3, 0.05
        got = answer(given, gradients.copy(), rate, eps)
        if got is None:
            return "Your function returns nothing: end it with `return`."
        if not np.array_equal(given, start):
            return "Your function changes the caller's starting point: work on a copy of it."
        point = _numbers(got)
        if point is None or np.shape(got) != (width,):
            return f"Expected a point of shape ({width},), got {np.shape(got)}."
        if np.allclose(point, _by_torch(start, gradients, rate, eps)):
            continue
        for hint, wrong in _near_misses(start, gradients, rate, eps).items():
            if np.allclose(point, wrong):
                return hint
        return (
            f"After {steps} {'step' if steps == 1 else 'steps'} your point is not the library's. "
            "Add the squared gradient to the sum, then step by η g / (√sum + ε)."
        )
    return None


def _by_torch(
    start: NDArray[np.float64], gradients: NDArray[np.float64], rate: float, eps: float
) -> NDArray[np.float64]:
    """Take the steps of `torch.optim.Adagrad`."""
    theta = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.Adagrad([theta], rate, eps=eps)
    for gradient in gradients:
        theta.grad = torch.tensor(gradient)
        optimizer.step()
    return theta.detach().numpy()


def _near_misses(
    start: NDArray[np.float64], gradients: NDArray[np.float64], rate: float, eps: float
) -> dict[str, NDArray[np.float64]]:
    """Return where likely mistakes lead, each with what to say about it."""
    sums = np.cumsum(gradients**2, axis=0)
    counts = np.arange(1, len(gradients) + 1)[:, None]
    before = sums - gradients**2
    moves = {
        "You add to the sum after the step: the new gradient counts already.": gradients
        / (np.sqrt(before) + eps),
        "Your ε stands inside the root; here it is added to the root.": gradients
        / np.sqrt(sums + eps),
        "You forgot ε.": gradients / np.sqrt(sums),
        "You divide by the sum itself: take its root.": gradients / (sums + eps),
        "You divide by the root of the mean square; AdaGrad takes the sum.": gradients
        / (np.sqrt(sums / counts) + eps),
        "You step uphill: the step is subtracted.": -gradients / (np.sqrt(sums) + eps),
        "Each gradient is divided by its own size alone: the squares have to add up.": gradients
        / (np.abs(gradients) + eps),
    }
    return {hint: start - rate * move.sum(axis=0) for hint, move in moves.items()}


check = Exercises(
    {
        "optimizers-1": _converges,
        "optimizers-2": _momentum,
        "optimizers-3": _first_step,
        "optimizers-4": _adagrad,
    }
)
