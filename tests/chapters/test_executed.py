"""Every chapter as it ran: solutions pass, figures say what they show, outputs are clean."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bookbuild.claims import claims, exercises
from bookbuild.fingerprint import Fingerprints
from bookbuild.project import Notebook, Project, read_notebook, tags
from bookbuild.prose import parse


@pytest.fixture(scope="session")
def runs() -> dict[str, Notebook]:
    return {}


@pytest.fixture
def executed(project: Project, chapter: str, runs: dict[str, Notebook]) -> Notebook:
    """The chapter's last run: that of the built book, else one in `smoke`, made now."""
    if chapter not in runs:
        source = project.chapter(chapter)
        path = Fingerprints(project, "book").executed_path(source)
        if not path.is_file():
            for arguments in (["assets"], ["execute", chapter]):
                answer = subprocess.run(
                    [sys.executable, "-m", "bookbuild", *arguments, "--profile", "smoke"],
                    cwd=project.root,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert answer.returncode == 0, answer.stdout + answer.stderr
            path = Fingerprints(project, "smoke").executed_path(source)
        runs[chapter] = read_notebook(path)
    return runs[chapter]


def test_solutions_pass(project: Project, chapter: str, executed: Notebook) -> None:
    stated = {
        directive.options["label"]
        for cell in project.chapter(chapter).notebook["cells"]
        if cell["cell_type"] == "markdown"
        for directive in parse(cell["source"]).directives
        if directive.name in ("exercise", "exercise-start")
        and not directive.argument.lower().startswith("open")
    }
    answered = exercises(executed)
    wrong = [f"{e.name} in cell {e.cell}" for e in answered if e.passed is False]
    assert not wrong, f"checks that say no to the chapter's own answers: {wrong}"
    assert {e.name for e in answered if e.passed} == stated, "exercises with a right solution"
    assert {e.name for e in answered if e.passed is None} == stated, "exercises left to answer"


def test_claims_hold(executed: Notebook) -> None:
    made = claims(executed)
    assert made, "the chapter claims nothing"
    assert len({claim.name for claim in made}) == len(made), "names are unique"
    broken = [
        f"{c.name}: {c.text}, promised {c.bound}" for c in made if c.enforced and not c.passed
    ]
    assert not broken


def test_figures_say_what_they_show(executed: Notebook) -> None:
    for number, cell in enumerate(executed["cells"], start=1):
        if {"remove-cell", "remove-output", "hide-cell", "hide-output"} & set(tags(cell)):
            continue
        kinds = {kind for output in cell.get("outputs", []) for kind in output.get("data", {})}
        if any(kind.startswith("image/") for kind in kinds):
            shown = cell["metadata"].get("mystnb", {})
            assert shown.get("image", {}).get("alt"), f"cell {number} draws without alt text"
            assert shown.get("figure", {}).get("caption"), f"cell {number} draws without caption"


def test_outputs_are_clean(project: Project, executed: Notebook) -> None:
    noise = re.compile(r"\w*Warning: .*|Traceback \(most recent call last\)")
    for number, cell in enumerate(executed["cells"], start=1):
        for output in cell.get("outputs", []):
            text = str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
            assert not (found := noise.search(text)), f"cell {number} prints {found and found[0]}"
            for place in (project.root, Path.home()):
                assert f"{place}/" not in text, f"cell {number} shows a path of this machine"
            lines = str(output.get("text", "")).splitlines()
            assert len(lines) <= 60, f"cell {number} prints {len(lines)} lines"
