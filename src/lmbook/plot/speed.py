"""Figures of mnist/speed: where a step's time goes, and what each change leaves of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from lmbook.plot.style import BLACK, BLUE, COLOURS, FULL, GREY, SKY, styled


@styled
def parts(shares: Mapping[str, Mapping[str, float]], ends: Sequence[str], *, xlabel: str) -> Figure:
    """Draw what wholes are made of: a bar of the same length for each, cut into named parts.

    Parameters
    ----------
    shares : mapping of str to mapping of str to float
        For each bar, the first on top, the percent of its parts in order; all bars have the same.
    ends : sequence of str
        What each whole is, written at the end of its bar.
    xlabel : str
        What the percent are of.
    """
    names = list(next(iter(shares.values())))
    height = 1.3 + 0.36 * len(shares)
    figure, axes = plt.subplots(figsize=(FULL, height), layout="constrained")
    places = np.arange(len(shares))
    filled = np.zeros(len(shares))
    for index, name in enumerate(names):
        widths = np.array([bar[name] for bar in shares.values()])
        colour = COLOURS[index] if index < len(COLOURS) else GREY
        axes.barh(places, widths, 0.7, filled, color=colour, alpha=0.85, label=name)
        filled += widths
    for place, text in zip(places, ends, strict=True):
        axes.annotate(text, (100, place), xytext=(5, 0), textcoords="offset points", va="center")
    axes.set_yticks(places, list(shares))
    axes.invert_yaxis()
    axes.set(xlabel=xlabel, xlim=(0, 116))
    axes.set_xticks(range(0, 101, 20))
    axes.grid(visible=False, axis="y")
    figure.legend(
        loc="outside upper left", ncols=4, frameon=False, fontsize=9, handlelength=1,
        columnspacing=1.2,
    )  # fmt: skip
    return figure


@styled
def waterfall(names: Sequence[str], seconds: Sequence[float], *, xlabel: str) -> Figure:
    """Draw a time that shrinks from one change to the next, in powers of ten.

    Each bar ends at what is left after its change; the pale part is what the change took away,
    and the number behind it says how many times shorter it became.

    Parameters
    ----------
    names : sequence of str
        What was changed, the starting point first.
    seconds : sequence of float
        What is left after each.
    xlabel : str
        The quantity with its unit.
    """
    figure, axes = plt.subplots(figsize=(FULL, 0.8 + 0.4 * len(names)), layout="constrained")
    left = np.asarray(seconds, dtype=float)
    before = np.concatenate([left[:1], left[:-1]])
    places = np.arange(len(names))
    low = left.min() / 2
    axes.barh(places, left - low, 0.62, low, color=BLUE)
    axes.barh(places, np.maximum(before - left, 0), 0.62, left, color=SKY, alpha=0.5)
    for place, now, was in zip(places, left, before, strict=True):
        text = f"{now:,.3g} s" + (f"   ÷ {was / now:.1f}" if place else "")
        axes.annotate(
            text, (max(now, was), place), xytext=(5, 0), textcoords="offset points", va="center",
            color=BLACK if place in (0, len(names) - 1) else GREY,
        )  # fmt: skip
    axes.set_yticks(places, list(names))
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel=xlabel, xlim=(low, left.max() * 3))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(visible=False, axis="y")
    return figure
