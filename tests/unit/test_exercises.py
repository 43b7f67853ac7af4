"""Checks tell right answers from wrong ones, and say why."""

import re

import numpy as np
import pytest
from judging import verdict_of
from torch import nn

from lmbook.exercises import Exercises, mnist_cnn
from lmbook.nn.cnn import DigitNet


def verdict(check, name, answer):
    return verdict_of(check)(name, answer)


def test_no_answer_right_answer_wrong_answer_and_a_check_that_cannot_run():
    check = Exercises({"a-1": lambda answer: None if answer / 1 == 2 else "Count again."})
    assert verdict(check, "a-1", ...)[0] is None
    assert verdict(check, "a-1", 2) == (True, "a-1: Right.")
    assert verdict(check, "a-1", 3) == (False, "a-1: Not yet. Count again.")
    passed, message = verdict(check, "a-1", "two")
    assert passed is False and "TypeError" in message


def test_an_unknown_exercise_lists_the_known_ones():
    with pytest.raises(KeyError, match="expected one of cnn-1, cnn-2"):
        mnist_cnn.check("cnn-9", 1)


def pool(image, size):
    rows, columns = image.shape[0] // size, image.shape[1] // size
    return image[: rows * size, : columns * size].reshape(rows, size, columns, size).max((1, 3))


def strided():
    net = DigitNet()
    for stage in net.features[:2]:
        stage[0].stride = (2, 2)
        del stage[1]
    return net


@pytest.mark.parametrize(
    ("name", "answer"),
    [("cnn-1", (8, 32, 13, 13)), ("cnn-1", [8, 32, 13, 13]), ("cnn-2", 16), ("cnn-2", np.int64(16)),
     ("cnn-2", [16, 16]), ("cnn-3", pool),
     ("cnn-4", strided())],
)  # fmt: skip
def test_right_answers_of_mnist_cnn(name, answer):
    assert verdict(mnist_cnn.check, name, answer)[0] is True


def overlapping(image, size):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    return windows.max((2, 3))


def from_zero(image, size):
    return np.maximum(pool(image, size), 0)


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("cnn-1", (8, 32, 14, 14), "round down"),
        ("cnn-1", (16, 32, 13, 13), "batch"),
        ("cnn-1", (8, 16, 13, 13), "second argument"),
        ("cnn-1", (32, 13, 13), "four numbers"),
        ("cnn-1", 13, "four numbers"),
        ("cnn-1", (8, 13, 13, 32), "channels before height"),
        ("cnn-2", 11, "two pixels wide"),
        ("cnn-2", 14, "last pooling"),
        ("cnn-2", 13, "kernel too"),
        ("cnn-2", "16", "without quotation"),
        ("cnn-2", 7, "jump"),
        ("cnn-3", overlapping, "expected shape"),
        ("cnn-3", from_zero, "negative"),
        ("cnn-3", lambda image, size: -pool(-image, size), "positive"),
        ("cnn-3", lambda image, size: None, "return"),
        ("cnn-3", lambda image, size: pool(image, 2), "expected shape"),
        ("cnn-4", "a network", "torch.nn.Module"),
        ("cnn-4", DigitNet(), "still pooling"),
        ("cnn-4", nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), "have to"),
        ("cnn-4", nn.Sequential(nn.Flatten(), nn.Linear(784, 9)), r"\(2, 10\)"),
        ("cnn-4", nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(49, 10)), "avg_pool2d"),
        ("cnn-4", nn.Sequential(nn.Conv2d(1, 10, 28, stride=28), nn.Flatten()), "have to"),
    ],
)
def test_wrong_answers_of_mnist_cnn_get_a_hint_that_fits(name, answer, hint):
    passed, message = verdict(mnist_cnn.check, name, answer)
    assert passed is False
    assert re.search(hint, message), message
