"""The stepper widget without a script: a graph with its values and gradients, as one SVG.

Drawn from the widget's own artifact: the first graph as the widget shows it after the last step.
"""

from __future__ import annotations

from html import escape
from typing import Any

WIDTH, HEIGHT, ACROSS, DOWN = 96, 58, 138, 80
SIGNS = {"+": "+", "-": "−", "*": "×"}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float) -> str:
    """Write a number with four significant digits at most."""
    return f"{value:.4g}".replace("-", "−")


def _title(node: dict[str, Any], labels: dict[str, str]) -> str:
    operation = node["operation"]
    if operation == "leaf":
        return node["label"] or "constant"
    operands = [labels[parent] or "…" for parent in node["parents"]]
    if operation in SIGNS:
        made = f" {SIGNS[operation]} ".join(operands)
    elif operation.startswith("**"):
        inner = operands[0] if operands[0] != "…" else "(…)"
        made = inner + operation[2:].translate(RAISED)
    else:
        made = f"{operation} {operands[0]}"
    return f"{node['label']} = {made}" if node["label"] else made


def _edge(child: tuple[float, float], parent: tuple[float, float], slope: float, off: float) -> str:
    x1, y1 = parent[0] + WIDTH, parent[1] + HEIGHT / 2
    x2, y2 = child[0], child[1] + HEIGHT / 2 + off
    bend = (x1 + x2) / 2
    return (
        f'<path d="M{x1} {y1}C{bend} {y1} {bend} {y2} {x2} {y2}" fill="none" stroke="#777"/>'
        f'<path d="M{x2} {y2}l-7 -3.5v7z" fill="#777"/>'
        f'<text x="{bend}" y="{(y1 + y2) / 2 + 4}" font-size="11.5" stroke="#fff" '
        f'stroke-width="5" paint-order="stroke">× {number(slope)}</text>'
    )


def draw(data: list[dict[str, Any]]) -> str:
    """Return the SVG of the artifact's first graph: values, gradients, slopes of the edges.

    Raises
    ------
    ValueError
        The artifact holds no graph, or a graph without nodes.
    """
    if not data or not data[0].get("nodes"):
        raise ValueError("stepper widget: the artifact must hold at least one graph with nodes")
    nodes = data[0]["nodes"]
    labels = {node["id"]: node["label"] for node in nodes}
    at = {n["id"]: (8 + n["x"] * ACROSS, 8 + n["y"] * DOWN) for n in nodes}
    edges, boxes, told = [], [], []
    for node in nodes:
        pairs = list(zip(node["parents"], node["slopes"], strict=True))
        for which, (parent, slope) in enumerate(pairs):
            off = 20 * (which - (len(pairs) - 1) / 2)
            edges.append(_edge(at[node["id"]], at[parent], slope, off))
        x, y = at[node["id"]]
        title, value, grad = _title(node, labels), number(node["value"]), number(node["grad"])
        middle = x + WIDTH / 2
        boxes.append(
            f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" fill="#fff" stroke="#555" '
            f'rx="{4 if node["parents"] else 14}"/>'
            f'<text x="{middle}" y="{y + 16}" fill="#444">{escape(title)}</text>'
            f'<text x="{middle}" y="{y + 33}" font-weight="600">{value}</text>'
            f'<text x="{middle}" y="{y + 50}" fill="#0068a3">∂ {grad}</text>'
        )
        told.append(f"{title}: value {value}, gradient {grad}")
    width = max(x for x, _ in at.values()) + WIDTH + 8
    height = max(y for _, y in at.values()) + HEIGHT + 8
    label = escape(f"A computation as a graph. {'; '.join(told)}.", quote=True)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{label}">'
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#fff"/>'
        '<g font-family="system-ui, sans-serif" font-size="12" text-anchor="middle" fill="#222">'
        f"{''.join(edges)}{''.join(boxes)}</g></svg>"
    )
