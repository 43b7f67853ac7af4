"""A small book to build in tests: three notebooks, a package without torch, real kernels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]

CONFIG = """\
title: Toy
only_build_toc_files: true
execute:
  execute_notebooks: "off"
repository:
  # where the book lives
  url: https://github.com/toy-owner/toy-book
  branch: main
sphinx:
  recursive_update: true
  config:
    html_last_updated_fmt: ""
"""

TOC = """\
format: jb-book
root: chapters/index
chapters:
  - file: chapters/part/alpha
  - file: chapters/part/beta
  - file: chapters/part/gamma
  - file: chapters/appendix/status
"""

PACKAGE = {
    "__init__.py": "",
    "plot.py": "WIDTH = 3\n\n\ndef curve():\n    return WIDTH\n",
    "nn/__init__.py": "",
    "nn/dense.py": "from lmbook.nn.core import forward\n",
    "nn/core.py": "def forward(x):\n    return 2 * x\n",
    "nn/table.toml": "a = 1\n",
    "claims.py": """\
from IPython.display import display


def claim(name, value):
    record = {"name": name, "what": "a number", "value": value, "std": 0.0, "n": 1, "unit": "%",
              "bound": "≥ 1 %", "passed": value >= 1, "enforced": True, "text": f"{value:.2f} %"}
    display({"application/papermill.record/text/plain": repr(record["text"])}, raw=True,
            metadata={"scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"},
                      "lmbook": {"claim": record}})
""",
}


def markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source: str, *tags: str, **metadata: Any) -> dict[str, Any]:
    if tags:
        metadata["tags"] = list(tags)
    return {
        "cell_type": "code",
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def notebook(*cells: dict[str, Any], **lmbook: Any) -> dict[str, Any]:
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "lmbook": lmbook,
        },
        "cells": list(cells),
    }


def parameters() -> dict[str, Any]:
    return code('profile = "book"\nseed = 0', "parameters")


# Each chapter leaves a line in journal.txt when it runs: what counts is what really happened.
JOURNAL = """\
import os
from pathlib import Path
place = Path(os.environ["TOY_JOURNAL"])
with place.open("a") as stream:
    stream.write("{name} " + profile + chr(10))
"""


class Toy:
    """The book in a folder, with what tests do to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.journal = root / "journal.txt"

    @classmethod
    def make(cls, root: Path) -> Toy:
        """Write the book into an empty folder."""
        toy = cls(root)
        toy.fill()
        return toy

    def fill(self) -> None:
        self.write("_config.yml", CONFIG)
        self.write("_toc.yml", TOC)
        self.write("requirements.txt", "toy==1\n")
        self.write("chapters/index.md", "# Toy\n\nA book.\n")
        for name, content in PACKAGE.items():
            self.write(f"src/lmbook/{name}", content)
        self.chapter(
            "alpha",
            code("from lmbook import plot\nfrom lmbook.claims import claim\nprint(plot.curve())"),
            markdown("We measure {glue:text}`alpha-number`."),
            code('claim("alpha-number", 4.25)'),
        )
        self.chapter("beta", code("from lmbook.nn.dense import forward\nforward(21)"))
        self.chapter("gamma", code("import json\njson.dumps([profile])"))

    def write(self, name: str, content: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
        return path

    def chapter(self, name: str, *cells: dict[str, Any], **lmbook: Any) -> Path:
        first = markdown(f"# Chapter {name}\n\nAfter it you can do {name}.")
        journal = code(JOURNAL.replace("{name}", name))
        content = notebook(first, parameters(), journal, *cells, **lmbook)
        return self.write(f"chapters/part/{name}.ipynb", json.dumps(content))

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text("utf-8")
        assert old in text, f"{name} holds no {old!r}"
        path.write_text(text.replace(old, new), "utf-8")

    @property
    def ran(self) -> list[str]:
        """What ran since the last time this was asked."""
        lines = self.journal.read_text().split("\n")[:-1] if self.journal.exists() else []
        self.journal.unlink(missing_ok=True)
        return sorted(line.split()[0] for line in lines)

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LMBOOK_", "GITHUB_"))}
        kept.pop("PYTHONPATH", None)
        return kept | {
            "TOY_JOURNAL": str(self.journal),
            "PYTHONPATH": str(REPOSITORY / "src"),
            "OMP_NUM_THREADS": "1",
        }

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bookbuild", "--root", str(self.root), *arguments],
            cwd=self.root,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        process = self.start(*arguments, **environment)
        output, _ = process.communicate(timeout=180)
        return process.returncode, output

    def executed(self, name: str, profile: str = "book") -> dict[str, Any]:
        (path,) = (self.root / "_build/executed" / profile / "part" / name).glob("*.ipynb")
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return content


_FINGERPRINTS = """
import json, sys
from pathlib import Path
from bookbuild.fingerprint import Fingerprints
from bookbuild.project import Project
project = Project(Path(sys.argv[1]))
prints = Fingerprints(project, sys.argv[2])
print(json.dumps({name: prints.of(chapter) for name, chapter in project.chapters.items()}))
"""


def fingerprints(toy: Toy, profile: str = "book", **environment: str) -> dict[str, str]:
    # In a process of its own: this one has imported the real package of the same name.
    answer = subprocess.run(
        [sys.executable, "-c", _FINGERPRINTS, str(toy.root), profile],
        env=toy.environment | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(answer.stdout)
    return {name.removeprefix("part/"): value for name, value in found.items()}
