"""Figures of backprop/optimizers: descents of a parabola and over surfaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from lmbook.plot.style import BLACK, BLUE, COLOURS, FULL, GREY, VERMILLION, styled

LEVELS = 14


@styled
def parabola(
    curvature: float, paths: Mapping[str, ArrayLike], *, limit: float, xlabel: str, ylabel: str
) -> Figure:
    """Draw points that step down, or up, a parabola, a panel for each path.

    Parameters
    ----------
    curvature : float
        Of the parabola ``curvature * x**2 / 2``.
    paths : mapping of str to array_like, shape (steps + 1,)
        For each title, the positions in their order.
    limit : float
        The x axis reaches from ``-limit`` to ``limit``; points beyond it are left out.
    xlabel, ylabel : str
    """
    figure, row = plt.subplots(
        1, len(paths), figsize=(FULL, 2.5), sharex=True, sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    ground = np.linspace(-limit, limit, 200)
    for axes, (title, path) in zip(row.flat, paths.items(), strict=True):
        x = np.asarray(path, dtype=float)
        x = x[np.cumsum(np.abs(x) > limit) == 0]
        axes.plot(ground, curvature * ground**2 / 2, color=GREY, linewidth=1)
        axes.plot(x, curvature * x**2 / 2, color=BLUE, marker="o", markersize=4, linewidth=1)
        axes.plot(x[0], curvature * x[0] ** 2 / 2, color=VERMILLION, marker="o", markersize=7)
        axes.set_title(title, fontsize=10)
    figure.supxlabel(xlabel, fontsize="medium")
    figure.supylabel(ylabel, fontsize="medium")
    return figure


@styled
def descents(
    height: Callable[[NDArray[np.float64]], ArrayLike],
    x: tuple[float, float],
    y: tuple[float, float],
    paths: Mapping[str, ArrayLike],
    *,
    minima: Sequence[tuple[float, float]] = (),
    columns: int = 3,
    names: tuple[str, str] = (r"$\theta_1$", r"$\theta_2$"),
) -> Figure:
    """Draw paths over the contour lines of a surface, a panel for each.

    Parameters
    ----------
    height : callable
        Maps points of shape (2, rows, columns) to heights of shape (rows, columns).
    x, y : tuple of (float, float)
        The part of the plane that is shown; a path ends where it leaves it.
    paths : mapping of str to array_like, shape (steps + 1, 2)
        For each title, the points in their order.
    minima : sequence of (float, float)
        Marked by crosses.
    columns : int
        Panels in a row.
    names : tuple of (str, str)
        Labels of the axes.
    """
    columns = min(columns, len(paths))
    rows = -(-len(paths) // columns)
    tall = min(1.0, (y[1] - y[0]) / (x[1] - x[0])) * FULL / columns
    figure, grid = plt.subplots(
        rows, columns, figsize=(FULL, 0.3 + rows * (tall + 0.15)), sharex=True, sharey=True,
        squeeze=False, layout="constrained",
    )  # fmt: skip
    ground = np.stack(np.meshgrid(np.linspace(*x, 121), np.linspace(*y, 121)))
    heights = np.asarray(height(ground))
    levels = np.quantile(heights, np.linspace(0.01, 0.99, LEVELS) ** 1.5)
    for index, (axes, (title, path)) in enumerate(zip(grid.flat, paths.items(), strict=False)):
        points = np.asarray(path, dtype=float)
        away = ~((points >= (x[0], y[0])) & (points <= (x[1], y[1]))).all(axis=1)
        points = points[: int(np.argmax(away)) + 1] if away.any() else points
        axes.contour(
            ground[0],
            ground[1],
            heights,
            levels,
            colors="#b8bec6",
            linewidths=0.7,
            linestyles="solid",
        )
        colour = COLOURS[index % len(COLOURS)]
        axes.plot(*points.T, color=colour, marker=".", markersize=3.5, linewidth=1)
        axes.plot(*points[0], color=BLACK, marker="o", markersize=4)
        for minimum in minima:
            axes.plot(*minimum, color=BLACK, marker="x", markersize=7, markeredgewidth=1.6)
        axes.set(xlim=x, ylim=y, aspect="equal")
        axes.grid(visible=False)
        axes.set_title(title, fontsize=10)
    for axes in grid.flat[len(paths) :]:
        axes.set_axis_off()
    figure.supxlabel(names[0], fontsize="medium")
    figure.supylabel(names[1], fontsize="medium")
    return figure
