"""Figures of mnist/mlp: three parts of the data, runs beside a report, loss against error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from lmbook.plot.diagrams import Arrow, Box, diagram
from lmbook.plot.style import BLACK, BLUE, FULL, GREEN, GREY, ORANGE, VERMILLION, styled

Point = tuple[float, float, str]
"""An error in percent, a loss in nats, and what to write beside it."""


def parts() -> Figure:
    """Draw the three parts of the data, what each decides, and the way that is forbidden."""

    def data(x: float, text: str) -> Box:
        return Box(x, 2.6, text, width=2.6, height=0.8)

    def decided(x: float, text: str, colour: str) -> Box:
        return Box(x, 0.6, text, width=2.6, height=0.8, colour=colour)

    boxes = {
        "training": data(1.4, "training data"),
        "validation": data(5.0, "validation data"),
        "test": data(8.6, "test data"),
        "weights": decided(1.4, "the weights", GREEN),
        "choices": decided(5.0, "epochs, widths,\nrates, which run", ORANGE),
        "report": decided(8.6, "the number\nin the report", GREEN),
    }
    arrows = [
        Arrow("training", "weights", "every step"),
        Arrow("validation", "choices", "every choice"),
        Arrow("test", "report", "once"),
        Arrow("test", "choices", "the leak", dashed=True, colour=VERMILLION),
    ]
    return diagram(boxes, arrows, size=10)


@styled
def beside_report(rows: Mapping[str, tuple[ArrayLike, float | None]], *, xlabel: str) -> Figure:
    """Draw the runs of an experiment as dots, and what was reported for it as a diamond.

    Parameters
    ----------
    rows : mapping of str to (array_like, shape (runs,), float or None)
        For each name, a measurement a run, and the reported number where there is one.
    xlabel : str
        The quantity with its unit.
    """
    figure, axes = plt.subplots(figsize=(FULL, 0.8 + 0.62 * len(rows)), layout="constrained")
    for place, (values, reported) in enumerate(rows.values()):
        runs = np.asarray(values, dtype=float)
        axes.plot(runs, np.full(len(runs), place), "o", color=BLUE, alpha=0.55, markersize=7)
        axes.plot([runs.mean()] * 2, [place - 0.22, place + 0.22], color=BLACK, linewidth=1.6)
        axes.annotate(
            f"{runs.mean():.2f}", (runs.mean(), place), xytext=(0, 11), textcoords="offset points",
            ha="center", va="bottom",
        )  # fmt: skip
        if reported is not None:
            axes.plot(reported, place, "D", color=VERMILLION, markersize=8, markerfacecolor="none")
            axes.annotate(
                f"reported {reported:.2f}", (reported, place), xytext=(0, -10),
                textcoords="offset points", ha="center", va="top", color=VERMILLION,
            )  # fmt: skip
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.margins(x=0.12)
    axes.grid(visible=False, axis="y")
    axes.set(xlabel=xlabel)
    return figure


@styled
def loss_against_error(
    measured: Mapping[str, tuple[ArrayLike, ArrayLike]], reported: Sequence[Point]
) -> Figure:
    """Draw mean cross-entropy against the share of wrong answers, above the least one possible.

    Parameters
    ----------
    measured : mapping of str to (array_like, array_like), each of shape (points,)
        For each name, errors in percent and losses in nats; at most two names.
    reported : sequence of (float, float, str)
        Points to hold beside them, each with its label.
    """
    figure, axes = plt.subplots(figsize=(FULL, 4.0), layout="constrained")
    for (name, (errors, losses)), colour, marker in zip(
        measured.items(), (BLUE, GREEN), ("o", "^"), strict=False
    ):
        x, y = np.asarray(errors, dtype=float), np.asarray(losses, dtype=float)
        axes.plot(x, y, marker, color=colour, markersize=4, alpha=0.6)
        top = int(np.argmax(x))
        axes.annotate(
            name, (x[top], y[top]), xytext=(-8, 2) if colour == BLUE else (8, -4),
            textcoords="offset points", ha="right" if colour == BLUE else "left", va="center",
            color=colour, fontweight="bold",
        )  # fmt: skip
    for error, loss, text in reported:
        axes.plot(error, loss, "D", color=VERMILLION, markersize=7, markerfacecolor="none")
        axes.annotate(
            text, (error, loss), xytext=(8, -2), textcoords="offset points", va="center",
            color=VERMILLION,
        )  # fmt: skip
    axes.set(xscale="log", yscale="log")
    errors = np.geomspace(*axes.get_xlim(), 50)
    axes.plot(errors, errors / 100 * np.log(2), color=GREY, linestyle="--", linewidth=1)
    axes.annotate(
        "the least there can be", (errors[20], errors[20] / 100 * np.log(2)), xytext=(6, -4),
        textcoords="offset points", va="top", color=GREY,
    )  # fmt: skip
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    axes.set(xlabel="wrong answers (%)", ylabel="mean cross-entropy (nats)")
    return figure
