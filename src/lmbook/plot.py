"""One style for every figure of the book: colour-blind safe, light, readable in grey.

Each function returns its `Figure`; as the last line of a cell it is shown. Colours are those of
Okabe and Ito (2008); lines carry their names at their ends, so that no legend is needed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from matplotlib_inline.backend_inline import set_matplotlib_formats
from numpy.typing import ArrayLike, NDArray

BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, BLACK, GREY = "#CC79A7", "#56B4E9", "#1b1b1b", "#6b7280"
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
DASHES = ("-", "--", "-.", ":", "-", "--", "-.")

FULL, HALF = 7.0, 3.4
"""Widths of a figure in inches: the text column, and half of it."""

STYLE: dict[Any, Any] = {
    "figure.facecolor": "white",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": BLACK,
    "axes.titlesize": "medium",
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "font.size": 10,
    "grid.color": "#e3e6ea",
    "grid.linewidth": 0.8,
    "image.cmap": "gray_r",
    "image.composite_image": False,
    "image.interpolation": "nearest",
    "lines.linewidth": 2.0,
    "svg.fonttype": "path",
    "svg.hashsalt": "lmbook",
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.color": BLACK,
    "ytick.color": BLACK,
}

P = ParamSpec("P")


def _styled(function: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in the book's style and close the figure, so that a notebook shows it once."""

    @functools.wraps(function)
    def draw(*args: P.args, **kwargs: P.kwargs) -> Figure:
        set_matplotlib_formats("svg")
        with mpl.rc_context(STYLE):
            figure = function(*args, **kwargs)
        plt.close(figure)
        return figure

    return draw


