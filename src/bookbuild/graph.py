"""The build graph as doit tasks: assets, then each chapter, then the pages.

Whether a task has work to do is read from content-addressed files that are written as a whole, so
a build killed at any moment is taken up where it stopped. doit's own database stays in memory.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bookbuild import render
from bookbuild.fingerprint import Fingerprints
from bookbuild.project import Project, check_profile

DOIT_CONFIG: dict[str, Any] = {
    "default_tasks": ["html"],
    "backend": "sqlite3",
    "dep_file": ":memory:",
    "par_type": "thread",
    "continue": True,
    "verbosity": 2,
}


def tasks(project: Project, profile: str) -> dict[str, Any]:
    """Return the namespace that doit reads: its settings and task creators."""
    check_profile(profile)
    fingerprints = Fingerprints(project, profile)
    chapters = sorted(project.chapters.values(), key=lambda c: c.all_threads)

    def task_assets() -> dict[str, Any]:
        """Fetch and check what chapters yet to run need."""
        return {
            "actions": [command(project, "assets", "--profile", profile)],
            "uptodate": [lambda: not any(c.assets for c in fingerprints.pending())],
        }

    def task_execute() -> Iterator[dict[str, Any]]:
        """Execute a chapter."""
        yield {"name": None, "doc": "Execute the chapters whose code, modules or data changed"}
        for chapter in chapters:
            yield {
                "name": chapter.name,
                "doc": chapter.title,
                "actions": [command(project, "execute", chapter.name, "--profile", profile)],
                "uptodate": [fingerprints.executed_path(chapter).is_file],
                "task_dep": ["assets"],
            }

    def task_html() -> dict[str, Any]:
        """Render the pages."""
        return {
            "actions": [command(project, "html", "--profile", profile)],
            "uptodate": [lambda: render.up_to_date(project, profile)],
            "task_dep": ["execute"],
        }

    return {
        "DOIT_CONFIG": DOIT_CONFIG,
        "task_assets": task_assets,
        "task_execute": task_execute,
        "task_html": task_html,
    }


def command(project: Project, *arguments: str) -> Callable[[], bool]:
    """Return an action that runs one command of ``python -m bookbuild`` in its own process."""

    def run() -> bool:
        here = str(Path(__file__).parents[1])
        path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
        answer = subprocess.run(
            [sys.executable, "-m", "bookbuild", "--root", str(project.root), *arguments],
            env=os.environ | {"PYTHONPATH": path},
            check=False,
        )
        return answer.returncode == 0

    return run
