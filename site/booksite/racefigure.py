"""The race widget without a script: a map with the paths of three optimisers, as one SVG.

Drawn from the widget's own artifact, in which the chapter has kept the paths, so that what print
and readers without JavaScript see is the widget's first state.
"""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
from contourpy import contour_generator

from booksite.calculatorfigure import significant
from lmbook.nn.optimizers import SURFACES

SURFACE, RUNNERS = "ravine", ("sgd", "momentum", "adam")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 500, 300, 36, 12, 10, 26
LINES = {
    "sgd": ("#23262c", "none", "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z"),
    "momentum": ("#0068a3", "9 4", "M-4-4h8v8h-8z"),
    "adam": (
        "#a6316f",
        "5 2.5",
        "M-5-3-3-5 0-2 3-5 5-3 2 0 5 3 3 5 0 2-3 5-5 3-2 0z",
    ),
}


def levels(surface: dict[str, Any]) -> list[float]:
    """Return the heights at which the map has its lines: 12, by equal factors above the lowest."""
    height = SURFACES[surface["id"]].height
    floor = float(height(np.array(surface["minima"][0])))
    low = 0.02 * (float(height(np.array(surface["start"]))) - floor)
    corners = [float(height(np.array([x, y]))) - floor for x in surface["x"] for y in surface["y"]]
    high = 0.7 * max(corners)
    return [floor + low * (high / low) ** (k / 11) for k in range(12)]


def _line(points: np.ndarray, surface: dict[str, Any]) -> str:
    """Return points of shape (n, 2) as those of a polyline."""
    (left, right), (bottom, top) = surface["x"], surface["y"]
    across = LEFT + (points[:, 0] - left) / (right - left) * (WIDTH - LEFT - RIGHT)
    down = HEIGHT - BOTTOM - (points[:, 1] - bottom) / (top - bottom) * (HEIGHT - TOP - BOTTOM)
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))


def draw(data: dict[str, Any]) -> str:
    """Return the SVG of the race on the ravine, with the chapter's rates and start.

    Raises
    ------
    ValueError
        The artifact lacks the surface, an optimiser or its path.
    """
    surface = next((s for s in data.get("surfaces", []) if s["id"] == SURFACE), None)
    names = {o["id"]: o["name"] for o in data.get("optimizers", [])}
    paths = data.get("paths", {}).get(SURFACE, {})
    if surface is None or not all(key in names and key in paths for key in RUNNERS):
        raise ValueError(
            f"race widget: the artifact must hold the surface {SURFACE!r} and on it the paths of "
            f"{', '.join(RUNNERS)}"
        )
    height = SURFACES[SURFACE].height
    xs, ys = (np.linspace(*surface[axis], 65) for axis in "xy")
    lines = contour_generator(xs, ys, height(np.array(np.meshgrid(xs, ys))))
    contours = "".join(
        f'<polyline points="{_line(piece, surface)}"/>'
        for level in levels(surface)
        for piece in lines.lines(level)
    )
    minima = [_line(np.array([m]), surface).split(",") for m in surface["minima"]]
    floor = float(height(np.array(surface["minima"][0])))
    tracks, legend, told = [], [], []
    for place, key in enumerate(RUNNERS):
        colour, dashes, mark = LINES[key]
        path = np.array(paths[key])
        end = _line(path[-1:], surface).replace(",", " ")
        above = significant(max(0.0, float(f"{float(height(path[-1])) - floor:.3g}")))
        stroke = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"'
        tracks.append(
            f'<polyline points="{_line(path, surface)}" {stroke}/>'
            f'<path d="{mark}" fill="{colour}" stroke="#fff" transform="translate({end})"/>'
        )
        y = HEIGHT + 22 + 22 * place
        legend.append(
            f'<path d="M{LEFT} {y - 4}h44" {stroke}/>'
            f'<path d="{mark}" fill="{colour}" transform="translate({LEFT + 22} {y - 4})"/>'
            f'<text x="{LEFT + 56}" y="{y}">{escape(names[key])}: {above} above the lowest point'
            f" after {data['steps']} steps</text>"
        )
        told.append(f"{names[key]} ends {above} above the lowest point")
    (x0, x1), (y0, y1) = surface["x"], surface["y"]
    ticks = "".join(
        f'<text x="{LEFT + share * (WIDTH - LEFT - RIGHT):g}" y="{HEIGHT - 8}" '
        f'text-anchor="middle">{x0 + share * (x1 - x0):g}</text>'
        f'<text x="{LEFT - 5}" y="{HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM) + 4:g}" '
        f'text-anchor="end">{y0 + share * (y1 - y0):g}</text>'
        for share in (0, 0.5, 1)
    ).replace(">-", ">−")
    stars = "".join(
        f'<text x="{x}" y="{float(y) + 6:g}" font-size="17" text-anchor="middle" '
        f'fill="#85560a">★</text>'
        for x, y in minima
    )
    start = _line(np.array([surface["start"]]), surface).split(",")
    label = escape(
        f"A map of the {surface['name']} with the paths of three optimisers from the same start: "
        f"{'; '.join(told)}, after {data['steps']} steps.",
        quote=True,
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 76}" role="img" aria-label="{label}">'
        f'<rect width="{WIDTH}" height="{HEIGHT + 76}" rx="8" fill="#fff"/>'
        '<g font-family="system-ui, sans-serif" font-size="12" fill="#222">'
        f'<g fill="none" stroke="#c9c2b4" stroke-width=".8"><rect x="{LEFT}" y="{TOP}" '
        f'width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}"/>{contours}</g>'
        f"{ticks}{stars}{''.join(tracks)}"
        f'<circle cx="{start[0]}" cy="{start[1]}" r="6.5" fill="none" stroke="#222" '
        f'stroke-width="2"/>{"".join(legend)}</g></svg>'
    )
