"""Every page of the rendered book, in light and dark, on a laptop and on a phone."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urlparse

import pytest
from bs4 import BeautifulSoup
from sitecheck import PAGES, ROOT_PAGE, THEMES, WIDTHS, Visit, open_context

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

BUDGET = 250_000  # bytes of a page's first load, gzipped, without figures

everywhere = pytest.mark.parametrize(
    ("path", "theme", "width"),
    [(path, theme, width) for path in PAGES for theme in THEMES for width in WIDTHS],
)
Look = Callable[[str, str, int], Visit]


@everywhere
def test_page_asks_nothing_of_other_places_and_nothing_fails(
    visit: Look, path: str, theme: str, width: int
) -> None:
    """No request leaves the site, none fails, and the console stays silent."""
    seen = visit(path, theme, width)
    assert seen.outside == []
    assert seen.failed == []
    assert seen.console == []


@everywhere
def test_page_is_accessible(visit: Look, path: str, theme: str, width: int) -> None:
    """Axe finds no violation, with everything that opens opened."""
    assert visit(path, theme, width).violations == []


@everywhere
def test_page_does_not_scroll_sideways(visit: Look, path: str, theme: str, width: int) -> None:
    """What is wide scrolls inside its own box."""
    seen = visit(path, theme, width)
    assert seen.wide == []
    assert seen.overflow <= 0


@everywhere
def test_formulas_and_figures_are_really_there(
    visit: Look, path: str, theme: str, width: int
) -> None:
    """Formulas are typeset, figures have a size and say what they show, widgets run."""
    seen = visit(path, theme, width)
    bare = [f for f in seen.formulas if f["error"] or f["width"] < 2 or f["height"] < 2]
    assert bare == []
    lost = [i for i in seen.images if i["width"] == 0 or i["height"] == 0 or i["shown"] < 8]
    assert lost == []
    assert [i["source"] for i in seen.images if not (i["alt"] or "").strip()] == []
    assert [state for state in seen.widgets if state != "live"] == []


@everywhere
def test_theme_follows_the_reader_and_icons_are_drawn(
    visit: Look, path: str, theme: str, width: int
) -> None:
    """The page takes the system's theme at once; every icon has a drawing."""
    seen = visit(path, theme, width)
    assert seen.theme == theme
    assert [icon["name"] for icon in seen.icons if "url(" not in icon["mask"]] == []


