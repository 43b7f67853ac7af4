"""What is rendered anew after an edit, and what bad input gets.

Each test renders a small book of its own with the project's configuration and extension.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup
from sitecheck import ROOT

sys.path.insert(0, str(ROOT / "site"))

from booksite import bookmap, filterfigure, pages

TOC = {
    "format": "jb-book",
    "root": "chapters/index",
    "parts": [
        {
            "caption": "Part",
            "chapters": [{"file": "chapters/mnist/one"}, {"file": "chapters/mnist/two"}],
        }
    ],
}
INDEX = """# A book

About it, in a sentence with an <angle> & an "odd" mark.

```{widget} filter
:artifact: mnist/cnn/digits.json
A caption.
```

```{bookmap}
```
"""


def digits() -> dict:
    """Return a made-up artifact of the widget."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, 784).tolist()
    return {
        "digits": [{"label": 7, "pixels": pixels}],
        "filters": [{"name": "edge", "weights": [-1, 0, 1, -2, 0, 2, -1, 0, 1]}],
    }


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A small book of three pages."""
    source = tmp_path / "source"
    shutil.copytree(ROOT / "site", source / "site", ignore=shutil.ignore_patterns("__pycache__"))
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    (source / "references.bib").write_text("")
    (source / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (source / "_toc.yml").write_text(yaml.safe_dump(TOC), encoding="utf-8")
    artifact = source / "site" / "artifacts" / "mnist" / "cnn" / "digits.json"
    artifact.parent.mkdir(parents=True)
    artifact.write_text(json.dumps(digits()), encoding="utf-8")
    chapters = source / "chapters"
    (chapters / "mnist").mkdir(parents=True)
    (chapters / "index.md").write_text(INDEX, encoding="utf-8")
    (chapters / "mnist" / "one.md").write_text("# One\n\nFirst. See [](two.md).\n")
    (chapters / "mnist" / "two.md").write_text("# Two\n\nSecond, with $x^2$.\n")
    return source


def render(source: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Render a book next to its source, warnings being errors."""
    program = Path(sys.executable).with_name("jupyter-book")
    return subprocess.run(
        [program, "build", source, "--path-output", source.parent, "-W", "--keep-going"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def times(source: Path) -> dict[str, int]:
    """Return when each page was written, in nanoseconds."""
    html = source.parent / "_build" / "html"
    return {p.relative_to(html).as_posix(): p.stat().st_mtime_ns for p in html.rglob("*.html")}


def rewritten(before: dict[str, int], after: dict[str, int]) -> set[str]:
    """Return the pages written between two looks, but for the entry page."""
    return {name for name, when in after.items() if before.get(name) != when} - {"index.html"}


def test_edit_renders_what_it_touches_and_no_more(book: Path) -> None:
    """Prose: its page alone. A title: every page, as sidebars show it. Nothing: nothing."""
    done = render(book)
    assert done.returncode == 0, done.stderr[-3000:]
    first = times(book)
    assert {"chapters/index.html", "chapters/mnist/one.html", "search.html"} <= set(first)

    assert render(book).returncode == 0
    second = times(book)
    assert rewritten(first, second) == set()

    page = book / "chapters" / "mnist" / "two.md"
    page.write_text("# Two\n\nSecond, edited, with $x^2$.\n")
    assert render(book).returncode == 0
    third = times(book)
    assert rewritten(second, third) == {"chapters/mnist/two.html"}

    page = book / "chapters" / "mnist" / "one.md"
    page.write_text("# The first\n\nFirst, edited. See [](two.md).\n")
    assert render(book).returncode == 0
    fourth = times(book)
    assert rewritten(third, fourth) == set(fourth) - {"index.html"}
    html = book.parent / "_build" / "html" / "chapters"
    assert "The first" in (html / "mnist" / "two.html").read_text(encoding="utf-8")

    artifact = book / "site" / "artifacts" / "mnist" / "cnn" / "digits.json"
    data = digits()
    data["filters"][0]["name"] = "another"
    artifact.write_text(json.dumps(data), encoding="utf-8")
    assert render(book).returncode == 0
    assert rewritten(fourth, times(book)) == {"chapters/index.html"}
    assert "“another”" in (html / "index.html").read_text(encoding="utf-8")
    copied = html.parent / "_static" / "artifacts" / "mnist" / "cnn" / "digits.json"
    assert json.loads(copied.read_text(encoding="utf-8")) == data


def test_page_has_description_part_and_no_foreign_script(book: Path) -> None:
    """The head of a page: description, icon, no thebe, formulas' typesetter only where needed."""
    assert render(book, GITHUB_REPOSITORY="someone/fork").returncode == 0
    html = book.parent / "_build" / "html" / "chapters"
    index = (html / "index.html").read_text(encoding="utf-8")
    one = (html / "mnist" / "one.html").read_text(encoding="utf-8")
    two = (html / "mnist" / "two.html").read_text(encoding="utf-8")
    assert 'content="About it, in a sentence with an' in index
    assert "https://github.com/someone/fork" in one
    assert "large-models-hands-on/large-models" not in one
    assert 'class="part-mnist' in one
    assert "data-mathjax" in two
    assert "data-mathjax" not in one
    for page in (index, one, two):
        assert "thebe" not in page.lower()
        assert "fontawesome" not in page
        assert "searchindex.js" not in page
        assert not re.search(r'<(?:script|link|img)[^>]+(?:src|href)="https?:', page)


def test_bad_widgets_fail_the_build(book: Path) -> None:
    """An unknown widget, a missing option, an artifact that no chapter wrote: each is named."""
    (book / "chapters" / "mnist" / "one.md").write_text(
        "# One\n\n```{widget} nothing\n:artifact: a.json\n```\n\n```{widget} filter\n```\n\n"
        "```{widget} filter\n:artifact: no/such.json\n```\n\n"
        "```{widget} filter\n:artifact: mnist/cnn/digits.json\n:model: no/such.onnx\n```\n"
    )
    done = render(book)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    for line, words in [
        (3, "there is no widget 'nothing'"),
        (7, "needs an :artifact:"),
        (10, "no artifact no/such.json"),
        (14, "no artifact no/such.onnx"),
    ]:
        assert re.search(rf"one\.md:{line}.*{re.escape(words)}", said), words


def test_fallback_computes_what_numpy_computes() -> None:
    """The static drawing's feature map equals NumPy's."""
    rng = np.random.default_rng(1)
    image, weights = rng.random((28, 28)), rng.normal(size=(3, 3))
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3))
    expected = np.einsum("ijuv,uv->ij", windows, weights)
    found = filterfigure.correlate(image.ravel().tolist(), weights.ravel().tolist())
    np.testing.assert_allclose(np.array(found).reshape(26, 26), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"digits": []}, "at least one digit"),
        ({"filters": [{"name": "short", "weights": [1, 2]}]}, "784 pixels and 9 weights"),
    ],
)
def test_fallback_refuses_bad_artifacts(change: dict, said: str) -> None:
    """An empty or misshapen artifact is named as such."""
    with pytest.raises(ValueError, match=said):
        filterfigure.draw({**digits(), **change})


