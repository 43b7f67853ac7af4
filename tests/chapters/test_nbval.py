"""Every chapter through nbval in the `smoke` profile: cells run, stored outputs still come out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from bookbuild.execute import cores, kernel_environment, parameterised
from bookbuild.project import Chapter, Project, read_notebook

CELL_TIMEOUT = 180  # seconds; all of a chapter takes 20 on two free cores


# Kernels that talk through files, as the build's do: two that start at once cannot take one port.
KERNELS = """
import os
import tempfile

from nbval import kernel


class SocketFiles(kernel.KernelManager):
    def __init__(self, **settings):
        super().__init__(**settings)
        self.sockets = tempfile.TemporaryDirectory()
        self.transport = "ipc"
        self.connection_file = os.path.join(self.sockets.name, "kernel.json")


if os.name == "posix":
    kernel.KernelManager = SocketFiles
"""

ANSI = re.compile(r"(\x1b|#x1B)\[[0-9;]*m")


@dataclass
class Outcome:
    """What nbval said of one chapter."""

    ran: int
    problems: list[str]


@pytest.fixture(scope="session")
def outcomes(project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    assets = [sys.executable, "-m", "bookbuild", "assets", "--profile", "smoke"]
    subprocess.run(assets, cwd=project.root, check=True)
    return run_nbval(project, project.chapters, tmp_path_factory.mktemp("nbval"))


def run_nbval(project: Project, chapters: dict[str, Chapter], place: Path) -> dict[str, Outcome]:
    """Run chapters through nbval; whatever they write stays below a folder."""
    numbers = {}
    for name, chapter in chapters.items():
        path = place / "chapters" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        prepared = parameterised(chapter, "smoke")
        numbers[name] = source_numbers(prepared)
        nbformat.write(prepared, path)
    workers = min(2, len(chapters))
    threads = max(1, cores() // workers)
    environment = kernel_environment(project, "smoke", threads, place)
    environment["LMBOOK_ARTIFACTS"] = str(place / "artifacts")
    for name in [n for n in environment if n.startswith("PYTEST_")]:
        del environment[name]
    (place / "pytest.ini").write_text("[pytest]\n")
    (place / "conftest.py").write_text(KERNELS)
    answer = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "chapters", "-c", "pytest.ini", "--rootdir", "."),
            *("--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={CELL_TIMEOUT}"),
            # One worker a file: a notebook's cells share a kernel.
            *("-n", str(workers), "--dist", "loadfile"),
            *("--junitxml=results.xml", "-o", "junit_family=xunit1", "-p", "no:cacheprovider"),
        ],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (place / "results.xml").is_file(), answer.stdout + answer.stderr
    found = {name: Outcome(0, []) for name in chapters}
    for case in ET.parse(place / "results.xml").getroot().iter("testcase"):
        path = case.get("file", "") or case.get("classname", "")
        name = path.replace(os.sep, "/").removeprefix("chapters/").removesuffix(".ipynb")
        outcome = found[name]
        outcome.ran += 1
        for problem in [*case.iter("failure"), *case.iter("error")]:
            index = int(re.search(r"\d+$", case.get("name", ""))[0])
            text = ANSI.sub("", problem.text or problem.get("message", ""))
            outcome.problems.append(f"{name}, cell {numbers[name][index]}:\n{text}")
    if answer.returncode not in (0, 1):
        pytest.fail(f"nbval ended with {answer.returncode}:\n{answer.stdout}{answer.stderr}")
    return found


def source_numbers(prepared: nbformat.NotebookNode) -> list[int]:
    """For each code cell of a prepared notebook, the number of the source's cell, from 1."""
    numbers = []
    number = 0
    for cell in prepared.cells:
        number += "injected-parameters" not in cell.metadata.get("tags", [])
        if cell.cell_type == "code":
            numbers.append(number)
    return numbers


def test_chapter_runs_and_keeps_its_stored_outputs(
    project: Project, chapter: str, outcomes: dict[str, Outcome]
) -> None:
    outcome = outcomes[chapter]
    assert not outcome.problems, "\n" + "\n\n".join(outcome.problems)
    cells = len(project.chapter(chapter).code_cells)
    assert outcome.ran == cells + 1, "every code cell, and the one that sets the profile"


def test_stored_output_that_no_longer_comes_out_is_told(project: Project, tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell('profile = "book"', metadata={"tags": ["parameters"]})]
    for source, stored in (("print(1 + 1)", "2\n"), ("print(2 + 2)", "5\n")):
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata.tags = ["nbval-check-output", "keep_output"]
        cell.outputs = [nbformat.v4.new_output("stream", text=stored)]
        cells.append(cell)
    source = tmp_path / "sums.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), source)
    toy = Chapter("toy/sums", source, read_notebook(source))
    outcome = run_nbval(project, {toy.name: toy}, tmp_path / "nbval")["toy/sums"]
    assert outcome.ran == 4
    (problem,) = outcome.problems
    assert problem.startswith("toy/sums, cell 3:")
    assert "5" in problem and "4" in problem
