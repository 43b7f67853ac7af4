"""What makes a chapter run again, and what does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from toybook import Toy, code, fingerprints, markdown

from bookbuild.fingerprint import imported, split_magics
from bookbuild.project import Chapter, Project, read_notebook


def changed(toy: Toy, edit: Callable[[Toy], object]) -> set[str]:
    before = fingerprints(toy)
    edit(toy)
    after = fingerprints(toy)
    return {name for name in after if after[name] != before[name]}


def set_metadata(name: str, **metadata: object) -> Callable[[Toy], object]:
    def edit(toy: Toy) -> None:
        path = toy.root / f"chapters/part/{name}.ipynb"
        content = json.loads(path.read_text("utf-8"))
        content["metadata"]["lmbook"] |= metadata
        path.write_text(json.dumps(content), "utf-8")

    return edit


def set_cell(name: str, number: int, **metadata: object) -> Callable[[Toy], object]:
    def edit(toy: Toy) -> None:
        path = toy.root / f"chapters/part/{name}.ipynb"
        content = json.loads(path.read_text("utf-8"))
        content["cells"][number - 1]["metadata"] |= metadata
        path.write_text(json.dumps(content), "utf-8")

    return edit


EVERY = {"alpha", "beta", "gamma"}


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        # prose and what only describes or shows
        (lambda toy: toy.edit("chapters/part/alpha.ipynb", "We measure", "We find"), set()),
        (set_metadata("alpha", title="Another", minutes=5), set()),
        (set_cell("alpha", 4, mystnb={"figure": {"caption": "New"}}), set()),
        (lambda toy: toy.write("chapters/index.md", "# Other\n"), set()),
        # code, tags, settings of a run
        (lambda toy: toy.edit("chapters/part/alpha.ipynb", "curve()", "curve( )"), {"alpha"}),
        (set_cell("gamma", 4, tags=["raises-exception"]), {"gamma"}),
        (set_metadata("beta", threads="all"), {"beta"}),
        # modules: reached directly, through another one, through a package on the way
        (lambda toy: toy.edit("src/lmbook/plot.py", "WIDTH = 3", "WIDTH = 5"), {"alpha"}),
        (lambda toy: toy.edit("src/lmbook/nn/core.py", "2 * x", "3 * x"), {"beta"}),
        (lambda toy: toy.write("src/lmbook/nn/__init__.py", "A = 1\n"), {"beta"}),
        (lambda toy: toy.write("src/lmbook/__init__.py", "A = 1\n"), {"alpha", "beta"}),
        (lambda toy: toy.edit("src/lmbook/nn/table.toml", "1", "2"), {"beta"}),
        (lambda toy: toy.write("src/lmbook/unused.py", "A = 1\n"), set()),
        # the environment
        (lambda toy: toy.write("requirements.txt", "toy==2\n"), EVERY),
    ],
)  # fmt: skip
def test_edit_touches(tmp_path: Path, edit: Callable[[Toy], object], expected: set[str]) -> None:
    assert changed(Toy.make(tmp_path), edit) == expected


def test_profiles_and_device_differ(tmp_path: Path) -> None:
    toy = Toy.make(tmp_path)
    sets = [fingerprints(toy), fingerprints(toy, "smoke"), fingerprints(toy, LMBOOK_DEVICE="cpu")]
    assert all(len({s[name] for s in sets}) == 3 for name in EVERY)


def test_data_counts_where_it_is_used(tmp_path: Path) -> None:
    toy = Toy.make(tmp_path / "book")
    set_metadata("gamma", assets=["digits"])(toy)
    cache = tmp_path / "cache"
    data = tmp_path / "data"
    (data / "mnist").mkdir(parents=True)
    place = {"LMBOOK_CACHE": str(cache)}
    embedded = fingerprints(toy, **place)
    (data / "mnist/train.gz").write_bytes(b"12345")
    local = fingerprints(toy, **place, LMBOOK_DATA=str(data))
    (data / "mnist/train.gz").write_bytes(b"123456")
    other = fingerprints(toy, **place, LMBOOK_DATA=str(data))
    assert len({embedded["gamma"], local["gamma"], other["gamma"]}) == 3
    assert embedded["alpha"] == local["alpha"] == other["alpha"]
    # what a hub left in the cache is data, embedded assets and models are not
    for name, counts in (("assets/digits-1/a.gz", False), ("mnist/train.gz", True)):
        (cache / name).parent.mkdir(parents=True)
        (cache / name).write_bytes(b"1")
        assert (fingerprints(toy, **place)["gamma"] != embedded["gamma"]) is counts


def test_folders_are_found_as_the_helpers_find_them(tmp_path: Path) -> None:
    toy = Toy.make(tmp_path / "book")
    set_metadata("gamma", assets=["digits"])(toy)
    (tmp_path / "my data").mkdir()
    (tmp_path / "my data/train.gz").write_bytes(b"12345")
    place = {"HOME": str(tmp_path), "LMBOOK_CACHE": "~/cache"}
    none = fingerprints(toy, **place)
    assert fingerprints(toy, **place, LMBOOK_DATA="  ") == none
    written = {f"{before}{tmp_path}/my data{after}" for before, after in (("", ""), (" ", "  "))}
    found = [fingerprints(toy, **place, LMBOOK_DATA=d) for d in ("~/my data", *written)]
    assert found[0]["gamma"] != none["gamma"]
    assert found[0] == found[1] == found[2]
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/test.gz").write_bytes(b"12345")
    assert fingerprints(toy, **place)["gamma"] != none["gamma"]


def test_downloads_are_no_reason_to_run_again_what_may_download(tmp_path: Path) -> None:
    toy = Toy.make(tmp_path / "book")
    set_metadata("gamma", assets=["digits"])(toy)
    cache = tmp_path / "cache"
    cache.mkdir()
    place = {"LMBOOK_CACHE": str(cache)}
    runs = [("book", ""), ("full", ""), ("full", "1")]
    before = [fingerprints(toy, p, **place, LMBOOK_OFFLINE=o)["gamma"] for p, o in runs]
    (cache / "train.gz").write_bytes(b"12345")
    after = [fingerprints(toy, p, **place, LMBOOK_OFFLINE=o)["gamma"] for p, o in runs]
    assert [a == b for a, b in zip(after, before, strict=True)] == [False, True, False]


def test_reached_by(tmp_path: Path) -> None:
    toy = Toy.make(tmp_path)
    for module, expected in {
        "lmbook.plot": "part/alpha\n",
        "src/lmbook/nn/core.py": "part/beta\n",
        "lmbook": "part/alpha\npart/beta\n",
    }.items():
        assert toy.run("reached-by", module) == (0, expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import lmbook.plot as p", {"lmbook.plot"}),
        ("from lmbook import plot, nn", {"lmbook.plot", "lmbook.nn"}),
        ("def f():\n    from lmbook.nn.core import forward", {"lmbook.nn.core.forward"}),
        ("import lmbook\nlmbook.nn.core.forward(1)", {"lmbook", "lmbook.nn", "lmbook.nn.core"}),
        ("!python -m lmbook.serve --port 1", {"lmbook.serve"}),
        ("%run -m lmbook.train", {"lmbook.train"}),
        ("import subprocess\nsubprocess.run(['-m', 'lmbook.serve'])", {"lmbook.serve"}),
        ("%%bash\npython -m lmbook.serve", {"lmbook.serve"}),
        ("%%time\nfrom lmbook import plot", {"lmbook.plot"}),
        ("import lmbookish\nx = 'lmbook'", set()),
        ("from lmbook.plot import (", {"lmbook.plot"}),
    ],
)
def test_imports_that_cells_make(tmp_path: Path, source: str, expected: set[str]) -> None:
    toy = Toy.make(tmp_path)
    path = toy.chapter("beta", code(source), markdown("from lmbook import zoo"))
    found = imported(Chapter("part/beta", path, read_notebook(path)), "lmbook")
    assert expected <= found
    assert {
        name
        for name in found
        if not any(e.startswith(name) or name.startswith(e) for e in expected)
    } == set()


def test_magics_keep_the_lines_of_the_python_around_them() -> None:
    python, shell = split_magics("import sys\nif True:\n    %pip install x\ny = 1")
    assert python == "import sys\nif True:\n    pass\ny = 1"
    assert shell == "%pip install x"


def test_project_reads_its_sources(tmp_path: Path) -> None:
    toy = Toy.make(tmp_path)
    project = Project.find(toy.root / "chapters" / "part")
    assert project.root == toy.root
    assert list(project.chapters) == ["part/alpha", "part/beta", "part/gamma"]
    assert project.chapter("chapters/part/beta.ipynb").title == "Chapter beta"
    assert project.configured_repository == "https://github.com/toy-owner/toy-book"
