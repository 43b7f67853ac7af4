"""The sheet to draw on: it prepares and answers as Python does, and loads only when used."""

from __future__ import annotations

import base64
import gzip
import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from sitecheck import HTML, ROOT, THEMES, WIDTHS, open_context
from torch.nn import functional as F

from lmbook import session
from lmbook.data import digits, strokes
from lmbook.zoo import NAMES, trained

sys.path.insert(0, str(ROOT / "site"))

from booksite import drawfigure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from playwright.sync_api import Browser, Page

    Says = Callable[[list[NDArray[np.float64]]], NDArray[np.float32]]

PATH = "chapters/mnist/cnn.html"
FIGURE = "figure[data-widget=draw]"
STATE = f"document.querySelector('{FIGURE}').widget"
SCRIPT = "/_static/widgets/draw.js"
RUNTIME = HTML / "_static" / "vendor" / "onnxruntime"
MODEL = HTML / "_static" / "artifacts" / "mnist" / "cnn" / "digitnet.onnx"


@pytest.fixture(scope="module")
def data() -> digits.Digits:
    """The digits that the book was built with."""
    return digits.load()


@pytest.fixture(scope="module")
def says(site: Path) -> Says:
    """Return a function from prepared images to probabilities, by the chapter's own network."""
    patch = pytest.MonkeyPatch()
    patch.setenv("LMBOOK_ARTIFACTS", str(site.parent / "artifacts" / "book"))
    run = session.start("book", device="cpu")
    assert (run.artifacts / f"{NAMES[0]}.safetensors").is_file(), "no network: run `make book`"
    model = trained("digitnet", run)
    patch.undo()

    def ask(images: list[NDArray[np.float64]]) -> NDArray[np.float32]:
        with torch.no_grad():
            return model(digits.to_input(np.stack(images))).softmax(1).numpy()

    return ask


def open_live(page: Page, address: str) -> None:
    """Open the chapter and bring the sheet to life."""
    page.goto(address + PATH, wait_until="load")
    page.locator(FIGURE).scroll_into_view_if_needed()
    page.wait_for_selector(f"{FIGURE}[data-state=live]")
    page.locator(f"{FIGURE} .dw-stage").scroll_into_view_if_needed()


@pytest.fixture
def live(page: Page, address: str) -> Page:
    """The chapter with its sheet live."""
    open_live(page, address)
    return page


def pasted(image: NDArray[np.uint8], chance: np.random.Generator) -> NDArray[np.uint8]:
    """A digit of a random size somewhere on a sheet of a random shape."""
    size = int(chance.integers(20, 120))
    height, width = size + chance.integers(0, 60, 2)
    row, column = chance.integers(0, height - size + 1), chance.integers(0, width - size + 1)
    sheet = np.zeros((height, width), np.uint8)
    scaled = F.interpolate(
        torch.from_numpy(image)[None, None].float(), (size, size), mode="bilinear", antialias=True
    )
    sheet[row : row + size, column : column + size] = scaled[0, 0].round().numpy()
    return sheet


def drawn(chance: np.random.Generator) -> list[list[list[float]]]:
    """A few random strokes, dots among them, some over the edge of the sheet."""
    return [
        chance.uniform(-5, 145, (chance.integers(1, 7), 2)).round(1).tolist()
        for _ in range(chance.integers(1, 4))
    ]


# --- the same numbers as in Python ---------------------------------------------------------------


def test_pasted_digits_are_prepared_and_read_as_in_python(
    live: Page, data: digits.Digits, says: Says
) -> None:
    """200 test digits at other sizes and places: probabilities equal to 1e-4."""
    chance = np.random.default_rng(0)
    sheets = [pasted(image, chance) for image in data.test_images[:200].numpy()]
    found = live.evaluate(
        """async ([script, model, sheets]) => {
          const { open, prepare } = await import(script);
          const run = await open(model);
          const answers = [];
          for (const { ink, width } of sheets) {
            const image = prepare(Uint8Array.from(atob(ink), (c) => c.charCodeAt(0)), width);
            const { probabilities } = await run(image);
            answers.push({ image: [...image], probabilities: [...probabilities] });
          }
          return answers;
        }""",
        [
            SCRIPT,
            live.locator(FIGURE).get_attribute("data-model"),
            [
                {"ink": base64.b64encode(sheet.tobytes()).decode(), "width": sheet.shape[1]}
                for sheet in sheets
            ],
        ],
    )
    prepared = [strokes.prepare(sheet) for sheet in sheets]
    for answer, image in zip(found, prepared, strict=True):
        np.testing.assert_allclose(answer["image"], image.ravel(), rtol=0, atol=1e-9)
    probabilities = np.array([answer["probabilities"] for answer in found])
    np.testing.assert_allclose(probabilities, says(prepared), rtol=0, atol=1e-4)
    right = probabilities.argmax(1) == data.test_labels[:200].numpy()
    assert right.mean() > 0.95


