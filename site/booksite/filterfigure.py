"""The filter widget without a script: a digit, a filter and the feature map, as one SVG.

Drawn from the widget's own artifact, so that what print and readers without JavaScript see is the
widget's first state.
"""

from __future__ import annotations

from html import escape
from typing import Any

SIDE, TAPS = 28, 3
# Okabe and Ito's blue and vermillion: told apart in any colour vision, and in grey by the sign's
# place on the scale.
NEGATIVE, POSITIVE = (0, 114, 178), (213, 94, 0)


def correlate(pixels: list[float], weights: list[float]) -> list[float]:
    """Slide a 3 by 3 filter over a 28 by 28 image.

    Parameters
    ----------
    pixels
        784 values, row by row.
    weights
        9 values, row by row.

    Returns
    -------
    list of float
        676 values: the 26 by 26 sums of products, row by row.
    """
    out = SIDE - TAPS + 1
    return [
        sum(
            weights[TAPS * i + j] * pixels[SIDE * (row + i) + column + j]
            for i in range(TAPS)
            for j in range(TAPS)
        )
        for row in range(out)
        for column in range(out)
    ]


def squares(colours: list[str], side: int, x: float, y: float, size: float) -> str:
    """Return a picture as paths of squares, joined where neighbours share a colour."""
    step = size / side
    shapes: dict[str, list[str]] = {}
    for row in range(side):
        column = 0
        while column < side:
            colour = colours[row * side + column]
            end = column
            while end < side and colours[row * side + end] == colour:
                end += 1
            if colour:
                left, top = x + column * step, y + row * step
                width = (end - column) * step
                shapes.setdefault(colour, []).append(
                    f"M{left:.5g} {top:.5g}h{width:.4g}v{step:.4g}h-{width:.4g}z"
                )
            column = end
    return "".join(f'<path fill="{c}" d="{"".join(d)}"/>' for c, d in shapes.items())


def grey(value: int) -> str:
    """Return the colour of a pixel, dark being high; none where it is white."""
    level = 255 - round(value / 15) * 15  # 18 greys draw a digit as well as 256, in less text
    return "" if level == 255 else f"#{level:02x}{level:02x}{level:02x}"


def _signed(value: float, largest: float) -> str:
    share = round(12 * abs(value) / largest) / 12 if largest else 0.0
    if share == 0:
        return ""
    full = POSITIVE if value > 0 else NEGATIVE
    red, green, blue = (round(255 + share * (end - 255)) for end in full)
    return f"#{red:02x}{green:02x}{blue:02x}"


def draw(data: dict[str, Any]) -> str:
    """Return the SVG of the artifact's first digit under its first filter.

    Raises
    ------
    ValueError
        The artifact lacks digits or filters, or one has a wrong number of values.
    """
    if not data.get("digits") or not data.get("filters"):
        raise ValueError("filter widget: the artifact must hold at least one digit and one filter")
    digit, kernel = data["digits"][0], data["filters"][0]
    pixels, weights = digit["pixels"], kernel["weights"]
    if len(pixels) != SIDE**2 or len(weights) != TAPS**2:
        raise ValueError(
            f"filter widget: expected {SIDE**2} pixels and {TAPS**2} weights, "
            f"got {len(pixels)} and {len(weights)}"
        )
    found = correlate([value / 255 for value in pixels], weights)
    largest = max(abs(value) for value in found)
    digit_art = squares([grey(value) for value in pixels], SIDE, 8, 8, 168)
    map_art = squares([_signed(value, largest) for value in found], 26, 304, 8, 168)
    cells = "".join(
        f'<rect x="{202 + 26 * (i % 3)}" y="{53 + 26 * (i // 3)}" width="26" height="26" '
        f'fill="{_signed(w, max(map(abs, weights)) * 2) or "#fff"}" stroke="#8a8a8a"/>'
        f'<text x="{215 + 26 * (i % 3)}" y="{70 + 26 * (i // 3)}">{w:g}</text>'
        for i, w in enumerate(weights)
    )
    name = escape(str(kernel["name"]), quote=True)
    label = (
        f"A handwritten {digit['label']}, the 3 by 3 filter “{name}”, and the feature map "
        "that the filter makes of the digit"
    )
    return (
        f'<svg viewBox="0 0 480 208" role="img" aria-label="{label}">'
        '<rect width="480" height="208" rx="8" fill="#fff"/>'
        '<g fill="none" stroke="#c4c4c4"><rect x="8" y="8" width="168" height="168"/>'
        '<rect x="304" y="8" width="168" height="168"/></g>'
        f'<g shape-rendering="crispEdges">{digit_art}{map_art}</g>'
        '<g font-family="system-ui, sans-serif" font-size="11" text-anchor="middle" fill="#222">'
        f'{cells}<text x="189" y="96" font-size="16">×</text>'
        '<text x="292" y="96" font-size="16">=</text>'
        f'<text x="92" y="196" font-size="13">a digit</text>'
        f'<text x="241" y="196" font-size="13">{name}</text>'
        '<text x="388" y="196" font-size="13">feature map</text></g></svg>'
    )
