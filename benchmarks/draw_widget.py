"""The promises of the sheet to draw on, in mnist/cnn: how long a reader waits for an answer.

A real Chromium with an empty cache opens the rendered chapter, served from this machine, and
chooses test digits. First answer: from the press of a button until the ten probabilities stand on
the page, with all that is loaded for it; at most 2 s. Later ones: at most 50 ms. Medians; no
peer, since the time is the reader's own.
"""

from __future__ import annotations

import functools
import http.server
import statistics
import sys
import threading
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "site"))

from sitecheck import FLAGS, HTML, find_chromium, open_context  # noqa: E402

FIGURE = "figure[data-widget=draw]"
VISITS = 7
FIRST, LATER = 2.0, 0.050  # seconds

# Presses every button once; resolves with the milliseconds until each answer.
PRESS = """async (figure) => {
  const times = [];
  for (const button of figure.querySelectorAll(".dw-digits button")) {
    const begin = performance.now();
    const answered = new Promise((resolve) => {
      new MutationObserver((_, watch) => { watch.disconnect(); resolve(performance.now()); })
        .observe(figure.querySelector(".dw-bars"), { subtree: true, childList: true });
    });
    button.click();
    times.push(await answered - begin);
  }
  return times;
}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def visit(browser: Browser, address: str) -> list[float]:
    """Open the chapter afresh, and return the seconds of its answers."""
    context = open_context(browser, "light", 1280)
    page = context.new_page()
    page.goto(address + "chapters/mnist/cnn.html", wait_until="load")
    page.locator(FIGURE).scroll_into_view_if_needed()
    page.wait_for_selector(f"{FIGURE}[data-state=live]")
    page.wait_for_load_state("networkidle")
    times = page.locator(FIGURE).evaluate(PRESS)
    context.close()
    return [milliseconds / 1000 for milliseconds in times]


def main() -> int:
    """Print the medians against their bounds; return 1 if one is broken."""
    if not (HTML / "chapters/mnist/cnn.html").is_file():
        sys.exit("There is no rendered book yet: run `make book` first.")
    handler = functools.partial(Quiet, directory=str(HTML))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        visits = [visit(browser, f"http://127.0.0.1:{server.server_port}/") for _ in range(VISITS)]
        browser.close()
    server.shutdown()
    broken = 0
    first = [times[0] for times in visits]
    later = [seconds for times in visits for seconds in times[1:]]
    for name, times, bound in (("first answer", first, FIRST), ("later answers", later, LATER)):
        median = statistics.median(times)
        broken += median > bound
        print(
            f"{name}: {1000 * median:,.1f} ms, from {1000 * min(times):,.1f} to "
            f"{1000 * max(times):,.1f}, n = {len(times)}; at most {1000 * bound:,.0f} ms: "
            f"{'FAILS' if median > bound else 'holds'}"
        )
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
