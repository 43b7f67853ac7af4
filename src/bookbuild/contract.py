"""The contract that every chapter keeps, checked on its source.

The parts in their order, the size of cells, known tags, figures that say what they show, numbers
that come from somewhere, exercises with check and solution, taught code equal to library code.

Numbers in prose
----------------
A reader must be able to trust every number, so a number typed into prose that looks measured, a
percentage or a decimal fraction, is a violation unless one of these holds:

- a claim shows it: ``{glue:text}`cnn-accuracy```;
- its sentence cites its source: ``{cite}`lecun1998gradient```;
- it is part of a formula or of code: ``$0.5$``, ```p=0.5```: a choice, not a measurement;
- it names a version, a chapter, a figure: "Python 3.11", "section 2.4";
- a comment in the same cell says that it is given: ``<!-- given: 0.5, 95.23 % -->``.

Whole numbers without a per cent sign ("ten classes", "28 pixels") are left to the author.
"""

from __future__ import annotations

import ast
import itertools
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from bookbuild.fingerprint import split_magics
from bookbuild.project import Cell, Chapter, Project, tags
from bookbuild.prose import Block, Directive, Page, glue_references, parse, sentences
from bookbuild.taught import Library, differences

KNOWN_TAGS = frozenset(
    {"parameters", "colab-setup", "taught", "raises-exception", "exercise-answer", "solution"}
    | {"long-cell", "keep_output", "nbval-check-output", "nbval-ignore-output"}
    | {"remove-cell", "remove-input", "remove-output", "hide-cell", "hide-input", "hide-output"}
)
METADATA = ("title", "part", "needs", "minutes", "memory_gb", "assets", "threads", "prerequisites")
EXERCISE_KINDS = ("predict", "compute", "code", "open")
MAX_LINES, MAX_LINES_EVER, MEDIAN_LINES = 15, 40, 8
MAX_SUMMARY = 5

_NUMBER = re.compile(
    r"(?<![\w.,/:-])(\d[\d,]*(?:\.\d+)?\s?(?:%|percent\b|per cent\b)|\d[\d,]*\.\d+)(?!\.?\w)"
)
_NAMED = re.compile(
    r"(?:python|pytorch|torch|torchvision|numpy|cuda|version|versions|apache|by|chapter|chapters|"
    r"section|sections|figure|figures|table|equation|appendix)\s+$",
    re.IGNORECASE,
)
_GIVEN = re.compile(r"<!--\s*given:(.*?)-->", re.DOTALL)


@dataclass(frozen=True)
class Violation:
    """A broken rule: in which cell (from 1; 0 is the notebook itself), what, and what to do."""

    chapter: str
    cell: int
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.chapter}, cell {self.cell}" if self.cell else self.chapter
        return f"{place}: {self.problem}" + (f"; {self.remedy}" if self.remedy else "")


@dataclass(frozen=True)
class _Part:
    """A heading or a box with the number of its cell and its place in the chapter."""

    cell: int
    line: int
    title: str
    level: int = 0
    directive: Directive | None = None

    @property
    def place(self) -> tuple[int, int]:
        return self.cell, self.line


