"""The map of the book: parts as columns, chapters as boxes, what each needs as lines.

Drawn twice: as columns for a wide page, and as one list with arcs for a phone. Style sheets show
one of the two. Colours are CSS variables, so that both follow the page's theme.
"""

from __future__ import annotations

import json
import textwrap
import tomllib
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Chapter:
    """One chapter on the map."""

    key: str
    title: str
    label: str
    needs: tuple[str, ...]
    link: str | None = None


@dataclass(frozen=True)
class Part:
    """A part of the book and its chapters, in reading order."""

    key: str
    title: str
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True)
class Written:
    """What the map takes from a chapter that exists."""

    title: str
    link: str
    needs: tuple[str, ...] | None


def read_plan(path: Path) -> list[Part]:
    """Read the planned parts and chapters.

    Raises
    ------
    ValueError
        A chapter needs one that is not in the plan, or that comes after it.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    parts = []
    seen: set[str] = set()
    for part in data["part"]:
        chapters = []
        for entry in part["chapter"]:
            key = f"{part['key']}/{entry['key']}"
            for need in entry.get("needs", []):
                if need not in seen:
                    raise ValueError(f"{path.name}: {key} needs {need}, which no earlier entry is")
            seen.add(key)
            needs = tuple(entry.get("needs", []))
            chapters.append(Chapter(key, entry["title"], entry["label"], needs))
        parts.append(Part(part["key"], part["title"], tuple(chapters)))
    return parts


def necessary(metadata: Any) -> tuple[str, ...] | None:
    """Return the necessary prerequisites of a notebook's ``lmbook`` metadata, if it has any."""
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except json.JSONDecodeError:
            return None
    if not isinstance(metadata, dict):
        return None
    needs = metadata.get("prerequisites", {}).get("necessary")
    return None if needs is None else tuple(str(need) for need in needs)


def merge(plan: list[Part], written: dict[str, Written]) -> list[Part]:
    """Put what the written chapters say of themselves in place of what was planned."""
    known = {chapter.key for part in plan for chapter in part.chapters}
    merged = []
    for part in plan:
        chapters = []
        for chapter in part.chapters:
            page = written.get(chapter.key)
            if page is not None:
                needs = chapter.needs
                if page.needs is not None:
                    stated = [need.removeprefix("chapters/") for need in page.needs]
                    needs = tuple(need for need in stated if need in known) or needs
                chapter = replace(chapter, title=page.title, link=page.link, needs=needs)
            chapters.append(chapter)
        merged.append(replace(part, chapters=tuple(chapters)))
    return merged


def direct(parts: list[Part]) -> dict[str, list[str]]:
    """Return what each chapter needs directly, leaving out what its other needs need already."""
    needs = {c.key: list(c.needs) for part in parts for c in part.chapters}

    def reach(key: str, seen: set[str]) -> set[str]:
        for need in needs.get(key, []):
            if need not in seen:
                seen.add(need)
                reach(need, seen)
        return seen

    return {
        key: [n for n in wanted if not any(n in reach(o, set()) for o in wanted if o != n)]
        for key, wanted in needs.items()
    }


COLUMN, BOX, HEIGHT, ROW, TOP = 178, 146, 46, 60, 44


def draw(parts: list[Part]) -> str:
    """Return the map as HTML: both drawings, and a key."""
    done = sum(c.link is not None for part in parts for c in part.chapters)
    key = (
        '<p class="bookmap-key"><span class="bookmap-sample"></span> written, follow the link '
        '<span class="bookmap-sample planned"></span> planned</p>'
    )
    if done == sum(len(part.chapters) for part in parts):
        key = ""
    return (
        '<div class="bookmap" role="group" aria-label="Map of the book: its parts, their chapters,'
        f' and what each chapter builds on">\n{_wide(parts)}\n{_tall(parts)}\n{key}</div>\n'
    )


def _names(parts: list[Part]) -> dict[str, str]:
    return {c.key: c.title for part in parts for c in part.chapters}


def _described(chapter: Chapter, needs: list[str], names: dict[str, str]) -> str:
    text = chapter.label  # what is to be seen comes first in what is said
    if chapter.title != chapter.label:
        text += f": {chapter.title}"
    if not chapter.link:
        text += " (planned)"
    if needs:
        text += "; builds on " + ", ".join(names[need] for need in needs)
    return text


def _node(chapter: Chapter, part: Part, label: str, inner: str) -> str:
    """Wrap a drawn chapter: a link if it is written, a named group if it is planned."""
    name = escape(label, quote=True)
    if chapter.link:
        link = escape(chapter.link, quote=True)
        return f'<a class="node part-{part.key}" href="{link}" aria-label="{name}">{inner}</a>'
    return f'<g class="node planned part-{part.key}" role="img" aria-label="{name}">{inner}</g>'


