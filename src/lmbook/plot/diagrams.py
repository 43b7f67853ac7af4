"""Boxes and arrows: loops, decision flows, networks, graphs of a computation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from lmbook.plot.style import BLACK, BLUE, FULL, GREY, styled

MIX = 0.14  # share of a box's colour in its fill


@dataclass(frozen=True)
class Box:
    """A box of a diagram.

    Attributes
    ----------
    x, y : float
        Its centre, in units of the diagram; y grows upwards.
    text : str
        A line, or a few; formulas between dollar signs.
    width, height : float
        In units of the diagram.
    colour : str
        Of its edge; the fill is a tint of it.
    round : bool
        Draw an ellipse-like box: for decisions, units and values.
    """

    x: float
    y: float
    text: str
    width: float = 1.7
    height: float = 0.7
    colour: str = BLUE
    round: bool = False


@dataclass(frozen=True)
class Arrow:
    """An arrow from one box to another.

    Attributes
    ----------
    start, end : str
        Names of boxes.
    text : str
        Written at its middle.
    bend : float
        How far it bows to the right of its direction: 0 is straight.
    dashed : bool
    colour : str
    """

    start: str
    end: str
    text: str = ""
    bend: float = 0.0
    dashed: bool = False
    colour: str = GREY


@styled
def diagram(
    boxes: Mapping[str, Box], arrows: Sequence[Arrow], *, size: float = 9, fontsize: float = 9
) -> Figure:
    """Draw boxes and the arrows between them.

    Parameters
    ----------
    boxes : mapping of str to Box
    arrows : sequence of Arrow
    size : float
        Units of the diagram across the width of a figure: more units, smaller boxes.
    fontsize : float
        Of the text in boxes, in points.

    Raises
    ------
    ValueError
        An arrow starts or ends at a box that is not there.
    """
    for arrow in arrows:
        for name in (arrow.start, arrow.end):
            if name not in boxes:
                raise ValueError(f"no box {name!r} for an arrow: there are {', '.join(boxes)}")
    left = min(box.x - box.width / 2 for box in boxes.values()) - 0.1
    right = max(box.x + box.width / 2 for box in boxes.values()) + 0.1
    low = min(box.y - box.height / 2 for box in boxes.values()) - 0.1
    high = max(box.y + box.height / 2 for box in boxes.values()) + 0.1
    scale = FULL / size  # inches a unit
    figure = plt.figure(figsize=((right - left) * scale, (high - low) * scale))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(left, right), ylim=(low, high), aspect="equal")
    axes.set_axis_off()
    patches = {}
    for name, box in boxes.items():
        pad = min(box.width, box.height) * (0.5 if box.round else 0.14)
        patches[name] = FancyBboxPatch(
            (box.x - box.width / 2, box.y - box.height / 2), box.width, box.height,
            boxstyle=f"round,pad=0,rounding_size={pad}", linewidth=1.4,
            edgecolor=box.colour, facecolor=_tint(box.colour), zorder=2,
        )  # fmt: skip
        axes.add_patch(patches[name])
        axes.text(
            box.x, box.y, box.text, fontsize=fontsize, color=BLACK, ha="center", va="center",
            zorder=3,
        )  # fmt: skip
    for arrow in arrows:
        start, end = boxes[arrow.start], boxes[arrow.end]
        line = FancyArrowPatch(
            (start.x, start.y), (end.x, end.y), patchA=patches[arrow.start],
            patchB=patches[arrow.end], shrinkA=1, shrinkB=2, arrowstyle="-|>", mutation_scale=11,
            connectionstyle=f"arc3,rad={arrow.bend}", color=arrow.colour, linewidth=1.4,
            linestyle="--" if arrow.dashed else "-", zorder=1,
        )  # fmt: skip
        axes.add_patch(line)
        if arrow.text:
            # The middle of the bowed line: halfway, moved aside by half the bend.
            dx, dy = end.x - start.x, end.y - start.y
            x = (start.x + end.x) / 2 + arrow.bend * dy / 2
            y = (start.y + end.y) / 2 - arrow.bend * dx / 2
            axes.text(
                x, y, arrow.text, fontsize=fontsize - 0.5, color=BLACK, ha="center", va="center",
                zorder=4, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            )  # fmt: skip
    return figure


def _tint(colour: str) -> tuple[float, float, float]:
    """Return a light tint of a colour given as #rrggbb."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (1 - MIX * (1 - part) for part in parts)
    return red, green, blue
