"""What all live figures share: how they start, what stays when they cannot, what print shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sitecheck import HTML, PAGES, ROOT_PAGE, look_at, open_context

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def pages_with_widgets() -> list[str]:
    """List the rendered pages that hold a live figure; the landing page is always one."""
    held = [
        path
        for path in PAGES
        if (HTML / path).is_file() and "data-widget=" in (HTML / path).read_text(encoding="utf-8")
    ]
    return held or [ROOT_PAGE]


each_page = pytest.mark.parametrize("path", pages_with_widgets())
FIGURE = "figure[data-widget]"


def open_live(page: Page, address: str, path: str) -> None:
    """Open a page and bring its live figure to life."""
    page.goto(address + path, wait_until="load")
    page.locator(FIGURE).first.scroll_into_view_if_needed()
    page.wait_for_selector(f"{FIGURE}[data-state]")


@each_page
@pytest.mark.parametrize("lost", ["**/_static/artifacts/**", "**/widgets/*.js", "**/widgets/*.css"])
def test_what_cannot_be_loaded_leaves_the_drawing(
    page: Page, address: str, path: str, lost: str
) -> None:
    """Without the data, the script or the style sheet the static figure stays."""
    page.route(lost, lambda route: route.abort())
    open_live(page, address, path)
    assert page.locator(f"{FIGURE}[data-state=static]").count() == page.locator(FIGURE).count()
    assert page.locator(f"{FIGURE} .widget-static svg").first.is_visible()
    assert page.locator(".widget-live").count() == 0


def test_visit_tells_a_widget_that_did_not_start(
    browser: Browser, address: str, axe_script: str
) -> None:
    """A page whose widget stays a drawing is seen at once as such."""
    context = open_context(browser, "light", 1280)
    context.route("**/digits.json", lambda route: route.abort())
    seen = look_at(context, address, ROOT_PAGE, axe_script)
    context.close()
    assert seen.widgets == ["static"]


@each_page
def test_print_shows_the_drawing(page: Page, address: str, path: str) -> None:
    """On paper the live controls give way to the drawing."""
    open_live(page, address, path)
    page.emulate_media(media="print")
    assert page.locator(f"{FIGURE} .widget-static svg").first.is_visible()
    assert not page.locator(f"{FIGURE} .widget-live").first.is_visible()


@each_page
def test_every_control_has_a_name_and_every_result_is_announced(
    page: Page, address: str, path: str
) -> None:
    """Controls have a label or say their name; each figure tells its result to screen readers."""
    open_live(page, address, path)
    nameless = page.evaluate(
        """(figure) => [...document.querySelectorAll(`${figure} :is(input, select, textarea)`)]
             .filter((control) => !control.labels.length && !control.ariaLabel)
             .map((control) => control.outerHTML)""",
        FIGURE,
    )
    assert nameless == []
    for figure in page.locator(FIGURE).all():
        assert figure.locator("output, [aria-live=polite]").count() > 0


def test_style_sheet_comes_with_its_widget_only(page: Page, address: str) -> None:
    """A page loads the style sheets of the live figures that it holds, before they show."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    open_live(page, address, ROOT_PAGE)
    sheets = [name for name in asked if name.endswith(".css")]
    assert "filter.css" in sheets
    assert not {"calculator.css", "draw.css", "stepper.css", "race.css"} & set(sheets)
    columns = page.evaluate(
        "getComputedStyle(document.querySelector('.fw-weights > div')).gridTemplateColumns"
    )
    assert len(columns.split()) == 3
