"""The race widget: its paths are those of ``lmbook.nn.optimizers``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sitecheck import ROOT, ROOT_PAGE

from lmbook.nn import optimizers

sys.path.insert(0, str(ROOT / "site"))

from booksite import racefigure

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCRIPT = "/_static/widgets/race.js"
CLASSES = {
    "sgd": optimizers.SGD,
    "momentum": optimizers.Momentum,
    "nesterov": optimizers.Nesterov,
    "rmsprop": optimizers.RMSProp,
    "adam": optimizers.Adam,
    "adamw": optimizers.AdamW,
}


def random_race(rng: np.random.Generator, key: str, kind: str) -> dict[str, Any]:
    """Return a race of one optimiser with random settings, slow enough not to diverge."""
    surface = optimizers.SURFACES[key]
    settings: dict[str, dict[str, float]] = {
        "sgd": {},
        "momentum": {"momentum": rng.uniform(0, 0.9)},
        "rmsprop": {"decay": rng.uniform(0.5, 0.99), "eps": 10 ** rng.uniform(-8, -2)},
        "adam": {
            "beta1": rng.uniform(0, 0.95),
            "beta2": rng.uniform(0.9, 0.999),
            "eps": 10 ** rng.uniform(-8, -2),
        },
    }
    settings["nesterov"] = settings["momentum"]
    settings["adamw"] = {**settings["adam"], "weight_decay": rng.uniform(0, 0.5)}
    steep = {"bowl": 0.1, "ravine": 0.003, "saddle": 0.03, "rosenbrock": 3e-4, "beale": 3e-5}
    scale = steep[key] if kind in ("sgd", "momentum", "nesterov") else 0.05
    return {
        "surface": key,
        "optimizer": {"id": kind, **{k: float(v) for k, v in settings[kind].items()}},
        "rate": float(scale * rng.uniform(0.1, 1)),
        "start": [float(rng.uniform(*surface.x)), float(rng.uniform(*surface.y))],
    }


def by_python(race: dict[str, Any], steps: int) -> np.ndarray:
    """Run the race with the book's Python: ``(steps + 1, 2)``."""
    settings = {k: v for k, v in race["optimizer"].items() if k != "id"}
    kind = CLASSES[race["optimizer"]["id"]]
    return optimizers.descend(
        optimizers.SURFACES[race["surface"]].gradient,
        race["start"],
        lambda p: kind(p, race["rate"], **settings),
        steps,
    )


def test_paths_equal_those_of_python(page: Page, address: str) -> None:
    """Each optimiser on each surface, eight times, from random starts with random settings."""
    page.goto(address + ROOT_PAGE)
    rng = np.random.default_rng(0)
    races = [
        random_race(rng, key, kind)
        for key in optimizers.SURFACES
        for kind in CLASSES
        for _ in range(8)
    ]
    found = page.evaluate(
        """async ([script, races]) => {
          const { descend } = await import(script);
          return races.map((r) => descend(r.surface, r.optimizer, r.rate, r.start, 100));
        }""",
        [SCRIPT, races],
    )
    for race, path in zip(races, found, strict=True):
        expected = by_python(race, 100)
        assert np.isfinite(expected).all(), race
        moved = np.abs(expected[-1] - expected[0]).max()
        assert moved > 0, race
        np.testing.assert_allclose(path, expected, rtol=1e-9, atol=1e-9, err_msg=str(race))


def test_heights_and_gradients_equal_those_of_python(page: Page, address: str) -> None:
    """Two hundred random points of each surface."""
    page.goto(address + ROOT_PAGE)
    rng = np.random.default_rng(1)
    points = rng.uniform(-4, 4, (200, 2))
    found = page.evaluate(
        """async ([script, points]) => {
          const { SURFACES } = await import(script);
          return Object.fromEntries(Object.entries(SURFACES).map(([name, s]) => [
            name, points.map((p) => [s.height(...p), ...s.gradient(...p)])]));
        }""",
        [SCRIPT, points.tolist()],
    )
    assert set(found) == set(optimizers.SURFACES)
    for key, surface in optimizers.SURFACES.items():
        expected = np.vstack([surface.height(points.T), surface.gradient(points.T)]).T
        np.testing.assert_allclose(found[key], expected, rtol=1e-12, atol=1e-12)


