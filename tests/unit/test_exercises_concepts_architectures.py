"""The checks of concepts/architectures tell right answers from wrong ones, and say why."""

import numpy as np
import pytest
import torch
from judging import verdict_of

from lmbook.exercises.concepts_architectures import check

verdict = verdict_of(check)


def parts(x, h, W_in, W_h, b_in, b_h):
    return (x @ W_in.T + b_in).chunk(3, 1), (h @ W_h.T + b_h).chunk(3, 1)


def gru(x, h, *weights):
    a, s = parts(x, h, *weights)
    r, z = (a[0] + s[0]).sigmoid(), (a[1] + s[1]).sigmoid()
    return (1 - z) * (a[2] + r * s[2]).tanh() + z * h


def turned_update(x, h, *weights):
    a, s = parts(x, h, *weights)
    r, z = (a[0] + s[0]).sigmoid(), (a[1] + s[1]).sigmoid()
    return z * (a[2] + r * s[2]).tanh() + (1 - z) * h


def early_reset(x, h, W_in, W_h, b_in, b_h):
    a, s = parts(x, h, W_in, W_h, b_in, b_h)
    r, z = (a[0] + s[0]).sigmoid(), (a[1] + s[1]).sigmoid()
    n = (a[2] + (r * h) @ W_h.chunk(3)[2].T + b_h.chunk(3)[2]).tanh()
    return (1 - z) * n + z * h


def other_order(x, h, *weights):
    a, s = parts(x, h, *weights)
    z, r = (a[0] + s[0]).sigmoid(), (a[1] + s[1]).sigmoid()
    return (1 - z) * (a[2] + r * s[2]).tanh() + z * h


def reset_of_all(x, h, *weights):
    a, s = parts(x, h, *weights)
    r, z = (a[0] + s[0]).sigmoid(), (a[1] + s[1]).sigmoid()
    return (1 - z) * (r * (a[2] + s[2])).tanh() + z * h


def bias_outside(x, h, W_in, W_h, b_in, b_h):
    a, s = parts(x, h, W_in, W_h, b_in, b_h)
    r, z = (a[0] + s[0]).sigmoid(), (a[1] + s[1]).sigmoid()
    n = (a[2] + r * (h @ W_h.chunk(3)[2].T) + b_h.chunk(3)[2]).tanh()
    return (1 - z) * n + z * h


def no_reset(x, h, *weights):
    a, s = parts(x, h, *weights)
    z = (a[1] + s[1]).sigmoid()
    return (1 - z) * (a[2] + s[2]).tanh() + z * h


def no_mix(x, h, *weights):
    a, s = parts(x, h, *weights)
    return (a[2] + (a[0] + s[0]).sigmoid() * s[2]).tanh()


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("architectures-1", {"MLP", "Transformer"}),
        ("architectures-1", ["transformer", "mlp"]),
        ("architectures-1", ("MLP", "Transformer")),
        ("architectures-1", "MLP and Transformer"),
        ("architectures-1", "MLP, Transformer"),
        ("architectures-1", "Transformer & MLP."),
        ("architectures-1", "The MLP and the Transformer."),
        ("architectures-2", 52_000),
        ("architectures-2", 52_000.0),
        ("architectures-2", torch.tensor(52_000)),
        ("architectures-2", np.int64(52_000)),
        ("architectures-2", "52,000"),
        ("architectures-2", "52\N{NO-BREAK SPACE}000"),
        ("architectures-3", gru),
    ],
)
def test_right_answers_pass(name, answer):
    assert verdict(name, answer) == (True, f"{name}: Right.")


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("architectures-1", {"MLP", "CNN"}, "several rows"),
        ("architectures-1", {"MLP", "RNN"}, "one after another"),
        ("architectures-1", {"LSTM", "Transformer"}, "one after another"),
        ("architectures-1", {"MLP"}, "as a set"),
        ("architectures-1", "Transformer", "no order of pixels"),
        ("architectures-1", {"GRU", "MLP"}, "choose from"),
        ("architectures-1", set(), "Two networks"),
        ("architectures-1", 2, "set of two names"),
        ("architectures-2", 51_600, "keeps two"),
        ("architectures-2", 51_200, "biases are missing"),
        ("architectures-2", 13_000, "one gate"),
        ("architectures-2", 12_900, "one gate with one bias"),
        ("architectures-2", 12_800, "matrices of one gate"),
        ("architectures-2", 39_000, "proposal has weights"),
        ("architectures-2", 38_700, "keeps two biases"),
        ("architectures-2", 12_000, "last output"),
        ("architectures-2", 40_400, "reads the row"),
        ("architectures-2", "51,600", "keeps two"),
        ("architectures-2", 11_600 + 41_400, "two biases"),
        ("architectures-2", 11_600, "last output"),
        ("architectures-2", 40_800, "reads the row"),
        ("architectures-2", 53_010, "classifier"),
        ("architectures-2", "many", "whole number"),
        ("architectures-2", True, "whole number"),
        ("architectures-2", None, "whole number"),
        ("architectures-3", 3, "Give a function"),
        ("architectures-3", lambda *_: None, "returns nothing"),
        ("architectures-3", lambda *_: (1, 2), "one tensor"),
        ("architectures-3", lambda x, h, *_: h[:, :2], "Expected a state of shape"),
        ("architectures-3", lambda x, h, *_: h, "one at a time"),
        ("architectures-3", lambda x, h: h, "TypeError"),
        ("architectures-3", turned_update, "keeps the OLD state"),
        ("architectures-3", early_reset, "after matrix and bias"),
        ("architectures-3", other_order, "in the order r, z, n"),
        ("architectures-3", reset_of_all, "from the input too"),
        ("architectures-3", bias_outside, "inside the brackets"),
        ("architectures-3", no_reset, "reset gate is missing"),
        ("architectures-3", no_mix, "proposal alone"),
    ],
)
def test_wrong_answers_get_a_hint(name, answer, hint):
    passed, message = verdict(name, answer)
    assert passed is False
    assert hint in message


@pytest.mark.parametrize("number", [1, 2, 3])
def test_dots_are_no_answer(number):
    assert verdict(f"architectures-{number}", ...)[0] is None
