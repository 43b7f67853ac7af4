"""The checks of mnist/speed tell right answers from wrong ones, and say why."""

import numpy as np
import pytest
import torch
from judging import verdict_of

from lmbook.exercises.mnist_speed import check

verdict = verdict_of(check)


def time_to(target, seconds, accuracies):
    total = 0.0
    for second, accuracy in zip(seconds, accuracies, strict=True):
        total += second
        if accuracy >= target:
            return total
    return None


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("speed-1", (True, True, False, True, False)),
        ("speed-1", [1, 1, 0, 1, 0]),
        ("speed-1", np.array([True, True, False, True, False])),
        ("speed-2", (1.56, 1.67)),
        ("speed-2", [1 / 0.64, 5 / 3]),
        ("speed-2", torch.tensor([1.5625, 1.6667])),
        ("speed-3", time_to),
        ("speed-3", lambda *a: None if time_to(*a) is None else np.float64(time_to(*a))),
    ],
)
def test_right_answers(name, answer):
    assert verdict(name, answer) == (True, f"{name}: Right.")


def stops_late(target, seconds, accuracies):
    return sum(seconds) if max(accuracies) >= target else None


def last_crossing(target, seconds, accuracies):
    good = [i for i, accuracy in enumerate(accuracies) if accuracy >= target]
    return sum(seconds[: good[-1] + 1]) if good else None


def strictly(target, seconds, accuracies):
    return time_to(target + 1e-9, seconds, accuracies)


def always(target, seconds, accuracies):
    return time_to(target, seconds, accuracies) or sum(seconds)


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("speed-1", (True, True, True, True, False), "number 3"),
        ("speed-1", (True, False, False, True, False), "number 2"),
        ("speed-1", (True, True, False, False, False), "number 4"),
        ("speed-1", (True, True, False, True, True), "another loss"),
        ("speed-1", (True, True), "five answers"),
        ("speed-1", "yes", "five answers"),
        ("speed-1", (True, True, False, True, "no"), "True or False"),
        ("speed-2", (10, 1.67), "six tenths"),
        ("speed-2", (0.64, 0.6), "share of the time"),
        ("speed-2", (1.36, 1.4), "divide the old time"),
        ("speed-2", (1.67, 1.56), "other order"),
        ("speed-2", (1.56, float("inf")), "still there"),
        ("speed-2", (1.56, 2.5), "no time at all"),
        ("speed-2", (1.2, 1.67), "one over it"),
        ("speed-2", 1.56, "two numbers"),
        ("speed-3", 5.0, "Expected a function"),
        ("speed-3", stops_late, "do not count"),
        ("speed-3", last_crossing, "do not count"),
        ("speed-3", strictly, "exactly the target"),
        ("speed-3", always, "no time"),
        ("speed-3", lambda *a: None, "expected 5.0, got None: the function returned nothing"),
        ("speed-3", lambda *a: 3.0, "reaches the target counts as well"),
        ("speed-3", lambda *a: 2, "do not count the epochs"),
        ("speed-3", lambda *a: "5 s", "a number of seconds"),
        ("speed-2", (2.17, 2.5), "made the computing faster"),
        ("speed-2", (1.6, 1.7), "two decimals"),
        ("speed-2", ("fast", None), "two numbers"),
    ],
)
def test_wrong_answers_get_a_sentence_that_helps(name, answer, hint):
    passed, text = verdict(name, answer)
    assert passed is False
    assert hint in text, text


def test_no_answer_yet():
    assert verdict("speed-1", ...)[0] is None
