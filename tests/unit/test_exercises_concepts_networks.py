"""The checks of concepts/networks take right answers in any form and help with wrong ones."""

import math

import numpy as np
import pytest
import torch
from judging import verdict_of

from lmbook.exercises.concepts_networks import check

BEST = math.sqrt(1e24 / 120)
XOR = ([[1, 1], [1, 1]], [0, -1], [1, -2], 0)


verdict = verdict_of(check)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("networks-1", 55_050),
        ("networks-1", 55_050.0),
        ("networks-1", np.int64(55_050)),
        ("networks-1", torch.tensor(55_050)),
        ("networks-1", [55_050]),
        ("networks-2", 112),
        ("networks-2", 112.0),
        ("networks-2", np.array([112.0])),
        ("networks-3", BEST),
        ("networks-3", 9.13e10),
        ("networks-3", 91_300_000_000),
        ("networks-4", XOR),
        ("networks-4", list(XOR)),
        ("networks-4", tuple(torch.tensor(part, dtype=torch.float32) for part in XOR)),
        ("networks-4", ([[1, -1], [-1, 1]], [0, 0], [1, 1], 0)),
        ("networks-4", ([[1, 1], [1, 1]], [[0, -1]], [[1, -2]], [0])),
    ],
)
def test_right_answers_in_any_form(name, answer):
    assert verdict(name, answer)[0]


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("networks-1", 54_912, "bias too"),
        ("networks-1", 101_770, "not one layer"),
        ("networks-1", 50_890, "from 64 to 64"),
        ("networks-1", 55_834, "Inputs have no bias"),
        ("networks-1", 1, r"(m + 1) · n"),
        ("networks-1", "55050", "quotation marks"),
        ("networks-1", (1, 2), "one number"),
        ("networks-2", 112e9, "bytes"),
        ("networks-2", 14, "use the model"),
        ("networks-2", 28, "optimiser"),
        ("networks-2", 56, "three numbers"),
        ("networks-2", 84, "alone"),
        ("networks-2", 104.3, "2³⁰"),
        ("networks-2", 5, "Add up"),
        ("networks-2", None, "one number"),
        ("networks-3", BEST / 1e9, "billions"),
        ("networks-3", math.sqrt(1e24 / 6), "20 for each"),
        ("networks-3", math.sqrt(1e24 / 20), "The 6 operations"),
        ("networks-3", 20 * BEST, "tokens"),
        ("networks-3", 1e24 / 120, "root"),
        ("networks-3", 1.0, "solve"),
        ("networks-3", float("nan"), "one number"),
        ("networks-4", 3, "four things"),
        ("networks-4", "abcd", "four things"),
        ("networks-4", ([1, 1], [0, -1], [1, -2], 0), "shapes (2,), (2,), (2,), ()"),
        ("networks-4", (None, [0, -1], [1, -2], 0), "four things"),
        ("networks-4", ([[1, 1], [1, 1]], [0, -1], [1, -1], 0), "inputs (1, 1)"),
    ],
)
def test_wrong_answers_are_met_with_help(name, answer, hint):
    passed, said = verdict(name, answer)
    assert not passed
    assert "Not yet." in said
    assert hint in said


def test_no_answer_yet():
    assert "No answer yet" in verdict("networks-1", ...)[1]
