"""Figures of mnist/mlp: parts of the data, runs beside a report, losses, the price of a peek."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from numpy.typing import ArrayLike

from lmbook.plot.diagrams import Arrow, Box, diagram
from lmbook.plot.style import BLACK, BLUE, COLOURS, FULL, GREEN, GREY, ORANGE, VERMILLION, styled


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
    measured: Mapping[str, tuple[ArrayLike, ArrayLike]],
    reported: Mapping[str, tuple[ArrayLike, ArrayLike]],
    names: Sequence[str],
) -> Figure:
    """Draw mean cross-entropy against the share of wrong answers, above the least one possible.

    Parameters
    ----------
    measured : mapping of str to (array_like, array_like), each of shape (points,)
        For each of at most two names, errors in percent and losses in nats.
    reported : mapping of str to (array_like, array_like), each of shape (marks,)
        For the same names, what somebody reports.
    names : sequence of str, length marks
        Written below the reported points.
    """
    figure, axes = plt.subplots(figsize=(FULL, 4.0), layout="constrained")
    for name, colour, marker in zip(measured, (BLUE, GREEN), ("o", "^"), strict=False):
        x, y = (np.asarray(values, dtype=float) for values in measured[name])
        axes.plot(x, y, marker, color=colour, markersize=4, alpha=0.6)
        top, left = int(np.argmax(x)), marker == "o"
        axes.annotate(
            name, (x[top], y[top]), xytext=(-10, 2) if left else (8, -12),
            textcoords="offset points", ha="right" if left else "left", va="center",
            color=colour, fontweight="bold",
        )  # fmt: skip
        x, y = (np.asarray(values, dtype=float) for values in reported[name])
        axes.plot(x, y, marker, color=VERMILLION, markersize=7, markerfacecolor="none")
        for place, text in zip(zip(x, y, strict=True), names, strict=True):
            axes.annotate(
                text, place, xytext=(0, -7), textcoords="offset points", ha="center", va="top",
                color=VERMILLION, fontsize=9,
            )  # fmt: skip
    last = max(
        ((float(x), float(y)) for xs, ys in reported.values()
         for x, y in zip(np.asarray(xs), np.asarray(ys), strict=True))
    )  # fmt: skip
    axes.annotate(
        "reported", last, xytext=(10, 0), textcoords="offset points", va="center",
        color=VERMILLION, fontweight="bold",
    )  # fmt: skip
    axes.set(xscale="log", yscale="log")
    errors = np.geomspace(*axes.get_xlim(), 50)
    axes.plot(errors, errors / 100 * np.log(2), color=GREY, linestyle="--", linewidth=1)
    axes.annotate(
        "the least there can be", (errors[20], errors[20] / 100 * np.log(2)), xytext=(6, -4),
        textcoords="offset points", va="top", color=GREY,
    )  # fmt: skip
    _ticks(axes.xaxis)
    _ticks(axes.yaxis)
    axes.set(xlabel="wrong answers (%)", ylabel="mean cross-entropy (nats)")
    return figure


@styled
def flattery(
    sizes: ArrayLike, measured: Mapping[str, ArrayLike], foreseen: Mapping[str, ArrayLike]
) -> Figure:
    """Draw how much the best of several candidates looks too good, against the test set's size.

    Parameters
    ----------
    sizes : array_like, shape (points,)
        Examples of the test set that chooses.
    measured, foreseen : mapping of str to array_like, shape (points,)
        In points, for the same names, the highest last; what was foreseen is drawn dashed.
    """
    figure, axes = plt.subplots(figsize=(FULL, 3.4), layout="constrained")
    x = np.asarray(sizes, dtype=float)
    for name, colour in zip(measured, COLOURS, strict=False):
        y, line = np.asarray(measured[name]), np.asarray(foreseen[name])
        axes.plot(x, y, marker="o", markersize=4, color=colour)
        axes.plot(x, line, color=colour, linestyle="--", linewidth=1)
        axes.annotate(
            name, (x[0], y[0]), xytext=(-8, 0), textcoords="offset points", ha="right",
            va="center", color=colour, fontweight="bold",
        )  # fmt: skip
    axes.annotate(
        "foreseen", (x[0], line[0]), xytext=(-8, 0), textcoords="offset points", ha="right",
        va="center", color=GREY,
    )  # fmt: skip
    axes.set(xscale="log", xlim=(x[0] / 2.2, 1.1 * x[-1]), ylim=(0, None))
    _ticks(axes.xaxis)
    axes.set(xlabel="test digits that choose", ylabel="too good by (points)")
    return figure


def _ticks(axis: Axis) -> None:
    """Put plain numbers at 1, 2 and 5 of each power of ten."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter("")