@pytest.mark.parametrize("path", PAGES)
def test_first_load_is_light(
    browser: Browser, address: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What comes before the reader scrolls, gzipped, without figures: at most 250 kB."""
    context = open_context(browser, "light", 1280)
    page = context.new_page()
    sizes: dict[str, int] = {}

    def weigh(answer) -> None:  # type: ignore[no-untyped-def]
        name = urlparse(answer.url).path
        if "/_images/" in name or answer.status != 200:
            return
        body = answer.body()
        packed = name.endswith((".woff", ".woff2", ".png", ".jpg"))
        sizes[name] = len(body) if packed else len(gzip.compress(body, 6))

    page.on("requestfinished", lambda request: weigh(request.response()))
    page.goto(address + path, wait_until="load")
    page.wait_for_timeout(400)
    page.wait_for_load_state("networkidle")
    context.close()
    total = sum(sizes.values())
    with capsys.disabled():
        print(f"\n  first load of {path}: {total / 1000:.0f} kB gzipped, {len(sizes)} requests")
    assert any(name.endswith("book.css") for name in sizes)
    assert total <= BUDGET, sorted(sizes.items(), key=lambda item: -item[1])[:8]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", PAGES)
def test_keyboard_reaches_the_page_in_a_sensible_order(
    browser: Browser, address: str, path: str, width: int
) -> None:
    """The skip link comes first and leads to the text; focus is always to be seen."""
    context = open_context(browser, "light", width)
    page = context.new_page()
    page.goto(address + path, wait_until="load")
    page.wait_for_timeout(100)
    focus = """() => {
      const at = document.activeElement, box = at.getBoundingClientRect();
      const style = getComputedStyle(at), drawn = at.querySelector("rect");
      const canvas = at.parentElement?.querySelector("canvas");
      const around = canvas ? getComputedStyle(canvas) : style;
      const seen = (css) => css.outlineStyle !== "none" && parseFloat(css.outlineWidth) >= 1;
      return {
        text: (at.getAttribute("aria-label") || at.textContent || at.name).trim().slice(0, 50),
        tag: at.tagName, main: Boolean(at.closest("main")), article: Boolean(at.closest("article")),
        skip: Boolean(at.closest(".skip-link")),
        onScreen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0,
        ring: seen(style) || seen(around) || Boolean(drawn && at.closest(".bookmap")),
      };
    }"""
    page.keyboard.press("Tab")
    first = page.evaluate(focus)
    assert first["skip"], first
    assert first["onScreen"], first
    page.keyboard.press("Enter")
    order = []
    for _ in range(25):
        page.keyboard.press("Tab")
        order.append(page.evaluate(focus))
        if order[-1]["tag"] == "BODY":
            break
    within = [step for step in order if step["tag"] != "BODY"]
    assert within[0]["main"], within[0]
    assert any(step["article"] or step["tag"] == "INPUT" for step in within), within
    assert [step for step in within if not step["ring"]] == []
    assert [step for step in within if not step["onScreen"]] == []
    context.close()


def test_page_is_readable_without_scripts(browser: Browser, address: str, site: Path) -> None:
    """Text, figures, solutions and the widget's drawing are there without JavaScript."""
    context = open_context(browser, "light", 1280, java_script_enabled=False)
    page = context.new_page()
    for path in PAGES:
        if path == "search.html":
            continue
        page.goto(address + path, wait_until="load")
        assert page.locator("article h1").is_visible(), path
        assert len(page.locator("article").inner_text()) > 150, path
        for drawing in page.locator(".widget-static svg").all():
            box = drawing.bounding_box()
            assert box is not None, path
            assert box["width"] > 200, path
        for formula in page.locator("article .math").all()[:3]:
            if formula.is_visible():
                assert "\\" in formula.inner_text(), path
        solutions = page.locator("details.solution").all()
        assert bool(solutions) == (page.locator("div.cell.tag_solution").count() > 0), path
        for box in solutions:
            box.locator("> summary").click()
            assert box.locator("> :nth-child(2)").is_visible(), path
    context.close()


def test_internal_links_and_anchors_lead_somewhere(site: Path) -> None:
    """Every link inside the site names a file that is there, and an anchor that it has."""
    parsed = {
        file: BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")
        for file in site.rglob("*.html")
        if "_static" not in file.parts
    }
    anchors = {
        file: {tag["id"] for tag in page.find_all(id=True)}
        | {tag["name"] for tag in page.find_all("a", attrs={"name": True})}
        for file, page in parsed.items()
    }
    broken = []
    checked = 0
    for file, page in parsed.items():
        for tag, name in [(t, "href") for t in page.find_all(href=True)] + [
            (t, "src") for t in page.find_all(src=True)
        ]:
            link = tag[name]
            if urlparse(link).scheme or link.startswith("//"):
                continue
            checked += 1
            target, fragment = urldefrag(link.split("?")[0] if "?" in link else link)
            goal = (file.parent / unquote(target)).resolve() if target else file
            if not goal.is_file():
                broken.append(f"{file.name}: {link}")
            elif fragment and goal in anchors and unquote(fragment) not in anchors[goal]:
                broken.append(f"{file.name}: {link} (no such anchor)")
    assert checked > 20
    assert broken == []


def test_identifiers_are_unique(site: Path) -> None:
    """No two elements of a page share an identifier."""
    for file in [site / path for path in PAGES]:
        page = BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")
        names = [tag["id"] for tag in page.find_all(id=True)]
        assert sorted({n for n in names if names.count(n) > 1}) == [], file.name


def test_entry_leads_to_the_first_page(page: Page, address: str) -> None:
    """The site's own address opens the landing page."""
    page.goto(address)
    page.wait_for_url(f"**/{ROOT_PAGE}")
    assert page.locator("h1").inner_text().startswith("Large Models, Hands-On")


def test_landing_shows_all_it_must_without_scrolling(page: Page, address: str) -> None:
    """On a laptop: what the book is, one live thing, and where to begin."""
    page.goto(address + ROOT_PAGE, wait_until="load")
    page.wait_for_selector("figure[data-state=live]")
    for selector in ("h1", ".hero .subtitle", ".hero a.begin", ".hero .fw-work", ".fw-slide"):
        box = page.locator(selector).first.bounding_box()
        assert box is not None, selector
        assert box["y"] >= 0, selector
        assert box["y"] + box["height"] <= 800, selector


def test_search_finds_a_page(page: Page, address: str) -> None:
    """The search page answers, from the index that only it loads: terms first, then chapters."""
    page.goto(address + "search.html?q=convolution", wait_until="load")
    page.wait_for_selector("#search-results li a", timeout=10_000)
    page.wait_for_selector("#search-results li a[href*='mnist/cnn.html']", timeout=10_000)
    found = [
        link.get_attribute("href") or "" for link in page.locator("#search-results li a").all()
    ]
    assert any("mnist/cnn.html" in href for href in found[:3]), found


def test_dark_can_be_chosen_and_is_kept(page: Page, address: str) -> None:
    """The theme switch changes the page, and the next page remembers."""
    page.goto(address + ROOT_PAGE, wait_until="load")
    for _ in range(3):
        page.locator(".theme-switch-button").first.click()
        if page.evaluate("document.documentElement.dataset.mode") == "dark":
            break
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.goto(address + PAGES[1], wait_until="commit")
    page.wait_for_selector("body")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
