"""Staged sources: executed outputs under present prose, banner, status page, addresses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from toybook import Toy, code, fingerprints, markdown

from bookbuild import status
from bookbuild.claims import ClaimRecord, claims, exercises
from bookbuild.project import BuildError, Chapter, Notebook, Project, read_notebook
from bookbuild.prose import glue_references, parse, sentences
from bookbuild.stage import Executed, banner_html, check_references, merged

RUN = {
    "profile": "book", "fingerprint": "0" * 64, "seconds": 92.4, "peak_memory_mb": 1234,
    "threads": 2, "hardware": "A <CPU>, 2 threads", "versions": {"python": "3.11.7", "torch": "2"},
    "data": {"digits": "embedded"}, "date": "2025-01-31",
}  # fmt: skip

CLAIM = {
    "name": "alpha-number", "what": "a | number", "value": 4.25, "std": 0.5, "n": 3, "unit": "%",
    "bound": "≥ 1 %", "passed": False, "enforced": False, "text": "4.25 ± 0.50 %",
}  # fmt: skip


def executed(chapter: Chapter) -> Executed:
    """The chapter as if it had run: an injected cell, outputs, a claim, papermill's traces."""
    ran: Notebook = json.loads(json.dumps(chapter.notebook))
    injected = code('profile = "book"', "injected-parameters", "remove-cell")
    ran["cells"].insert(2, injected)
    for number, cell in enumerate(c for c in ran["cells"] if c["cell_type"] == "code"):
        cell["execution_count"] = number + 1
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": f"out {number}"}]
        cell["metadata"]["papermill"] = {"duration": 1}
    ran["cells"][-1]["outputs"].append(
        {
            "output_type": "display_data",
            "data": {},
            "metadata": {"scrapbook": {"name": "alpha-number"}, "lmbook": {"claim": CLAIM}},
        }
    )
    ran["metadata"]["lmbook"]["run"] = RUN
    return Executed(chapter, ran)


@pytest.fixture
def alpha(tmp_path: Path) -> Chapter:
    Toy.make(tmp_path)
    return Project(tmp_path).chapter("part/alpha")


def test_outputs_meet_the_present_prose(alpha: Chapter) -> None:
    item = executed(alpha)
    alpha.notebook["cells"][4]["source"] = "Other prose."
    alpha.notebook["cells"][3]["metadata"]["mystnb"] = {"figure": {"caption": "New caption"}}
    result = merged(item)
    kinds = [cell["cell_type"] for cell in result["cells"]]
    assert kinds == ["markdown", "markdown", "code", "code", "code", "markdown", "code"]
    assert "chapter-banner" in result["cells"][1]["source"]
    assert result["cells"][5]["source"] == "Other prose."
    shown = [c for c in result["cells"] if c["cell_type"] == "code"]
    assert [c["outputs"][0]["text"] for c in shown] == ["out 0", "out 2", "out 3", "out 4"]
    assert shown[2]["metadata"]["mystnb"]["figure"]["caption"] == "New caption"
    assert "papermill" not in json.dumps(result["cells"][:-1])
    assert "injected-parameters" not in json.dumps(result)


def test_outputs_of_other_code_are_refused(alpha: Chapter) -> None:
    item = executed(alpha)
    alpha.code_cells[-1]["source"] = "other()"
    with pytest.raises(BuildError, match="part/alpha: the executed notebook has other code cells"):
        merged(item)


def test_banner_says_how_the_page_was_made(alpha: Chapter) -> None:
    banner = banner_html(executed(alpha))
    assert banner.startswith('<dl class="chapter-banner">')
    for text in (
        "1 min 32 s",
        "A &lt;CPU&gt;, 2 threads",
        "1.2 GB",
        "digits (embedded)",
        "2025-01-31",
    ):
        assert f"<dd>{text}</dd>" in banner
    assert banner.count("<dt>") == banner.count("<dd>") == 6


def test_status_page(alpha: Chapter) -> None:
    item = executed(alpha)
    made = claims(item.notebook)
    assert made == [ClaimRecord(**CLAIM)]
    page = status.page([(alpha, item.run, made)])
    assert "[Chapter alpha](../part/alpha.ipynb) | 1 min 32 s | 1.2 GB |" in page
    assert "3.11.7" in page
    assert "a \\| number" in page, "a bar in a cell would break the table"
    assert "| 4.25 ± 0.50 % | 3 | ≥ 1 % | fails (not enforced in this profile) |" in page


def test_numbers_for_people() -> None:
    assert [status.seconds(s) for s in (4.24, 59.9, 60, 92.4)] == [
        "4.2 s",
        "59.9 s",
        "1 min 0 s",
        "1 min 32 s",
    ]
    assert [status.memory(m) for m in (310, 1234)] == ["310 MB", "1.2 GB"]


@pytest.fixture
def ran(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """A book whose chapters have run, without pages."""
    toy = Toy.make(tmp_path_factory.mktemp("ran"))
    for name, value in fingerprints(toy).items():
        path = toy.root / f"chapters/part/{name}.ipynb"
        item = executed(Chapter(f"part/{name}", path, read_notebook(path)))
        place = toy.root / f"_build/executed/book/part/{name}/{value}.ipynb"
        place.parent.mkdir(parents=True)
        place.write_text(json.dumps(item.notebook), "utf-8")
    return toy


SCRIPT = """
import json, sys
from pathlib import Path
from bookbuild.project import BuildError, Project
from bookbuild.stage import stage
try:
    vendored = Path(sys.argv[2]) if sys.argv[2:] else None
    print(json.dumps(stage(Project(Path(sys.argv[1])), "book", vendored)))
except BuildError as error:
    sys.exit(str(error))
"""


def staged(toy: Toy, *vendored: str, **environment: str) -> Any:
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(toy.root), *vendored],
        env=toy.environment | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(answer.stdout) if answer.returncode == 0 else answer.stderr.strip()


