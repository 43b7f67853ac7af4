"""One style for every figure of the book: colour-blind safe, light, readable in grey.

Colours are those of Okabe and Ito (2008).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib_inline.backend_inline import set_matplotlib_formats

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


def styled(function: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in the book's style and close the figure, so that a notebook shows it once."""

    @functools.wraps(function)
    def draw(*args: P.args, **kwargs: P.kwargs) -> Figure:
        set_matplotlib_formats("svg")
        with mpl.rc_context(STYLE):
            figure = function(*args, **kwargs)
        plt.close(figure)
        return figure

    return draw
