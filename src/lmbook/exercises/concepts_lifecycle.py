"""Checks for the exercises of concepts/lifecycle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from lmbook.exercises import Exercises


def _splits(answer: Any) -> str | None:
    if not isinstance(answer, Iterable):
        return 'Give letters, such as "AB".'
    letters = {letter.upper() for part in answer for letter in str(part) if letter.isalpha()}
    if not letters or letters - set("ABCD"):
        return 'Give one or more of the letters A, B, C and D, such as "AB".'
    if letters == set("BD"):
        return None
    if "A" in letters:
        return "A is sound: once the copies are out, no form has a twin on the other side."
    if "C" in letters:
        return "C is sound, and the most honest of all: in service too, test forms come later."
    if letters == {"D"}:
        return "One more leaks. Who wrote the digits of the test set in B?"
    return "One more leaks. Where do the three copies of one scan land in D?"


def _break_even(answer: Any) -> str | None:
    try:
        requests = float(np.asarray(answer, dtype=float).reshape(()))
    except (TypeError, ValueError):
        return "Give one number: requests in the year."
    hints = {
        7_500 / 0.0017: "Your own model's requests are not free: what does each request *save*?",
        7_500 / 0.0019: "Subtract the prices of a request: both routes pay for each.",
        9_000 / 0.0015: "The API costs something once, too: what does your model cost *more*?",
        10_500 / 0.0015: "Subtract what is paid once: both routes pay it.",
        5_000_000 / 12: "That is a month; the question asks for the year.",
        5: "Five of what? Give requests, not millions of them.",
        0.0015 / 7_500: "You have divided the wrong way round: dollars by dollars a request.",
    }
    if np.isclose(requests, 5_000_000, rtol=1e-3):
        return None
    for wrong, hint in hints.items():
        if np.isclose(requests, wrong, rtol=1e-3):
            return hint
    return "Divide what your model costs more once by what it saves on each request."


def _ks(answer: Any) -> str | None:
    if not callable(answer):
        return "Give a function of two arrays, without calling it."
    rng = np.random.default_rng(0)
    cases = (
        (np.arange(5.0), np.arange(5.0), 0.0, "two equal arrays"),
        (np.zeros(3), np.ones(4), 1.0, "arrays that do not overlap"),
        (np.ones(4), np.zeros(3), 1.0, "arrays that do not overlap, the later one below"),
        (np.array([1, 2, 3, 4]), np.array([3, 4]), 0.5, "[1, 2, 3, 4] and [3, 4]"),
        (np.array([1, 1, 1, 2]), np.array([1, 2, 2, 2]), 0.5, "arrays with equal values"),
        (np.array([3.0, 1.0, 2.0]), np.array([9.0, 1.5]), 0.5, "unsorted arrays"),
    )
    for launch, today, expected, words in cases:
        got = answer(launch.copy(), today.copy())
        if got is None:
            return "Your function returns nothing: end it with `return`."
        value = np.asarray(got, dtype=float)
        if value.shape != ():
            return f"Expected one number, got an array of shape {value.shape}."
        if not np.isclose(float(value), expected):
            return f"For {words} expected {expected:g}, got {float(value):g}."
    launch, today = rng.normal(size=60), rng.normal(0.5, size=45)
    gaps = [(launch <= v).mean() - (today <= v).mean() for v in (*launch, *today)]
    expected = max(map(abs, gaps))
    if not np.isclose(float(answer(launch, today)), expected):
        return "Right on small arrays, not on larger ones of different lengths: use shares."
    return None


def _log(answer: Any) -> str | None:
    try:
        given = tuple(int(value) for value in np.asarray(list(answer), dtype=float))
    except (TypeError, ValueError):
        return "Give two numbers: (smallest, largest)."
    if len(given) != 2:
        return "Give two numbers: (smallest, largest)."
    if given == (511, 515):
        return None
    if given == (515, 511):
        return "The right numbers; the smallest comes first."
    if given[0] == 510:
        return "Batches of 510 leave 20 images over after 98 steps, which make one step more."
    if given[1] == 516:
        return "Batches of 516 need only 97 steps."
    if given == (512, 512):
        return "512 fits. Do its neighbours fit as well?"
    return "Which batches are large enough for 98 steps, and too small for 97?"


check = Exercises(
    {
        "lifecycle-1": _splits,
        "lifecycle-2": _break_even,
        "lifecycle-3": _ks,
        "lifecycle-4": _log,
    }
)
