"""The checks of mnist/generalization tell right answers from wrong ones, and say why."""

import numpy as np
import pytest
import torch
from judging import verdict_of
from torch.nn import functional as F

from lmbook.exercises.mnist_generalization import check

verdict = verdict_of(check)


def channels(hidden, p, generator):
    chance = torch.rand(*hidden.shape[:2], 1, 1, generator=generator)
    return hidden * (chance >= p) / (1 - p)


def channels_by_bernoulli(hidden, p, generator):
    keep = torch.full((*hidden.shape[:2], 1, 1), 1 - p).bernoulli(generator=generator)
    return hidden * keep / (1 - p)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("generalization-1", (True, False, True, False, True, False)),
        ("generalization-1", [1, 0, 1, 0, 1, 0]),
        ("generalization-1", np.array([True, False, True, False, True, False])),
        ("generalization-1", np.array([1, 0, 1, 0, 1, 0])),
        ("generalization-1", torch.tensor([True, False, True, False, True, False])),
        ("generalization-2", (-0.34, 1.34)),
        ("generalization-2", np.array([-0.3419, 1.3419])),
        ("generalization-2", torch.tensor([-0.34, 1.34])),
        ("generalization-3", channels),
        ("generalization-3", channels_by_bernoulli),
    ],
)
def test_right_answers(name, answer):
    assert verdict(name, answer) == (True, f"{name}: Right.")


def single_pixels(hidden, p, generator):
    return hidden * (torch.rand(hidden.shape, generator=generator) >= p) / (1 - p)


def same_for_all_images(hidden, p, generator):
    return hidden * (torch.rand(1, hidden.shape[1], 1, 1, generator=generator) >= p) / (1 - p)


def keeps_p(hidden, p, generator):
    return hidden * (torch.rand(*hidden.shape[:2], 1, 1, generator=generator) < p) / p


def not_scaled(hidden, p, generator):
    return hidden * (torch.rand(*hidden.shape[:2], 1, 1, generator=generator) >= p)


def whole_images(hidden, p, generator):
    return hidden * (torch.rand(len(hidden), 1, 1, 1, generator=generator) >= p) / (1 - p)


def own_generator(hidden, p, generator):
    return channels(hidden, p, torch.Generator().manual_seed(7))


def in_place(hidden, p, generator):
    hidden *= torch.rand(*hidden.shape[:2], 1, 1, generator=generator) >= p
    return hidden


def without_generator(hidden, p, generator):
    return channels(hidden, p, None)


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("generalization-1", (True, True, True, False, True, False), "at b. Hold a 2"),
        ("generalization-1", (True, False, True, True, True, False), "at d. Upside down"),
        ("generalization-1", (True, False, True, False, True, True), "at f. Shuffling"),
        ("generalization-1", (False,) * 6, "at a."),
        ("generalization-1", (True, False), "you gave 2"),
        ("generalization-1", True, "six truth values"),
        ("generalization-1", "a, c, e", "six truth values"),
        ("generalization-1", dict.fromkeys("abcdef", True), "in a list or a tuple"),
        ("generalization-1", ("True", "False") * 3, "without quotes; a is 'True'"),
        ("generalization-1", (True, False, None, False, True, False), "c is None"),
        ("generalization-2", (-0.02, 1.02), "three degrees of freedom"),
        ("generalization-2", (-0.229, 1.229), "n - 1"),
        ("generalization-2", (-1.18, 2.18), "root of 4"),
        ("generalization-2", (0.079, 0.921), "not by 4"),
        ("generalization-2", (0.235, 0.765), "Multiply by the quantile"),
        ("generalization-2", (1.34, -0.34), "lower end comes first"),
        ("generalization-2", (0.0, 1.34), "about the mean"),
        ("generalization-2", (-1.0, 2.0), "the width is not"),
        ("generalization-2", 0.84, "Give two numbers"),
        ("generalization-2", ("-0.34", "no"), "Give two numbers"),
        ("generalization-2", (-0.34, None, {}), "Give two numbers"),
        ("generalization-2", {"lower": -0.34, "upper": 1.34}, "Give two numbers"),
        ("generalization-2", (0.5, 0.1, 0.2), "you gave 3"),
        ("generalization-3", F.dropout2d, "could not be checked"),
        ("generalization-3", 3, "a function"),
        ("generalization-3", lambda hidden, p, generator: None, "return"),
        ("generalization-3", lambda hidden, p, generator: hidden[:1], "shape"),
        ("generalization-3", lambda hidden, p, generator: hidden, "share 0.00"),
        ("generalization-3", single_pixels, "in part"),
        ("generalization-3", lambda hidden, p, generator: hidden.numpy(), "got ndarray"),
        ("generalization-3", whole_images, "All channels of an image"),
        ("generalization-3", own_generator, "do not make one of your own"),
        ("generalization-3", same_for_all_images, "All images lose the same"),
        ("generalization-3", keeps_p, "p is what is dropped"),
        ("generalization-3", not_scaled, "by what do you have to divide"),
        ("generalization-3", in_place, "changes its input"),
        ("generalization-3", without_generator, "same generator state"),
    ],
)
def test_wrong_answers_are_told_why(name, answer, hint):
    passed, text = verdict(name, answer)
    assert not passed
    assert hint in text
