"""Figures of chapter backprop/graphs: computations as graphs, and what a classifier separates."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from lmbook.plot.diagrams import Arrow, Box, diagram
from lmbook.plot.style import BLUE, COLOURS, DASHES, FULL, GREY, ORANGE, VERMILLION, styled

SMALLEST = 1e-17  # where errors of exactly zero are drawn
SIGNS = {"leaf": "", "*": "×", "-": "−"}


class Node(Hashable, Protocol):
    """A number that knows its operands, as `lmbook.nn.autograd.Value` does."""

    data: float
    grad: float
    operation: str
    label: str

    @property
    def parents(self) -> Sequence[tuple[Any, float]]:
        """The operands, each with the local derivative by it."""


def layout(output: Node) -> dict[Node, tuple[int, float]]:
    """Give each node of a computation its place: operands left of results.

    Parameters
    ----------
    output : Node

    Returns
    -------
    dict of Node to (column, row)
        Operands before results, the output last. Column 0 is leftmost, row 0 on top; rows are
        multiples of a half.
    """
    order = _operands_first(output)
    distance = dict.fromkeys(order, 0)  # edges from the output, along the longest path
    for node in reversed(order):
        for parent, _ in node.parents:
            distance[parent] = max(distance[parent], distance[node] + 1)
    column = {node: max(distance.values()) - distance[node] for node in order}
    reach = dict.fromkeys(order, 0)  # the rightmost column where a node is used
    for node in order:
        for parent, _ in node.parents:
            reach[parent] = max(reach[parent], column[node])
    leaves = [node for node in order if not node.parents]
    rows: dict[Node, float] = {}
    for current in range(max(column.values()) + 1):
        taken = [rows[node] for node in rows if reach[node] > current]  # arrows that pass by
        for node in (node for node in order if column[node] == current):
            above = [rows[parent] for parent, _ in node.parents] or [leaves.index(node)]
            wanted = round(2 * sum(above) / len(above)) / 2
            rows[node] = next(
                row
                for step in itertools.count()
                for row in (wanted + step / 2, wanted - step / 2)
                if all(abs(row - other) >= 1 for other in taken)
            )
            taken.append(rows[node])
    top = min(rows.values())
    return {node: (column[node], rows[node] - top) for node in order}


def _operands_first(output: Node) -> list[Node]:
    """List the nodes of a computation, operands before results, in the order they are written."""
    order: dict[Node, None] = {}
    stack = [(output, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.setdefault(node)
        elif node not in order:
            stack.append((node, True))
            stack += [(parent, False) for parent, _ in reversed(node.parents)]
    return list(order)


def computation(output: Node, *, gradients: bool = True, slopes: bool = False) -> Figure:
    """Draw a computation as a graph: each number with its name, its value and its gradient.

    Parameters
    ----------
    output : Node
    gradients : bool
        Write gradients into the boxes.
    slopes : bool
        Write the local derivatives at the arrows.
    """
    places = layout(output)
    pitch = 2.7 if slopes else 2.1  # units of the diagram from column to column
    names = {node: f"n{index}" for index, node in enumerate(places)}
    boxes, arrows = {}, []
    for node, (column, row) in places.items():
        made = SIGNS.get(node.operation, node.operation.replace("**", "power "))
        title = " = ".join(part for part in (node.label, made) if part)
        lines = [title or "constant", f"value {_short(node.data)}"]
        lines += [f"grad {_short(node.grad)}"] * gradients
        colour = VERMILLION if node is output else BLUE if not node.parents else GREY
        boxes[names[node]] = Box(
            pitch * column, -1.25 * row, "\n".join(lines), 1.65, 1.0 if gradients else 0.7, colour
        )
        drawn: dict[Any, list[float]] = {}
        for parent, slope in node.parents:
            drawn.setdefault(parent, []).append(slope)
        for parent, values in drawn.items():
            for index, slope in enumerate(values):
                bend = 0.0 if len(values) == 1 else (0.25, -0.25)[index % 2]
                text = _short(slope) if slopes else ""
                arrows.append(Arrow(names[parent], names[node], text, bend))
    columns = max(column for column, _ in places.values()) + 1
    return diagram(boxes, arrows, size=max(pitch * columns, 10.0), fontsize=8)


def _short(number: float) -> str:
    """Write a number with at most three digits after the point, with a real minus sign."""
    rounded = round(number, 3) + 0.0  # no minus zero
    return f"{rounded:.3f}".rstrip("0").rstrip(".").replace("-", "−")


@styled
def errors(values: Mapping[str, Mapping[str, float]], bounds: Mapping[str, float]) -> Figure:
    """Draw small errors of named things on a logarithmic axis, with the bounds they keep.

    Parameters
    ----------
    values : mapping of str to mapping of str to float
        For each kind of error, the error of each thing; zero is drawn at the left edge.
    bounds : mapping of str to float
        For each kind of error, what it may be at most.
    """
    names = list(next(iter(values.values())))
    figure, axes = plt.subplots(figsize=(FULL, 0.9 + 0.23 * len(names)), layout="constrained")
    for (kind, found), colour, marker in zip(values.items(), (BLUE, VERMILLION), "os", strict=True):
        shown = [max(found[name], SMALLEST) for name in names]
        axes.scatter(shown, range(len(names)), color=colour, marker=marker, s=30, zorder=3)
        axes.axvline(bounds[kind], color=colour, linestyle="--", linewidth=1.2)
        axes.annotate(
            f"bound, {kind}", (bounds[kind], 1), xycoords=("data", "axes fraction"),
            xytext=(0, 3), textcoords="offset points", color=colour, ha="center", va="bottom",
            fontweight="bold",
        )  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xscale="log", xlim=(SMALLEST / 2, 1e-4), xlabel="relative difference")
    return figure


@styled
def error_curves(
    steps: ArrayLike, curves: Mapping[str, ArrayLike], names: Mapping[str, tuple[float, str]]
) -> Figure:
    """Draw errors of finite differences against the step, on axes in powers of ten.

    Parameters
    ----------
    steps : array_like, shape (steps,)
    curves : mapping of str to array_like, shape (steps,)
        Relative errors; NaN leaves a gap.
    names : mapping of str to (float, str)
        Where the name of each curve stands: at which step, and whether "above" or "below".
    """
    x = np.asarray(steps, dtype=float)
    figure, axes = plt.subplots(figsize=(FULL, 3.6), layout="constrained")
    for (name, values), colour, dash in zip(curves.items(), COLOURS, DASHES, strict=False):
        y = np.asarray(values, dtype=float)
        axes.plot(x, y, color=colour, linestyle=dash)
        step, side = names[name]
        place = int(np.argmin(np.abs(np.log(x / step))))
        rises, above = y[min(place + 1, len(y) - 1)] > y[place - 1], side == "above"
        axes.annotate(
            name, (x[place], y[place]), xytext=(-6 if rises == above else 6, 2 if above else -2),
            textcoords="offset points", color=colour, ha="right" if rises == above else "left",
            va="bottom" if above else "top", fontweight="bold",
        )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="step h", ylabel="relative error")
    return figure


@styled
def regions(
    points: Mapping[str, ArrayLike],
    labels: Mapping[str, ArrayLike],
    scores: Mapping[str, ArrayLike],
    extent: tuple[float, float, float, float],
) -> Figure:
    """Draw points of two classes over the regions that classifiers give to each, side by side.

    Parameters
    ----------
    points : mapping of str to array_like, shape (n, 2)
        For each panel, by its title.
    labels : mapping of str to array_like, shape (n,)
        −1 or 1.
    scores : mapping of str to array_like, shape (height, width)
        On a grid over the extent, first row lowest; the class is their sign.
    extent : tuple of (left, right, low, high)
    """
    figure, panels = plt.subplots(
        1, len(points), figsize=(FULL, 0.4 + 0.72 * FULL / len(points)), sharex=True, sharey=True,
        squeeze=False, layout="constrained",
    )  # fmt: skip
    for axes, title in zip(panels[0], points, strict=True):
        score = np.asarray(scores[title], dtype=float)
        height, width = score.shape
        x, y = np.linspace(*extent[:2], width), np.linspace(*extent[2:], height)
        axes.contourf(x, y, score, levels=[-np.inf, 0, np.inf], colors=[BLUE, ORANGE], alpha=0.2)
        axes.contour(x, y, score, levels=[0], colors=[GREY], linewidths=1.5)
        place, label = np.asarray(points[title], dtype=float), np.asarray(labels[title])
        for sign, marker, colour in ((-1, "o", BLUE), (1, "^", ORANGE)):
            chosen = place[label == sign]
            axes.scatter(
                chosen[:, 0], chosen[:, 1], marker=marker, color=colour, edgecolor="white",
                linewidth=0.5, s=26, zorder=3,
            )  # fmt: skip
        axes.set_title(title)
        axes.set(xlim=extent[:2], ylim=extent[2:], xlabel="$x_1$")
        axes.grid(visible=False)
    panels[0][0].set_ylabel("$x_2$")
    return figure
