"""The stepper widget: values and gradients are those of ``lmbook.nn.autograd``."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sitecheck import ROOT, ROOT_PAGE

from lmbook.nn.autograd import Value, topological_order

sys.path.insert(0, str(ROOT / "site"))

from booksite import stepperfigure

if TYPE_CHECKING:
    from playwright.sync_api import Page


SCRIPT = "/_static/widgets/stepper.js"


def written_down(output: Value) -> list[dict[str, Any]]:
    """Return the nodes of a computation as the artifact holds them."""
    order = topological_order(output)
    names = {node: f"n{i}" for i, node in enumerate(order)}
    return [
        {
            "id": names[node],
            "operation": node.operation,
            "label": node.label,
            "parents": [names[parent] for parent, _ in node.parents],
            "value": node.data,
        }
        for node in order
    ]


def random_graph(rng: np.random.Generator) -> Value:
    """Return the result of a random expression; many numbers are used several times."""
    pool = [Value(rng.uniform(-2, 2), label=f"x{i}") for i in range(rng.integers(1, 5))]
    for _ in range(rng.integers(2, 14)):
        a, b = (pool[i] for i in rng.integers(0, len(pool), 2))
        made = [
            lambda a=a, b=b: a + b,
            lambda a=a, b=b: a - b,
            lambda a=a, b=b: a * b,
            lambda a=a: a**2,
            lambda a=a: a**3,
            lambda a=a: (a**2 + 0.5) ** -1,
            lambda a=a: (a**2 + 0.5) ** 0.5,
            lambda a=a: a.tanh(),
            lambda a=a: a.sigmoid(),
            lambda a=a: a.relu(),
            lambda a=a: (a * 0.1).tanh().exp(),
            lambda a=a: (a**2 + 1).log(),
        ][rng.integers(0, 12)]()
        pool.append(made.tanh() if abs(made.data) > 20 else made)
    return pool[-1]


def test_values_and_gradients_equal_those_of_python(page: Page, address: str) -> None:
    """Three hundred random expressions, with repeated operands, to a relative 1e-9."""
    page.goto(address + ROOT_PAGE)
    rng = np.random.default_rng(0)
    outputs = [random_graph(rng) for _ in range(300)]
    found = page.evaluate(
        """async ([script, graphs]) => {
          const { forward, backward, steps } = await import(script);
          return graphs.map((nodes) => {
            const leaves = {};
            const blank = nodes.map((node) => {
              if (node.operation !== "leaf") return { ...node, value: null };
              leaves[node.id] = node.value;
              return { ...node, value: 0 };
            });
            const done = forward(blank, leaves);
            const back = backward(blank, done);
            const list = steps(blank, done, back);
            return { values: done.map((d) => d.value), slopes: done.map((d) => d.slopes),
              grads: back.grads, steps: list.length, texts: list.map((s) => s.text) };
          });
        }""",
        [SCRIPT, [written_down(output) for output in outputs]],
    )
    used_twice = 0
    for output, answer in zip(outputs, found, strict=True):
        order = topological_order(output)
        output.backward()
        close = {"rtol": 1e-9, "atol": 1e-12}
        np.testing.assert_allclose(answer["values"], [n.data for n in order], **close)
        np.testing.assert_allclose(answer["grads"], [n.grad for n in order], **close)
        slopes = [[slope for _, slope in n.parents] for n in order]
        for one, other in zip(answer["slopes"], slopes, strict=True):
            np.testing.assert_allclose(one, other, **close)
        edges = [parent for n in order for parent, _ in n.parents]
        used_twice += len(edges) != len(set(edges))
        results = sum(bool(n.parents) for n in order)
        assert answer["steps"] == 2 + results + len(edges)
        assert not any("undefined" in t or "NaN" in t for t in answer["texts"])
    assert used_twice > 50


# --- on its page ---------------------------------------------------------------------------------

PATH = "chapters/backprop/graphs.html"
FIGURE = "figure[data-widget=stepper]"
STATE = f"document.querySelector('{FIGURE}').widget"


@pytest.fixture
def live(page: Page, address: str) -> Page:
    """The chapter with its stepper running."""
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
    """Return the sentence that explains the step."""
    return page.locator(f"{FIGURE} .sw-said").inner_text()


def choose(page: Page, index: int) -> None:
    """Choose a graph."""
    page.locator(FIGURE).get_by_label("Graph", exact=True).select_option(str(index))


def press(page: Page, name: str) -> None:
    """Press a button of the widget."""
    page.locator(FIGURE).get_by_role("button", name=name, exact=True).click()


def shown(page: Page) -> list[list[str]]:
    """Return the lines of text in each box."""
    return page.evaluate(
        f"[...document.querySelectorAll('{FIGURE} .sw-node')].map((g) => "
        "[...g.querySelectorAll('text')].map((t) => t.textContent))"
    )


def test_each_graph_ends_with_the_numbers_of_the_chapter(live: Page, data: Any) -> None:
    """Run, in calm, goes to the end: the artifact's values and gradients."""
    for index, graph in enumerate(data):
        choose(live, index)
        press(live, "Run")
        state = live.evaluate(f"({{ values: {STATE}.values, grads: {STATE}.grads }})")
        for node in graph["nodes"]:
            assert state["values"][node["id"]] == pytest.approx(node["value"], rel=1e-9)
            assert state["grads"][node["id"]] == pytest.approx(node["grad"], rel=1e-9)
        assert "Every number has its gradient" in said(live)


