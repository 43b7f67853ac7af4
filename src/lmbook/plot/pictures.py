"""Images, and how a filter moves over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from lmbook.plot.style import BLACK, COLOURS, FULL, GREY, VERMILLION, styled


@styled
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


@styled
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


@styled
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