def test_strokes_are_drawn_prepared_and_read_as_in_python(live: Page, says: Says) -> None:
    """200 drawings: the ink is the same to the last bit, probabilities to 1e-4."""
    chance = np.random.default_rng(1)
    drawings = [drawn(chance) for _ in range(200)]
    found = live.evaluate(
        """async ([script, model, drawings, side, pen]) => {
          const { open, prepare, rasterise } = await import(script);
          const run = await open(model);
          const answers = [];
          for (const strokes of drawings) {
            const ink = rasterise(strokes, side, pen);
            const image = prepare(ink, side);
            const { probabilities } = await run(image);
            answers.push({
              ink: btoa(Array.from(ink, (value) => String.fromCharCode(value)).join("")),
              image: [...image], probabilities: [...probabilities],
            });
          }
          return answers;
        }""",
        [
            SCRIPT,
            live.locator(FIGURE).get_attribute("data-model"),
            drawings,
            strokes.SIDE,
            strokes.PEN,
        ],
    )
    prepared = []
    for drawing, answer in zip(drawings, found, strict=True):
        ink = strokes.draw(drawing)
        found_ink = np.frombuffer(base64.b64decode(answer["ink"]), np.uint8)
        np.testing.assert_array_equal(found_ink.reshape(ink.shape), ink)
        prepared.append(strokes.prepare(ink))
        np.testing.assert_allclose(answer["image"], prepared[-1].ravel(), rtol=0, atol=1e-9)
    probabilities = [answer["probabilities"] for answer in found]
    np.testing.assert_allclose(probabilities, says(prepared), rtol=0, atol=1e-4)


def test_blank_drawing_is_refused(live: Page) -> None:
    """Without ink there is nothing to prepare."""
    said = live.evaluate(
        """async (script) => {
          const { prepare } = await import(script);
          try { return prepare(new Uint8Array(9), 3); } catch (error) { return error.message; }
        }""",
        SCRIPT,
    )
    assert said == "expected ink on the drawing, and there is none"


# --- on the page ---------------------------------------------------------------------------------


def answered(page: Page, answers: int) -> dict[str, Any]:
    """Wait for the network's answer, and return what the figure then holds."""
    page.wait_for_function(f"{STATE}.answers > {answers}")
    return page.evaluate(
        f"({{ input: {STATE}.input && [...{STATE}.input], answers: {STATE}.answers, "
        f"probabilities: {STATE}.probabilities && [...{STATE}.probabilities] }})"
    )


def draw(page: Page, lines: list[list[tuple[float, float]]]) -> None:
    """Draw with the mouse; places are shares of the sheet."""
    box = page.locator(f"{FIGURE} .dw-stage canvas").bounding_box()
    assert box is not None
    for line in lines:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in line]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=6)
        page.mouse.up()