def test_contours_lie_at_their_height(page: Page, address: str) -> None:
    """The ends of all pieces of a line are near its level, and none is missing."""
    page.goto(address + ROOT_PAGE)
    pieces = page.evaluate(
        """async (script) => {
          const { contours } = await import(script);
          return contours((x, y) => x * x + y * y, [-2, 2], [-2, 2], [1], 80)[0];
        }""",
        SCRIPT,
    )
    ends = np.array(pieces).reshape(-1, 2)
    np.testing.assert_allclose(np.hypot(*ends.T), 1, atol=2e-3)
    lengths = np.hypot(*(ends[::2] - ends[1::2]).T)
    assert lengths.sum() == pytest.approx(2 * np.pi, rel=1e-3)


# --- on its page ---------------------------------------------------------------------------------

PATH = "chapters/backprop/optimizers.html"
FIGURE = "figure[data-widget=race]"
STATE = f"document.querySelector('{FIGURE}').widget"


@pytest.fixture
def live(page: Page, address: str) -> Page:
    """The chapter with its race running."""
    page.goto(address + PATH, wait_until="load")
    page.locator(FIGURE).scroll_into_view_if_needed()
    page.wait_for_selector(f"{FIGURE}[data-state=live]")
    return page


@pytest.fixture
def data(live: Page) -> Any:
    """The artifact that the widget reads."""
    return live.evaluate(
        f"fetch(document.querySelector('{FIGURE}').dataset.artifact).then((a) => a.json())"
    )


def said(page: Page) -> str:
    """Return the sentence that sums the race up."""
    return page.locator(f"{FIGURE} .rw-said").inner_text()


def paths(page: Page) -> dict[str, np.ndarray]:
    """Return the paths of the optimisers that take part."""
    found = page.evaluate(
        f"Object.fromEntries({STATE}.runners.filter((r) => r.path).map("
        "(r) => [r.optimizer.id, r.path]))"
    )
    return {name: np.array(path) for name, path in found.items()}


def field(page: Page, label: str) -> Any:
    """Return the control of a label."""
    return page.locator(FIGURE).get_by_label(label, exact=True)


def take_part(page: Page, data: Any) -> None:
    """Let all optimisers take part."""
    for optimizer in data["optimizers"]:
        field(page, optimizer["name"]).check()


def test_all_races_of_the_chapter_are_run_again(live: Page, data: Any) -> None:
    """Each surface with the chapter's rates: the paths that the chapter kept."""
    take_part(live, data)
    for surface in data["surfaces"]:
        field(live, "Surface").select_option(surface["id"])
        found = paths(live)
        assert set(found) == {o["id"] for o in data["optimizers"]}
        for name, path in found.items():
            kept = np.array(data["paths"][surface["id"]][name])
            np.testing.assert_allclose(path, kept, rtol=1e-7, atol=1e-7)
        assert "Diverged" not in said(live)


def test_a_rate_too_high_diverges_and_says_so(live: Page) -> None:
    """On the ravine, whose curvature is 50, gradient descent diverges beyond 2/50."""
    field(live, "Learning rate of SGD").fill("0.05")
    assert "Diverged: SGD." in said(live)
    row = live.locator(f"{FIGURE} tbody tr").first.inner_text()
    assert "diverged at step" in row
    field(live, "Learning rate of SGD").fill("0.039")
    assert "Diverged" not in said(live)
    field(live, "Learning rate of SGD").fill("-1")
    assert "0 or more" in live.locator(f"{FIGURE} tbody tr").first.inner_text()
    assert "sgd" not in paths(live)


def test_start_moves_by_click_by_key_and_by_number(live: Page) -> None:
    """The three ways to place the start, and Reset."""
    stage = live.locator(f"{FIGURE} .rw-stage")
    box = stage.bounding_box()
    assert box is not None
    stage.click(position={"x": box["width"] * 0.5, "y": box["height"] * 0.5})
    first = live.evaluate(f"{STATE}.start")
    assert abs(first[0]) < 0.3
    assert abs(first[1]) < 0.2
    stage.focus()
    live.keyboard.press("ArrowRight")
    live.keyboard.press("ArrowUp")
    moved = live.evaluate(f"{STATE}.start")
    np.testing.assert_allclose(moved, [first[0] + 0.125, first[1] + 0.05], atol=2e-3)
    field(live, "Start, θ₁").fill("1.5")
    assert live.evaluate(f"{STATE}.start[0]") == 1.5
    assert paths(live)["adam"][0].tolist() == live.evaluate(f"{STATE}.start")
    field(live, "Start, θ₂").fill("")
    assert "two numbers" in said(live)
    live.get_by_role("button", name="Reset", exact=True).press("Enter")
    assert live.evaluate(f"{STATE}.start") == live.evaluate(f"{STATE}.surface.start")
    field(live, "Steps").fill("0.5")
    assert "Steps: a whole number" in said(live)


