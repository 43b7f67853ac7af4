"""Each rule of the chapter contract, broken once in a chapter that keeps all others."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toybook import Toy, code, markdown, notebook, parameters

from bookbuild.contract import check
from bookbuild.project import Project
from bookbuild.taught import Library, bare, differences

METADATA = {
    "title": "A model", "part": "part", "needs": "cpu", "minutes": 1, "memory_gb": 1, "assets": [],
    "threads": 1, "prerequisites": {"necessary": [], "helpful": []},
}  # fmt: skip

BEGINNING = """\
:::{admonition} Objectives
:class: objectives

- Do one thing.
- Do another.
- Do a third.
:::

**Prerequisites.** *Necessary:* nothing. *Helpful:* patience.
"""


def exercise(label: str, title: str) -> str:
    solution = f":::{{solution-start}} {label}\n:class: dropdown\n:::\n"
    return f":::{{exercise}} {title}\n:label: {label}\nDo it.\n:::\n\n{solution}"


def chapter() -> list[dict[str, Any]]:
    """A chapter that keeps the contract. Cells count from 1: the title is cell 1."""
    install = (
        "import sys\nif 'google.colab' in sys.modules:\n"
        "    %pip install -q git+https://github.com/toy-owner/toy-book"
    )
    cells = [
        markdown("# A model\n\nAfter this chapter you can judge a model, e.g. a small one."),
        markdown(BEGINNING),
        code(install, "colab-setup", "remove-cell"),
        parameters(),
        code("from lmbook import plot, session\nrun = session.start(profile, seed)"),
        markdown("## Why a model?\n\nIt doubles its input, as $0.5$ becomes $1.0$."),
        code("def forward(x: int) -> int:\n    '''Double.'''\n    return 2 * x", "taught"),
        markdown("## Spot the bug: halves\n\nIt shows {glue:text}`gain` and Python 3.11."),
        code('claim("gain", 2.0, "gain", at_least=1)'),
        code(
            "plot.curve()",
            mystnb={
                "image": {"alt": "A line that rises."},
                "figure": {"caption": "Gain.", "name": "fig-gain"},
            },
        ),
        markdown("## What we measured"),
        code("claim.table()"),
        markdown("## Exercises\n\n" + exercise("a-1", "Predict the gain")),
    ]
    for label, title in (("a-2", "Compute"), ("a-3", "Code: a loop"), ("a-4", "Open")):
        previous = f"a-{int(label[-1]) - 1}"
        cells += [
            code(f'answer = ...\ncheck("{previous}", answer)', "exercise-answer"),
            code(f'check("{previous}", 2)', "solution"),
            markdown(exercise(label, title)),
        ]
    cells.append(
        markdown(
            "## Summary\n\nOne thing. And another.\n\n"
            ":::{admonition} In production\n:class: production\nThings differ by 3 %"
            " {cite}`he2016deep`.\n:::\n\n"
            "## Further reading\n\n- {cite:t}`he2016deep`: deeper."
        )
    )
    return cells


def violations(root: Path, cells: list[dict[str, Any]], **metadata: Any) -> list[str]:
    toy = Toy.make(root)
    content = notebook(*cells, **(METADATA | metadata))
    toy.write("chapters/part/alpha.ipynb", json.dumps(content))
    return [str(v) for v in check(Project(root), "part/alpha")]


def test_chapter_that_keeps_the_contract(tmp_path: Path) -> None:
    assert violations(tmp_path, chapter()) == []


Edit = Callable[[list[dict[str, Any]]], object]


def source(number: int, old: str, new: str) -> Edit:
    def edit(cells: list[dict[str, Any]]) -> None:
        assert old in cells[number - 1]["source"]
        cells[number - 1]["source"] = cells[number - 1]["source"].replace(old, new)

    return edit


def metadata(number: int, **values: Any) -> Edit:
    return lambda cells: cells[number - 1]["metadata"].update(values)


def figure(alt: str = "A line.", caption: str = "Gain.", name: str = "fig-a") -> dict[str, Any]:
    return {"image": {"alt": alt}, "figure": {"caption": caption, "name": name}}


def swap(first: int, second: int) -> Edit:
    def edit(cells: list[dict[str, Any]]) -> None:
        cells[first - 1], cells[second - 1] = cells[second - 1], cells[first - 1]

    return edit


def lines(number: int, count: int) -> Edit:
    return lambda cells: cells[number - 1].update(source="x = 1\n" * count)


def long_on_average(cells: list[dict[str, Any]]) -> None:
    for cell in cells[7:]:
        if cell["cell_type"] == "code":
            cell["source"] += "\nx = 1" * (9 - len(cell["source"].splitlines()))


def given(cells: list[dict[str, Any]]) -> None:
    cells[5]["source"] += " Of 3.5 %.\n\n<!-- given: 3.5 % -->"


def long_and_tagged(cells: list[dict[str, Any]]) -> None:
    cells[11] |= code("x = 1\n" * 40, "long-cell")


BROKEN: list[tuple[Edit, str]] = [
    # parts
    (source(1, "# A model", "A model"), "cell 1: the chapter does not begin with its title"),
    (source(1, "small one.", "small one. And more."), "cell 1: 2 sentences follow the title"),
    (source(6, "## Why", "# Why"), "cell 6: a second title"),
    (source(2, "- Do a third.\n", ""), "cell 2: 2 objectives; list three to five"),
    (source(2, ":class: objectives", ":class: note"), "there is no box Objectives"),
    (source(2, "*Helpful:* patience.", ""), "the prerequisites do not say which are helpful"),
    (source(2, "Prerequisites", "Before"), "there are no prerequisites"),
    (swap(2, 6), "cell 6: the objectives come after the first section"),
    (source(8, "Spot the bug", "Halves"), "the part `Spot the bug` is missing"),
    (source(11, "What we measured", "Numbers"), "the part `What we measured` is missing"),
    (swap(11, 13), "`Exercises` comes before `What we measured`"),
    (source(23, "## Summary", "## Sum"), "the part `Summary` is missing"),
    (source(23, "One thing.", "One. Two. Three. Four. Five."), "the summary has 6 sentences"),
    (source(23, ":class: production", ":class: note"), "the part `In production` is missing"),
    (source(23, "- {cite:t}`he2016deep`: deeper.", "- A book."), "further reading cites nothing"),
    # setup
    (metadata(3, tags=["remove-cell"]), "the cell tagged `colab-setup` is missing"),
    (metadata(3, tags=["colab-setup"]), "cell 3: the cell for Colab is shown"),
    (source(3, "toy-owner", "someone"), "cell 3: the cell for Colab installs from another place"),
    (source(4, 'profile = "book"', 'profile = "full"'), "cell 4: the parameters lack `profile ="),
    (swap(4, 5), "cell 3: the setup is out of order"),
    (source(5, "session.start", "session.begin"), "the cell that calls `session.start` is missing"),
    # cells
    (lines(12, 16), "cell 12: 16 lines of code, more than 15; split it, or tag it `long-cell`"),
    (lines(12, 41), "cell 12: 41 lines of code; split it; none has over 40"),
    (metadata(12, tags=["foo"]), "cell 12: unknown tags: foo"),
    (lambda cells: cells[11].update(execution_count=3), "cell 12: outputs are stored"),
    (metadata(12, tags=["nbval-check-output"]), "`nbval-check-output` has no stored output"),
    (long_on_average, "the median code cell has 9 lines"),
    # figures
    (metadata(10, mystnb={}), "cell 10: the figure has no alternative text"),
    (metadata(10, mystnb=figure(caption="")), "cell 10: the figure has no caption"),
    (metadata(10, mystnb=figure(alt="Gain.")), "caption and alternative text are the same"),
    (metadata(10, mystnb=figure(name="")), "cell 10: the figure has no name"),
    # numbers and claims
    (source(6, "$0.5$", "0.5"), "cell 6: the number '0.5' is typed by hand"),
    (source(6, "doubles", "gains 95 % and doubles"), "cell 6: the number '95 %' is typed by hand"),
    (source(6, "doubles", "gains 1,200.5 and doubles"), "the number '1,200.5' is typed by hand"),
    (source(6, "doubles", "**gains 7 percent**"), "the number '7 percent' is typed by hand"),
    (metadata(10, mystnb=figure(caption="Up to 99.1 % gain.")), "cell 10: the number '99.1 %'"),
    (metadata(10, mystnb=figure(alt="It ends at 99.1 %.")), "cell 10: the number '99.1 %'"),
    (source(8, "`gain`", "`gains`"), "cell 8: the prose shows the claim 'gains'"),
    # exercises
    (source(13, "Predict the gain", "Guess"), "no exercise of the kind `predict`"),
    (lambda cells: cells.pop(12), "3 exercises; write at least four"),
    (source(13, ":label: a-1\n", ""), "cell 13: an exercise without label"),
    (metadata(14, tags=[]), "cell 13: exercise a-1 has no answer cell"),
    (metadata(15, tags=["hide-cell"]), "cell 13: exercise a-1 has no checked solution"),
    (source(13, ":class: dropdown", ""), "cell 15: a solution that is shown"),
    (source(15, "a-1", "b-1"), "cell 15: a check of 'b-1', which no exercise has as label"),
    # taught code
    (source(7, "2 * x", "x + x"), "cell 7: `forward` differs from lmbook.nn.core; make them equal"),
    (source(7, "forward", "fast_forward"), "cell 7: `fast_forward` is nowhere in lmbook"),
    (lambda cells: cells[6].update(source="x = 1"), "cell 7: it defines neither"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "expected"), BROKEN, ids=[text for _, text in BROKEN])
def test_broken_rule_is_found(tmp_path: Path, edit: Edit, expected: str) -> None:
    cells = chapter()
    edit(cells)
    found = violations(tmp_path, cells)
    assert any(expected in text for text in found), found


ALLOWED: list[Edit] = [
    source(6, "doubles", "doubles (see section 2.4, PyTorch 2.6, Figure 3.1)"),
    source(6, "doubles", "doubles ten classes of 28 pixels"),
    source(6, "doubles", "doubles `p=0.5` to"),
    source(6, "doubles", "as {cite:t}`he2016deep` reports 3.57 %, doubles"),
    given,
    long_and_tagged,
    source(6, "doubles", "doubles 192.168.0.1 and 2025-01-31"),
]  # fmt: skip


@pytest.mark.parametrize("edit", ALLOWED)
def test_what_is_allowed(tmp_path: Path, edit: Edit) -> None:
    cells = chapter()
    edit(cells)
    assert violations(tmp_path, cells) == []


def test_metadata_of_the_notebook(tmp_path: Path) -> None:
    assert violations(tmp_path, chapter(), threads=4) == [
        'part/alpha: `threads` is 4; write "all" or 1'
    ]


def test_command_prints_violations(tmp_path: Path) -> None:
    toy = Toy.make(tmp_path)
    toy.write("chapters/part/alpha.ipynb", json.dumps(notebook(*chapter(), **METADATA)))
    assert toy.run("contract", "part/alpha") == (0, "The contract holds: part/alpha\n")
    status, said = toy.run("contract")
    assert status == 1 and "part/beta: the part `Summary` is missing" in said


@pytest.mark.parametrize(
    ("library", "cell", "equal"),
    [
        ("def f(x: int, *, y: str = 'a') -> int:\n    '''Doc.'''\n    return x",
         "def f(x, *, y='a'):\n    # why\n    return x", True),
        ("class A(B):\n    n: int = 3\n    def g(self) -> None:\n        '''Doc.'''",
         "class A(B):\n    n = 3\n    def g(self):\n        pass", True),
        ("def f():\n    y: int = 1\n    return y", "def f():\n    y = 1\n    return y", True),
        ("def f(x):\n    return x", "def f(x):\n    return (x)", True),
        ("def f(x):\n    return x", "def f(y):\n    return y", False),
        ("@cache\ndef f(x):\n    return x", "def f(x):\n    return x", False),
        ("def f(x=1):\n    return x", "def f(x=2):\n    return x", False),
    ],
)  # fmt: skip
def test_taught_code(tmp_path: Path, library: str, cell: str, equal: bool) -> None:
    (tmp_path / "lmbook/nn").mkdir(parents=True)
    (tmp_path / "lmbook/nn/a.py").write_text(library)
    found = list(differences(cell, Library(tmp_path, "lmbook")))
    assert (found == []) is equal
    if not equal:
        assert "differs from lmbook.nn.a" in found[0] and "\n    -" in found[0]


def test_bare_leaves_the_original_alone() -> None:
    (node,) = ast.parse("def f(x: int) -> int:\n    '''Doc.'''\n    return x").body
    assert isinstance(node, ast.FunctionDef)
    before = ast.dump(node)
    assert bare(node) == "def f(x):\n    return x"
    assert ast.dump(node) == before
