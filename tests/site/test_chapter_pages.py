"""Each chapter's page holds what its notebook has: figures, formulas, banner, solutions, Colab."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from sitecheck import ROOT, Visit, open_context

from bookbuild.project import Project, read_notebook, tags

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

PROJECT = Project(ROOT)
CHAPTERS = list(PROJECT.chapters)
HIDDEN = {"remove-cell", "remove-output"}

of_each = pytest.mark.parametrize("name", CHAPTERS)
Look = Callable[[str, str, int], Visit]


def staged(name: str) -> list[dict[str, Any]]:
    """Return the cells that the page was made from, with their outputs."""
    path = PROJECT.source / "chapters" / f"{name}.ipynb"
    if not path.is_file():
        pytest.fail(f"{PROJECT.relative(path)} is not there: run `make book` first")
    cells: list[dict[str, Any]] = read_notebook(path)["cells"]
    return cells


def outputs(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the outputs that the page shows."""
    return [out for c in cells if not HIDDEN & set(tags(c)) for out in c.get("outputs", [])]


def page_of(name: str) -> str:
    """Return a chapter's page, below the site's root."""
    return f"chapters/{name}.html"


def test_the_book_has_chapters() -> None:
    """The tests below are about something."""
    assert CHAPTERS


@of_each
def test_figures_of_the_notebook_are_on_the_page(visit: Look, name: str) -> None:
    """As many images as cells drew, each with the text of its cell."""
    cells = staged(name)
    drawn = [
        out
        for out in outputs(cells)
        if any(kind.startswith("image/") for kind in out.get("data", {}))
        and "text/html" not in out["data"]
    ]
    assert drawn, f"no cell of {name} drew anything"
    seen = visit(page_of(name), "light", 1280)
    assert len(seen.images) >= len(drawn)
    said = {cell["metadata"].get("mystnb", {}).get("image", {}).get("alt") for cell in cells}
    assert said - {None} <= {image["alt"] for image in seen.images}


@of_each
def test_formulas_of_the_notebook_are_typeset(visit: Look, name: str) -> None:
    """A chapter whose text has formulas shows typeset ones."""
    cells = PROJECT.chapters[name].notebook["cells"]
    written = any("$" in cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    seen = visit(page_of(name), "light", 1280)
    assert (seen.typeset > 0) == written
    assert seen.typeset == len(seen.formulas)


@of_each
def test_banner_is_complete(page: Page, address: str, name: str) -> None:
    """The facts stand under the title, each of them said; the data only where there are some."""
    page.goto(address + page_of(name), wait_until="load")
    banner = page.locator("article dl.chapter-banner")
    assert banner.count() == 1
    terms = banner.locator("dt").all_inner_texts()
    always = ["time", "hardware", "peak memory", "last verified", "profile"]
    assert [term.lower() for term in terms if term.lower() != "data"] == always
    assert (len(terms) == 6) or not PROJECT.chapters[name].metadata["assets"]
    facts = banner.locator("dd").all_inner_texts()
    assert len(facts) == len(terms)
    assert all(fact.strip() for fact in facts), facts


@of_each
def test_every_checked_exercise_has_a_folded_solution(page: Page, address: str, name: str) -> None:
    """Closed at first; opened, it shows the code that solves the exercise."""
    checked = {
        out["metadata"]["lmbook"]["exercise"]["name"]
        for out in outputs(staged(name))
        if "exercise" in out.get("metadata", {}).get("lmbook", {})
    }
    assert checked, f"{name} checks no exercise"
    page.goto(address + page_of(name), wait_until="load")
    solutions = page.locator("article details.solution")
    assert solutions.count() == len(checked)
    solved = set()
    for box in solutions.all():
        code = box.locator("div.cell_input")
        assert code.count() >= 1
        assert not code.first.is_visible()
        box.locator("> summary").click()
        assert code.first.is_visible()
        solved |= set(re.findall(r"""check\(\s*["']([^"']+)""", "\n".join(code.all_inner_texts())))
    assert solved == checked


@of_each
def test_colab_opens_this_notebook(page: Page, address: str, name: str) -> None:
    """The launch button names the repository's own notebook."""
    page.goto(address + page_of(name), wait_until="load")
    owner_and_name = PROJECT.repository.removeprefix("https://github.com/")
    links = page.locator("a[href*='colab.research.google.com']")
    found = {link.get_attribute("href") for link in links.all()}
    assert found == {
        f"https://colab.research.google.com/github/{owner_and_name}/blob/main/chapters/{name}.ipynb"
    }


@of_each
def test_dense_figures_scroll_on_a_phone_and_the_others_fit(
    browser: Browser, address: str, site: Path, name: str
) -> None:
    """Labels keep a readable size; the keyboard reaches what scrolls; narrow figures stay so."""
    context = open_context(browser, "dark", 390)
    page = context.new_page()
    page.goto(address + page_of(name), wait_until="load")
    figures = page.evaluate(
        """async () => {
          const found = [];
          for (const figure of document.querySelectorAll("article .cell_output figure")) {
            const image = figure.querySelector("img"), caption = figure.querySelector("figcaption");
            image.loading = "eager";
            await image.decode();
            const wide = () => figure.scrollWidth > figure.clientWidth + 1;
            for (let wait = 0; wait < 40 && wide() !== (figure.tabIndex === 0); wait += 1) {
              await new Promise((done) => setTimeout(done, 50));
            }
            const before = caption.getBoundingClientRect();
            figure.scrollLeft = 9999;
            const after = caption.getBoundingClientRect();
            found.push({
              source: image.getAttribute("src"), moved: figure.scrollLeft,
              drawn: image.getBoundingClientRect().width, natural: image.naturalWidth,
              frame: parseFloat(getComputedStyle(image).paddingLeft) * 2,
              room: figure.clientWidth, tab: figure.tabIndex,
              dense: figure.classList.contains("dense"),
              caption: [before.left, after.left, before.right, after.right],
            });
          }
          return found;
        }"""
    )
    context.close()
    assert figures
    for figure in figures:
        smallest = 0.75 * figure["natural"] if figure["dense"] else 0
        largest = figure["natural"] + figure["frame"] + 1
        assert smallest <= figure["drawn"] <= largest, figure
        assert figure["dense"] or figure["drawn"] <= figure["room"] + 1, figure
        assert (figure["moved"] > 0) == (figure["drawn"] > figure["room"] + 1), figure
        assert (figure["tab"] == 0) == (figure["moved"] > 0), figure
        left, still_left, right, still_right = figure["caption"]
        assert left == pytest.approx(still_left, abs=1), figure
        assert right == pytest.approx(still_right, abs=1), figure
        assert 0 <= left < right <= 390, figure
