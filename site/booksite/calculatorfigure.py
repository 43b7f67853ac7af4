"""The calculator widget without a script: one model's parameters, memory, time and cost, as an SVG.

Drawn from the widget's own artifact, in which the chapter has computed them, so that what print and
readers without JavaScript see is the widget's first state.
"""

from __future__ import annotations

from html import escape
from typing import Any

NAMES = {"feedforward": "feed-forward", "optimizer": "optimiser"}
BAR, MOST = "#0072b2", 150  # Okabe and Ito's blue; the longest bar

Scale = list[tuple[float, str]]
BYTES: Scale = [(1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "bytes")]
SECONDS: Scale = [
    (365.25 * 86400, "years"),
    (86400, "days"),
    (3600, "hours"),
    (60, "minutes"),
    (1, "seconds"),
    (1e-3, "milliseconds"),
    (1e-6, "microseconds"),
]
MANY: Scale = [(1e12, "trillion"), (1e9, "billion"), (1e6, "million"), (1, "")]


def significant(value: float, digits: int = 3) -> str:
    """Write a number with so many significant digits, large ones as 1.23 × 10⁹."""
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    power = int(exponent)
    if not -3 <= power < 6:
        raised = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{mantissa} × 10{raised}"
    plain = f"{float(f'{value:.{digits}g}'):,.{max(0, digits - 1 - power)}f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def scaled(value: float, scale: Scale) -> str:
    """Write a number in the largest unit of which it holds one."""
    if value == 0:
        return "0"
    size, name = next((unit for unit in scale if value >= unit[0] * 0.9995), scale[-1])
    return f"{significant(value / size)} {name}".strip()


def dollars(value: float) -> str:
    """Write an amount of money."""
    if 0 < value < 0.01:
        return "under 1 cent"
    if value >= 1e6:
        return f"${scaled(value, MANY)}"
    return f"${value:.2f}" if value < 100 else f"${value:,.0f}"


def _share(value: float) -> str:
    return "&lt; 1 %" if 0 < value < 0.005 else f"{100 * value:.0f} %"


def _bars(title: str, values: dict[str, float], written: dict[str, str], x: int) -> str:
    """Return a small table with a bar a row."""
    most = max(values.values()) or 1
    whole = sum(values.values())
    parts = [f'<text x="{x}" y="62" font-weight="600">{title}</text>']
    for row, (name, value) in enumerate(values.items()):
        y = 84 + 34 * row
        parts.append(
            f'<text x="{x}" y="{y}" fill="#333">{escape(NAMES.get(name, name))}, '
            f"{_share(value / whole)}</text>"
            f'<rect x="{x}" y="{y + 5}" width="{max(1, MOST * value / most):.1f}" height="9" '
            f'rx="1.5" fill="{BAR}"/>'
            f'<text x="{x + 228}" y="{y}" text-anchor="end">{written[name]}</text>'
        )
    return "".join(parts)


def draw(data: dict[str, Any]) -> str:
    """Return the SVG of the artifact's first Transformer under the artifact's assumptions.

    Raises
    ------
    ValueError
        The artifact has no Transformer among its presets, or no results for it.
    """
    preset = next((p for p in data.get("presets", []) if p["kind"] != "dense"), None)
    if preset is None:
        raise ValueError("calculator widget: the artifact must hold at least one Transformer")
    name = str(preset["name"])
    found = next((c for c in data.get("checks", []) if c["preset"] == name), None)
    if found is None:
        raise ValueError(f"calculator widget: the artifact's checks hold no results for {name}")
    assumed = data["assumptions"]
    device = data["devices"][assumed["device"]]
    count = sum(found["parts"].values())
    memory = sum(found["memory"].values())
    tokens = found["flops"] / (6 * count)
    left = {key: f"{value:,}" for key, value in found["parts"].items()}
    right = {key: scaled(value, BYTES) for key, value in found["memory"].items()}
    took, cost = scaled(found["seconds"], SECONDS), dollars(found["cost"])
    devices = f"{assumed['count']} device{'' if assumed['count'] == 1 else 's'}"
    summary = f"{name}: {count:,} parameters, {scaled(memory, BYTES)} to train, {took}, {cost}."
    lines = [
        f"6 × {scaled(count, MANY)} × {scaled(tokens, MANY)} tokens"
        f" = {significant(found['flops'])} FLOP",
        f"{took} on {devices} at {significant(100 * assumed['utilisation'])} % of "
        f"{significant(device['peak'] / 1e12)} TFLOP/s",
        f"{cost} at {dollars(device['hourly'])} an hour and device; "
        f"{scaled(device['memory'], BYTES)} of memory each",
    ]
    said = "".join(
        f'<text x="14" y="{276 + 20 * row}">{escape(line)}</text>' for row, line in enumerate(lines)
    )
    label = escape(
        f"{summary} Bars show the parts of the parameters and of the memory.", quote=True
    )
    return (
        f'<svg viewBox="0 0 520 328" role="img" aria-label="{label}">'
        '<rect width="520" height="328" rx="8" fill="#fff"/>'
        '<g font-family="system-ui, sans-serif" font-size="12" fill="#222">'
        f'<text x="14" y="30" font-size="12" font-weight="600">{escape(summary)}</text>'
        f"{_bars('Parameters', found['parts'], left, 14)}"
        f"{_bars('Memory in training', found['memory'], right, 278)}{said}</g></svg>"
    )