def test_only_changed_files_are_written(ran: Toy, tmp_path: Path) -> None:
    ran.write("site/style.css", "a {}")
    (tmp_path / "mathjax").mkdir()
    (tmp_path / "mathjax/tex.js").write_text("//")
    assert set(staged(ran, str(tmp_path))) == {
        "_config.yml", "_toc.yml", "site/style.css", "site/vendor/mathjax/tex.js",
        "chapters/index.md", "chapters/appendix/status.md",
        "chapters/part/alpha.ipynb", "chapters/part/beta.ipynb", "chapters/part/gamma.ipynb",
    }  # fmt: skip
    assert staged(ran, str(tmp_path)) == []
    ran.edit("chapters/part/gamma.ipynb", "After it you can", "Then you can")
    assert staged(ran, str(tmp_path)) == ["chapters/part/gamma.ipynb"]
    (ran.root / "site/style.css").unlink()
    assert staged(ran) == []
    source = ran.root / "_build/source"
    assert not (source / "site").exists(), "what has no source any more goes"


def test_addresses_follow_the_repository(ran: Toy) -> None:
    colab = "https://colab.research.google.com/github/toy-owner/toy-book/blob/main/a.ipynb"
    ran.write("chapters/index.md", f"# Toy\n\nhttps://github.com/toy-owner/toy-book {colab}\n")
    staged(ran, GITHUB_REPOSITORY="fork/book")
    source = ran.root / "_build/source"
    for name in ("_config.yml", "chapters/index.md"):
        text = (source / name).read_text("utf-8")
        assert "toy-owner" not in text and "https://github.com/fork/book" in text
    assert "google.com/github/fork/book/blob" in (source / "chapters/index.md").read_text("utf-8")
    staged(ran)
    assert "toy-owner/toy-book" in (source / "_config.yml").read_text("utf-8")


def test_chapter_that_has_not_run(ran: Toy) -> None:
    ran.edit("chapters/part/beta.ipynb", "forward(21)", "forward(22)")
    assert "part/beta: not executed in its present form with the profile book" in staged(ran)


@pytest.mark.parametrize("option", ["artifact", "model"])
def test_live_figure_needs_its_files(ran: Toy, option: str) -> None:
    name = f"part/{option}.onnx"
    ran.write("chapters/index.md", f"# Toy\n\n:::{{widget}} draw\n:{option}: {name}\n:::\n")
    assert f"a page shows the artifact {name!r}" in staged(ran)
    ran.write(f"_build/artifacts/book/{name}", "{}")
    assert f"site/artifacts/{name}" in staged(ran)


def test_unknown_claims_are_all_named(tmp_path: Path) -> None:
    toy = Toy.make(tmp_path)
    toy.edit("chapters/part/alpha.ipynb", "`alpha-number`", "`alpha-numbr:.1f`")
    toy.chapter("beta", code("1", mystnb={"figure": {"caption": "Of {glue:text}`beta`"}}))
    toy.write("chapters/index.md", "# A\n\nOf {glue:text}`part/alpha.ipynb::alpha-number` and "
              "{glue:text}`part/alpha.ipynb::nothing`, not `` {glue:text}`code` ``.\n")  # fmt: skip
    project = Project(tmp_path)
    with pytest.raises(BuildError) as caught:
        check_references(project, {"part/alpha": executed(project.chapter("part/alpha"))})
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("index, the page: the prose shows the claim 'nothing'")
    assert lines[1] == (
        "part/alpha, cell 5: the prose shows the claim 'alpha-numbr', which no executed cell "
        "records (nearest: alpha-number)"
    )
    assert lines[2].startswith("part/beta, caption of cell 4: the prose shows the claim 'beta'")


def test_exercises_are_read_from_outputs() -> None:
    notebook = {"cells": [markdown("x"), code("check('a', ...)")]}
    metadata = {"lmbook": {"exercise": {"name": "a", "passed": None}}}
    notebook["cells"][1]["outputs"] = [{"output_type": "display_data", "metadata": metadata}]
    (record,) = exercises(notebook)
    assert (record.name, record.passed, record.cell) == ("a", None, 2)


def test_glue_references_in_every_form() -> None:
    source = (
        "{glue:text}`one` and {glue}`two:.2f`\n\n"
        ":::{admonition} With {glue:text}`three`\n:class: bug\n"
        "Body {glue:text}`a.ipynb::four`.\n:::\n\n"
        "```{glue:figure} five\n```\n\n"
        "```python\n{glue:text}`no`\n```\n\n``{glue:text}`no` ``\n\n"
        "````{exercise}\n:label: x\n```{note}\n{glue:text}`six`\n```\n````\n"
    )
    found = glue_references(source)
    assert {r.name for r in found} == {"one", "two", "three", "four", "five", "six"}
    assert {r.name: r.document for r in found}["four"] == "a.ipynb"


def test_sentences() -> None:
    (block,) = parse(
        "A net, e.g. LeNet, reads 28 px. It costs $x$. "
        "{cite:t}`he2016` say so, i.e. they do. Right?"
    ).blocks
    assert sentences(block) == [
        "A net, e.g. LeNet, reads 28 px", "It costs {…}", "{cite} say so, i.e. they do", "Right?",
    ]  # fmt: skip
