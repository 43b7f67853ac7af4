"""The calculator widget: it computes what ``lmbook.nn.sizes`` computes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sitecheck import ROOT, ROOT_PAGE

from lmbook.nn import sizes

sys.path.insert(0, str(ROOT / "site"))

from booksite import calculatorfigure

if TYPE_CHECKING:
    from playwright.sync_api import Page


SCRIPT = "/_static/widgets/calculator.js"
MODEL_FIELDS = ("layers", "width", "heads", "feedforward", "vocabulary", "positions", "segments")


def random_case(rng: np.random.Generator) -> dict[str, Any]:
    """Return a random model with random circumstances, as the widget's functions take them."""
    heads = int(rng.integers(1, 64))
    model = {
        "kind": str(rng.choice(sizes.KINDS)),
        "layers": int(rng.integers(1, 100)),
        "width": heads * int(rng.integers(1, 200)),
        "heads": heads,
        "feedforward": int(rng.integers(1, 50_000)),
        "vocabulary": int(rng.integers(1, 200_000)),
        "positions": int(rng.integers(1, 10_000)),
        "segments": int(rng.integers(0, 3)),
    }
    settings = {
        "tokens": float(10 ** rng.uniform(5, 13)),
        "batch": int(rng.integers(1, 64)),
        "length": int(rng.integers(1, 8192)),
        "recompute": str(rng.choice(sizes.RECOMPUTE)),
        "peak": float(10 ** rng.uniform(11, 15)),
        "memory": float(10 ** rng.uniform(9, 12)),
        "hourly": float(rng.uniform(0, 10)),
        "utilisation": float(rng.uniform(0.01, 1)),
        "count": int(rng.integers(1, 2000)),
    }
    precision = {name: int(rng.integers(0, 13)) for name in ("weight", "gradient", "optimizer")}
    return {
        "model": model,
        "settings": settings,
        "precision": precision,
        "ratio": float(rng.uniform(1, 100)),
    }


def by_python(case: dict[str, Any]) -> dict[str, Any]:
    """Compute with the book's Python what the widget computes."""
    given, settings = case["model"], case["settings"]
    model = sizes.Transformer(*(given[name] for name in MODEL_FIELDS), kind=given["kind"])
    activations = sizes.activation_memory(
        model, settings["batch"], settings["length"], settings["recompute"]
    )
    memory = sizes.training_memory(model.parameters, **case["precision"], activations=activations)
    flops = sizes.training_flops(model.parameters, settings["tokens"])
    seconds = sizes.training_seconds(
        flops,
        peak=settings["peak"],
        utilisation=settings["utilisation"],
        devices=settings["count"],
    )
    return {
        "parts": model.parts,
        "parameters": model.parameters,
        "activations": activations,
        "memory": memory,
        "tokens": settings["tokens"],
        "flops": flops,
        "seconds": seconds,
        "cost": sizes.training_cost(seconds, devices=settings["count"], hourly=settings["hourly"]),
        "chinchilla": sizes.chinchilla_tokens(model.parameters, case["ratio"]),
        "cache": sizes.cache_memory(model, settings["batch"], settings["length"]),
    }


def same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Compare numbers, also inside of tables, to a relative 1e-12."""
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-12), name


def test_formulas_equal_those_of_python(page: Page, address: str) -> None:
    """Two hundred random Transformers under random circumstances, and dense networks."""
    page.goto(address + ROOT_PAGE)
    rng = np.random.default_rng(0)
    cases = [random_case(rng) for _ in range(200)]
    found = page.evaluate(
        """async ([script, cases]) => {
          const { compute } = await import(script);
          return cases.map((c) => compute(c.model, c.settings, c.precision, c.ratio));
        }""",
        [SCRIPT, cases],
    )
    for case, result in zip(cases, found, strict=True):
        same(result, by_python(case))
        fixed = sum(result["memory"].values()) - result["activations"]
        free = case["settings"]["memory"] - result["activations"]
        if free > 0:
            assert result["needed"] == np.ceil(fixed / free)
        else:
            assert result["needed"] == np.inf
    widths = [rng.integers(1, 3000, rng.integers(2, 6)).tolist() for _ in range(50)]
    counts = page.evaluate(
        """async ([script, all]) => {
          const { denseParameters, parameters } = await import(script);
          return all.map((widths) => [
            denseParameters(widths), parameters({ kind: "dense", widths })]);
        }""",
        [SCRIPT, widths],
    )
    assert counts == [[sizes.dense_parameters(w)] * 2 for w in widths]
    assert page.evaluate(
        """async (script) => {
          const { inferenceFlops } = await import(script);
          return [inferenceFlops(3e9), inferenceFlops(3e9, 500)];
        }""",
        SCRIPT,
    ) == [sizes.inference_flops(3e9), sizes.inference_flops(3e9, 500)]


NUMBERS = [0.00123, 0.9, 1, 9.996, 12.34, 999.6, 1000, 109_482_240, 1.44e18, 3.14e23, 0.047, 2500.0]


def test_drawing_writes_numbers_as_the_widget_does(page: Page, address: str) -> None:
    """Both write sizes, times and money alike."""
    page.goto(address + ROOT_PAGE)
    found = page.evaluate(
        """async ([script, numbers]) => {
          const { bytes, duration, dollars } = await import(script);
          const { significant } = await import(new URL("./dom.js", new URL(script, location)).href);
          return numbers.map((n) => [significant(n), bytes(n), duration(n), dollars(n)]);
        }""",
        [SCRIPT, NUMBERS],
    )
    for number, (digits, size, time, money) in zip(NUMBERS, found, strict=True):
        assert calculatorfigure.significant(number) == digits
        assert calculatorfigure.scaled(number, calculatorfigure.BYTES) == size
        assert calculatorfigure.scaled(number, calculatorfigure.SECONDS) == time
        assert calculatorfigure.dollars(number) == money


# --- on its page ---------------------------------------------------------------------------------

PATH = "chapters/concepts/networks.html"
FIGURE = "figure[data-widget=calculator]"
STATE = f"document.querySelector('{FIGURE}').widget"


@pytest.fixture
def live(page: Page, address: str) -> Page:
    """The chapter with its calculator running."""
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
    """Return the sentence that sums the results up."""
    return page.locator(f"{FIGURE} .cw-said").inner_text()


def field(page: Page, label: str) -> Any:
    """Return the number field of a label."""
    return page.locator(FIGURE).get_by_label(label, exact=True)


def test_presets_give_the_numbers_that_the_chapter_computed(live: Page, data: Any) -> None:
    """Each preset's parameters and each check of the artifact, chosen from the box."""
    checks = {check["preset"]: check for check in data["checks"]}
    assert checks
    for index, preset in enumerate(data["presets"]):
        field(live, "Model").select_option(str(index))
        found = live.evaluate(f"{STATE}.result")
        assert found["parameters"] == preset["parameters"]
        assert f"{preset['parameters']:,} parameters" in said(live)
        same(found, {k: v for k, v in checks.get(preset["name"], {}).items() if k != "preset"})


