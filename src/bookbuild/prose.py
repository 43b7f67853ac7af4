"""MyST prose as plain blocks: which words, numbers, roles and directives a page holds.

Enough of the language to ask questions of it (is there a claim of this name, is this number typed
by hand); rendering stays with Sphinx.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

Kind = Literal["text", "code", "math", "role", "html"]

# Directives whose body is no prose, and those whose argument is a key and no title.
_NOT_PROSE = {
    "bibliography", "code", "code-block", "code-cell", "csv-table", "eval-rst", "image",
    "include", "literalinclude", "math", "mermaid", "raw", "tableofcontents", "toctree",
}  # fmt: skip
_KEY_ARGUMENT = {"figure", "solution", "solution-start", "glossary", "grid", "grid-item"}
_DIRECTIVE = re.compile(r"^\{([\w:.-]+)\}\s*(.*)$", re.DOTALL)


@dataclass(frozen=True)
class Span:
    """A piece of a block: text, or something that is none. `name` is a role's."""

    kind: Kind
    content: str
    name: str = ""


@dataclass(frozen=True)
class Block:
    """A paragraph, heading or table cell.

    Attributes
    ----------
    spans : tuple of Span
    line : int
        Its first line in the source, from 1.
    heading : int
        Level of a heading, 0 for anything else.
    inside : tuple of str
        The directives around it, outermost first.
    """

    spans: tuple[Span, ...]
    line: int
    heading: int = 0
    inside: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Its words, without code, mathematics and roles."""
        return "".join(s.content if s.kind == "text" else " " for s in self.spans).strip()


@dataclass(frozen=True)
class Directive:
    """A directive with its argument, options and body; `line` counts from 1."""

    name: str
    argument: str
    options: dict[str, str]
    body: str
    line: int
    inside: tuple[str, ...] = ()

    @property
    def classes(self) -> list[str]:
        """Its CSS classes."""
        return self.options.get("class", "").split()


@dataclass
class Page:
    """The blocks and directives of a piece of MyST, in order."""

    blocks: list[Block] = field(default_factory=list)
    directives: list[Directive] = field(default_factory=list)

    @property
    def roles(self) -> Iterator[tuple[Span, int]]:
        """Every role with the line of its block."""
        for block in self.blocks:
            for span in block.spans:
                if span.kind == "role":
                    yield span, block.line


def parse(source: str) -> Page:
    """Read MyST, directives' bodies included."""
    page = Page()
    _read(source, 0, (), page)
    return page


@cache
def _parser() -> Any:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.colon_fence import colon_fence_plugin
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.front_matter import front_matter_plugin
    from mdit_py_plugins.myst_blocks import myst_block_plugin
    from mdit_py_plugins.myst_role import myst_role_plugin

    parser = MarkdownIt("commonmark").enable("table")
    for plugin in (
        front_matter_plugin, myst_block_plugin, myst_role_plugin, dollarmath_plugin,
        colon_fence_plugin, deflist_plugin,
    ):  # fmt: skip
        parser.use(plugin)
    return parser


def _read(source: str, offset: int, inside: tuple[str, ...], page: Page) -> None:
    level = 0
    for token in _parser().parse(source):
        line = offset + (token.map[0] if token.map else 0) + 1
        if token.type == "heading_open":
            level = int(token.tag[1:])
        elif token.type == "heading_close":
            level = 0
        elif token.type == "inline":
            page.blocks.append(Block(tuple(_spans(token)), line, level, inside))
        elif token.type == "html_block":
            page.blocks.append(Block((Span("html", token.content),), line, 0, inside))
        elif token.type in ("fence", "colon_fence") and (
            found := _DIRECTIVE.match(token.info.strip())
        ):
            _read_directive(found[1], found[2].strip(), token.content, line, inside, page)


def _read_directive(
    name: str, argument: str, content: str, line: int, inside: tuple[str, ...], page: Page
) -> None:
    options, body, skipped = _options(content)
    page.directives.append(Directive(name, argument, options, body, line, inside))
    if name in _NOT_PROSE:
        return
    around = (*inside, " ".join([name, *options.get("class", "").split()]))
    if argument and name not in _KEY_ARGUMENT and not name.startswith("glue:"):
        _read(argument, line - 1, around, page)
    _read(body, line + skipped, around, page)


def _options(content: str) -> tuple[dict[str, str], str, int]:
    """Split the options of a directive, in either notation, from its body."""
    lines = content.splitlines()
    options: dict[str, str] = {}
    if lines and lines[0].strip() == "---":
        end = next((i for i, li in enumerate(lines[1:], 1) if li.strip() == "---"), len(lines) - 1)
        for text in lines[1:end]:
            key, _, value = text.partition(":")
            options[key.strip()] = value.strip()
        return options, "\n".join(lines[end + 1 :]), end + 1
    count = 0
    while count < len(lines) and (found := re.match(r"\s*:([\w-]+):\s*(.*)$", lines[count])):
        options[found[1]] = found[2].strip()
        count += 1
    return options, "\n".join(lines[count:]), count


def _spans(token: Any) -> Iterator[Span]:
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            yield Span("text", " ")
        elif child.type == "text":
            yield Span("text", child.content)
        elif child.type == "code_inline":
            yield Span("code", child.content)
        elif child.type.startswith("math_"):
            yield Span("math", child.content)
        elif child.type == "myst_role":
            yield Span("role", child.content, child.meta["name"])
        elif child.type == "html_inline":
            yield Span("html", child.content)
        elif child.type == "image":
            yield from _spans(child)


# A sentence ends at a stop before white space and a capital, unless the stop ends an abbreviation.
_END = re.compile(
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\bcf)(?<!\bvs)(?<!\bal)[.!?][\"'”’)\]]*\s+(?=\W*[A-Z{])"
)


def sentences(block: Block) -> list[str]:
    """Split a block into sentences.

    What is no text stands there as a placeholder: ``{cite}`` for a citation, ``{…}`` for other
    roles, code and formulas.
    """
    parts = []
    for span in block.spans:
        if span.kind == "text":
            parts.append(span.content)
        elif span.kind == "role" and span.name.startswith("cite"):
            parts.append("{cite}")
        elif span.kind != "html":
            parts.append("{…}")
    text = "".join(parts).strip()
    found = [sentence.strip() for sentence in _END.split(text)]
    return [sentence for sentence in found if sentence]


@dataclass(frozen=True)
class GlueReference:
    """A place in the prose that shows a glued value; `document` is empty for the page itself."""

    name: str
    document: str
    line: int


def glue_references(source: str) -> list[GlueReference]:
    """Return what a piece of MyST wants shown by ``glue`` roles and directives."""
    page = parse(source)
    found = [
        _reference(span.content, line)
        for span, line in page.roles
        if span.name.partition(":")[0] == "glue"
    ]
    found += [
        _reference(d.argument, d.line)
        for d in page.directives
        if d.name == "glue" or d.name.startswith("glue:")
    ]
    return found


def _reference(content: str, line: int) -> GlueReference:
    """Read ``key``, ``key:.2f`` or ``path.ipynb::key:.2f``."""
    document, separator, rest = content.strip().partition("::")
    if not separator:
        document, rest = "", content.strip()
    return GlueReference(rest.partition(":")[0], document, line)