@dataclass(frozen=True)
class _Reading:
    """A chapter read for checking."""

    project: Project
    chapter: Chapter

    @cached_property
    def cells(self) -> list[tuple[int, Cell]]:
        return list(enumerate(self.chapter.notebook["cells"], start=1))

    @cached_property
    def code(self) -> list[tuple[int, Cell]]:
        return [(n, c) for n, c in self.cells if c["cell_type"] == "code"]

    @cached_property
    def pages(self) -> list[tuple[int, str, Page]]:
        """Markdown cells, parsed."""
        return [
            (n, c["source"], parse(c["source"]))
            for n, c in self.cells
            if c["cell_type"] == "markdown"
        ]

    @cached_property
    def parts(self) -> list[_Part]:
        """Headings and boxes, in order."""
        found = []
        for number, _, page in self.pages:
            for block in page.blocks:
                if block.heading and not block.inside:
                    found.append(_Part(number, block.line, block.text, block.heading))
            for directive in page.directives:
                title = directive.argument or " ".join(directive.classes)
                found.append(_Part(number, directive.line, title, 0, directive))
        return sorted(found, key=lambda p: p.place)

    def part(self, title: str, css_class: str = "") -> _Part | None:
        """Find a part by the beginning of its heading, or by the class of its box."""
        for part in self.parts:
            if part.level >= 2 and part.title.lower().startswith(title.lower()):
                return part
            if part.directive and css_class and css_class in part.directive.classes:
                return part
        return None

    def calls(self, source: str) -> list[ast.Call]:
        try:
            tree = ast.parse(split_magics(source)[0])
        except SyntaxError:
            return []
        return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def check(project: Project, name: str) -> list[Violation]:
    """Check a chapter's source against the contract.

    Parameters
    ----------
    project : Project
    name : str
        ``mnist/cnn``.

    Returns
    -------
    list of Violation
        Empty where the contract holds; else in the order of cells.
    """
    chapter = project.chapter(name)
    reading = _Reading(project, chapter)
    rules = (
        _metadata, _title, _objectives, _prerequisites, _setup, _order, _summary, _reading_list,
        _code_cells, _figures, _numbers, _claims, _exercises, _taught,
    )  # fmt: skip
    found = [
        Violation(chapter.name, cell, *texts) for rule in rules for cell, *texts in rule(reading)
    ]
    return sorted(found, key=lambda v: v.cell)


Found = Iterator[tuple[int, str, str]]


def _metadata(reading: _Reading) -> Found:
    metadata = reading.chapter.metadata
    missing = [key for key in METADATA if key not in metadata]
    if missing:
        yield (
            0,
            f"the notebook metadata `lmbook` lacks {', '.join(missing)}",
            "CONTRIBUTING.md shows what it holds",
        )
    threads = metadata.get("threads")
    if "threads" in metadata and threads not in ("all", 1):
        yield 0, f"`threads` is {threads!r}", 'write "all" or 1'


def _title(reading: _Reading) -> Found:
    number, cell = reading.cells[0]
    blocks = parse(cell["source"]).blocks if cell["cell_type"] == "markdown" else []
    if not blocks or blocks[0].heading != 1:
        yield number, "the chapter does not begin with its title", "begin with `# Title`"
        return
    written = [sentence for block in blocks[1:] for sentence in sentences(block)]
    if len(written) != 1:
        yield (
            number,
            f"{len(written)} sentences follow the title",
            "say in one sentence what the reader will be able to do",
        )
    for other, _, page in reading.pages:
        if other != number and any(b.heading == 1 for b in page.blocks):
            yield other, "a second title", "use `##` for sections"


def _objectives(reading: _Reading) -> Found:
    box = reading.part("Objectives", "objectives")
    if box is None:
        yield 0, "there is no box Objectives", "add an admonition of class `objectives`"
        return
    body = box.directive.body if box.directive else ""
    count = len(re.findall(r"^(?:[-*+]|\d+\.) ", body, re.MULTILINE))
    if not 3 <= count <= 5:
        yield box.cell, f"{count} objectives", "list three to five, each checkable"


def _prerequisites(reading: _Reading) -> Found:
    for number, source, _ in reading.pages:
        if "prerequisites" in source.lower():
            missing = [word for word in ("necessary", "helpful") if word not in source.lower()]
            if missing:
                yield (
                    number,
                    f"the prerequisites do not say which are {' and which are '.join(missing)}",
                    "name both kinds, each with a link or `none`",
                )
            return
    yield 0, "there are no prerequisites", "say after the objectives what is necessary and helpful"


