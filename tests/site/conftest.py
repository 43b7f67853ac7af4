"""A browser and a server for the rendered book.

Each page is visited once a theme and width; the tests then ask about what that visit found.
"""

from __future__ import annotations

import functools
import http.server
import threading
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright
from sitecheck import AXE, FLAGS, HTML, ROOT_PAGE, Visit, find_chromium, look_at, open_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def site() -> Path:
    """The rendered book."""
    if not (HTML / ROOT_PAGE).is_file():
        pytest.fail(f"there is no rendered book in {HTML}: run `make book` first")
    return HTML


@pytest.fixture(scope="session")
def axe_script() -> str:
    """The accessibility checker, from the project's own node_modules."""
    if not AXE.is_file():
        pytest.fail(f"axe-core is not in {AXE.parent}: run `make book`, which installs it")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """The book's address while the tests run: a free port of this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    path = find_chromium()
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A laptop's window in light, for tests that act."""
    context = open_context(browser, "light", 1280)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def visit(browser: Browser, address: str, axe_script: str) -> Callable[[str, str, int], Visit]:
    """Return a function that visits a page in a theme and at a width, once."""

    @functools.cache
    def look(path: str, theme: str, width: int) -> Visit:
        context = open_context(browser, theme, width)
        try:
            return look_at(context, address, path, axe_script)
        finally:
            context.close()

    return look
