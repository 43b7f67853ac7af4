"""Checks for the exercises of concepts/architectures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import nn

from lmbook.exercises import Exercises

_NETWORKS = {"mlp": "MLP", "cnn": "CNN", "transformer": "Transformer", "rnn": "RNN", "lstm": "LSTM"}


def _rows_shuffled(answer: Any) -> str | None:
    if isinstance(answer, str):
        answer = answer.replace("&", ",").replace(" and ", ",").split(",")
    if not isinstance(answer, Iterable):
        return 'Give a set of two names, such as {"CNN", "RNN"}.'
    given = {str(name).strip(" .").lower().removeprefix("the ") for name in answer} - {""}
    if unknown := given - set(_NETWORKS):
        return (
            f"There is no network {', '.join(sorted(unknown))} in the race: "
            f"choose from {', '.join(_NETWORKS.values())}."
        )
    if "cnn" in given:
        return "A window of the CNN spans several rows: shuffled, it holds other rows together."
    if given & {"rnn", "lstm"}:
        return (
            "A recurrent network reads the rows one after another, and what came long ago has "
            "passed through more steps: no order of its weights makes up for another order of rows."
        )
    if given == {"mlp"}:
        return "The MLP is one of them. Which other network takes the rows as a set?"
    if given == {"transformer"}:
        return "The Transformer is one of them. Which other network knows no order of pixels?"
    if given != {"mlp", "transformer"}:
        return "Two networks are asked for."
    return None


def _lstm_parameters(answer: Any) -> str | None:
    hints = {
        51_600: "You gave each gate one bias; PyTorch keeps two, one beside each matrix.",
        51_200: "Those are the matrices; the biases are missing.",
        13_000: "That is one gate. An LSTM has three, and the proposal.",
        12_900: "That is one gate with one bias. An LSTM has three gates and the proposal, and "
        "PyTorch keeps two biases for each.",
        12_800: "Those are the two matrices of one gate. An LSTM has three gates and the proposal, "
        "and biases.",
        39_000: "Three gates, yes, but the proposal has weights too.",
        38_700: "Three gates, yes, but the proposal has weights too, and PyTorch keeps two biases.",
        11_600: "Each gate also reads the last output, by a matrix of 100 × 100. And PyTorch keeps "
        "two biases.",
        12_000: "Each gate also reads the last output: a matrix of 100 × 100.",
        40_800: "Each gate also reads the row: a matrix of 100 × 28.",
        40_400: "Each gate also reads the row, by a matrix of 100 × 28. And PyTorch keeps two "
        "biases.",
        53_010: "Leave out the classifier: the layer alone is asked for.",
    }
    if isinstance(answer, torch.Tensor | np.generic | np.ndarray):
        answer = answer.item()
    if isinstance(answer, str) and (digits := re.sub(r"[\s,._]", "", answer)).isdecimal():
        answer = int(digits)
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return "Give a whole number."
    if answer == 52_000:
        return None
    return hints.get(
        int(answer),
        "For each of the three gates and the proposal: a matrix from the row, a matrix from the "
        "last output, two biases.",
    )


def _gru_step(answer: Any) -> str | None:
    if not callable(answer):
        return "Give a function of (x, h, W_in, W_h, b_in, b_h)."
    generator = torch.Generator().manual_seed(0)
    inputs, width = 5, 7
    cell = nn.GRUCell(inputs, width).double()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
        x = torch.randn(4, inputs, generator=generator, dtype=torch.float64)
        h = torch.randn(4, width, generator=generator, dtype=torch.float64)
        weights = cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh
        expected = cell(x, h)
        got = answer(x, h, *weights)
        if got is None:
            return "Your function returns nothing: end it with `return`."
        if not isinstance(got, torch.Tensor):
            return f"Return the new state as one tensor; got {type(got).__name__}."
        if got.shape != expected.shape:
            return f"Expected a state of shape {tuple(expected.shape)}, got {tuple(got.shape)}."
        if torch.allclose(got, expected, atol=1e-8):
            return None
        return _gru_mistake(got, x, h, *weights)


def _gru_mistake(
    got: torch.Tensor,
    x: torch.Tensor,
    h: torch.Tensor,
    W_in: torch.Tensor,
    W_h: torch.Tensor,
    b_in: torch.Tensor,
    b_h: torch.Tensor,
) -> str:
    """Name the likely mistake behind a wrong state."""
    a, s = (x @ W_in.T + b_in).chunk(3, dim=1), (h @ W_h.T + b_h).chunk(3, dim=1)
    reset, update = (a[0] + s[0]).sigmoid(), (a[1] + s[1]).sigmoid()
    proposal = (a[2] + reset * s[2]).tanh()
    in_front = W_h.chunk(3)[2], b_h.chunk(3)[2]
    early = (a[2] + (reset * h) @ in_front[0].T + in_front[1]).tanh()
    swapped = (a[2] + update * s[2]).tanh()
    likely = {
        "The update gate keeps the OLD state; you let it keep the proposal.": update * proposal
        + (1 - update) * h,
        "The reset gate multiplies what comes from the state, after matrix and bias; you multiply "
        "the state before its matrix.": (1 - update) * early + update * h,
        "The stacked weights are in the order r, z, n; you took the first for the update gate.": (
            (1 - reset) * swapped + reset * h
        ),
        "The reset gate multiplies only what comes from the state; you multiply what comes from "
        "the input too.": (1 - update) * (reset * (a[2] + s[2])).tanh() + update * h,
        "The bias of the state's part stands inside the brackets: the reset gate multiplies it "
        "too.": (1 - update) * (a[2] + reset * (h @ in_front[0].T) + in_front[1]).tanh()
        + update * h,
        "The reset gate is missing in the proposal.": (1 - update) * (a[2] + s[2]).tanh()
        + update * h,
        "That is the proposal alone: mix it with the old state.": proposal,
    }
    for hint, wrong in likely.items():
        if torch.allclose(got, wrong, atol=1e-8):
            return hint
    return "The shape is right, the values are not: go through the three lines one at a time."


check = Exercises(
    {
        "architectures-1": _rows_shuffled,
        "architectures-2": _lstm_parameters,
        "architectures-3": _gru_step,
    }
)