def _setup(reading: _Reading) -> Found:
    def first(wanted: str) -> int | None:
        return next((n for n, c in reading.code if wanted in tags(c)), None)

    start = next(
        (
            n
            for n, c in reading.code
            if any(
                ast.unparse(call.func).split(".")[-1] == "start"
                for call in reading.calls(c["source"])
            )
        ),
        None,
    )
    steps = {
        "the cell tagged `colab-setup`": first("colab-setup"),
        "the cell tagged `parameters`": first("parameters"),
        "the cell that calls `session.start`": start,
    }
    for what, place in steps.items():
        if place is None:
            yield 0, f"{what} is missing", "the first code cells are Colab, parameters, session"
    places = [place for place in steps.values() if place is not None]
    if places != sorted(places) or (places and places[0] != reading.code[0][0]):
        yield (
            places[0],
            "the setup is out of order",
            "begin the code with the cells for Colab, parameters and `session.start`",
        )
    section = next((p for p in reading.parts if p.level == 2), None)
    if section and start and start > section.cell:
        yield start, "the session starts after the first section", "set up before it"
    colab = steps["the cell tagged `colab-setup`"]
    if colab is not None:
        cell = dict(reading.cells)[colab]
        address = reading.project.configured_repository
        if "remove-cell" not in tags(cell):
            yield colab, "the cell for Colab is shown", "tag it `remove-cell` too"
        if address not in cell["source"]:
            yield (
                colab,
                "the cell for Colab installs from another place than _config.yml names",
                f"install from {address}",
            )
    parameters = steps["the cell tagged `parameters`"]
    if parameters is not None:
        cell = dict(reading.cells)[parameters]
        for line in ('profile = "book"', "seed = 0"):
            if line not in cell["source"].splitlines():
                yield parameters, f"the parameters lack `{line}`", "papermill overrides it"


def _order(reading: _Reading) -> Found:
    """Check that the parts are there, in order; the bug may be any of the sections."""
    ending = {
        "What we measured": reading.part("What we measured", "measured"),
        "Exercises": reading.part("Exercises"),
        "Summary": reading.part("Summary"),
        "In production": reading.part("In production", "production"),
        "Further reading": reading.part("Further reading"),
    }
    for title, part in ending.items():
        if part is None:
            yield 0, f"the part `{title}` is missing", "see the order in CONTRIBUTING.md"
    objectives = reading.part("Objectives", "objectives")
    bug = reading.part("Spot the bug", "bug")
    if bug is None:
        yield 0, "the part `Spot the bug` is missing", "run a mistake people make, and mend it"
    present = [(title, part) for title, part in ending.items() if part]
    for (title, part), (following, after) in itertools.pairwise(present):
        if after.place < part.place:
            yield after.cell, f"`{following}` comes before `{title}`", "change their order"
    if present and bug and bug.place > present[0][1].place:
        yield bug.cell, f"`Spot the bug` comes after `{present[0][0]}`", "make it a section before"
    sections = [p for p in reading.parts if p.level == 2]
    if objectives and sections and objectives.place > sections[0].place:
        yield objectives.cell, "the objectives come after the first section", "put them before"
    if present:
        own = [p for p in sections if p.place < present[0][1].place]
        if len(own) < 2:
            yield 0, f"{len(own)} sections before `{present[0][0]}`", "a chapter has more than one"


def _summary(reading: _Reading) -> Found:
    part = reading.part("Summary")
    if part is None:
        return
    count = sum(len(sentences(block)) for block in _below(reading, part) if not block.inside)
    if not 1 <= count <= MAX_SUMMARY:
        yield part.cell, f"the summary has {count} sentences", f"use one to {MAX_SUMMARY}"


def _reading_list(reading: _Reading) -> Found:
    part = reading.part("Further reading")
    if part is None:
        return
    cited = [
        span
        for block in _below(reading, part)
        for span in block.spans
        if span.kind == "role" and span.name.startswith("cite")
    ]
    if not cited:
        yield part.cell, "the further reading cites nothing", "cite works of references.bib"


