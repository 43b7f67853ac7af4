"""Figures of the chapter backprop/losses."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from lmbook.plot.style import BLACK, BLUE, FULL, GREY, ORANGE, SKY, VERMILLION, styled


@styled
def bells(values: ArrayLike, candidates: Sequence[float], sigma: float, *, xlabel: str) -> Figure:
    """Draw measured values under a bell curve for each candidate prediction, side by side.

    Parameters
    ----------
    values : array_like, shape (n,)
    candidates : sequence of float
        Centres of the curves.
    sigma : float
        Their standard deviation, in the unit of the values.
    xlabel : str
        The quantity with its unit.
    """
    points = np.asarray(values, dtype=float)
    span = np.concatenate([points, np.asarray(candidates, dtype=float)])
    grid = np.linspace(span.min() - 2.5 * sigma, span.max() + 2.5 * sigma, 300)
    figure, axes = plt.subplots(
        1, len(candidates), figsize=(FULL, 2.6), sharey=True, squeeze=False, layout="constrained"
    )
    for axis, centre in zip(axes[0], candidates, strict=True):
        heights = _bell(points, centre, sigma)
        axis.plot(grid, _bell(grid, centre, sigma), color=BLUE)
        axis.vlines(points, 0, heights, color=VERMILLION, linewidth=2)
        axis.plot(points, heights, "o", color=VERMILLION, markersize=5)
        axis.axvline(centre, color=GREY, linestyle="--", linewidth=1)
        axis.set_title(f"prediction {centre:g}: product {np.prod(heights):.2g}")
        axis.set_ylim(0, 1.15 * float(_bell(np.zeros(1), 0.0, sigma)[0]))
    figure.supxlabel(xlabel, fontsize="medium")
    axes[0, 0].set_ylabel("density")
    return figure


def _bell(x: NDArray[np.float64], centre: float, sigma: float) -> NDArray[np.float64]:
    height = 1 / np.sqrt(2 * np.pi * sigma**2)
    return np.asarray(height * np.exp(-((x - centre) ** 2) / (2 * sigma**2)))


@styled
def pushes(probabilities: ArrayLike, label: int, names: Sequence[str]) -> Figure:
    """Draw what a network answers, what is true, and how a gradient step moves each logit.

    Parameters
    ----------
    probabilities : array_like, shape (C,)
    label : int
    names : sequence of str, length C
    """
    p = np.asarray(probabilities, dtype=float)
    target = np.eye(len(p))[label]
    places = np.arange(len(p))
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(FULL, 3.6), sharex=True, layout="constrained"
    )
    above.bar(places, p, width=0.66, color=SKY)
    above.bar(places, target, width=0.8, fill=False, edgecolor=BLACK, linestyle="--")
    above.set(ylabel="probability", ylim=(0, 1.08))
    right = label < len(p) - 2  # where there is room for the words
    above.annotate(
        "the label", (label, 1), xytext=(26 if right else -26, -2), textcoords="offset points",
        va="top", ha="left" if right else "right",
    )  # fmt: skip
    moves = target - p
    below.bar(places, moves, width=0.66, color=[BLUE if m > 0 else ORANGE for m in moves])
    for place, move in zip(places, moves, strict=True):
        below.annotate(
            f"{move:+.2f}", (place, move), xytext=(0, 3 if move > 0 else -3),
            textcoords="offset points", ha="center", va="bottom" if move > 0 else "top",
            fontsize=9,
        )  # fmt: skip
    below.axhline(0, color=GREY, linewidth=1)
    below.set(ylabel="push on the logit", xlabel="class")
    below.set_xticks(places, list(names))
    below.margins(y=0.2)
    return figure
