"""The checks of mnist/mlp tell right answers from wrong ones, and say why."""

import math

import numpy as np
import pytest
import torch
from judging import verdict_of

from lmbook.exercises.mnist_mlp import check

verdict = verdict_of(check)


def evaluating(finish, *, mode="eval", size=None, gradients=False):
    """A reader's function that judges each batch and then calls `finish`."""

    def evaluate(model, inputs, targets, batch_size):
        getattr(model, mode)()
        parts = zip(
            inputs.split(size or batch_size), targets.split(size or batch_size), strict=True
        )
        with torch.set_grad_enabled(gradients):
            batches = [model(x).argmax(1) == y for x, y in parts]
        return finish([b.sum().item() for b in batches], [len(b) for b in batches])

    return evaluate


def percent(right, sizes):
    return 100 * sum(right) / sum(sizes)


def mean_of_batches(right, sizes):
    return 100 * np.mean([r / n for r, n in zip(right, sizes, strict=True)])


def full_batches_only(right, sizes):
    return 100 * sum(right[:2]) / sum(sizes[:2])


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("mnist-1", (math.log(10), 10)),
        ("mnist-1", [2.3, 10.0]),
        ("mnist-1", torch.tensor([2.3026, 10.0])),
        ("mnist-2", 0.0679 * math.log(2)),
        ("mnist-2", np.float64(0.04706)),
        ("mnist-2", torch.tensor([0.0471])),
        ("mnist-3", evaluating(percent)),
        ("mnist-3", evaluating(lambda r, n: torch.tensor(percent(r, n)))),
        ("mnist-4", 0.268),
        ("mnist-4", 100 * math.sqrt(0.018 / 2500)),
    ],
)
def test_right_answers(name, answer):
    assert verdict(name, answer) == (True, f"{name}: Right.")


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("mnist-1", 2.3, "two numbers"),
        ("mnist-1", "2.3, 10", "two numbers"),
        ("mnist-1", (2.3, 10, 1), "two numbers"),
        ("mnist-1", (2.3, 0.1), "in percent"),
        ("mnist-1", (2.3, 0), "some of the digits"),
        ("mnist-1", (2.3, 50), "one time in how many"),
        ("mnist-1", (1.0, 10), "base 10"),
        ("mnist-1", (3.32, 10), "bits"),
        ("mnist-1", (-2.3026, 10), "minus the logarithm"),
        ("mnist-1", (0.1, 10), "probability"),
        ("mnist-1", (10, 10), "Ten what"),
        ("mnist-1", (10, 2.3), "Loss first"),
        ("mnist-1", (0.693, 10), "one out of ten"),
        ("mnist-1", (7, 10), "what the right digit was given"),
        ("mnist-2", (1, 2), "one number"),
        ("mnist-2", 0.0679, "cost at least"),
        ("mnist-2", 0.9321 * math.log(2), "wrong"),
        ("mnist-2", 0.0679 * math.log10(2), "base 10"),
        ("mnist-2", 0.0679 * math.log(10), "near tie"),
        ("mnist-2", -math.log(0.9321), "93 per cent"),
        ("mnist-2", 6.79 * math.log(2), "not in percent"),
        ("mnist-2", 0.0412, "what the log says"),
        ("mnist-2", -0.0471, "not negative"),
        ("mnist-2", 5, "Multiply"),
        ("mnist-3", 70, "a function"),
        ("mnist-3", lambda *_: None, "returns nothing"),
        ("mnist-3", lambda *_: "seventy", "one number"),
        ("mnist-3", lambda model: 70, "TypeError"),
        ("mnist-3", evaluating(lambda r, n: percent(r, n) / 100), "in percent"),
        ("mnist-3", evaluating(mean_of_batches), "last batch"),
        ("mnist-3", evaluating(full_batches_only), "leave out"),
        ("mnist-3", evaluating(lambda r, n: 100 * sum(r[:2]) / sum(n)), "but divide by all"),
        ("mnist-3", evaluating(lambda r, n: 100 * sum(r) / 12), "three full batches"),
        ("mnist-3", evaluating(lambda r, n: sum(r)), "how many are right"),
        ("mnist-3", evaluating(lambda r, n: 100 - percent(r, n)), "wrong answers"),
        ("mnist-3", evaluating(lambda r, n: 12.3), "expected 70"),
        ("mnist-3", evaluating(percent, mode="train"), "training mode"),
        ("mnist-3", evaluating(percent, size=10), "batch by batch"),
        ("mnist-3", evaluating(percent, gradients=True), "gradients"),
        ("mnist-4", "a lot", "one number"),
        ("mnist-4", 0.00268, "in points"),
        ("mnist-4", 0.19, "one network"),
        ("mnist-4", 0.379, "Do not double"),
        ("mnist-4", 0.00072, "root"),
        ("mnist-4", 1.12, "in standard deviations"),
        ("mnist-4", 0.036, "under the root"),
        ("mnist-4", 3, "root of d/m"),
    ],
)
def test_wrong_answers_get_a_hint(name, answer, hint):
    passed, message = verdict(name, answer)
    assert passed is False
    assert hint in message


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_dots_are_no_answer(number):
    assert verdict(f"mnist-{number}", ...)[0] is None
