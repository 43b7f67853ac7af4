"""From staged sources to HTML, only as much of it as changed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from bookbuild.files import digest, tree_digest, write_atomic
from bookbuild.fingerprint import Fingerprints
from bookbuild.project import BuildError, Project
from bookbuild.stage import artifacts, stage

# What other pages can depend on: headings and labels. A change of them renders everything anew.
_TARGETS = re.compile(r"^(?:#+ .*|\([\w:.-]+\)=.*|\s*:(?:label|name):.*)$", re.MULTILINE)

_FRAME = ("_config.yml", "_toc.yml", "references.bib", "requirements.txt", "package-lock.json")


def key(project: Project, profile: str) -> dict[str, str] | None:
    """Return what the rendered book depends on, or None while a chapter has yet to run.

    Returns
    -------
    dict
        ``frame``: everything that may change every page; ``pages``: the prose.
    """
    fingerprints = Fingerprints(project, profile)
    frame = [profile, project.repository, sys.version, tree_digest(Path(__file__).parent)]
    for name in _FRAME:
        path = project.root / name
        frame.append(digest(path.read_bytes()) if path.is_file() else "")
    frame.append(tree_digest(project.root / "site"))
    for chapter in project.chapters.values():
        path = fingerprints.executed_path(chapter)
        if not path.is_file():
            return None
        frame.append(digest(path.read_bytes()))
    for path in artifacts(project, profile).values():
        frame.append(digest(path.read_bytes()) if path.is_file() else "")
    for document in project.documents:
        if source := project.document_path(document):
            text = source.read_text("utf-8")
            if source.suffix == ".ipynb":
                text = "\n".join(c["source"] for c in project.chapter(document).notebook["cells"])
            frame += [document, *_TARGETS.findall(text)]
    return {
        "frame": digest("\n".join(frame).encode()),
        "pages": tree_digest(project.chapters_folder),
    }


def _stamp(project: Project) -> Path:
    return project.build / "stamps" / "html.json"


def up_to_date(project: Project, profile: str) -> bool:
    """Whether the last rendering ended well and nothing changed since."""
    done = _read_stamp(project)
    return done is not None and done == key(project, profile)


def _read_stamp(project: Project) -> dict[str, str] | None:
    try:
        value: dict[str, str] = json.loads(_stamp(project).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return value if (project.html / "index.html").is_file() else None


def render(project: Project, profile: str) -> None:
    """Stage the sources and render them, warnings being errors.

    A rendering that fails or is killed leaves no stamp behind, and the next one begins afresh:
    Sphinx warns about a page only while it reads it.

    Raises
    ------
    BuildError
        Staging failed, or Jupyter Book did; its messages have been shown.
    """
    from filelock import FileLock

    (project.build / "locks").mkdir(parents=True, exist_ok=True)
    with FileLock(project.build / "locks" / "html.lock"):
        wanted = key(project, profile)
        done = _read_stamp(project)
        if wanted is not None and wanted == done:
            return
        started = time.perf_counter()
        written = stage(project, profile, _vendor(project))
        _stamp(project).unlink(missing_ok=True)
        fresh = done is None or wanted is None or done.get("frame") != wanted["frame"]
        if fresh:
            for folder in (project.html, project.build / ".doctrees"):
                shutil.rmtree(folder, ignore_errors=True)
        _jupyter_book(project)
        if key(project, profile) == wanted:  # an edit meanwhile is the next build's work
            write_atomic(_stamp(project), json.dumps(wanted).encode())
    extent = "all pages" if fresh else f"{len(written)} changed file{'s' * (len(written) != 1)}"
    print(
        f"html: {extent} rendered in {time.perf_counter() - started:.1f} s, "
        f"see {project.relative(project.html / 'index.html')}",
        flush=True,
    )


def _vendor(project: Project) -> Path | None:
    """Fetch the browser libraries, where the project names any."""
    if not (project.root / "package.json").is_file():
        return None
    from bookbuild.vendor import VendorError, prepare

    try:
        return prepare(project.root)
    except VendorError as error:
        raise BuildError(f"html: {error}") from error


def _jupyter_book(project: Project) -> None:
    launch = "from jupyter_book.cli.main import main; main(prog_name='jupyter-book')"
    command = [sys.executable, "-c", launch, "build", "-q", "-W", "--keep-going"]
    # One path for output, below the checkout: Jupyter Book adds _build itself.
    command += ["--path-output", str(project.root), str(project.source)]
    answer = subprocess.run(
        command,
        cwd=project.root,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    write_atomic(project.build / "html.log", answer.stdout.encode())
    if answer.returncode or not (project.html / "index.html").is_file():
        sys.stderr.write(answer.stdout)
        raise BuildError(
            "html: Jupyter Book warned or failed, see above (kept in _build/html.log); "
            "paths in _build/source stand for the same ones in the sources"
        )
