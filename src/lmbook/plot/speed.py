"""Figures of mnist/speed: where a step's time goes, and what each change leaves of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from lmbook.plot.style import BLACK, BLUE, COLOURS, FULL, GREY, SKY, styled


@styled
def parts(times: Mapping[str, Mapping[str, float]], *, xlabel: str, digits: int = 0) -> Figure:
    """Draw what sums are made of: a bar for each, cut into the same named parts.

    Parameters
    ----------
    times : mapping of str to mapping of str to float
        For each bar, the first on top, its parts in order; all bars have the same.
    xlabel : str
        The quantity with its unit.
    digits : int
        Decimals of the sum at the end of each bar.
    """
    figure, axes = plt.subplots(figsize=(FULL, 1.1 + 0.5 * len(times)), layout="constrained")
    places = np.arange(len(times))
    ends = np.zeros(len(times))
    for index, name in enumerate(next(iter(times.values()))):
        widths = np.array([bar[name] for bar in times.values()])
        axes.barh(places, widths, 0.62, ends, color=COLOURS[index], alpha=0.85, label=name)
        ends += widths
    for place, end in zip(places, ends, strict=True):
        axes.annotate(
            f"{end:,.{digits}f}", (end, place), xytext=(5, 0), textcoords="offset points",
            va="center",
        )  # fmt: skip
    axes.set_yticks(places, list(times))
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.grid(visible=False, axis="y")
    axes.set(xlabel=xlabel)
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
