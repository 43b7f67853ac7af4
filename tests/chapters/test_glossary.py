"""The glossary and the chapters agree: each term is linked from the chapter that introduces it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bookbuild.project import read_notebook

ROOT = Path(__file__).resolve().parents[2]
ENTRY = re.compile(r"^(?P<term>[^\s.:`{#-][^\n]*)\n(?P<text>(?:  \S[^\n]*\n)+)", re.MULTILINE)
LINK = re.compile(r"\{term\}`(?:[^`<]*<)?([^`>]+)>?`")


def entries() -> dict[str, str]:
    """Each term with the text that defines it."""
    body = (ROOT / "chapters/appendix/glossary.md").read_text("utf-8").partition(":sorted:")[2]
    found = [(m["term"].strip(), m["text"]) for m in ENTRY.finditer(body)]
    assert len(found) == len({term.lower() for term, _ in found}), "a term is defined twice"
    return dict(found)


def linked(chapter: str) -> set[str]:
    """The terms that a chapter links to."""
    cells = read_notebook(ROOT / "chapters" / f"{chapter}.ipynb")["cells"]
    text = "\n".join(c["source"] for c in cells if c["cell_type"] == "markdown")
    return {" ".join(term.split()).lower() for term in LINK.findall(text)}


@pytest.mark.parametrize("term", sorted(entries()))
def test_the_chapter_that_introduces_a_term_links_to_it(term: str) -> None:
    chapters = re.findall(r"\{doc\}`/chapters/([\w/-]+)`", entries()[term])
    assert chapters, f"say which chapter introduces {term!r}: In {{doc}}`/chapters/…`."
    assert term.lower() in linked(chapters[0]), f"{chapters[0]} does not link to {term!r}"


def test_what_a_chapter_links_to_is_defined(chapter: str) -> None:
    assert linked(chapter) - {term.lower() for term in entries()} == set()
