"""Lines and curves over axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike

from lmbook.plot.style import BLACK, BLUE, COLOURS, DASHES, FULL, GREY, SKY, styled


@styled
def lines(
    x: ArrayLike,
    series: Mapping[str, ArrayLike],
    *,
    xlabel: str,
    ylabel: str,
    spread: Mapping[str, ArrayLike] | None = None,
    mark: tuple[float, str] | None = None,
    ylim: tuple[float, float] | None = None,
    log: bool = False,
    logx: bool = False,
) -> Figure:
    """Draw named lines over one axis, each with its name at its right end.

    Parameters
    ----------
    x : array_like, shape (points,)
    series : mapping of str to array_like, shape (points,)
        A line for each name; NaN leaves a gap.
    xlabel, ylabel : str
        Axis labels with units.
    spread : mapping of str to array_like, optional
        Half-widths of a band around a line, in the line's unit.
    mark : tuple of (float, str), optional
        A position on the x axis, drawn as a dashed vertical with its name.
    ylim : tuple of (float, float), optional
    log, logx : bool
        Draw the y axis, or the x axis, in powers of ten.
    """
    figure, axes = plt.subplots(figsize=(FULL, 3.2), layout="constrained")
    ends = _draw_lines(axes, x, series, spread or {}, log=log, logx=logx)
    if ylim:
        axes.set_ylim(*ylim)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if mark:
        axes.axvline(mark[0], color=GREY, linestyle="--", linewidth=1)
        inward = axes.transData.transform((mark[0], 0))[0] > axes.bbox.x0 + axes.bbox.width / 2
        axes.annotate(
            mark[1], (mark[0], 1), xycoords=("data", "axes fraction"),
            xytext=(-4 if inward else 4, -2), textcoords="offset points", va="top",
            ha="right" if inward else "left", color=GREY,
        )  # fmt: skip
    figure.draw_without_rendering()  # settles the axes, which the labels' places depend on
    label_ends(axes, ends)
    return figure


@styled
def panels(
    x: ArrayLike,
    series: Mapping[str, Mapping[str, ArrayLike]],
    *,
    xlabel: str,
    ylabel: str,
    columns: int = 2,
    ylim: tuple[float, float] | None = None,
    log: bool = False,
    logx: bool = False,
) -> Figure:
    """Draw panels with the same axes beside each other, each with its title and its lines.

    Parameters
    ----------
    x : array_like, shape (points,)
    series : mapping of str to mapping of str to array_like, shape (points,)
        For each title, a line for each name; NaN leaves a gap.
    xlabel, ylabel : str
        Axis labels with units.
    columns : int
        Panels in a row.
    ylim : tuple of (float, float), optional
    log, logx : bool
        Draw the y axis, or the x axis, in powers of ten.
    """
    columns = min(columns, len(series))
    rows = -(-len(series) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(FULL, 0.4 + 2.4 * rows), sharex=True, sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    named = []
    for axes, (title, drawn) in zip(grid.flat, series.items(), strict=False):
        named.append((axes, _draw_lines(axes, x, drawn, {}, log=log, logx=logx)))
        axes.set_title(title)
    for axes in grid.flat[len(series) :]:
        axes.set_axis_off()
    if ylim:
        grid.flat[0].set_ylim(*ylim)
    figure.supxlabel(xlabel, fontsize="medium")
    figure.supylabel(ylabel, fontsize="medium")
    figure.draw_without_rendering()
    for axes, ends in named:
        label_ends(axes, ends)
    return figure


@styled
def bars(
    values: Mapping[str, float],
    *,
    xlabel: str,
    spread: Mapping[str, float] | None = None,
    digits: int = 1,
    log: bool = False,
) -> Figure:
    """Draw named quantities as horizontal bars, the first on top, each with its number.

    Parameters
    ----------
    values : mapping of str to float
    xlabel : str
        The quantity with its unit.
    spread : mapping of str to float, optional
        Half-width of the error bar of each, in the quantity's unit.
    digits : int
        Decimals of the numbers at the bars.
    log : bool
        Draw the axis in powers of ten.
    """
    figure, axes = plt.subplots(figsize=(FULL, 0.7 + 0.36 * len(values)), layout="constrained")
    places = np.arange(len(values))
    half = [spread.get(name, 0.0) for name in values] if spread else None
    axes.barh(
        places, list(values.values()), height=0.62, color=SKY, xerr=half, log=log,
        error_kw={"ecolor": BLACK, "capsize": 3},
    )  # fmt: skip
    for index, value in enumerate(values.values()):
        end = value + (half[index] if half else 0.0)
        axes.annotate(
            f"{value:,.{digits}f}", (end, index), xytext=(5, 0), textcoords="offset points",
            va="center",
        )  # fmt: skip
    axes.set_yticks(places, list(values))
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.grid(visible=False, axis="y")
    axes.set(xlabel=xlabel)
    return figure


def _draw_lines(
    axes: Axes,
    x: ArrayLike,
    series: Mapping[str, ArrayLike],
    spread: Mapping[str, ArrayLike],
    *,
    log: bool,
    logx: bool,
) -> list[tuple[float, float, str, str]]:
    """Draw lines and bands; return the end of each line with its name and colour."""
    positions = np.asarray(x, dtype=float)
    ends: list[tuple[float, float, str, str]] = []
    for index, (name, values) in enumerate(series.items()):
        y = np.asarray(values, dtype=float)
        colour = COLOURS[index % len(COLOURS)]
        axes.plot(positions, y, color=colour, linestyle=DASHES[index % len(DASHES)])
        if spread and name in spread:
            half = np.asarray(spread[name], dtype=float)
            axes.fill_between(positions, y - half, y + half, color=colour, alpha=0.15, linewidth=0)
        last = np.flatnonzero(np.isfinite(y))[-1]
        ends.append((positions[last], y[last], name, colour))
    axes.set(xscale="log" if logx else "linear", yscale="log" if log else "linear")
    for axis in [axes.yaxis] * log + [axes.xaxis] * logx:
        low, high = axis.get_view_interval()
        decades = np.log10(high / low)
        crowded = decades > 2 and 3 * decades > axis.get_tick_space()
        axis.set_major_locator(LogLocator(subs=(1,) if crowded else (1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())
    if not logx and (positions == positions.round()).all():
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=(1, 2, 5, 10)))
    return ends


def label_ends(axes: Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Write each line's name beside its end, moved apart where two would overlap."""
    transform = axes.transData.transform
    height = float(mpl.rcParams["font.size"]) * 1.25
    points = axes.figure.dpi / 72
    previous = -np.inf
    for x, y, name, colour in sorted(ends, key=lambda end: end[1]):
        pixel = transform((x, y))[1] / points
        placed = max(pixel, previous + height)
        previous = placed
        axes.annotate(
            name, (x, y), xytext=(6, placed - pixel), textcoords="offset points", color=colour,
            va="center", fontweight="bold", annotation_clip=False,
        )  # fmt: skip