def _wide(parts: list[Part]) -> str:
    needs, names = direct(parts), _names(parts)
    place = {
        chapter.key: (column, row)
        for column, part in enumerate(parts)
        for row, chapter in enumerate(part.chapters)
    }
    owner = {c.key: part.key for part in parts for c in part.chapters}
    width = COLUMN * len(parts) - (COLUMN - BOX) + 2
    height = TOP + ROW * max(len(part.chapters) for part in parts) - (ROW - HEIGHT) + 2
    lines, boxes, heads = [], [], []
    for key, wanted in needs.items():
        for need in wanted:
            path = _curve(place[need], place[key])
            lines.append(f'<path class="edge part-{owner[key]}" d="{path}"/>')
    for column, part in enumerate(parts):
        x = column * COLUMN + 1
        heads.append(
            f'<g class="head part-{part.key}"><text x="{x}" y="16">{escape(part.title)}</text>'
            f'<path d="M{x} 26h{BOX}"/></g>'
        )
        for row, chapter in enumerate(part.chapters):
            y = TOP + row * ROW
            rows = textwrap.wrap(chapter.label, 19)[:2]
            first = y + HEIGHT / 2 + (5 if len(rows) == 1 else -3)
            text = " ".join(
                f'<tspan x="{x + 12}" y="{first + 16 * i:g}">{escape(line)}</tspan>'
                for i, line in enumerate(rows)
            )
            inner = (
                f'<rect x="{x}" y="{y}" width="{BOX}" height="{HEIGHT}" rx="7"/><text>{text}</text>'
            )
            label = _described(chapter, needs[chapter.key], names)
            boxes.append(_node(chapter, part, label, inner))
    return (
        f'<svg class="bookmap-wide" viewBox="0 0 {width} {height}" role="group" '
        'aria-label="The chapters in columns, one a part">'
        f'<g aria-hidden="true">{"".join(lines)}</g>{"".join(heads)}{"".join(boxes)}</svg>'
    )


def _curve(start: tuple[int, int], end: tuple[int, int]) -> str:
    """Return the line from one box to another; neighbours in a column are joined straight."""
    (c0, r0), (c1, r1) = start, end
    y0, y1 = TOP + r0 * ROW + HEIGHT / 2, TOP + r1 * ROW + HEIGHT / 2
    if c0 == c1:
        x = c0 * COLUMN + 1
        if r1 == r0 + 1:
            return f"M{x + 24} {y0 + HEIGHT / 2:g}V{y1 - HEIGHT / 2:g}"
        bend = 9 + 2 * (r1 - r0)
        return f"M{x} {y0:g}C{x - bend} {y0:g} {x - bend} {y1:g} {x} {y1:g}"
    x0, x1 = c0 * COLUMN + 1 + BOX, c1 * COLUMN + 1
    gutter = COLUMN - BOX
    if c1 == c0 + 1:
        return f"M{x0} {y0:g}C{x0 + 20} {y0:g} {x1 - 20} {y1:g} {x1} {y1:g}"
    # Past the columns between, along the gap between two rows that asks for the least climbing.
    gaps = [TOP + k * ROW - (ROW - HEIGHT) / 2 for k in range(max(r0, r1) + 2)]
    along = min(gaps, key=lambda gap: (abs(gap - y0) + abs(gap - y1), abs(gap - y1)))
    return (
        f"M{x0} {y0:g}C{x0 + 20} {y0:g} {x0 + 12} {along:g} {x0 + gutter} {along:g}"
        f"H{x1 - gutter}C{x1 - 12} {along:g} {x1 - 20} {y1:g} {x1} {y1:g}"
    )


def _tall(parts: list[Part]) -> str:
    """Draw one list, top to bottom, with arcs on its left from each chapter to what it needs."""
    needs, names = direct(parts), _names(parts)
    left, step, head = 74, 32, 44
    y, at = 0, {}
    heads, rows = [], []
    for part in parts:
        y += head
        heads.append(
            f'<g class="head part-{part.key}"><text x="{left + 14}" y="{y - 14}">'
            f'{escape(part.title)}</text><path d="M{left + 14} {y - 6}h232"/></g>'
        )
        for chapter in part.chapters:
            middle = y + step / 2
            at[chapter.key] = middle
            inner = (
                f'<rect class="row" x="{left - 10}" y="{y + 1}" width="262" height="{step - 2}" '
                f'rx="5"/><circle cx="{left}" cy="{middle:g}" r="5"/>'
                f'<text x="{left + 14}" y="{middle + 5:g}">{escape(chapter.label)}</text>'
            )
            label = _described(chapter, needs[chapter.key], names)
            rows.append(_node(chapter, part, label, inner))
            y += step
    owner = {c.key: part.key for part in parts for c in part.chapters}
    arcs = []
    for key, wanted in needs.items():
        for need in wanted:
            span = at[key] - at[need]
            bend = min(left - 14.0, 10 + span**0.62)
            arcs.append(
                f'<path class="edge part-{owner[key]}" d="M{left - 5} {at[need]:g}'
                f"C{left - 5 - bend:.0f} {at[need]:g} {left - 5 - bend:.0f} {at[key]:g} "
                f'{left - 5} {at[key]:g}"/>'
            )
    return (
        f'<svg class="bookmap-tall" viewBox="0 0 330 {y + 6}" role="group" '
        'aria-label="The chapters in reading order">'
        f'<g aria-hidden="true">{"".join(arcs)}</g>{"".join(heads)}{"".join(rows)}</svg>'
    )
