"""What Jupyter Book renders: present prose, executed outputs, banners, the status page."""

from __future__ import annotations

import difflib
import html
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bookbuild import status
from bookbuild.claims import claims, glued
from bookbuild.files import source_files, write_if_changed
from bookbuild.fingerprint import Fingerprints
from bookbuild.project import BuildError, Cell, Chapter, Notebook, Project, read_notebook
from bookbuild.prose import glue_references

STATUS = "chapters/appendix/status"
_ARTIFACT = re.compile(r"^\s*:(?:artifact|model):\s*(\S+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Executed:
    """A chapter with the notebook that its last execution gave."""

    chapter: Chapter
    notebook: Notebook

    @property
    def run(self) -> dict[str, Any]:
        """What was measured: time, memory, hardware, versions, data, date."""
        value: dict[str, Any] = self.notebook["metadata"]["lmbook"]["run"]
        return value


def stage(project: Project, profile: str, vendored: Path | None = None) -> list[str]:
    """Bring ``_build/source`` up to date, leaving files whose content stays the same untouched.

    Parameters
    ----------
    project : Project
    profile : str
        The profile whose executed notebooks are shown.
    vendored : Path, optional
        Folder of browser libraries, which becomes ``site/vendor``.

    Returns
    -------
    list of str
        The files written, relative to ``_build/source``.

    Raises
    ------
    BuildError
        A chapter has not been executed in its present form, or prose asks for a claim that no
        executed cell records.
    """
    executed = load_executed(project, profile)
    check_references(project, executed)
    expected = dict(_files(project, executed))
    for name, path in artifacts(project, profile).items():
        if not path.is_file():
            raise BuildError(
                f"a page shows the artifact {name!r}, which the chapter that writes it did not; "
                f"run `python -m bookbuild execute <chapter> --force --profile {profile}`"
            )
        expected[f"site/artifacts/{name}"] = path.read_bytes()
    if vendored is not None:
        for path in source_files(vendored):
            expected["site/vendor/" + path.relative_to(vendored).as_posix()] = path.read_bytes()
    written = [
        name
        for name, content in expected.items()
        if write_if_changed(project.source / name, content)
    ]
    _remove_others(project.source, expected)
    return written


def load_executed(project: Project, profile: str) -> dict[str, Executed]:
    """Read the executed notebooks that belong to the present sources.

    Raises
    ------
    BuildError
        A chapter has none; the message says how to make it.
    """
    fingerprints = Fingerprints(project, profile)
    found = {}
    for name, chapter in project.chapters.items():
        path = fingerprints.executed_path(chapter)
        if not path.is_file():
            raise BuildError(
                f"{name}: not executed in its present form with the profile {profile}; "
                f"run `python -m bookbuild execute {name} --profile {profile}`"
            )
        found[name] = Executed(chapter, read_notebook(path))
    return found


def artifacts(project: Project, profile: str) -> dict[str, Path]:
    """Return the files of live figures, as pages name them, and where chapters put them."""
    names = {
        name
        for document in project.documents
        for _, source in _prose(project, document)
        for name in _ARTIFACT.findall(source)
    }
    return {name: project.build / "artifacts" / profile / name for name in sorted(names)}


def _files(project: Project, executed: dict[str, Executed]) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of everything staged but the vendored files."""
    for name in ("_config.yml", "_toc.yml", "references.bib"):
        path = project.root / name
        if path.is_file():
            yield name, _at_home(project, path.read_text("utf-8")).encode()
    site = project.root / "site"
    for path in source_files(site):
        yield "site/" + path.relative_to(site).as_posix(), path.read_bytes()
    for path in source_files(project.chapters_folder):
        inside = "chapters/" + path.relative_to(project.chapters_folder).as_posix()
        if path.suffix == ".md":
            yield inside, _at_home(project, path.read_text("utf-8")).encode()
        elif path.suffix != ".ipynb":
            yield inside, path.read_bytes()
    for name, item in executed.items():
        text = json.dumps(merged(item), indent=1, ensure_ascii=False, sort_keys=True)
        yield f"chapters/{name}.ipynb", (_at_home(project, text) + "\n").encode()
    if STATUS in project.documents:
        runs = [(item.chapter, item.run, claims(item.notebook)) for item in executed.values()]
        yield f"{STATUS}.md", status.page(runs).encode()


def _at_home(project: Project, text: str) -> str:
    """Point links at the repository that this build is for."""
    configured, current = project.configured_repository, project.repository
    if configured == current:
        return text
    text = text.replace(configured, current)
    prefix = "https://github.com/"
    if configured.startswith(prefix) and current.startswith(prefix):
        text = text.replace(
            f"github/{configured.removeprefix(prefix)}", f"github/{current.removeprefix(prefix)}"
        )
    return text


def merged(item: Executed) -> Notebook:
    """Put executed outputs into the present notebook, and the banner after its first cell.

    Raises
    ------
    BuildError
        The code cells of the two differ.
    """
    source = item.chapter.notebook
    ran = [
        cell
        for cell in item.notebook["cells"]
        if cell["cell_type"] == "code"
        and "injected-parameters" not in cell["metadata"].get("tags", [])
    ]
    if [c["source"] for c in ran] != [c["source"] for c in item.chapter.code_cells]:
        raise BuildError(
            f"{item.chapter.name}: the executed notebook has other code cells than the source; "
            "remove _build/executed and build again"
        )
    outputs = iter(ran)
    cells: list[Cell] = []
    for cell in source["cells"]:
        if cell["cell_type"] == "code":
            done = next(outputs)
            cell = cell | {
                "outputs": done["outputs"],
                "execution_count": done["execution_count"],
            }
        cells.append(cell)
    banner: Cell = {
        "cell_type": "markdown",
        "id": "chapter-banner",
        "metadata": {},
        "source": banner_html(item),
    }
    metadata = source["metadata"] | {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
        "lmbook": item.chapter.metadata | {"run": item.run},
    }
    return source | {"cells": [*cells[:1], banner, *cells[1:]], "metadata": metadata}


def banner_html(item: Executed) -> str:
    """Say how the page was computed, as a description list of class ``chapter-banner``."""
    run = item.run
    rows = [
        ("Time", status.seconds(run["seconds"])),
        ("Hardware", run["hardware"]),
        ("Peak memory", status.memory(run["peak_memory_mb"])),
        ("Data", status.data(run["data"])),
        ("Last verified", run["date"]),
        ("Profile", run["profile"]),
    ]
    items = "\n".join(
        f"<div><dt>{term}</dt><dd>{html.escape(value)}</dd></div>" for term, value in rows if value
    )
    return f'<dl class="chapter-banner">\n{items}\n</dl>\n'


def check_references(project: Project, executed: dict[str, Executed]) -> None:
    """Check that every claim the prose shows was recorded.

    Raises
    ------
    BuildError
        One was not; the message names chapter, cell, claim and the nearest names there are.
    """
    known = {f"chapters/{name}": glued(item.notebook) for name, item in executed.items()}
    problems = []
    for document in project.documents:
        for place, source in _prose(project, document):
            for reference in glue_references(source):
                target = document
                if reference.document:
                    joined = os.path.normpath(Path(document).parent / reference.document)
                    target = Path(joined).with_suffix("").as_posix()
                names = known.get(target, [])
                if reference.name in names:
                    continue
                near = difflib.get_close_matches(reference.name, names, n=3, cutoff=0.3)
                if near:
                    hint = "nearest: " + ", ".join(near)
                elif names:
                    hint = "there are: " + ", ".join(names)
                else:
                    hint = f"{target.removeprefix('chapters/')} records none"
                problems.append(
                    f"{document.removeprefix('chapters/')}, {place}: the prose shows the claim "
                    f"{reference.name!r}, which no executed cell records ({hint})"
                )
    if problems:
        raise BuildError("\n".join(problems))


def _prose(project: Project, document: str) -> Iterator[tuple[str, str]]:
    """Yield each piece of prose of a page that roles work in, and where it is: cells, captions."""
    path = project.document_path(document)
    if path is None:
        return
    if path.suffix == ".md":
        yield "the page", path.read_text("utf-8")
        return
    for number, cell in enumerate(project.chapter(document).notebook["cells"], start=1):
        if cell["cell_type"] == "markdown":
            yield f"cell {number}", cell["source"]
        else:
            shown = cell["metadata"].get("mystnb", {})
            yield f"caption of cell {number}", str(shown.get("figure", {}).get("caption", ""))


def _remove_others(folder: Path, expected: dict[str, bytes]) -> None:
    """Remove staged files whose sources are gone."""
    for path in source_files(folder):
        if path.relative_to(folder).as_posix() not in expected:
            path.unlink()
    for place in sorted(folder.rglob("*"), reverse=True):
        if place.is_dir() and (place.name == "__pycache__" or not any(place.iterdir())):
            shutil.rmtree(place)
