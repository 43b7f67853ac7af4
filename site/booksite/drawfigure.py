"""The drawing widget without a script: a digit, its ten probabilities and the first feature maps.

Drawn from the widget's own artifact: one of its test digits, with what the network made of it.
"""

from __future__ import annotations

from typing import Any

from booksite.filterfigure import grey, squares

SIDE, CLASSES, MAPS, MAP_SIDE = 28, 10, 16, 12


def draw(data: dict[str, Any]) -> str:
    """Return the SVG of the artifact's example.

    Raises
    ------
    ValueError
        The artifact lacks digits, or a list of numbers is not as long as it must be.
    """
    if not data.get("digits") or "example" not in data:
        raise ValueError("draw widget: the artifact must hold digits and an example")
    example = data["example"]
    digit = data["digits"][example["digit"]]
    probabilities, maps = example["probabilities"], example["maps"]
    found = len(digit["pixels"]), len(probabilities), [len(values) for values in maps]
    if found != (SIDE**2, CLASSES, [MAP_SIDE**2] * MAPS):
        raise ValueError(
            f"draw widget: expected {SIDE**2} pixels, {CLASSES} probabilities and {MAPS} maps of "
            f"{MAP_SIDE**2} values, got {found}"
        )
    picture = squares([grey(value) for value in digit["pixels"]], SIDE, 8, 8, 168)
    answer = max(range(CLASSES), key=lambda i: probabilities[i])
    bars = "".join(
        f'<text x="204" y="{21 + 17 * i}">{i}</text>'
        f'<rect x="214" y="{11 + 17 * i}" width="{max(1, 200 * share):.4g}" height="11" '
        f'fill="{"#0b6b6b" if i == answer else "#8a8a8a"}"/>'
        f'<text x="{220 + max(1, 200 * share):.4g}" y="{21 + 17 * i}" text-anchor="start">'
        f"{percent(share)}</text>"
        for i, share in enumerate(probabilities)
    )
    largest = max(max(values) for values in maps) or 1.0
    shown = "".join(
        squares(
            [grey(round(255 * value / largest)) for value in values],
            MAP_SIDE, 8 + 59 * (number % 8), 204 + 59 * (number // 8), 51,
        )
        + f'<rect x="{8 + 59 * (number % 8)}" y="{204 + 59 * (number // 8)}" width="51" '
        'height="51" fill="none" stroke="#c4c4c4"/>'
        for number, values in enumerate(maps)
    )  # fmt: skip
    label = (
        f"A handwritten {digit['label']}; the ten probabilities that the network gives it, "
        f"{percent(probabilities[answer])} to {answer}; and the sixteen maps of its first block"
    )
    return (
        f'<svg viewBox="0 0 480 346" role="img" aria-label="{label}">'
        '<rect width="480" height="346" rx="8" fill="#fff"/>'
        '<rect x="8" y="8" width="168" height="168" fill="none" stroke="#c4c4c4"/>'
        f'<g shape-rendering="crispEdges">{picture}{shown}</g>'
        '<g font-family="system-ui, sans-serif" font-size="11" text-anchor="middle" fill="#222">'
        f'{bars}<text x="92" y="194" font-size="13">a digit</text>'
        '<text x="330" y="194" font-size="13">ten probabilities</text>'
        '<text x="240" y="338" font-size="13">sixteen maps of the first block</text></g></svg>'
    )


def percent(share: float) -> str:
    """Write a share in percent, for HTML, without decimals; nearly nothing or all as such."""
    if 0 < share < 0.005:
        return "&lt; 1 %"
    if 0.995 < share < 1:
        return "&gt; 99 %"
    return f"{100 * share:.0f} %"
