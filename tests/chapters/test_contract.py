"""Every chapter keeps the chapter contract."""

from __future__ import annotations

from bookbuild.contract import check
from bookbuild.project import Project


def test_contract(project: Project, chapter: str) -> None:
    violations = [str(violation) for violation in check(project, chapter)]
    assert not violations, "\n" + "\n".join(violations)


def test_there_are_chapters(project: Project) -> None:
    assert project.chapters, "_toc.yml names no notebook that exists"


def test_every_page_of_the_contents_exists(project: Project) -> None:
    generated = {"chapters/appendix/status"}
    missing = [d for d in project.documents if not project.document_path(d)]
    assert set(missing) <= generated


def test_every_notebook_is_in_the_contents(project: Project) -> None:
    known = {chapter.path for chapter in project.chapters.values()}
    found = set(project.chapters_folder.rglob("*.ipynb"))
    lost = {path for path in found if ".ipynb_checkpoints" not in path.parts} - known
    assert not lost, f"not in _toc.yml: {sorted(map(project.relative, lost))}"
