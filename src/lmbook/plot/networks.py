"""Figures of concepts/networks: a neuron, its line, layers of neurons, regions, model sizes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from lmbook.plot.diagrams import Arrow, Box, diagram
from lmbook.plot.style import (
    BLACK,
    BLUE,
    COLOURS,
    FULL,
    GREEN,
    GREY,
    HALF,
    ORANGE,
    SKY,
    VERMILLION,
    styled,
)

_TWO = LinearSegmentedColormap.from_list("two", ["#f6cdb0", "#ffffff", "#b5d7ec"])
_MARKS = ("o", "s")


def neuron(
    inputs: Mapping[str, float], weights: Sequence[float], bias: float, output: float
) -> Figure:
    """Draw a neuron with its numbers: inputs, weighted sum, sigmoid, output.

    Parameters
    ----------
    inputs : mapping of str to float
        Names and values.
    weights : sequence of float
        One an input.
    bias, output : float
    """
    total = sum(w * x for w, x in zip(weights, inputs.values(), strict=True)) + bias
    boxes, arrows = {}, []
    middle = (len(inputs) - 1) / 2
    for index, (name, value) in enumerate(inputs.items()):
        label = f"{name}\n$x_{index + 1}$ = {value:g}"
        boxes[name] = Box(0, 1.1 * (middle - index), label, 2.2, 0.8)
        text = f"$w_{index + 1}$ = {weights[index]:g}"
        arrows.append(Arrow(name, "sum", text))
    boxes["sum"] = Box(4.3, 0, f"weighted sum\n$z$ = {total:.2g}", 2.0, 0.9, ORANGE, round=True)
    boxes["bias"] = Box(4.3, 1.35, f"bias $b$ = {bias:g}", 2.0, 0.55, GREY)
    boxes["squash"] = Box(7.2, 0, "activation\n$\\sigma(z)$", 1.7, 0.9, ORANGE, round=True)
    boxes["out"] = Box(9.8, 0, f"output\n$y$ = {output:.3f}", 1.6, 0.8, GREEN)
    arrows += [Arrow("bias", "sum"), Arrow("sum", "squash"), Arrow("squash", "out")]
    return diagram(boxes, arrows, size=12)


@styled
def plane(
    weights: Sequence[float],
    bias: float,
    points: ArrayLike,
    *,
    xlabel: str,
    ylabel: str,
    limit: float = 6,
) -> Figure:
    """Draw the output of a neuron with two inputs over the plane, and the line where it is ½.

    Parameters
    ----------
    weights : sequence of float, length 2
        The second must not be 0.
    bias : float
    points : array_like, shape (count, 2)
    xlabel, ylabel : str
        What the inputs are.
    limit : float
        Both axes go from 0 to this.
    """
    axis = np.linspace(0, limit, 121)
    x, y = np.meshgrid(axis, axis)
    output = 1 / (1 + np.exp(-(weights[0] * x + weights[1] * y + bias)))
    figure, axes = plt.subplots(figsize=(4.6, 3.9), layout="constrained")
    shown = axes.contourf(x, y, output, levels=np.linspace(0, 1, 21), cmap=_TWO)
    figure.colorbar(shown, ax=axes, label="output of the neuron", ticks=[0, 0.25, 0.5, 0.75, 1])
    edge = -(weights[0] * axis + bias) / weights[1]
    axes.plot(axis, edge, color=BLACK)
    foot = np.array([limit / 2, -(weights[0] * limit / 2 + bias) / weights[1]])
    tip = foot + np.asarray(weights)
    axes.annotate(
        "",
        tuple(tip),
        tuple(foot),
        arrowprops={"arrowstyle": "-|>", "color": BLACK, "linewidth": 1.6},
    )
    axes.annotate(
        r"$\mathbf{w}$",
        tuple(tip),
        xytext=(4, -4),
        textcoords="offset points",
        fontsize=11,
        color=BLACK,
    )
    axes.annotate(
        "$z = 0$", (axis[-1], edge[-1]), xytext=(-6, 6), textcoords="offset points", ha="right"
    )
    for px, py in np.asarray(points, dtype=float):
        axes.plot(px, py, "o", color=VERMILLION, markersize=7, markeredgecolor="white")
    axes.grid(visible=False)
    axes.set(xlabel=xlabel, ylabel=ylabel, xlim=(0, limit), ylim=(0, limit), aspect="equal")
    return figure


@styled
def layers(widths: Sequence[int], names: Sequence[str]) -> Figure:
    """Draw a dense network: a circle a unit, a line a weight.

    Parameters
    ----------
    widths : sequence of int
        Units of each layer, the inputs first.
    names : sequence of str
        A line under each layer.
    """
    figure, axes = plt.subplots(figsize=(FULL, 0.5 + 0.45 * max(widths)), layout="constrained")
    places = [
        [(2.6 * column, 0.8 * (index - (width - 1) / 2)) for index in range(width)]
        for column, width in enumerate(widths)
    ]
    for before, after in itertools.pairwise(places):
        for (x0, y0), (x1, y1) in itertools.product(before, after):
            axes.plot([x0, x1], [y0, y1], color=GREY, linewidth=0.9, zorder=1)
    low = -0.4 * max(widths) - 0.25
    for column, (units, name) in enumerate(zip(places, names, strict=True)):
        colour = COLOURS[(0, 4, 2)[min(column, 1) + (column == len(widths) - 1)]]
        for x, y in units:
            axes.plot(
                x, y, "o", markersize=17, color="white", markeredgecolor=colour,
                markeredgewidth=2.2, zorder=2,
            )  # fmt: skip
        axes.text(units[0][0], low, name, ha="center", va="top", fontsize=9)
    axes.set(xlim=(-1.0, 2.6 * (len(widths) - 1) + 1.0), ylim=(low - 0.7, 0.4 * max(widths) + 0.1))
    axes.set_aspect("equal")
    axes.set_axis_off()
    return figure


@styled
def regions(
    maps: Mapping[str, ArrayLike], points: ArrayLike, labels: ArrayLike, *, limit: float
) -> Figure:
    """Draw what networks answer over a square, with the examples on top.

    Parameters
    ----------
    maps : mapping of str to array_like, shape (side, side)
        For each title, probabilities of class 1; rows go upwards.
    points : array_like, shape (n, 2)
    labels : array_like of int, shape (n,)
        0 or 1.
    limit : float
        The square goes from minus this to this, on both axes.
    """
    where, classes = np.asarray(points), np.asarray(labels)
    figure, grid = plt.subplots(
        1, len(maps), figsize=(min(FULL, HALF * len(maps)), 0.35 + FULL / max(2, len(maps))),
        sharey=True, squeeze=False, layout="constrained",
    )  # fmt: skip
    for axes, (title, values) in zip(grid[0], maps.items(), strict=True):
        axes.imshow(
            np.asarray(values), extent=(-limit, limit, -limit, limit), origin="lower", vmin=0,
            vmax=1, cmap=_TWO, interpolation="bilinear",
        )  # fmt: skip
        for value, colour in enumerate((VERMILLION, BLUE)):
            chosen = where[classes == value]
            axes.plot(
                chosen[:, 0], chosen[:, 1], _MARKS[value], color=colour, markersize=3.2,
                markeredgecolor="white", markeredgewidth=0.3,
            )  # fmt: skip
        axes.set(title=title, xlabel="$x_1$")
        axes.grid(visible=False)
    grid[0][0].set_ylabel("$x_2$")
    return figure


@styled
def landscape(models: Mapping[str, tuple[float, float]], ratio: float) -> Figure:
    """Draw models by their parameters and the tokens they were trained on, and a line of a ratio.

    Parameters
    ----------
    models : mapping of str to (float, float)
        Parameters and tokens.
    ratio : float
        Tokens a parameter of the line.
    """
    figure, axes = plt.subplots(figsize=(FULL, 3.6), layout="constrained")
    sizes = np.array([size for size, _ in models.values()])
    span = np.array([sizes.min() / 2.2, sizes.max() * 3])
    axes.plot(span, ratio * span, color=GREY, linestyle="--", linewidth=1.4)
    axes.annotate(
        f"{ratio:g} tokens a parameter", (span[0], ratio * span[0]), xytext=(26, 4),
        textcoords="offset points", color=GREY, va="top",
    )  # fmt: skip
    for name, (size, tokens) in models.items():
        axes.plot(size, tokens, "o", color=SKY, markeredgecolor=BLUE, markersize=8)
        above = tokens / (ratio * size)  # the line runs right of a point a little above it
        left = 1.2 < above < 4 or any(
            size < other < 2 * size and tokens / 2 < those < 2 * tokens
            for other, those in models.values()
        )
        axes.annotate(
            name, (size, tokens), xytext=(-8 if left else 8, -9 if 0.8 < above <= 1.2 else 0),
            textcoords="offset points", va="center", ha="right" if left else "left",
        )  # fmt: skip
    axes.set_ylim(bottom=ratio * span[0] / 2)
    axes.set(xscale="log", yscale="log", xlabel="parameters", ylabel="training tokens", xlim=span)
    return figure