SEVEN = [[(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]]
ONE = [[(0.5, 0.15), (0.5, 0.85)]]
FOUR = [[(0.4, 0.15), (0.3, 0.5), (0.75, 0.5)], [(0.65, 0.15), (0.65, 0.9)]]


@pytest.mark.parametrize(("digit", "lines"), [(7, SEVEN), (1, ONE), (4, FOUR)])
def test_what_the_mouse_draws_is_read(
    live: Page, says: Says, digit: int, lines: list[list[tuple[float, float]]]
) -> None:
    """The sheet shows the strokes, the network reads them, the sentence and the bars say so."""
    draw(live, lines)
    live.wait_for_function(f"{STATE}.answers > 0")
    said = live.locator(f"{FIGURE} output")
    said.get_by_text("The network answers").wait_for()
    live.wait_for_timeout(300)
    assert said.inner_text().startswith(f"The network answers {digit} with ")
    state = answered(live, 0)
    drawing = live.evaluate(f"{STATE}.items.map((item) => item.points)")
    image = strokes.prepare(strokes.draw(drawing))
    np.testing.assert_allclose(state["input"], image.ravel(), atol=1e-9)
    np.testing.assert_allclose(state["probabilities"], says([image])[0], atol=1e-4)
    shown = live.evaluate(
        f"[...document.querySelectorAll('{FIGURE} .dw-bar')].map((bar) => "
        "bar.getBoundingClientRect().width / bar.parentElement.getBoundingClientRect().width)"
    )
    np.testing.assert_allclose(shown, state["probabilities"], atol=0.01)
    first = live.locator(f"{FIGURE} .dw-first")
    assert first.inner_text().split()[0] == str(digit)
    dark = live.evaluate(
        f"[...document.querySelectorAll('{FIGURE} .dw-maps canvas')].map((c) => "
        "Math.min(...c.getContext('2d').getImageData(0, 0, c.width, c.height).data))"
    )
    assert len(dark) == 16 and min(dark) == 0, "the strongest place of all maps is black"


def test_a_hundred_pasted_test_digits_are_read_as_well_as_in_python(
    page: Page, address: str, data: digits.Digits, says: Says, site: Path
) -> None:
    """Chosen by their buttons, prepared and run in the page: within one point of Python."""
    artifact = json.loads((site / "_static/artifacts/mnist/cnn/draw.json").read_text("utf-8"))
    images, labels = data.test_images[:100].numpy(), data.test_labels[:100].numpy()
    artifact["digits"] = [
        {"label": int(label), "says": int(label), "pixels": image.ravel().tolist()}
        for image, label in zip(images, labels, strict=True)
    ]
    page.route("**/draw.json", lambda route: route.fulfill(json=artifact))
    open_live(page, address)
    right = 0
    state: dict[str, Any] = {"answers": 0}
    for button, label in zip(
        page.locator(f"{FIGURE} .dw-digits button").all(), labels, strict=True
    ):
        button.click()
        state = answered(page, state["answers"])
        right += int(np.argmax(state["probabilities"])) == label
    python = (says([*images.astype(float)]).argmax(1) == labels).sum()
    assert abs(right - int(python)) <= 1


def test_digits_of_the_strip_are_answered_as_promised(live: Page) -> None:
    """The first strip is read right, the second is misread as its buttons say."""
    state: dict[str, Any] = {"answers": 0}
    kinds = set()
    for button in live.locator(f"{FIGURE} .dw-digits button").all():
        name = (button.get_attribute("aria-label") or "").partition(",")[0]
        found = [int(word) for word in name.split() if word.isdigit()]
        label, answer = found[0], found[-1]  # "test digit 3", "an 8 that it takes for a 3"
        kinds.add(label == answer)
        button.click()
        state = answered(live, state["answers"])
        assert int(np.argmax(state["probabilities"])) == answer
        live.get_by_text(f"Its label is {label}.").wait_for()
    assert kinds == {True, False}


def test_keyboard_draws(live: Page, says: Says) -> None:
    """Tab reaches the sheet; arrows, Space, Backspace and the buttons do all that a mouse does."""
    stage = live.locator(f"{FIGURE} .dw-stage")
    stage.focus()
    live.keyboard.press("ArrowUp")
    assert "Pen up, 50 % from left, 45 % from top." in live.locator(".dw-where").inner_text()
    for _ in range(6):
        live.keyboard.press("ArrowUp")
    live.keyboard.press("Space")
    assert live.locator(".dw-where").inner_text().startswith("Pen down, 50 %")
    for _ in range(14):
        live.keyboard.press("ArrowDown")
    live.keyboard.press("Shift+ArrowDown")
    live.keyboard.press("Space")
    live.get_by_text("The network answers 1 with").wait_for()
    points = live.evaluate(f"{STATE}.items[0].points")
    assert len(points) == 16
    assert points[0] == [70, 21]
    assert points[-1] == [70, 121]
    image = strokes.prepare(strokes.draw([points]))
    state = answered(live, 0)
    np.testing.assert_allclose(state["probabilities"], says([image])[0], atol=1e-4)
    live.keyboard.press("Backspace")
    assert live.evaluate(f"{STATE}.items.length") == 0
    live.get_by_text("Draw a digit, or choose one below.").wait_for()
    live.keyboard.press("Space")
    live.keyboard.press("Tab")
    assert live.evaluate(f"{STATE}.down") is False, "leaving the sheet lifts the pen"
    assert live.evaluate("document.activeElement.textContent") == "Undo"
    live.keyboard.press("Tab")
    live.keyboard.press("Enter")
    assert live.evaluate(f"{STATE}.items.length") == 0
    reached = 0
    for _ in range(30):
        live.keyboard.press("Tab")
        reached += live.evaluate("!!document.activeElement.closest('.dw-digits')")
    assert reached == live.locator(f"{FIGURE} .dw-digits button").count()


@pytest.mark.parametrize("width", WIDTHS)
def test_finger_draws_and_does_not_scroll(browser: Browser, address: str, width: int) -> None:
    """Touch makes a stroke of many points, at the width of a phone too."""
    context = open_context(browser, "dark", width, has_touch=True)
    page = context.new_page()
    open_live(page, address)
    box = page.locator(f"{FIGURE} .dw-stage canvas").bounding_box()
    assert box is not None
    assert box["width"] >= 240 and box["x"] >= 0 and box["x"] + box["width"] <= width
    before = page.evaluate("scrollY")
    finger = context.new_cdp_session(page)
    x = box["x"] + box["width"] / 2

    def touch(kind: str, share: float | None) -> None:
        places = [] if share is None else [{"x": x, "y": box["y"] + share * box["height"]}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    touch("touchStart", 0.15)
    for share in np.linspace(0.15, 0.85, 12):
        touch("touchMove", float(share))
    touch("touchEnd", None)
    page.get_by_text("The network answers 1 with").wait_for()
    assert page.evaluate(f"{STATE}.items.length") == 1
    assert page.evaluate(f"{STATE}.items[0].points.length") > 5
    assert page.evaluate("scrollY") == before
    context.close()


@pytest.mark.parametrize("theme", THEMES)
def test_figure_is_accessible_in_use(
    browser: Browser, address: str, axe_script: str, theme: str
) -> None:
    """With a drawing, an answer and the pen down, axe finds nothing either."""
    context = open_context(browser, theme, 390)
    page = context.new_page()
    open_live(page, address)
    page.locator(f"{FIGURE} .dw-stage").focus()
    for key in ("Space", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    page.get_by_text("The network answers").wait_for()
    assert page.locator(f"{FIGURE} .dw-tip").is_visible()
    page.evaluate(axe_script)
    found = page.evaluate(f"axe.run('{FIGURE}', {{ resultTypes: ['violations'] }})")
    assert [rule["id"] for rule in found["violations"]] == []
    context.close()


def test_undo_and_clear(live: Page) -> None:
    """The last stroke goes, then the digit under it; clear takes all."""
    live.locator(f"{FIGURE} .dw-digits button").first.click()
    digit = answered(live, 0)
    draw(live, ONE)
    live.wait_for_function(f"{STATE}.answers > {digit['answers']}")
    press = live.locator(FIGURE).get_by_role("button", name="Undo").click
    press()
    live.wait_for_function(f"{STATE}.items.length === 1")
    live.wait_for_function(
        f"Math.abs({STATE}.probabilities[0] - {digit['probabilities'][0]}) < 1e-6"
    )
    press()
    live.wait_for_function(f"{STATE}.input === null")
    draw(live, FOUR)
    live.locator(FIGURE).get_by_role("button", name="Clear").click()
    assert live.evaluate(f"{STATE}.items.length") == 0
    live.wait_for_function(f"{STATE}.probabilities === null")
    assert live.locator(f"{FIGURE} .dw-share").all_inner_texts() == [""] * 10


@pytest.mark.parametrize("how", ["Backspace", "Clear", "digit", "Space", "ArrowUp"])
def test_one_stroke_at_a_time(live: Page, how: str) -> None:
    """What changes the drawing ends the stroke under the mouse; the pen of the keyboard waits."""
    errors: list[str] = []
    live.on("pageerror", lambda error: errors.append(str(error)))
    area = live.locator(f"{FIGURE} .dw-stage")
    area.scroll_into_view_if_needed()
    draw(live, ONE)
    box = area.bounding_box()
    assert box is not None
    live.mouse.move(box["x"] + 60, box["y"] + 60)
    live.mouse.down()
    live.mouse.move(box["x"] + 90, box["y"] + 90)
    strokes = f"{STATE}.items.map(item => item.points?.length)"
    before = live.evaluate(strokes)
    assert len(before) == 2
    if how == "Clear":
        live.evaluate(f"document.querySelectorAll('{FIGURE} .dw-buttons button')[1].click()")
        expected = []
    elif how == "digit":
        live.evaluate(f"document.querySelector('{FIGURE} .dw-digits button').click()")
        expected = [None]
    else:
        live.keyboard.press(how)
        expected = before[:1] if how == "Backspace" else before
    assert live.evaluate(strokes) == expected
    live.mouse.move(box["x"] + 120, box["y"] + 120, steps=3)
    after = live.evaluate(strokes)
    grown = how in ("Space", "ArrowUp")
    assert (after[:-1] == before[:-1] and after[-1] > before[-1]) if grown else after == expected
    live.mouse.up()
    assert not errors


def test_a_pen_lifted_unseen_draws_no_more(live: Page) -> None:
    """Moves without a button, after a lost pointerup, leave no ink."""
    live.evaluate(
        f"""() => {{
          const stage = document.querySelector('{FIGURE} .dw-stage');
          stage.setPointerCapture = () => {{}};
          const area = stage.getBoundingClientRect();
          const send = (kind, x, buttons) => stage.dispatchEvent(new PointerEvent(kind, {{
            pointerId: 7, buttons, clientX: area.left + x, clientY: area.top + 50, bubbles: true,
          }}));
          send("pointerdown", 40, 1);
          send("pointermove", 60, 1);
          send("pointermove", 90, 0);
          send("pointermove", 95, 1);
        }}"""
    )
    assert live.evaluate(f"{STATE}.items.map(item => item.points.length)") == [2]


@pytest.mark.parametrize("width", [390, 1280])
def test_the_first_answer_moves_nothing(browser: Browser, address: str, width: int) -> None:
    """Who chooses the same place twice gets the same digit."""
    context = open_context(browser, "light", width)
    page = context.new_page()
    open_live(page, address)
    buttons = page.locator(f"{FIGURE} .dw-digits button")
    buttons.first.scroll_into_view_if_needed()
    place = "element => element.getBoundingClientRect().top + scrollY"
    before = buttons.last.evaluate(place)
    buttons.nth(1).click()
    answered(page, 0)
    page.get_by_text("The network answers").wait_for()
    assert abs(buttons.last.evaluate(place) - before) < 1
    context.close()


# --- what is loaded, and what when it cannot be --------------------------------------------------


def test_nothing_heavy_is_fetched_before_the_first_stroke(page: Page, address: str) -> None:
    """Then the runtime and the model, once, from this site alone."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_live(page, address)
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "onnx" in url]
    before = len(asked)
    draw(page, SEVEN)
    page.wait_for_function(f"{STATE}.answers > 0")
    draw(page, ONE)
    page.wait_for_load_state("networkidle")
    names = sorted(url.rsplit("/", 1)[1] for url in asked[before:] if not url.startswith("data:"))
    assert names == [
        "digitnet.onnx", "ort-wasm-simd-threaded.wasm", "ort.wasm.bundle.min.mjs"
    ]  # fmt: skip
    assert not [url for url in asked if not url.startswith((address, "data:", "blob:"))]


def test_sizes_that_the_figure_names_are_those_of_the_files(live: Page) -> None:
    """The whole, and what a server that compresses sends."""
    files = [RUNTIME / name for name in ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")]
    files.append(MODEL)
    whole = [path.read_bytes() for path in files]
    said = live.locator(f"{FIGURE} .dw-status").inner_text()
    megabytes = sum(map(len, whole)) / 1e6
    compressed = sum(len(gzip.compress(content)) for content in whole) / 1e6
    assert f"{megabytes:.0f} MB, about {compressed:.0f} MB where" in said


@pytest.mark.parametrize("lost", ["digitnet.onnx", "*.wasm", "*.mjs"])
def test_network_that_cannot_be_loaded_is_said_and_tried_again(
    page: Page, address: str, lost: str
) -> None:
    """The drawn figure comes back, drawing goes on, and the next stroke succeeds."""
    page.route(f"**/{lost}", lambda route: route.fulfill(status=404))
    open_live(page, address)
    draw(page, SEVEN)
    page.get_by_text("The network could not be loaded (").wait_for()
    assert page.locator(f"{FIGURE} .widget-static svg").is_visible()
    assert page.evaluate(f"{STATE}.items.length") == 1
    assert page.evaluate(f"{STATE}.input.length") == 784
    page.unroute(f"**/{lost}")
    draw(page, SEVEN)
    page.wait_for_function(f"{STATE}.answers > 0")
    assert not page.locator(f"{FIGURE} .widget-static svg").is_visible()
    assert "stays with you" in page.locator(f"{FIGURE} .dw-status").inner_text()


def test_a_lost_network_is_asked_for_once_a_stroke_and_moves_nothing(
    page: Page, address: str
) -> None:
    """Forty moves of one stroke try once; the sheet stays under the pen."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/digitnet.onnx", lambda route: route.abort())
    open_live(page, address)
    stage = page.locator(f"{FIGURE} .dw-stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.get_by_text("The network could not be loaded (").wait_for()
    for i in range(40):
        page.mouse.move(box["x"] + 40 + 3 * i, box["y"] + 60)
    page.mouse.up()
    page.wait_for_load_state("networkidle")
    assert sum(url.endswith(".onnx") for url in asked) == 1
    assert stage.bounding_box() == box
    page.get_by_text("No answer: the network could not be loaded.").wait_for()


def test_loading_is_told_once_not_at_every_packet(page: Page, address: str) -> None:
    """What a screen reader hears of the status: before, while and after."""
    open_live(page, address)
    page.evaluate(
        f"""() => {{
          window.heard = new Set();
          const status = document.querySelector('{FIGURE} .dw-status');
          new MutationObserver(() => {{
            const copy = status.cloneNode(true);
            copy.querySelectorAll("[aria-hidden]").forEach((part) => part.remove());
            window.heard.add(copy.textContent);
          }}).observe(status, {{ childList: true, characterData: true, subtree: true }});
        }}"""
    )
    draw(page, SEVEN)
    page.wait_for_function(f"{STATE}.answers > 0")
    assert page.evaluate("window.heard.size") == 2  # loading, loaded


def test_without_scripts_the_drawing_is_shown(browser: Browser, address: str) -> None:
    """A digit, its probabilities and the maps, as an SVG that says what it shows."""
    context = open_context(browser, "light", 1280, java_script_enabled=False)
    page = context.new_page()
    page.goto(address + PATH, wait_until="load")
    drawing = page.locator(f"{FIGURE} .widget-static svg")
    assert drawing.is_visible()
    assert "the ten probabilities" in (drawing.get_attribute("aria-label") or "")
    assert page.locator(f"{FIGURE} .dw").count() == 0
    assert page.locator(f"{FIGURE} .widget-note").is_visible()
    context.close()


def test_from_a_file_the_page_says_what_to_do(page: Page, site: Path) -> None:
    """Browsers load no modules from files; the drawing stays, with a sentence under it."""
    page.goto((site / PATH).as_uri(), wait_until="load")
    page.locator(FIGURE).scroll_into_view_if_needed()
    page.wait_for_selector(f"{FIGURE}[data-state=static]")
    assert page.locator(f"{FIGURE} .widget-static svg").is_visible()
    assert "run make serve" in page.locator(f"{FIGURE} .widget-note").inner_text()


# --- the drawing ---------------------------------------------------------------------------------


def test_drawing_shows_what_the_network_says(live: Page, data: digits.Digits, says: Says) -> None:
    """The example's numbers, from the artifact, are those of the network."""
    artifact = live.evaluate(
        f"fetch(document.querySelector('{FIGURE}').dataset.artifact).then((a) => a.json())"
    )
    example = artifact["example"]
    pixels = artifact["digits"][example["digit"]]["pixels"]
    expected = says([np.reshape(pixels, (28, 28)).astype(float)])[0]
    np.testing.assert_allclose(example["probabilities"], expected, atol=1e-4)
    svg = live.locator(f"{FIGURE} .widget-static").inner_html()
    for share in expected:
        assert f">{drawfigure.percent(float(share))}<" in svg
    live.locator(f"{FIGURE} .dw-digits button").nth(example["digit"]).click()
    answered(live, 0)
    found = np.array(live.evaluate(f"[...{STATE}.maps]"))
    np.testing.assert_allclose(found, np.ravel(example["maps"]), atol=0.006)
    raw = (HTML / "_static/artifacts/mnist/cnn/draw.json").read_bytes()
    assert len(gzip.compress(raw)) < 60_000


def test_drawing_refuses_bad_artifacts() -> None:
    """What is missing or of a wrong length is named."""
    with pytest.raises(ValueError, match="must hold digits and an example"):
        drawfigure.draw({"digits": []})
    bad = {
        "digits": [{"label": 1, "says": 1, "pixels": [0] * 5}],
        "example": {"digit": 0, "probabilities": [1.0], "maps": []},
    }
    with pytest.raises(ValueError, match=r"expected 784 pixels.*got \(5, 1, \[\]\)"):
        drawfigure.draw(bad)
