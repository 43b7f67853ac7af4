"""Checks for the exercises of backprop/graphs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from lmbook.exercises import Exercises


def _numbers(answer: Any, count: int) -> list[float] | None:
    """Read that many numbers from a tuple, a list, an array, a tensor, or values with `data`."""
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        return None
    try:
        found = [float(x.grad if hasattr(x, "parents") else x) for x in answer]
    except (TypeError, ValueError):
        return None
    return found if len(found) == count else None


def _same(found: list[float], expected: tuple[float, ...]) -> bool:
    return all(
        math.isclose(f, e, rel_tol=1e-6, abs_tol=1e-9) for f, e in zip(found, expected, strict=True)
    )


def _by_hand(answer: Any) -> str | None:
    found = _numbers(answer, 2)
    if found is None:
        return "Give two numbers: (gradient of a, gradient of b)."
    if _same(found, (2, 5)):
        return None
    if _same(found, (5, 2)):
        return "The numbers are right, in the wrong order: first a, then b."
    if found[0] == 6 or found[1] == 6:
        return "6 is the value of y. A gradient says how fast y changes."
    if _same(found, (2, 3)):
        return "b is used twice: as a factor, and inside the sum. Add what comes on both ways."
    if _same(found, (2, 2)):
        return "b gets 2 through the sum. It is a factor of the product too."
    if not math.isclose(found[0], 2):
        return "The gradient of a comes through the sum: what is the product's slope by the sum?"
    return "The gradient of a is right. For b, follow both ways from y back to it, and add."


def _passes(answer: Any) -> str | None:
    found = _numbers(answer, 3)
    if found is None:
        return "Give three numbers: (evaluations, forward passes, backward passes)."
    evaluations, forward, backward = found
    if (forward, backward) == (3, 1000):
        return "Forward and backward are the wrong way round: which starts from one input?"
    if forward != 1000:
        return "A forward pass carries the derivative by one input to all outputs."
    if backward != 3:
        return "A backward pass carries the derivatives of one output to all inputs."
    if evaluations in (1000, 1001):
        return "That is enough for one-sided differences; central ones go up and down."
    if evaluations in (3000, 6000, 3001):
        return "One evaluation gives all three outputs at once."
    if evaluations != 2000:
        return "For each input, central differences evaluate the function how often?"
    return None


def _step(answer: Any) -> str | None:
    try:
        step = float(answer)
    except (TypeError, ValueError):
        return "Give one number, the step."
    best = (1.5 * 2.0**-24) ** (1 / 3)
    if best / 2 <= step <= 2 * best:
        return None
    if step <= 0:
        return "A step is positive."
    if math.isclose(step, math.sqrt(2.0**-24), rel_tol=0.8):
        return "The square root is for one-sided differences, whose truncation error is h, not h²."
    if 2e-6 < step < 2e-5:
        return "That is about right for 64 bits, where numbers are rounded far less."
    if math.isclose(step, 2.0**-24, rel_tol=0.5):
        return "With a step as small as the rounding, all digits of the difference are rounding."
    return (
        "Set the derivative of h² / 6 + ε / 2h to zero and solve for h; or compute it for many "
        "steps and look where it is smallest."
    )


def _softplus(answer: Any) -> str | None:
    if not callable(answer):
        return f"Expected a function of a Value, got {type(answer).__name__}."
    kind = getattr(answer, "__globals__", {}).get("Value")
    if kind is None:
        return "There is no class Value beside your function: run the cells of this chapter first."

    def value(number: float) -> float:
        return float(answer(kind(number)).data)

    for number in (0.0, 1.5, -2.0, 4.0, 1000.0, -1000.0):
        x = kind(number)
        try:
            result = answer(x)
        except OverflowError:
            return f"At {number:g} the exponential overflows: take the large factor out of the log."
        if result is None:
            return "Your function returns nothing: end it with `return`."
        if not isinstance(result, kind):
            return f"Expected a Value, got {type(result).__name__}: make it with `x.new(…)`."
        expected = max(number, 0.0) + math.log1p(math.exp(-abs(number)))
        if not math.isclose(result.data, expected, rel_tol=1e-9, abs_tol=1e-12):
            return f"The value at {number:g} should be {expected:g}, yours is {result.data:g}."
        if [parent for parent, _ in result.parents] != [x]:
            return (
                f"The result should have one operand, x; yours has {len(result.parents)}, or "
                "another one. Make it with one call of `x.new`, from plain numbers."
            )
        result.backward()
        step = 1e-5
        slope = (value(number + step) - value(number - step)) / (2 * step)
        if not math.isclose(x.grad, slope, rel_tol=1e-5, abs_tol=1e-6):
            return (
                f"The value is right. At {number:g} finite differences give the slope {slope:.6f}, "
                f"your local derivative is {x.grad:.6f}."
            )
    return None


check = Exercises(
    {
        "graphs-1": _by_hand,
        "graphs-2": _passes,
        "graphs-3": _step,
        "graphs-4": _softplus,
    }
)
"""Checks of a reader's answers: right or not, and why not."""