def test_plan_refuses_what_no_earlier_chapter_is(tmp_path: Path) -> None:
    """A chapter of the plan may need only earlier ones."""
    plan = tmp_path / "plan.toml"
    plan.write_text(
        '[[part]]\nkey = "a"\ntitle = "A"\n[[part.chapter]]\nkey = "x"\ntitle = "X"\n'
        'label = "X"\nneeds = ["a/y"]\n'
    )
    with pytest.raises(ValueError, match="a/x needs a/y"):
        bookmap.read_plan(plan)


def test_map_links_written_chapters_and_marks_planned_ones() -> None:
    """Each chapter is on both drawings; what exists is a link, with its own prerequisites."""
    plan = bookmap.read_plan(ROOT / "site" / "plan.toml")
    written = {
        "mnist/cnn": bookmap.Written("Real title", "mnist/cnn.html", ("backprop/losses", "Python"))
    }
    parts = bookmap.merge(plan, written)
    chapters = {c.key: c for part in parts for c in part.chapters}
    assert chapters["mnist/cnn"].needs == ("backprop/losses",)
    html = bookmap.draw(parts)
    assert html.count('href="mnist/cnn.html"') == 2
    assert html.count("(planned)") == 2 * (len(chapters) - 1)
    assert "Real title" in html
    for part in plan:
        for chapter in part.chapters:
            lines = textwrap.wrap(chapter.label, 19)
            assert len(lines) <= 2, f"{chapter.label} does not fit its box"


def mended(article: str) -> BeautifulSoup:
    """Mend a page that holds just this article."""
    facts = {"part": "mnist", "root": False, "math": False, "search": False}
    html = (
        "<!DOCTYPE html><html><head></head><body><main id='main-content'>"
        f"<article class='bd-article'>{article}</article></main></body></html>"
    )
    return BeautifulSoup(pages.mend(html, {"booksite": facts, "content_root": "./"}), "html.parser")


def test_long_traceback_is_folded_under_its_message() -> None:
    """The last lines stay in sight; the frames fold; a short traceback stays whole."""
    frames = "\n".join(f"File torch/module.py:{n}, in call" for n in range(40))
    cell = (
        "<div class='cell'><div class='cell_output'><div class='output traceback'><div><pre>"
        "ValueError   Traceback (most recent call last)\n{}\nValueError: too wide\nfor the page\n"
        "</pre></div></div></div></div>"
    )
    page = mended(cell.format(frames))
    assert page.select_one(".message pre").get_text() == "ValueError: too wide\nfor the page"
    folded = page.select_one("details.frames")
    assert "module.py:39" in folded.get_text()
    assert not folded.has_attr("open")
    assert mended(cell.format("one frame")).select("details") == []


def test_data_frame_has_one_header_row() -> None:
    """The index name moves beside the columns' names; row headers say so."""
    page = mended(
        "<div class='cell_output'><table border='1' class='dataframe'><thead><tr><th></th>"
        "<th>n</th></tr><tr><th>layer</th><th></th></tr></thead>"
        "<tbody><tr><th>a</th><td>1</td></tr></tbody></table></div>"
    )
    assert [c.get_text() for c in page.select("thead tr > *")] == ["layer", "n"]
    assert page.select_one("tbody th")["scope"] == "row"
    assert page.select_one("table").parent["class"] == ["table-scroll"]


def test_hidden_solution_opens_without_scripts() -> None:
    """A dropdown becomes a details element, without a link in what opens it."""
    page = mended(
        "<div class='solution dropdown admonition' id='s'><p class='admonition-title'>"
        "Solution to<a href='#e'> Exercise 1</a></p>"
        "<section id='solution-content'>x</section></div>"
    )
    assert page.select_one("details.solution > summary").get_text() == "Solution to Exercise 1"
    assert page.select("summary a, #solution-content") == []
