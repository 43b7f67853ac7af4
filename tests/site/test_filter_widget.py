"""The filter widget: it computes what NumPy computes, and keyboards reach all of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sitecheck import ROOT_PAGE

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

FIGURE = "figure[data-widget=filter]"
STATE = f"document.querySelector('{FIGURE}').widget"


def correlate(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Correlate with NumPy: ``(28, 28)`` and ``(3, 3)`` to ``(26, 26)``."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3))
    return np.einsum("ijuv,uv->ij", windows, weights)


@pytest.fixture
def live(page: Page, address: str) -> Page:
    """The landing page with its widget running."""
    page.goto(address + ROOT_PAGE, wait_until="load")
    page.wait_for_selector(f"{FIGURE}[data-state=live]")
    return page


@pytest.fixture
def data(live: Page, site: Path) -> dict:
    """The artifact that the widget reads."""
    name = live.locator(FIGURE).get_attribute("data-artifact")
    assert name is not None
    return json.loads((site / ROOT_PAGE).parent.joinpath(name).read_text(encoding="utf-8"))


def feature_map(page: Page) -> np.ndarray:
    """Read the widget's feature map, ``(26, 26)``."""
    return np.array(page.evaluate(f"Array.from({STATE}.featureMap)")).reshape(26, 26)


def test_feature_map_equals_numpy_on_random_filters(live: Page, data: dict) -> None:
    """Weights typed in by hand, on every digit: equal to NumPy to 1e-9."""
    rng = np.random.default_rng(0)
    fields = live.locator(".fw-weights input")
    for index, digit in enumerate(data["digits"]):
        weights = rng.normal(size=(3, 3)).round(3)
        live.locator(".fw-digit input").nth(index).check(force=True)
        for field, weight in zip(fields.all(), weights.ravel(), strict=True):
            field.fill(str(weight))
        image = np.array(digit["pixels"]).reshape(28, 28) / 255
        np.testing.assert_allclose(feature_map(live), correlate(image, weights), atol=1e-9)
    assert live.locator(".fw-filter select").input_value() == "own"


def test_named_filters_equal_numpy(live: Page, data: dict) -> None:
    """Each filter of the artifact gives NumPy's feature map of the first digit."""
    image = np.array(data["digits"][0]["pixels"]).reshape(28, 28) / 255
    for index, kernel in enumerate(data["filters"]):
        live.locator(".fw-filter select").select_option(str(index))
        expected = correlate(image, np.array(kernel["weights"]).reshape(3, 3))
        np.testing.assert_allclose(feature_map(live), expected, atol=1e-9)


def test_picture_shows_the_feature_map(live: Page) -> None:
    """The canvas is orange where the map is positive, blue where negative, white at zero."""
    pixels = np.array(
        live.evaluate(
            "Array.from(document.querySelectorAll('.fw-stage canvas')[1]"
            ".getContext('2d').getImageData(0, 0, 26, 26).data)"
        )
    ).reshape(26, 26, 4)
    found = feature_map(live)
    strong = 0.2 * np.abs(found).max()
    assert (pixels[found > strong][:, 0] > pixels[found > strong][:, 2]).all()
    assert (pixels[found < -strong][:, 2] > pixels[found < -strong][:, 0]).all()
    assert (pixels[found == 0][:, :3] == 255).all()


def test_keyboard_works_everything(live: Page) -> None:
    """Tab reaches digits, filter, pictures, weights and button; arrows act on them."""
    live.locator(".hero a.also").focus()
    reached = []
    for _ in range(16):
        live.keyboard.press("Tab")
        kind = live.evaluate("document.activeElement.type || document.activeElement.className")
        reached.append(kind)
        if kind == "radio":
            live.keyboard.press("ArrowRight")
            assert live.locator(".fw-digit input").nth(1).is_checked()
    assert reached[:2] == ["radio", "select-one"]
    assert reached.count("fw-stage") == 2
    assert reached.count("number") == 9
    assert "button" in reached
    live.locator(".fw-stage").first.focus()
    live.keyboard.press("ArrowDown")
    live.keyboard.press("ArrowRight")
    row, column = live.evaluate(f"[{STATE}.row, {STATE}.column]")
    value = feature_map(live)[row, column]
    said = live.locator(".fw-sum").inner_text().replace("−", "-")
    assert said.startswith(f"row {row + 1}, column {column + 1}:")
    assert float(said.rsplit(" ", 1)[1]) == pytest.approx(value, abs=0.006)


def test_empty_weight_counts_as_nothing(live: Page, data: dict) -> None:
    """A cleared field is zero, not an error."""
    live.locator(".fw-weights input").first.fill("")
    weights = np.array(data["filters"][0]["weights"], dtype=float).reshape(3, 3)
    weights[0, 0] = 0
    image = np.array(data["digits"][0]["pixels"]).reshape(28, 28) / 255
    np.testing.assert_allclose(feature_map(live), correlate(image, weights), atol=1e-9)
