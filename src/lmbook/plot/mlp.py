"""Figures of chapter backprop/mlp."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from numpy.typing import ArrayLike

from lmbook.plot.charts import label_ends
from lmbook.plot.diagrams import Arrow, Box, diagram
from lmbook.plot.style import COLOURS, FULL, GREEN, VERMILLION, styled


def passes() -> Figure:
    """Draw the way forward and the way back through one hidden layer, with shapes."""
    step, names = 2.15, ("X", "Z1", "H", "Z2", "Y", "J")
    place = {name: step * index for index, name in enumerate(names)}
    forward = {
        "X": r"$\mathbf{X}$" + "\n(n, d)",
        "Z1": r"$\mathbf{Z}_1$" + "\n(n, m)",
        "H": r"$\mathbf{H}$" + "\n(n, m)",
        "Z2": r"$\mathbf{Z}_2$" + "\n(n, C)",
        "Y": r"$\hat{\mathbf{Y}}$" + "\n(n, C)",
        "J": "$J$\na number",
    }
    back = {
        "Z1": r"$\mathbf{\Delta}_1$" + "\n(n, m)",
        "H": r"$\partial J/\partial\mathbf{H}$" + "\n(n, m)",
        "Z2": r"$\mathbf{\Delta}_2$" + "\n(n, C)",
    }
    boxes = {name: Box(place[name], 0, text, 1.3, 0.95) for name, text in forward.items()}
    arrows = [Arrow(a, b) for a, b in itertools.pairwise(names)]
    for layer, (shape, bias) in {"1": ("(m, d)", "(m)"), "2": ("(C, m)", "(C)")}.items():
        x = place["Z" + layer]
        boxes["P" + layer] = Box(
            x, 1.8, rf"$\mathbf{{W}}_{layer}$ {shape}" + "\n"
            + rf"$\mathbf{{b}}_{layer}$ {bias}", 1.7, 0.95, GREEN,
        )  # fmt: skip
        boxes["G" + layer] = Box(
            x, -4.0, rf"$\partial J/\partial\mathbf{{W}}_{layer}$ {shape}" + "\n"
            + rf"$\partial J/\partial\mathbf{{b}}_{layer}$ {bias}", 2.2, 0.95, GREEN,
        )  # fmt: skip
        arrows.append(Arrow("P" + layer, "Z" + layer))
    for name, text in back.items():
        boxes["d" + name] = Box(place[name], -1.9, text, 1.3, 0.95, VERMILLION)
    ways = [
        ("J", "dZ2", r"$(\hat{\mathbf{Y}}-\mathbf{Y})/n$"),
        ("dZ2", "dH", r"$\mathbf{W}_2$"),
        ("dH", "dZ1", r"$\odot\,\varphi'$"),
        ("dZ2", "G2", r"$\mathbf{\Delta}_2^T\mathbf{H}$"),
        ("dZ1", "G1", r"$\mathbf{\Delta}_1^T\mathbf{X}$"),
    ]
    arrows += [Arrow(*way, dashed=True, colour=VERMILLION) for way in ways]
    return diagram(boxes, arrows, size=12.4)


@styled
def by_depth(
    theory: Mapping[str, Sequence[ArrayLike]],
    measured: Mapping[str, Sequence[Sequence[ArrayLike]]],
) -> Figure:
    """Draw mean squares by layer, measured as dots and predicted as lines.

    Parameters
    ----------
    theory : mapping of str to (forwards, backwards), each of shape (layers,)
        By the name of the start.
    measured : mapping of str to sequence of (forwards, backwards, ...)
        For the same names, a measurement a network; their geometric mean is drawn.
    """
    figure, panels = plt.subplots(2, 1, figsize=(FULL, 6.2), layout="constrained")
    titles = ("activations, forwards", "slopes in the pre-activations, backwards")
    named = []
    for part, (axes, title) in enumerate(zip(panels, titles, strict=True)):
        ends = []
        for index, (name, lines) in enumerate(theory.items()):
            colour = COLOURS[index]
            line = np.asarray(lines[part], dtype=float)
            layers = np.arange(1, len(line) + 1)
            runs = np.array([np.asarray(one[part], dtype=float) for one in measured[name]])
            axes.plot(layers, line, color=colour, linewidth=1.4)
            axes.plot(layers, np.exp(np.log(runs).mean(axis=0)), "o", color=colour, markersize=4)
            end = 0 if part else -1  # where the way forward ends, and the way back
            ends.append((layers[end], line[end], name, colour))
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(numticks=9))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel="layer", ylabel="mean square", title=title)
        if part:
            axes.invert_xaxis()
        named.append((axes, ends))
    figure.draw_without_rendering()
    for axes, ends in named:
        label_ends(axes, ends)
    return figure
