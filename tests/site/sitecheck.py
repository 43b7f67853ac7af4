"""Finding a browser, and looking at a page of the rendered book with it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
THEMES = ("light", "dark")
WIDTHS = (1280, 390)


def toc_pages() -> list[str]:
    """List the pages of ``_toc.yml``, and the search page, as paths below the site's root."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    found = [toc["root"]]

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "file" in node:
                found.append(node["file"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(toc.get("parts", []))
    walk(toc.get("chapters", []))
    return [f"{page}.html" for page in found] + ["search.html"]


PAGES = toc_pages()
ROOT_PAGE = PAGES[0]


# --- Chromium ------------------------------------------------------------------------------------


NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def _own_chromium() -> str | None:
    """Return the browser that ``playwright install chromium`` put in place, if any."""
    with sync_playwright() as play:
        path = play.chromium.executable_path
    return path if Path(path).is_file() else None


def _candidates() -> Iterator[str]:
    """Yield the browsers that seem to be here: on the ``PATH``, on a Mac, Playwright's own."""
    yield from filter(None, map(shutil.which, NAMES))
    yield from map(str, Path("/Applications").glob("*Chrom*.app/Contents/MacOS/*Chrom*"))
    if own := _own_chromium():
        yield own


def _starts(path: str) -> bool:
    """Tell whether a browser runs at all; Ubuntu's ``chromium-browser`` only asks for a snap."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _apt_install() -> list[str]:
    """Install Chromium with apt; return what went wrong, a sentence a command."""
    troubles = []
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "chromium"]):
        said = " ".join(command)
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                check=False,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                text=True,
                timeout=300,
            )
        except subprocess.TimeoutExpired:
            troubles.append(f"`{said}` took longer than 300 s")
        else:
            if done.returncode:
                last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
                troubles.append(f"`{said}`: {last}")
    return troubles


def find_chromium() -> str:
    """Return the path of a Chromium: named by ``CHROMIUM``, the system's, Playwright's, apt's.

    Fails the tests with one sentence where none can be had: they are never skipped.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        if not Path(named).is_file():
            pytest.fail(f"CHROMIUM names {named}, which is not there; unset it or correct it")
        if not _starts(named):
            pytest.fail(f"CHROMIUM names {named}, which does not start; unset it or correct it")
        return named
    troubles = []
    for path in _candidates():
        if _starts(path):
            return path
        troubles.append(f"{path} does not start")
    if shutil.which("apt-get") and platform.system() == "Linux" and os.geteuid() == 0:
        troubles += _apt_install()
        path = shutil.which("chromium")
        if path and _starts(path):
            return path
    why = f" ({'; '.join(troubles)})" if troubles else ""
    pytest.fail(
        "the tests of the rendered site need Chromium, and none was found or could be installed"
        f"{why}: install chromium or google-chrome, or run "
        "`.venv/bin/playwright install chromium`, or set CHROMIUM to a browser's path"
    )


def open_context(browser: Browser, theme: str, width: int, **options: Any) -> BrowserContext:
    """Open a fresh browser context: a laptop's or a phone's window, in light or dark."""
    return browser.new_context(
        viewport={"width": width, "height": 800 if width > 600 else 844},
        color_scheme=theme,
        reduced_motion="reduce",
        **options,
    )


# --- one visit -----------------------------------------------------------------------------------


@dataclass
class Visit:
    """What opening a page, scrolling through it and examining it showed."""

    outside: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    overflow: int = 0
    wide: list[str] = field(default_factory=list)
    formulas: list[dict[str, Any]] = field(default_factory=list)
    typeset: int = 0
    images: list[dict[str, Any]] = field(default_factory=list)
    widgets: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    icons: list[dict[str, Any]] = field(default_factory=list)
    theme: str = ""


SCROLL = """async () => {
  const step = innerHeight * 0.8;
  for (let y = 0; y < document.documentElement.scrollHeight; y += step) {
    scrollTo({ top: y, behavior: "instant" });
    await new Promise((done) => setTimeout(done, 20));
  }
  document.querySelectorAll("details").forEach((box) => { box.open = true; });
  for (const image of document.images) {
    image.loading = "eager";
    if (!image.complete) await image.decode().catch(() => {});
  }
  scrollTo({ top: 0, behavior: "instant" });
}"""

WIDE = """() => [...document.querySelectorAll("main *")].filter((element) => {
  const box = element.getBoundingClientRect();
  if (box.width === 0 || box.right <= innerWidth + 1) return false;
  for (let up = element; up; up = up.parentElement) {
    if (/(auto|scroll|hidden)/.test(getComputedStyle(up).overflowX)) return false;
  }
  return true;
}).slice(0, 5).map((element) => element.outerHTML.slice(0, 160))"""

FORMULAS = """() => [...document.querySelectorAll("article .math")].map((holder) => {
  const made = holder.querySelector("mjx-container");
  const box = made ? made.getBoundingClientRect() : { width: 0, height: 0 };
  return {
    tex: holder.textContent.slice(0, 60), width: box.width, height: box.height,
    error: Boolean(holder.querySelector("mjx-merror, [data-mjx-error]")),
  };
})"""

IMAGES = """() => [...document.querySelectorAll("article img")].map((image) => ({
  source: image.getAttribute("src"), alt: image.getAttribute("alt"),
  width: image.naturalWidth, height: image.naturalHeight,
  shown: image.getBoundingClientRect().width,
}))"""

WIDGETS = """() => [...document.querySelectorAll("figure[data-widget]")].map(
  (figure) => figure.dataset.state)"""

ICONS = """() => [...document.querySelectorAll("[class*='fa-']")].filter(
  (icon) => icon.getBoundingClientRect().width > 0
).map((icon) => ({ name: icon.className, mask: getComputedStyle(icon).maskImage }))"""

EXAMINE = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.flatMap((rule) => rule.nodes.map((node) =>
    `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary.split("\\n")[1]}`));
}"""


def look_at(context: BrowserContext, address: str, path: str, axe: str) -> Visit:
    visit = Visit()
    page = context.new_page()
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((address, "data:", "blob:"))
            else visit.outside.append(request.url)
        ),
    )
    page.on("requestfailed", lambda request: visit.failed.append(request.url))
    page.on(
        "response",
        lambda answer: (
            visit.failed.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
        ),
    )
    page.on(
        "console",
        lambda message: (
            visit.console.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: visit.console.append(str(error)))
    page.goto(address + path, wait_until="load")
    page.evaluate(SCROLL)
    if page.locator("article .math").count():
        page.wait_for_function("document.documentElement.dataset.typeset", timeout=20_000)
    for figure in page.locator("figure[data-widget]").all():
        # The hurried scroll above may jump over one, as figures and formulas push it down.
        figure.scroll_into_view_if_needed()
        page.wait_for_function("figure => figure.dataset.state", arg=figure.element_handle())
    visit.widgets = page.evaluate(WIDGETS)
    visit.typeset = page.locator("article mjx-container").count()
    visit.overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    visit.wide = page.evaluate(WIDE)
    visit.formulas = page.evaluate(FORMULAS)
    visit.images = page.evaluate(IMAGES)
    visit.icons = page.evaluate(ICONS)
    visit.theme = page.evaluate("document.documentElement.dataset.theme")
    page.evaluate(axe)
    visit.violations = page.evaluate(EXAMINE)
    page.close()
    return visit
