"""Figures of the chapter mnist/generalization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from lmbook.plot.style import BLACK, BLUE, FULL, GREY, HALF, SKY, VERMILLION, styled


@styled
def effects(
    differences: Mapping[str, Mapping[str, ArrayLike]],
    halves: Mapping[str, Mapping[str, float]],
    better: Mapping[str, int],
) -> Figure:
    """Draw paired differences to a baseline: a dot a seed, the mean, and its interval.

    Parameters
    ----------
    differences : mapping of str to mapping of str to array_like, shape (seeds,)
        For each quantity with its unit, the differences of each method; the methods are the same
        in all of them, the first on top.
    halves : mapping of str to mapping of str to float
        Half-widths of the intervals, for the same quantities and methods.
    better : mapping of str to int
        1 where a quantity should be high, -1 where it should be low.
    """
    names = list(next(iter(differences.values())))
    figure, panels = plt.subplots(
        1, len(differences), figsize=(FULL, 0.9 + 0.33 * len(names)), sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for axes, (quantity, methods) in zip(panels[0], differences.items(), strict=True):
        axes.axvline(0, color=GREY, linestyle="--", linewidth=1)
        for place, name in enumerate(names):
            values = np.asarray(methods[name], dtype=float)
            mean, half = values.mean(), halves[quantity][name]
            clear = abs(mean) > half
            good = mean * better[quantity] > 0
            colour = (BLUE if good else VERMILLION) if clear else GREY
            axes.plot(values, np.full(len(values), place + 0.22), ".", color=SKY, markersize=5)
            axes.plot([mean - half, mean + half], [place] * 2, color=colour, linewidth=2)
            axes.plot(mean, place, "o" if clear else "D", color=colour, markersize=5)
        axes.set(xlabel=quantity)
        axes.grid(visible=False, axis="y")
    panels[0, 0].set_yticks(range(len(names)), names)
    panels[0, 0].invert_yaxis()
    return figure


@styled
def selection(
    chosen_by: ArrayLike, fresh: ArrayLike, best: Sequence[int], names: Sequence[str]
) -> Figure:
    """Draw trials: their score where the choice is made against their score on fresh examples.

    What is more than seven points below the best lies outside.

    Parameters
    ----------
    chosen_by, fresh : array_like, shape (trials,)
        Accuracies in percent.
    best : sequence of int
        Trials to mark.
    names : sequence of str
        What the marked ones are called; two.
    """
    x, y = np.asarray(chosen_by, dtype=float), np.asarray(fresh, dtype=float)
    figure, axes = plt.subplots(figsize=(1.35 * HALF, 1.15 * HALF), layout="constrained")
    high = max(x.max(), y.max())
    low = max(min(x.min(), y.min()), high - 7)  # hopeless trials stay outside
    axes.plot([low, high], [low, high], color=GREY, linestyle="--", linewidth=1)
    axes.plot(x, y, "o", color=SKY, markeredgecolor=BLACK, markeredgewidth=0.4, markersize=5)
    for trial, name, marker, size in zip(best, names, "oD", (11, 7), strict=True):
        axes.plot(
            x[trial], y[trial], marker, color=VERMILLION, markersize=size, label=name,
            markerfacecolor="none", markeredgewidth=1.8,
        )  # fmt: skip
    axes.legend(frameon=False, title="chosen by", loc="upper left", alignment="left")
    axes.set(
        xlim=(low - 0.3, high + 0.5), ylim=(low - 0.3, high + 0.5),
        xlabel="accuracy on the validation digits (%)", ylabel="accuracy on fresh digits (%)",
    )  # fmt: skip
    return figure
