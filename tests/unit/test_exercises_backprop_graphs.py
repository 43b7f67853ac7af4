"""The checks of backprop/graphs tell right answers from wrong ones, and say why."""

import math

import numpy as np
import pytest
import torch
from judging import verdict_of

from lmbook.exercises.backprop_graphs import check
from lmbook.nn.autograd import Value

verdict = verdict_of(check)


def softplus(x):
    result = max(x.data, 0.0) + math.log1p(math.exp(-abs(x.data)))
    return x.new("softplus", result, (x, (1 + math.tanh(x.data / 2)) / 2))


def composed(x):
    return (1 + x.exp()).log()


def composed_stable(x):
    return x.relu() + (1 + (-(x.relu() + (-x).relu())).exp()).log()


def overflowing(x):
    return x.new("softplus", math.log1p(math.exp(x.data)), (x, 1.0))


def wrong_slope(x):
    return x.new("softplus", softplus(x).data, (x, math.tanh(x.data)))


def no_slope(x):
    return x.new("softplus", softplus(x).data, (x, 0.0))


def detached(x):
    return Value(softplus(x).data)


def two_operands(x):
    return x.new("softplus", softplus(x).data, (x, 0.5), (x, 0.5))


def base_two(x):
    return x.new("softplus", softplus(x).data / math.log(2), (x, 0.5))


def nothing(x):
    softplus(x)


def leaves_after_backward():
    a, b = Value(1), Value(2)
    ((a + b) * b).backward()
    return a, b


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("graphs-1", (2, 5)),
        ("graphs-1", [2.0, 5.0]),
        ("graphs-1", np.array([2, 5])),
        ("graphs-1", torch.tensor([2.0, 5.0])),
        ("graphs-1", leaves_after_backward()),
        ("graphs-2", (2000, 1000, 3)),
        ("graphs-2", [2000.0, 1000, 3]),
        ("graphs-2", torch.tensor([2000, 1000, 3])),
        ("graphs-3", 0.0045),
        ("graphs-3", np.float32(0.005)),
        ("graphs-3", torch.tensor(0.003)),
        ("graphs-4", softplus),
        ("graphs-4", lambda x: softplus(x)),
    ],
)
def test_right_answers(name, answer):
    assert verdict(name, answer) == (True, f"{name}: Right.")


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("graphs-1", (5, 2), "wrong order"),
        ("graphs-1", (2, 3), "used twice"),
        ("graphs-1", (2, 2), "factor of the product too"),
        ("graphs-1", (6, 6), "value of y"),
        ("graphs-1", (1, 5), "comes through the sum"),
        ("graphs-1", (2, 7), "follow both ways"),
        ("graphs-1", 2, "two numbers"),
        ("graphs-1", "2, 5", "two numbers"),
        ("graphs-1", (2, 5, 1), "two numbers"),
        ("graphs-1", ("a", "b"), "two numbers"),
        ("graphs-2", (2000, 3, 1000), "wrong way round"),
        ("graphs-2", (2000, 1, 3), "by one input"),
        ("graphs-2", (2000, 1000, 1), "of one output"),
        ("graphs-2", (1001, 1000, 3), "one-sided"),
        ("graphs-2", (6000, 1000, 3), "all three outputs"),
        ("graphs-2", (1, 1000, 3), "how often"),
        ("graphs-2", 2000, "three numbers"),
        ("graphs-3", 2.4e-4, "square root"),
        ("graphs-3", 1e-5, "64 bits"),
        ("graphs-3", 6e-8, "as small as the rounding"),
        ("graphs-3", 0.1, "solve for h"),
        ("graphs-3", -1, "positive"),
        ("graphs-3", "small", "one number"),
        ("graphs-3", None, "one number"),
        ("graphs-4", 3, "Expected a function"),
        ("graphs-4", math.exp, "no class Value"),
        ("graphs-4", composed, "one operand"),
        ("graphs-4", composed_stable, "one operand"),
        ("graphs-4", overflowing, "finite differences"),
        ("graphs-4", wrong_slope, "finite differences"),
        ("graphs-4", no_slope, "finite differences"),
        ("graphs-4", detached, "one operand"),
        ("graphs-4", two_operands, "one operand"),
        ("graphs-4", base_two, "should be"),
        ("graphs-4", nothing, "returns nothing"),
        ("graphs-4", lambda x: 0.5, "Expected a Value, got float"),
    ],
)
def test_wrong_answers_get_a_hint(name, answer, hint):
    passed, message = verdict(name, answer)
    assert passed is False
    assert hint in message


def test_an_overflow_is_named():
    def overflows(x):
        value = math.log1p(math.exp(x.data))
        return x.new("softplus", value, (x, (1 + math.tanh(x.data / 2)) / 2))

    passed, message = verdict("graphs-4", overflows)
    assert passed is False
    assert "overflows" in message


def test_no_answer_yet():
    assert verdict("graphs-1", ...)[0] is None
