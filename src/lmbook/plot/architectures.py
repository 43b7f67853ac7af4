"""The figures of concepts/architectures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from numpy.typing import ArrayLike, NDArray

from lmbook.plot.charts import label_ends
from lmbook.plot.diagrams import Arrow, Box, diagram
from lmbook.plot.style import (
    BLUE,
    COLOURS,
    DASHES,
    FULL,
    GREEN,
    GREY,
    ORANGE,
    VERMILLION,
    styled,
)


@styled
def readings(image: ArrayLike) -> Figure:
    """Draw which numbers of an image each kind of network sees together.

    Parameters
    ----------
    image : array_like, shape (28, 28)
        Dark is high.
    """
    pixels = np.asarray(image, dtype=float)
    names = ("a vector", "an image", "a sequence", "a set of rows", "something to\ncompress")
    kinds = ("MLP", "CNN", "RNN, LSTM", "Transformer", "autoencoder")
    figure, panels = plt.subplots(1, 5, figsize=(FULL, 2.35), layout="constrained")
    for axes, name, kind in zip(panels, names, kinds, strict=True):
        axes.imshow(pixels, extent=(0, 28, 28, 0))
        axes.set(xlim=(-0.5, 28.5), ylim=(28.5, -0.5), xticks=[], yticks=[])
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        axes.set_title(kind, fontsize=9.5, loc="center")
        axes.set_xlabel(name, fontsize=9)
    _frame(panels[0], 0, 0, 28, 28, VERMILLION, 0.22)
    for row, column in ((3, 6), (11, 17), (19, 9)):
        _frame(panels[1], row, column, 5, 5, VERMILLION, 0.35)
    for row in range(14):
        _frame(panels[2], row, 0, 1, 28, BLUE, 0.04 + 0.018 * row, edge=False)
    _frame(panels[2], 14, 0, 1, 28, VERMILLION, 0.5)
    panels[2].annotate(
        "", (30, 14), (30, 0), annotation_clip=False,
        arrowprops={"arrowstyle": "-|>", "color": BLUE, "linewidth": 1.5},
    )  # fmt: skip
    _frame(panels[3], 14, 0, 1, 28, VERMILLION, 0.5)
    for row in range(1, 28, 3):
        if row != 14:
            _frame(panels[3], row, 0, 1, 28, BLUE, 0.3, edge=False)
            panels[3].add_patch(
                FancyArrowPatch(
                    (28, row + 0.5), (28, 14.5), connectionstyle="arc3,rad=-0.5" if row < 14
                    else "arc3,rad=0.5", arrowstyle="-", color=BLUE, linewidth=0.9, clip_on=False,
                )
            )  # fmt: skip
    for index in range(8):
        _frame(panels[4], 12, 2 + 3 * index, 3, 3, VERMILLION, 0.85)
    for start, end in ((3, 11.4), (16, 24.5)):
        panels[4].add_patch(
            FancyArrowPatch(
                (14, start), (14, end), arrowstyle="-|>", mutation_scale=13, color=BLUE,
                linewidth=2,
            )
        )  # fmt: skip
    return figure


def _frame(
    axes: Axes, row: float, column: float, height: float, width: float, colour: str,
    alpha: float, *, edge: bool = True,
) -> None:  # fmt: skip
    """Tint a rectangle of pixels."""
    axes.add_patch(
        Rectangle((column, row), width, height, facecolor=colour, alpha=alpha, linewidth=0)
    )
    if edge:
        axes.add_patch(
            Rectangle((column, row), width, height, fill=False, edgecolor=colour, linewidth=1.3)
        )


def unrolled() -> Figure:
    """Draw a recurrent network, step after step."""
    boxes, arrows = {"h0": Box(0, 1.2, r"$\mathbf{h}_0 = \mathbf{0}$", width=1.2, colour=GREY)}, []
    times = ("1", "2", "3", "28")
    for place, time in enumerate(times):
        x = 2.0 + 2.1 * place
        boxes[f"x{time}"] = Box(
            x, -0.45, f"row {time}: " + rf"$\mathbf{{x}}_{{{time}}}$", 1.6, 0.62, GREEN
        )
        boxes[f"h{time}"] = Box(x, 1.2, rf"$\mathbf{{h}}_{{{time}}}$", 1.1, 0.72, BLUE)
        before = f"h{times[place - 1]}" if place else "h0"
        text = r"$\mathbf{W}_h$" if time != "28" else r"$\cdots$"
        arrows += [
            Arrow(before, f"h{time}", text, colour=BLUE, dashed=time == "28"),
            Arrow(f"x{time}", f"h{time}", r"$\mathbf{W}_x$", colour=GREEN),
        ]
    boxes["out"] = Box(2.0 + 2.1 * 3, 2.5, "ten logits", 1.6, 0.62, VERMILLION)
    arrows.append(Arrow("h28", "out", colour=VERMILLION))
    return diagram(boxes, arrows, size=10.2, fontsize=10)


def lstm_cell() -> Figure:
    """Draw one step of a long short-term memory."""
    write = "input gate × proposal\n" + r"$\mathbf{i}_t \odot \mathbf{g}_t$"
    show = "output gate\n" + r"$\mathbf{o}_t \odot \tanh \mathbf{c}_t$"
    boxes = {
        "c0": Box(0, 3, r"$\mathbf{c}_{t-1}$", 1.0, 0.7, BLUE),
        "times": Box(2.6, 3, r"$\odot$", 0.62, 0.62, GREY, round=True),
        "plus": Box(5.0, 3, r"$+$", 0.62, 0.62, GREY, round=True),
        "c1": Box(9.4, 3, r"$\mathbf{c}_t$", 1.0, 0.7, BLUE),
        "keep": Box(2.3, 1.5, "forget gate\n" + r"$\mathbf{f}_t$", 1.9, 0.9, ORANGE),
        "write": Box(5.0, 1.5, write, 2.7, 0.9, ORANGE),
        "show": Box(8.0, 1.5, show, 2.2, 0.9, ORANGE),
        "in": Box(5.0, 0, r"row $\mathbf{x}_t$, last output $\mathbf{h}_{t-1}$", 4, 0.7, GREEN),
        "h1": Box(10.7, 1.5, r"$\mathbf{h}_t$", 1.0, 0.7, BLUE),
    }
    arrows = [
        Arrow("c0", "times", colour=BLUE), Arrow("times", "plus", colour=BLUE),
        Arrow("plus", "c1", colour=BLUE), Arrow("keep", "times"), Arrow("write", "plus"),
        Arrow("in", "keep", colour=GREEN), Arrow("in", "write", colour=GREEN),
        Arrow("in", "show", colour=GREEN), Arrow("c1", "show"), Arrow("show", "h1", colour=BLUE),
    ]  # fmt: skip
    return diagram(boxes, arrows, size=12, fontsize=9.5)


def residual() -> Figure:
    """Draw a plain layer, and beside it one with normalisation and a residual connection."""
    boxes = {
        "a": Box(0, 3, r"$\mathbf{h}$", 1.0, 0.6, BLUE),
        "b": Box(0, 1.5, "dense, ReLU", 1.9, 0.7, ORANGE),
        "c": Box(0, 0, r"$F(\mathbf{h})$", 1.6, 0.6, BLUE),
        "p": Box(4.6, 3, r"$\mathbf{h}$", 1.0, 0.6, BLUE),
        "n": Box(4.6, 2.05, "normalise", 1.9, 0.6, GREEN),
        "q": Box(4.6, 1.2, "dense, ReLU", 1.9, 0.6, ORANGE),
        "s": Box(6.7, 0, r"$+$", 0.6, 0.6, GREY, round=True),
        "r": Box(8.9, 0, r"$\mathbf{h} + F(\mathbf{h})$", 1.9, 0.6, BLUE),
    }
    arrows = [
        Arrow("a", "b"), Arrow("b", "c"), Arrow("p", "n"), Arrow("n", "q"), Arrow("q", "s"),
        Arrow("p", "s", "unchanged", bend=-0.45, colour=BLUE), Arrow("s", "r", colour=BLUE),
    ]  # fmt: skip
    return diagram(boxes, arrows, size=12, fontsize=9.5)


@styled
def race(
    curves: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]], *, ylabel: str
) -> Figure:
    """Draw the same learning curves over several costs, one panel each.

    Parameters
    ----------
    curves : mapping of str to mapping of str to (x, y)
        For each cost, which names the axis with its unit, the points of each named line.
    ylabel : str
    """
    figure, panels = plt.subplots(
        1, len(curves), figsize=(FULL, 3.1), sharey=True, squeeze=False, layout="constrained"
    )
    for axes, (cost, series) in zip(panels.flat, curves.items(), strict=True):
        for index, (name, (x, y)) in enumerate(series.items()):
            axes.plot(
                x, y, color=COLOURS[index], linestyle=DASHES[index], marker="o", markersize=3,
                label=name,
            )  # fmt: skip
        axes.set(xscale="log", xlabel=cost)
    panels.flat[0].set_ylabel(ylabel)
    figure.legend(
        *panels.flat[0].get_legend_handles_labels(), loc="outside upper center",
        ncols=len(next(iter(curves.values()))), frameon=False, handlelength=2.4,
    )  # fmt: skip
    return figure


@styled
def slopes(
    pairs: Mapping[str, tuple[Sequence[float], Sequence[float]]], names: tuple[str, str], *,
    ylabel: str,
) -> Figure:  # fmt: skip
    """Draw what a change does to each of several networks: a panel each, a line for each run.

    Parameters
    ----------
    pairs : mapping of str to (before, after)
        For each network, a number a run.
    names : tuple of str
        What the two ends are.
    ylabel : str
    """
    figure, panels = plt.subplots(
        1, len(pairs), figsize=(FULL, 2.9), sharey=True, squeeze=False, layout="constrained"
    )
    for index, (axes, (name, (before, after))) in enumerate(
        zip(panels.flat, pairs.items(), strict=True)
    ):
        ends: NDArray[np.float64] = np.array([before, after], dtype=float)  # (2, runs)
        axes.plot([0, 1], ends, color=COLOURS[index], linewidth=0.9, marker="o", markersize=3)
        axes.plot([0, 1], ends.mean(1), color=COLOURS[index], linewidth=3)
        axes.set_title(name, fontsize=9.5, loc="center", color=COLOURS[index])
        axes.set(xlim=(-0.35, 1.35), xticks=[0, 1], xticklabels=names)
    panels.flat[0].set_ylabel(ylabel)
    return figure


@styled
def runs(
    x: ArrayLike,
    series: Mapping[str, ArrayLike],
    *,
    xlabel: str,
    ylabel: str,
    ylim: tuple[float, float],
) -> Figure:
    """Draw named runs over one axis: a thin line for each, a thick one for their mean.

    Parameters
    ----------
    x : array_like, shape (points,)
    series : mapping of str to array_like, shape (points, runs)
    xlabel, ylabel : str
    ylim : tuple of (float, float)
    """
    figure, axes = plt.subplots(figsize=(FULL, 3.2), layout="constrained")
    places, ends = np.asarray(x, dtype=float), []
    for index, (name, values) in enumerate(series.items()):
        y, colour = np.asarray(values, dtype=float), COLOURS[index]
        axes.plot(places, y, color=colour, linewidth=0.8)
        axes.plot(places, y.mean(1), color=colour, linestyle=DASHES[index], linewidth=2.6)
        ends.append((float(places[-1]), float(y[-1].mean()), name, colour))
    axes.set(xlabel=xlabel, ylabel=ylabel, ylim=ylim)
    figure.draw_without_rendering()  # settles the axes, which the labels' places depend on
    label_ends(axes, ends)
    return figure


@styled
def influence(matrices: Mapping[str, ArrayLike]) -> Figure:
    """Draw how much each example of a batch moves the answer for each other.

    Parameters
    ----------
    matrices : mapping of str to array_like, shape (answers, examples)
        At least zero; each row is shown as shares of its largest number, in powers of ten from
        a ten-thousandth, below which all is white.
    """
    figure, panels = plt.subplots(
        1, len(matrices), figsize=(FULL, 3.0), squeeze=False, layout="constrained"
    )
    for axes, (name, matrix) in zip(panels.flat, matrices.items(), strict=True):
        values = np.asarray(matrix, dtype=float)
        shares = np.clip(values / values.max(1, keepdims=True), 1e-4, 1)
        picture = axes.imshow(np.log10(shares), cmap="Blues", vmin=-4, vmax=0)
        axes.grid(visible=False)
        axes.set(xlabel="example that is changed", ylabel="answer that moves", title=name)
        axes.set_xticks(range(values.shape[1]))
        axes.set_yticks(range(values.shape[0]))
    bar = figure.colorbar(picture, ax=panels, label="share of the row's largest")
    bar.set_ticks(range(-4, 1), labels=["0.0001", "0.001", "0.01", "0.1", "1"])
    bar.outline.set_visible(False)
    return figure


@styled
def sequences(rows: ArrayLike, titles: Sequence[str]) -> Figure:
    """Draw sequences of one-hot symbols above each other, time running to the right.

    Parameters
    ----------
    rows : array_like, shape (count, steps, symbols)
    titles : sequence of str, length count
    """
    values = np.asarray(rows, dtype=float)
    figure, panels = plt.subplots(
        len(values), 1, figsize=(FULL, 0.4 + 1.05 * len(values)), sharex=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for axes, sequence, title in zip(panels.flat, values, titles, strict=True):
        axes.imshow(
            sequence.T,
            vmin=0,
            vmax=1,
            extent=(0.5, len(sequence) + 0.5, sequence.shape[1] - 0.5, -0.5),
        )
        axes.axvspan(0.5, 1.5, facecolor=VERMILLION, alpha=0.3)
        axes.grid(visible=False)
        axes.set(aspect="auto", title=title, ylabel="symbol", yticks=[0, 3, 7])
    panels.flat[-1].set_xlabel("step")
    return figure