@_styled
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
    log : bool
        Draw the y axis in powers of ten.
    """
    figure, axes = plt.subplots(figsize=(FULL, 3.2), layout="constrained")
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
    if log:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
    if ylim:
        axes.set_ylim(*ylim)
    if (positions == positions.round()).all():
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if mark:
        axes.axvline(mark[0], color=GREY, linestyle="--", linewidth=1)
        inward = mark[0] > np.mean(axes.get_xlim())
        axes.annotate(
            mark[1], (mark[0], 1), xycoords=("data", "axes fraction"),
            xytext=(-4 if inward else 4, -2), textcoords="offset points", va="top",
            ha="right" if inward else "left", color=GREY,
        )  # fmt: skip
    figure.draw_without_rendering()  # settles the axes, which the labels' places depend on
    _label_ends(axes, ends)
    return figure


def _label_ends(axes: Axes, ends: list[tuple[float, float, str, str]]) -> None:
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


@_styled
def images(
    pictures: ArrayLike,
    titles: Sequence[str] | None = None,
    *,
    columns: int = 8,
    overlays: ArrayLike | None = None,
    black: float | None = None,
    signed: bool = False,
    width: float = FULL,
) -> Figure:
    """Draw small grey images in a grid.

    Parameters
    ----------
    pictures : array_like, shape (count, height, width)
        Dark is high.
    titles : sequence of str, optional
        A line, or a few, above each image.
    columns : int
        Images in a row.
    overlays : array_like, shape (count, height, width), optional
        A map from 0 to 1 drawn over each image in colour, transparent at zero.
    black : float, optional
        The value drawn black, zero being white; by default each image has its own range.
    signed : bool
        Scale around zero, blue negative and red positive: for filters.
    width : float
        Width of the figure in inches.
    """
    grid = np.asarray(pictures, dtype=float)
    columns = min(columns, len(grid))
    rows = -(-len(grid) // columns)
    side, gap = width / columns, 0.03 * width / columns  # inches, as are the axes
    text = 0.16 * max((t.count("\n") + 1 for t in titles), default=0) + 0.05 if titles else 0.0
    height = rows * (side + text)
    figure = plt.figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    for index, picture in enumerate(grid):
        left, top = index % columns * side, index // columns * (side + text) + text
        place: dict[str, Any] = {
            "extent": (left + gap, left + side - gap, top + side - gap, top + gap),
            "aspect": "auto",
        }
        if signed:
            limit = float(np.abs(picture).max()) or 1.0
            axes.imshow(picture, cmap="RdBu_r", vmin=-limit, vmax=limit, **place)
        else:
            axes.imshow(picture, vmin=None if black is None else 0, vmax=black, **place)
        if overlays is not None:
            strength = np.asarray(overlays, dtype=float)[index]
            opacity = np.clip(strength, 0, 0.85)
            axes.imshow(strength, cmap="autumn_r", vmin=0, vmax=1, alpha=opacity, **place)
        axes.add_patch(
            Rectangle(
                (left + gap, top + gap), side - 2 * gap, side - 2 * gap, fill=False,
                edgecolor="#d4d8de", linewidth=0.6,
            )
        )  # fmt: skip
        if titles:
            axes.text(left + side / 2, top, titles[index], fontsize=8.5, ha="center", va="bottom")
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return figure


@_styled
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


@_styled
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


@_styled
def products(image: ArrayLike, kernel: ArrayLike, row: int, column: int) -> Figure:
    """Draw one step of a correlation: the window, the products, and their sum.

    Parameters
    ----------
    image : array_like, shape (height, width)
    kernel : array_like, shape (k, k)
    row, column : int
        Upper left corner of the window, in pixels.
    """
    pixels, weights = np.asarray(image, dtype=float), np.asarray(kernel, dtype=float)
    size = len(weights)
    window = pixels[row : row + size, column : column + size]
    figure, axes = plt.subplots(
        1, 4, figsize=(FULL, 2.3), width_ratios=(1.4, 1, 1, 1), layout="constrained"
    )
    axes[0].imshow(pixels)
    axes[0].add_patch(
        Rectangle(
            (column - 0.5, row - 0.5), size, size, fill=False, edgecolor=VERMILLION, linewidth=2
        )
    )
    axes[0].set_title("the image and its window", fontsize=9)
    _numbers(axes[1], window, "window")
    _numbers(axes[2], weights, "× filter", signed=True)
    total = (window * weights).sum()
    _numbers(axes[3], window * weights, f"products, sum {total:.2f}", signed=True)
    for axis in axes:
        axis.grid(visible=False)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    return figure


def _numbers(axis: Axes, values: NDArray[np.float64], title: str, *, signed: bool = False) -> None:
    """Draw a small matrix with its numbers in its cells."""
    limit = float(np.abs(values).max()) or 1.0
    if signed:
        axis.imshow(values, cmap="RdBu_r", vmin=-2.5 * limit, vmax=2.5 * limit)
    else:
        axis.imshow(values, vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(values):
        axis.text(
            column, row, f"{value + 0.0:.2f}", ha="center", va="center", fontsize=9, color=BLACK
        )
    axis.set_title(title, fontsize=9)


@_styled
def sliding(size: int, kernel: int, stride: int = 1, padding: int = 0) -> Figure:
    """Draw where the windows of a convolution lie on one row, and what they give.

    Parameters
    ----------
    size : int
        Pixels of the row.
    kernel, stride, padding : int
        As of `torch.nn.Conv1d`, in pixels.
    """
    count = (size + 2 * padding - kernel) // stride + 1
    figure, axes = plt.subplots(figsize=(FULL, 0.5 + 0.32 * (count + 1)), layout="constrained")
    for position in range(-padding, size + padding):
        inside = 0 <= position < size
        axes.add_patch(
            Rectangle((position, 0), 1, 1, facecolor="#d6e4ef" if inside else "white",
                      edgecolor=GREY, linestyle="-" if inside else ":")
        )  # fmt: skip
        axes.text(position + 0.5, 0.5, f"$x_{{{position}}}$" if inside else "0",
                  ha="center", va="center")  # fmt: skip
    for index in range(count):
        start, y = index * stride - padding, -1.15 * (index + 1)
        colour = COLOURS[index % len(COLOURS)]
        axes.add_patch(
            Rectangle((start + 0.06, y), kernel - 0.12, 0.8, facecolor=colour, alpha=0.25)
        )
        axes.text(
            start + kernel / 2, y + 0.4, f"window {index}", ha="center", va="center", fontsize=9
        )
        axes.annotate(f"$y_{{{index}}}$", (size + padding + 0.9, y + 0.4), ha="center", va="center")
        axes.plot([start + kernel, size + padding + 0.5], [y + 0.4] * 2, color=colour, linewidth=1)
    axes.set(xlim=(-padding - 0.3, size + padding + 1.6), ylim=(-1.15 * (count + 0.2), 1.2))
    axes.set_aspect("equal")
    axes.set_axis_off()
    return figure