@styled
def confusion(matrix: ArrayLike, names: Sequence[str]) -> Figure:
    """Draw a confusion matrix with its counts; the diagonal is left uncoloured.

    Parameters
    ----------
    matrix : array_like of int, shape (classes, classes)
        Row: the true class; column: the predicted one.
    names : sequence of str, length classes
    """
    counts = np.asarray(matrix)
    wrong = counts.astype(float)
    np.fill_diagonal(wrong, 0)
    figure, axes = plt.subplots(figsize=(5.2, 4.8), layout="constrained")
    axes.imshow(wrong, cmap="Oranges", vmin=0)
    axes.grid(visible=False)
    axes.set(xlabel="predicted", ylabel="true")
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    top = wrong.max() or 1
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = (
                GREY if row == column else ("white" if wrong[row, column] > 0.7 * top else BLACK)
            )
            axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=9)
    return figure


@styled
def reliability(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> Figure:
    """Draw how often predictions of a given confidence are right, beside how many there are.

    Parameters
    ----------
    confidence : array_like, shape (n,)
        Probability of the predicted class.
    correct : array_like of bool, shape (n,)
    bins : int
        Bins of equal width between 0 and 1.
    """
    sure, right = np.asarray(confidence, dtype=float), np.asarray(correct, dtype=float)
    place = np.clip((sure * bins).astype(int), 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    filled = count > 0
    mean_sure = np.bincount(place, sure, bins)[filled] / count[filled]
    mean_right = np.bincount(place, right, bins)[filled] / count[filled]
    figure, (left, below) = plt.subplots(
        2, 1, figsize=(4.6, 4.6), sharex=True, height_ratios=(3, 1), layout="constrained"
    )
    left.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    left.annotate("perfectly calibrated", (0.04, 0.1), color=GREY, rotation=36, fontsize=9)
    left.plot(mean_sure, mean_right, marker="o", color=BLUE)
    left.set(ylabel="share that is right", ylim=(0, 1.03))
    below.bar((np.flatnonzero(filled) + 0.5) / bins, count[filled], width=0.9 / bins, color=SKY)
    below.set(
        xlabel="confidence in the predicted class", ylabel="images", yscale="log", xlim=(0, 1)
    )
    return figure
