"""The checks of concepts/lifecycle accept right answers and say something about wrong ones."""

import numpy as np
import pytest
import torch
from judging import verdict_of
from scipy.stats import ks_2samp

from lmbook.exercises.concepts_lifecycle import check

verdict = verdict_of(check)


def ks(launch, today):
    return ks_2samp(launch, today).statistic


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        *(("lifecycle-1", a) for a in ("BD", "db", "B, D", ["B", "D"], {"D", "B"}, ("b", "d"))),
        *(("lifecycle-2", a) for a in (5_000_000, 5e6, np.float64(5e6), torch.tensor(5e6))),
        ("lifecycle-2", 7_500 / (0.0017 - 0.0002)),
        ("lifecycle-3", ks),
        *(("lifecycle-4", a) for a in ((511, 515), [511, 515], np.array([511, 515]))),
        ("lifecycle-4", torch.tensor([511, 515])),
    ],
)
def test_right_answers(name, answer):
    assert verdict(name, answer)[0] is True


def unsigned(launch, today):
    v = np.concatenate([launch, today])
    return max((launch <= x).mean() - (today <= x).mean() for x in v)


def counted(launch, today):
    v = np.concatenate([launch, today])
    return max(abs((launch <= x).sum() - (today <= x).sum()) for x in v)


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("lifecycle-1", "ABD", "A is sound"),
        ("lifecycle-1", "BCD", "C is sound"),
        ("lifecycle-1", "D", "Who wrote"),
        ("lifecycle-1", "B", "three copies"),
        ("lifecycle-1", "E", "letters A, B, C and D"),
        ("lifecycle-1", "", "letters A, B, C and D"),
        ("lifecycle-1", 2, "Give letters"),
        ("lifecycle-2", 7_500 / 0.0017, "*save*"),
        ("lifecycle-2", 7_500 / 0.0019, "Subtract the prices"),
        ("lifecycle-2", 6_000_000, "*more*"),
        ("lifecycle-2", 7_000_000, "paid once"),
        ("lifecycle-2", 5e6 / 12, "a month"),
        ("lifecycle-2", 5, "Five of what"),
        ("lifecycle-2", 2e-7, "wrong way round"),
        ("lifecycle-2", 12, "Divide what"),
        ("lifecycle-2", "five million", "one number"),
        ("lifecycle-3", 0.5, "a function"),
        ("lifecycle-3", lambda a, b: None, "return"),
        ("lifecycle-3", lambda a, b: np.zeros(2), "one number"),
        ("lifecycle-3", unsigned, "the later one below"),
        ("lifecycle-3", counted, "arrays that do not overlap"),
        ("lifecycle-4", 512, "two numbers"),
        ("lifecycle-4", (511, 512, 515), "two numbers"),
        ("lifecycle-4", (515, 511), "smallest comes first"),
        ("lifecycle-4", (510, 515), "leave 20 images"),
        ("lifecycle-4", (511, 516), "only 97"),
        ("lifecycle-4", (512, 512), "neighbours"),
        ("lifecycle-4", (1, 2), "large enough"),
    ],
)
def test_wrong_answers_are_told_what_to_look_at(name, answer, hint):
    passed, message = verdict(name, answer)
    assert passed is False
    assert hint in message


def test_nothing_is_judged_before_there_is_an_answer():
    assert verdict("lifecycle-3", ...)[0] is None