def test_keyboard_reaches_everything(live: Page, data: Any) -> None:
    """Tab reaches each control in the order in which they are seen."""
    field(live, "Surface").focus()
    names = []
    for _ in range(6 + 2 * len(data["optimizers"])):
        live.keyboard.press("Tab")
        names.append(
            live.evaluate(
                "document.activeElement.ariaLabel"
                " || (document.activeElement.labels?.[0] ?? document.activeElement).textContent"
            )
        )
    assert names[:6] == [
        "Start, θ₁",
        "Start, θ₂",
        "Steps",
        "Run",
        "Reset",
        "Map of heights; arrow keys move the start",
    ]
    for optimizer in data["optimizers"]:
        assert optimizer["name"] in names
        assert f"Learning rate of {optimizer['name']}" in names
    field(live, "Adam").focus()
    live.keyboard.press("Space")
    assert "adam" not in paths(live)


def test_run_is_calm_or_moves(live: Page) -> None:
    """With less motion the end is there at once; else the paths grow."""
    live.get_by_role("button", name="Run", exact=True).click()
    assert live.evaluate(f"{STATE}.shown === {STATE}.steps")
    live.emulate_media(reduced_motion="no-preference")
    seen = live.evaluate(
        f"""async () => {{
          const figure = document.querySelector('{FIGURE}'), state = figure.widget, seen = [];
          const run = [...figure.querySelectorAll("button")].find((b) => b.textContent === "Run");
          run.click();
          for (let i = 0; i < 3000 && run.textContent === "Stop"; i += 1) {{
            await new Promise(requestAnimationFrame);
            seen.push(state.shown);
          }}
          run.click();
          const word = run.textContent;
          run.click();
          return {{ seen, word, then: run.textContent, shown: state.shown, steps: state.steps }};
        }}"""
    )
    assert seen["seen"] == sorted(seen["seen"])
    assert any(0 < step < seen["steps"] for step in seen["seen"])
    assert seen["seen"][-1] == seen["shown"] == seen["steps"]
    assert (seen["word"], seen["then"]) == ("Stop", "Run")


def test_drawing_says_what_the_widget_first_shows(live: Page, data: Any) -> None:
    """The static figure names the optimisers that take part first, with the same heights."""
    label = live.locator(f"{FIGURE} .widget-static svg").get_attribute("aria-label") or ""
    rows = live.locator(f"{FIGURE} tbody tr").all()
    results = {
        optimizer["name"]: row.locator(".rw-result").inner_text()
        for optimizer, row in zip(data["optimizers"], rows, strict=True)
    }
    told = {name: height for name, height in results.items() if height}
    assert len(told) == 3
    for name, height in told.items():
        assert f"{name} ends {height} above the lowest point" in label


# --- the drawing ---------------------------------------------------------------------------------


def test_drawing_and_widget_have_the_same_lines(page: Page, address: str) -> None:
    """The levels of the contours agree, on every surface."""
    page.goto(address + ROOT_PAGE)
    for surface in optimizers.SURFACES.values():
        given = {
            "id": surface.key,
            "x": surface.x,
            "y": surface.y,
            "start": surface.start,
            "minima": surface.minima,
        }
        found = page.evaluate(
            "async ([script, surface]) => (await import(script)).levelsOf(surface)",
            [SCRIPT, given],
        )
        np.testing.assert_allclose(found, racefigure.levels(given), rtol=1e-9)


def test_drawing_refuses_bad_artifacts() -> None:
    """An artifact without the first race is named as such."""
    with pytest.raises(ValueError, match="must hold the surface 'ravine'"):
        racefigure.draw({"surfaces": [], "optimizers": [], "paths": {}})