def _below(reading: _Reading, part: _Part) -> list[Block]:
    """Return the blocks between a heading and the next one."""
    headings = [p for p in reading.parts if p.level and p.place > part.place]
    end = headings[0].place if headings else (len(reading.cells) + 1, 0)
    return [
        block
        for number, _, page in reading.pages
        for block in page.blocks
        if part.place < (number, block.line) < end and not block.heading
    ]


def _code_cells(reading: _Reading) -> Found:
    for number, cell in reading.cells:
        if unknown := sorted(set(tags(cell)) - KNOWN_TAGS):
            yield number, f"unknown tags: {', '.join(unknown)}", "see the table in CONTRIBUTING.md"
    sizes = []
    for number, cell in reading.code:
        lines = sum(1 for line in cell["source"].splitlines() if line.strip())
        sizes.append(lines)
        marked = tags(cell)
        if lines > MAX_LINES_EVER:
            yield number, f"{lines} lines of code", f"split it; none has over {MAX_LINES_EVER}"
        elif lines > MAX_LINES and "long-cell" not in marked:
            yield (
                number,
                f"{lines} lines of code, more than {MAX_LINES}",
                f"split it, or tag it `long-cell` (at most {MAX_LINES_EVER})",
            )
        if not lines:
            yield number, "an empty code cell", "remove it"
        if "keep_output" not in marked and (cell["outputs"] or cell.get("execution_count")):
            yield number, "outputs are stored", "strip them (nbstripout), or tag it `keep_output`"
        if "nbval-check-output" in marked and not cell["outputs"]:
            yield (
                number,
                "`nbval-check-output` has no stored output to compare with",
                "store its output and tag it `keep_output`",
            )
    if sizes and statistics.median(sizes) >= MEDIAN_LINES:
        yield (
            0,
            f"the median code cell has {statistics.median(sizes):g} lines",
            f"split cells until it is under {MEDIAN_LINES}",
        )


def _figures(reading: _Reading) -> Found:
    for number, cell in reading.code:
        if "remove-cell" in tags(cell):
            continue
        shown = cell["metadata"].get("mystnb", {})
        if not shown and not _draws(cell["source"]):
            continue
        alt = str(shown.get("image", {}).get("alt", "")).strip()
        figure = shown.get("figure", {})
        caption = str(figure.get("caption", "")).strip()
        if not alt:
            yield number, "the figure has no alternative text", "set mystnb.image.alt in metadata"
        elif alt == caption:
            yield number, "caption and alternative text are the same", "say what is to be seen"
        if not caption:
            yield number, "the figure has no caption", "set mystnb.figure.caption in metadata"
        if not str(figure.get("name", "")).startswith("fig-"):
            yield number, "the figure has no name", "set mystnb.figure.name to `fig-…`"


def _draws(source: str) -> bool:
    """Whether a cell ends in a call of the plotting module, or shows a figure itself."""
    try:
        body = ast.parse(split_magics(source)[0]).body
    except SyntaxError:
        return False
    if source.rstrip().endswith("plt.show()"):
        return True
    last = body[-1] if body else None
    return (
        isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Call)
        and ast.unparse(last.value.func).startswith("plot.")
    )


def _numbers(reading: _Reading) -> Found:
    for number, source, page in reading.pages:
        given = {text.strip() for match in _GIVEN.findall(source) for text in match.split(",")}
        yield from _typed(number, page, given)
    for number, cell in reading.code:
        shown = cell["metadata"].get("mystnb", {})
        for text in (
            shown.get("figure", {}).get("caption", ""),
            shown.get("image", {}).get("alt", ""),
        ):
            yield from _typed(number, parse(str(text)), set())


def _typed(number: int, page: Page, given: set[str]) -> Found:
    for block in page.blocks:
        for sentence in sentences(block):
            if "{cite}" in sentence:
                continue
            for match in _NUMBER.finditer(sentence):
                text = match[1].strip()
                if text in given or _NAMED.search(sentence[: match.start()]):
                    continue
                yield (
                    number,
                    f"the number {text!r} is typed by hand: “…{_around(sentence, match)}…”",
                    "show a claim, cite its source, write a chosen value as $…$, "
                    f"or add <!-- given: {text} -->",
                )