def test_drawing_says_what_the_widget_first_shows(live: Page) -> None:
    """The static figure's label is the widget's first sentence."""
    label = live.locator(f"{FIGURE} .widget-static svg").get_attribute("aria-label") or ""
    assert label.startswith(said(live))


def test_keyboard_changes_everything(live: Page) -> None:
    """Tab reaches each control; typing and arrow keys change the result."""
    field(live, "Model").focus()
    names = []
    for _ in range(30):
        names.append(
            live.evaluate(
                "(document.activeElement.labels?.[0] ?? document.activeElement).textContent"
                " || document.activeElement.ariaLabel"
            )
        )
        live.keyboard.press("Tab")
    for name in (
        "Kind",
        "Layers",
        "Layers, slider",
        "Width, slider",
        "Copy the results",
        "Training tokens",
        "Amount of data, slider",
        "Device",
        "$ an hour each",
    ):
        assert name in [n.strip() for n in names], name
    field(live, "Layers").fill("24")
    assert live.evaluate(f"{STATE}.model.layers") == 24
    assert said(live).startswith("Your own:")
    before = live.evaluate(f"{STATE}.result.parameters")
    field(live, "Width, slider").focus()
    live.keyboard.press("ArrowRight")
    model = live.evaluate(f"{STATE}.model")
    assert model["width"] % model["heads"] == 0
    assert live.evaluate(f"{STATE}.result.parameters") != before
    field(live, "Training tokens").fill("3e11")
    assert live.evaluate(f"{STATE}.result.tokens") == 3e11
    live.get_by_role("button", name="20 a parameter").press("Enter")
    result = live.evaluate(f"{STATE}.result")
    assert result["tokens"] == result["chinchilla"]


def test_impossible_settings_are_named(live: Page) -> None:
    """What cannot be computed is said in a sentence, and mended by a good number."""
    for label, wrong, right, words in [
        ("Heads", "7", "12", "cannot be shared out among 7 heads"),
        ("Layers", "", "12", "Layers: a whole number"),
        ("Training tokens", "-1", "1e9", "something to learn from"),
        ("Utilisation, %", "140", "40", "at most 100 %"),
        ("Devices", "0.5", "1", "Devices: a whole number"),
        ("$ an hour each", "-2", "2", "Price: 0 or more"),
    ]:
        field(live, label).fill(wrong)
        assert words in said(live)
        field(live, label).fill(right)
        assert "parameters" in said(live), label
    field(live, "Kind").select_option("dense")
    field(live, "Widths, inputs first").fill("784, ten")
    assert "Widths are whole numbers" in said(live)
    field(live, "Widths, inputs first").fill("784-10")
    assert "7,850 parameters" in said(live)


def test_results_can_be_copied(live: Page) -> None:
    """The button copies the text, or selects it where the clipboard is closed."""
    live.context.grant_permissions(["clipboard-read", "clipboard-write"])
    live.get_by_role("button", name="Copy the results").click()
    copied = live.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(said(live))
    assert "FLOP" in copied
    live.evaluate("void (navigator.clipboard.writeText = () => Promise.reject(Error('closed')))")
    live.get_by_role("button", name="Copy the results").click()
    live.wait_for_function("document.activeElement.tagName === 'TEXTAREA'")
    assert live.evaluate("getSelection().toString() || document.activeElement.value") == copied


# --- the drawing ---------------------------------------------------------------------------------


def test_drawing_refuses_bad_artifacts() -> None:
    """An artifact without a Transformer, or without its results, is named as such."""
    with pytest.raises(ValueError, match="at least one Transformer"):
        calculatorfigure.draw({"presets": [{"name": "x", "kind": "dense"}]})
    with pytest.raises(ValueError, match="no results for BERT"):
        calculatorfigure.draw({"presets": [{"name": "BERT", "kind": "encoder"}], "checks": []})
