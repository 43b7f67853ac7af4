"""Outputs that a source notebook stores, for nbval to compare with."""

from __future__ import annotations

import json
from typing import Any

from bookbuild.execute import execute
from bookbuild.files import write_if_changed
from bookbuild.project import Project, read_notebook, tags


def store_outputs(project: Project, name: str) -> int:
    """Put fresh outputs, from the `smoke` profile, into the cells tagged ``nbval-check-output``.

    Those cells get the tag ``keep_output`` too. nbval runs chapters in `smoke`, so its outputs are
    the ones to compare with. Look at the difference before you commit it: it is a change of what
    the chapter promises.

    Returns
    -------
    int
        How many cells of the chapter store their output.
    """
    chapter = project.chapter(name)
    ran = read_notebook(execute(project, chapter.name, "smoke"))
    outputs = iter(
        cell["outputs"]
        for cell in ran["cells"]
        if cell["cell_type"] == "code" and "injected-parameters" not in tags(cell)
    )
    # Read anew: what a chapter's source looks like besides stays as it is.
    source = json.loads(chapter.path.read_text("utf-8"))
    count = 0
    for cell in source["cells"]:
        if cell["cell_type"] != "code":
            continue
        fresh = next(outputs)
        if "nbval-check-output" in tags(cell):
            cell["outputs"] = [_lean(output) for output in fresh]
            if "keep_output" not in tags(cell):
                cell["metadata"]["tags"].append("keep_output")
            count += 1
    text = json.dumps(source, indent=1, ensure_ascii=False) + "\n"
    write_if_changed(chapter.path, text.encode())
    return count


def _lean(output: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not compared and differs from run to run."""
    lean = dict(output)
    if "traceback" in lean:
        lean["traceback"] = []
    if "execution_count" in lean:
        lean["execution_count"] = None
    return lean
