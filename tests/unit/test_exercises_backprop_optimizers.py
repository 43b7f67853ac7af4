"""The checks of backprop/optimizers tell right answers from wrong ones, and say why."""

import numpy as np
import pytest
import torch
from judging import verdict_of

from lmbook.exercises.backprop_optimizers import check

verdict = verdict_of(check)


def adagrad(theta, gradients, learning_rate, eps):
    theta, total = theta.copy(), np.zeros_like(theta)
    for gradient in gradients:
        total += gradient**2
        theta -= learning_rate * gradient / (np.sqrt(total) + eps)
    return theta


def adagrad_of_torch(theta, gradients, learning_rate, eps):
    point = torch.tensor(theta)
    total = torch.zeros_like(point)
    for gradient in torch.tensor(gradients):
        total = total + gradient**2
        point = point - learning_rate * gradient / (total.sqrt() + eps)
    return point


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("optimizers-1", (True, True, False, False)),
        ("optimizers-1", [1, 1, 0, 0]),
        ("optimizers-1", np.array([True, True, False, False])),
        ("optimizers-1", torch.tensor([True, True, False, False])),
        ("optimizers-2", (9, 7.2)),
        ("optimizers-2", [9.0, 7.2]),
        ("optimizers-2", np.array([[9.0], [7.2]])),
        ("optimizers-2", torch.tensor([9.0, 7.2])),
        ("optimizers-3", (0.01, -0.01, 0)),
        ("optimizers-3", torch.tensor([0.01, -0.01, 0.0])),
        ("optimizers-3", np.array([0.00999995, -0.01, 0.0])),
        ("optimizers-4", adagrad),
        ("optimizers-4", adagrad_of_torch),
    ],
)
def test_right_answers(name, answer):
    assert verdict(name, answer) == (True, f"{name}: Right.")


def stepping(move):
    def wrong(theta, gradients, learning_rate, eps):
        theta, total = theta.copy(), np.zeros_like(theta)
        for gradient in gradients:
            before, total = total, total + gradient**2
            theta = theta - learning_rate * move(gradient, before, total, eps)
        return theta

    return wrong


def in_place(theta, gradients, learning_rate, eps):
    theta -= 1
    return theta


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("optimizers-1", (True, True, True, False), "that of 5θ² is not 5"),
        ("optimizers-1", (True, True, True, True), "steepest"),
        ("optimizers-1", (False, False, False, False), "overshoots"),
        ("optimizers-1", (False, False, True, True), "upside down"),
        ("optimizers-1", (True, False, False, False), "second derivative"),
        ("optimizers-1", True, "four values"),
        ("optimizers-1", "True, True, False, False", "without quotation marks"),
        ("optimizers-1", (0.15, 0.19), "four values"),
        ("optimizers-1", (0.15, 0.19, 0.2, 0.3), "four values"),
        ("optimizers-2", (9, 8.1), "without momentum"),
        ("optimizers-2", (9.9, 9.711), "averaged"),
        ("optimizers-2", (8.1, 5.751), "Nesterov"),
        ("optimizers-2", (10, 9), "already moves"),
        ("optimizers-2", (9, 7.1), "new θ"),
        ("optimizers-2", (10, 18), "velocities"),
        ("optimizers-2", (9, 5), "first step is right"),
        ("optimizers-2", (1, 2), "gradient of θ²/2"),
        ("optimizers-2", 7.2, "two numbers"),
        ("optimizers-2", "9, 7.2", "two numbers"),
        ("optimizers-2", {"one": 9}, "two numbers"),
        ("optimizers-3", (-0.01, 0.01, 0), "against the gradient"),
        ("optimizers-3", (0.00002, -0.5, 0), "gradient descent"),
        ("optimizers-3", (0.0316, -0.0316, 0), "without its correction"),
        ("optimizers-3", (0.01, -0.01, 0.01), "gradient is zero"),
        ("optimizers-3", (0.02, -0.02, 0), "in learning rates"),
        ("optimizers-3", (0.02, -0.01, 0), "corrected mean"),
        ("optimizers-3", 0.01, "three numbers"),
        ("optimizers-4", 3, "Expected a function"),
        ("optimizers-4", lambda *_: None, "returns nothing"),
        ("optimizers-4", in_place, "copy"),
        ("optimizers-4", lambda t, g, r, e: g, "shape"),
        ("optimizers-4", lambda t, g, r, e: t, "not the library's"),
        ("optimizers-4", lambda t, g: t, "TypeError"),
        ("optimizers-4", stepping(lambda g, b, s, e: g / (np.sqrt(b) + e)), "after the step"),
        ("optimizers-4", stepping(lambda g, b, s, e: g / np.sqrt(s + e)), "inside the root"),
        ("optimizers-4", stepping(lambda g, b, s, e: g / np.sqrt(s)), "forgot ε"),
        ("optimizers-4", stepping(lambda g, b, s, e: g / (s + e)), "take its root"),
        ("optimizers-4", stepping(lambda g, b, s, e: -g / (np.sqrt(s) + e)), "uphill"),
        ("optimizers-4", stepping(lambda g, b, s, e: g / (abs(g) + e)), "add up"),
    ],
)
def test_wrong_answers_get_a_hint(name, answer, hint):
    passed, message = verdict(name, answer)
    assert passed is False
    assert hint in message


def test_a_mean_of_squares_is_told_from_a_sum():
    def by_mean(theta, gradients, learning_rate, eps):
        theta, total = theta.copy(), np.zeros_like(theta)
        for count, gradient in enumerate(gradients, start=1):
            total += gradient**2
            theta -= learning_rate * gradient / (np.sqrt(total / count) + eps)
        return theta

    assert "takes the sum" in verdict("optimizers-4", by_mean)[1]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_dots_are_no_answer(number):
    assert verdict(f"optimizers-{number}", ...)[0] is None