def _around(sentence: str, match: re.Match[str]) -> str:
    return sentence[max(0, match.start() - 30) : match.end() + 20].strip()


def _claims(reading: _Reading) -> Found:
    """Check that the chapter's own glue names are made by its cells, where that can be read off."""
    made: set[str] = set()
    for _, cell in reading.code:
        for call in reading.calls(cell["source"]):
            if ast.unparse(call.func).split(".")[-1] in ("claim", "glue") and call.args:
                name = call.args[0]
                if not isinstance(name, ast.Constant):
                    return  # names are computed: staging checks what was recorded
                made.add(str(name.value))
    for number, cell in reading.cells:
        source = cell["source"]
        if cell["cell_type"] == "code":
            figure = cell["metadata"].get("mystnb", {}).get("figure", {})
            source = str(figure.get("caption", ""))
        for reference in glue_references(source):
            if not reference.document and reference.name not in made:
                yield (
                    number,
                    f"the prose shows the claim {reference.name!r}, which no cell makes",
                    f"the chapter claims {', '.join(sorted(made)) or 'nothing'}",
                )


def _exercises(reading: _Reading) -> Found:
    stated = {
        p.directive.options.get("label", ""): p
        for p in reading.parts
        if p.directive and p.directive.name in ("exercise", "exercise-start")
    }
    if len(stated) < 4:
        yield 0, f"{len(stated)} exercises", "write at least four, each with a `:label:`"
    kinds = {label: (part.directive, part) for label, part in stated.items()}
    titles = {label: (d.argument if d else "").lower() for label, (d, _) in kinds.items()}
    for kind in EXERCISE_KINDS:
        if stated and not any(title.startswith(kind) for title in titles.values()):
            yield (
                0,
                f"no exercise of the kind `{kind}`",
                "there is one to predict, one to compute, one to code, one open",
            )
    answers = _checked(reading, "exercise-answer")
    solutions = _checked(reading, "solution")
    for label, part in stated.items():
        if not label:
            yield part.cell, "an exercise without label", "add `:label:`"
            continue
        if titles[label].startswith("open"):
            continue
        if label not in answers:
            yield (
                part.cell,
                f"exercise {label} has no answer cell",
                f'tag one `exercise-answer` that calls check("{label}", …)',
            )
        if label not in solutions:
            yield (
                part.cell,
                f"exercise {label} has no checked solution",
                f'tag a cell `solution` that calls check("{label}", …)',
            )
    for label, number in {**answers, **solutions}.items():
        if label not in stated:
            yield number, f"a check of {label!r}, which no exercise has as label", "rename one"
    folded = False
    for number, cell in reading.cells:
        if cell["cell_type"] == "markdown" and "{solution-" in cell["source"]:
            folded = "{solution-start}" in cell["source"] and ":class: dropdown" in cell["source"]
        elif "solution" in tags(cell) and not folded:
            yield (
                number,
                "a solution that is shown",
                "put it between `{solution-start}` with `:class: dropdown` and `{solution-end}`",
            )


def _checked(reading: _Reading, tag: str) -> dict[str, int]:
    """Return the exercises that cells of a tag check, each with its cell."""
    found = {}
    for number, cell in reading.code:
        if tag not in tags(cell):
            continue
        for call in reading.calls(cell["source"]):
            if ast.unparse(call.func).split(".")[-1] == "check" and call.args:
                found[_constant(call.args)] = number
    return found


def _constant(arguments: Sequence[ast.expr]) -> str:
    first = arguments[0]
    return str(first.value) if isinstance(first, ast.Constant) else ast.unparse(first)


def _taught(reading: _Reading) -> Found:
    library = Library(reading.project.src, reading.project.package)
    for number, cell in reading.code:
        if "taught" in tags(cell):
            for difference in differences(cell["source"], library):
                yield number, difference, ""