def test_values_come_first_then_gradients_then_sums(live: Page, data: Any) -> None:
    """Forward fills in values, backward gradients; what is used twice shows both shares."""
    twice = next(
        i
        for i, graph in enumerate(data)
        if any(len(set(n["parents"])) < len(n["parents"]) for n in graph["nodes"])
    )
    choose(live, twice)
    nodes = data[twice]["nodes"]
    leaves = sum(n["operation"] == "leaf" for n in nodes)
    assert [box[1] for box in shown(live)].count("?") == len(nodes) - leaves
    for _ in range(len(nodes) - leaves):
        assert all(box[2] == "" for box in shown(live))
        press(live, "Next")
    assert "?" not in [box[1] for box in shown(live)]
    press(live, "Next")
    assert shown(live)[-1][2] == "∂ 1"
    seen_sums = []
    for _ in range(sum(len(n["parents"]) for n in nodes)):
        press(live, "Next")
        if "adds up" in said(live):
            seen_sums.append([box[3] for box in shown(live) if box[3]])
    assert seen_sums[0]
    shares = [part for box in shown(live) for part in [box[3]] if part]
    assert any(part.count("+") >= 1 for part in shares)
    press(live, "Back")
    assert live.evaluate(f"{STATE}.step === {STATE}.steps.length - 2")
    press(live, "Reset")
    assert live.evaluate(f"{STATE}.step") == 0


def test_changed_leaves_give_the_gradients_of_python(live: Page, data: Any) -> None:
    """Typed values: the first graph equals Python's engine, at whatever step."""
    rng = np.random.default_rng(1)
    nodes = data[0]["nodes"]
    fields = live.locator(f"{FIGURE} .sw-leaves input")
    for _ in range(5):
        made: dict[str, Value] = {}
        typed = iter(fields.all())
        for node in nodes:
            if node["operation"] == "leaf":
                value = round(float(rng.uniform(-3, 3)), 3)
                next(typed).fill(str(value))
                made[node["id"]] = Value(value)
                continue
            operands = [made[parent] for parent in node["parents"]]
            made[node["id"]] = {
                "+": lambda o: o[0] + o[1],
                "-": lambda o: o[0] - o[1],
                "*": lambda o: o[0] * o[1],
                "**2": lambda o: o[0] ** 2,
            }[node["operation"]](operands)
        made[data[0]["output"]].backward()
        press(live, "Run")
        grads = live.evaluate(f"{STATE}.grads")
        for name, value in made.items():
            assert grads[name] == pytest.approx(value.grad, rel=1e-9, abs=1e-12)
    fields.first.fill("")
    assert "has no value yet" in said(live)
    fields.first.fill("1")
    assert "has no value yet" not in said(live)


def test_keyboard_steps_through(live: Page) -> None:
    """Tab reaches box, leaves, graph and buttons; arrow keys, Home and End step."""
    live.locator(FIGURE).get_by_label("Graph", exact=True).focus()
    reached = []
    for _ in range(9):
        live.keyboard.press("Tab")
        reached.append(
            live.evaluate("document.activeElement.type || document.activeElement.className")
        )
    assert reached.count("button") >= 4
    assert "number" in reached
    live.locator(f"{FIGURE} .sw-stage").focus()
    for key, step in [
        ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("Home", 0), ("ArrowLeft", 0)
    ]:  # fmt: skip
        live.keyboard.press(key)
        assert live.evaluate(f"{STATE}.step") == step
    live.keyboard.press("End")
    assert live.evaluate(f"{STATE}.step === {STATE}.steps.length - 1")
    button = live.locator(FIGURE).get_by_role("button", name="Next", exact=True)
    button.focus()
    live.keyboard.press("Enter")
    assert live.evaluate("document.activeElement.textContent") == "Next"


def test_run_plays_step_by_step_where_motion_is_welcome(live: Page) -> None:
    """Without the wish for less motion, Run takes its time and can be stopped."""
    live.emulate_media(reduced_motion="no-preference")
    press(live, "Run")
    assert live.evaluate(f"{STATE}.step < {STATE}.steps.length - 1")
    live.wait_for_function(f"{STATE}.step >= 2")
    press(live, "Stop")
    stopped = live.evaluate(f"{STATE}.step")
    live.wait_for_timeout(1200)
    assert live.evaluate(f"{STATE}.step") == stopped


def test_narrow_figures_run_downwards_inside_the_screen(live: Page, data: Any) -> None:
    """On a phone no two boxes touch, and all lie inside the figure."""
    live.set_viewport_size({"width": 390, "height": 844})
    for index in range(len(data)):
        choose(live, index)
        live.wait_for_function(
            f"document.querySelector('{FIGURE} .sw-stage svg').viewBox.baseVal.width < 340"
        )
        boxes = live.evaluate(
            f"[...document.querySelectorAll('{FIGURE} .sw-node rect')].map((r) => "
            "[r.x, r.y, r.width, r.height].map((n) => n.baseVal.value))"
        )
        for (x, y, w, h), (u, v, s, t) in itertools.combinations(boxes, 2):
            assert x + w <= u or u + s <= x or y + h <= v or v + t <= y
        assert all(x >= 0 and x + w <= 324 for x, _, w, _ in boxes)


def test_drawing_shows_what_the_first_graph_ends_with(live: Page, data: Any) -> None:
    """The static figure's numbers are those of the last step."""
    press(live, "Run")
    label = live.locator(f"{FIGURE} .widget-static svg").get_attribute("aria-label") or ""
    for title, value, grad, _ in shown(live):
        assert f"{title}: value {value}, gradient {grad.removeprefix('∂ ')}" in label


# --- the drawing ---------------------------------------------------------------------------------


def test_drawing_refuses_bad_artifacts() -> None:
    """An artifact without graphs is named as such."""
    for nothing in ([], [{"name": "empty", "nodes": []}]):
        with pytest.raises(ValueError, match="at least one graph with nodes"):
            stepperfigure.draw(nothing)
