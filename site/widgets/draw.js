// A sheet to draw a digit on, and the chapter's own network reading along: prepared as
// lmbook.data.strokes prepares it, operation by operation, then run by onnxruntime in WebAssembly.
// Network and runtime are fetched when the reader first uses the figure, not before.

import { button, element } from "./dom.js";

const RUNTIME = new URL("../vendor/onnxruntime/", import.meta.url);
const IMAGE = 28; // pixels on a side of what the network takes
const MEGABYTES = 14.7; // of runtime and network; a server that compresses sends about
const COMPRESSED = 4.0;

// -- strokes to ink, ink to 28 by 28, as in lmbook.data.strokes --

/** Add a line with round ends to the ink, which is 0 to 255, row by row. */
function addLine(ink, side, pen, [startX, startY], [endX, endY]) {
  const right = endX - startX;
  const down = endY - startY;
  const length = right * right + down * down || 1;
  const reach = pen / 2 + 1;
  const first = (a, b) => Math.max(0, Math.floor(Math.min(a, b) - reach));
  const last = (a, b) => Math.min(side - 1, Math.ceil(Math.max(a, b) + reach));
  for (let row = first(startY, endY); row <= last(startY, endY); row += 1) {
    for (let column = first(startX, endX); column <= last(startX, endX); column += 1) {
      const x = column + 0.5;
      const y = row + 0.5;
      let along = ((x - startX) * right + (y - startY) * down) / length;
      along = Math.min(Math.max(along, 0), 1);
      const offX = x - startX - along * right;
      const offY = y - startY - along * down;
      const distance = Math.sqrt(offX * offX + offY * offY);
      const share = Math.min(Math.max(pen / 2 + 0.5 - distance, 0), 1);
      const at = side * row + column;
      ink[at] = Math.max(ink[at], Math.floor(255 * share + 0.5));
    }
  }
}

/**
 * Draw strokes with a round pen.
 *
 * @param {number[][][]} strokes each a list of [x, y], in pixels from the upper left corner
 * @param {number} side of the sheet, in pixels
 * @param {number} pen its width, in pixels
 * @returns {Uint8Array} 0, paper, to 255, ink, row by row
 */
export function rasterise(strokes, side, pen) {
  const ink = new Uint8Array(side * side);
  for (const stroke of strokes) {
    const ends = stroke.length > 1 ? stroke.slice(1) : stroke;
    ends.forEach((end, i) => addLine(ink, side, pen, stroke[i], end));
  }
  return ink;
}

/** How much of each of the 28 lines of the image, from 0 to 1, each line of a box covers; 28 lists. */
function shares(mass, longest) {
  let whole = 0;
  let moment = 0;
  mass.forEach((value, i) => {
    whole += value;
    moment += value * (i + 0.5);
  });
  let start = 14 - Math.floor((20 * (moment / whole)) / longest);
  start = Math.min(Math.max(start, 0), IMAGE - Math.ceil((20 * mass.length) / longest));
  const edge = (i) => start + (20 * i) / longest;
  return Array.from({ length: IMAGE }, (_, line) => Float64Array.from(mass, (__, i) => (
    Math.max(Math.min(edge(i + 1), line + 1) - Math.max(edge(i), line), 0))));
}

/**
 * Bring a drawing into the form of MNIST's digits.
 *
 * @param {ArrayLike<number>} ink 0 for paper, 255 for ink, row by row
 * @param {number} width of the drawing, in pixels
 * @returns {Float64Array} 784 values from 0 to 255
 */
export function prepare(ink, width) {
  const height = ink.length / width;
  let [top, bottom, left, right] = [height, -1, width, -1];
  for (let i = 0; i < ink.length; i += 1) {
    if (!ink[i]) continue;
    const [row, column] = [Math.floor(i / width), i % width];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    [left, right] = [Math.min(left, column), Math.max(right, column)];
  }
  if (bottom < 0) throw new Error("expected ink on the drawing, and there is none");
  const [rows, columns] = [bottom - top + 1, right - left + 1];
  const at = (row, column) => ink[width * (top + row) + left + column];
  const massDown = new Float64Array(rows);
  const massAcross = new Float64Array(columns);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      massDown[row] += at(row, column);
      massAcross[column] += at(row, column);
    }
  }
  const longest = Math.max(rows, columns);
  const across = shares(massAcross, longest);
  const image = new Float64Array(IMAGE * IMAGE);
  shares(massDown, longest).forEach((parts, line) => {
    const spread = new Float64Array(columns); // one line of the image, before it is scaled across
    parts.forEach((part, row) => {
      if (part) for (let i = 0; i < columns; i += 1) spread[i] += part * at(row, i);
    });
    across.forEach((weights, column) => {
      image[IMAGE * line + column] = weights.reduce((sum, weight, i) => sum + weight * spread[i], 0);
    });
  });
  return image;
}

// -- the network --

/** Fetch a file whole; `report` hears how many bytes have come, and of how many if that is known. */
async function fetched(url, report) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url.pathname.split("/").pop()}: ${answer.status}`);
  const header = answer.headers;
  const total = header.get("content-encoding") ? 0 : Number(header.get("content-length"));
  let bytes = 0;
  const counted = answer.body.pipeThrough(new TransformStream({
    transform(part, controller) {
      bytes += part.length;
      report(bytes, total);
      controller.enqueue(part);
    },
  }));
  return new Uint8Array(await new Response(counted).arrayBuffer());
}

let attempts = 0;

/**
 * Fetch and start the network.
 *
 * @param {string} model address of the ONNX file
 * @param {(bytes: number, total: number) => void} report hears of the runtime's arrival
 * @returns {Promise<(pixels: ArrayLike<number>) => Promise<{probabilities: Float32Array,
 *     maps: Float32Array, side: number}>>} from 784 pixels to ten probabilities and the maps
 */
export async function open(model, report = () => {}) {
  const bundle = new URL("ort.wasm.bundle.min.mjs", RUNTIME);
  if (attempts) bundle.search = attempts; // a page keeps a module's failure under its address
  attempts += 1;
  const [ort, program, network] = await Promise.all([
    import(bundle.href),
    fetched(new URL("ort-wasm-simd-threaded.wasm", RUNTIME), report),
    fetched(new URL(model, document.baseURI), () => {}),
  ]);
  ort.env.wasm.numThreads = 1; // more would need headers that simple servers do not send
  ort.env.wasm.wasmBinary = program;
  const session = await ort.InferenceSession.create(network, { executionProviders: ["wasm"] });
  return async (pixels) => {
    const input = new ort.Tensor("float32", Float32Array.from(pixels), [1, IMAGE, IMAGE]);
    const { probabilities, maps } = await session.run({ pixels: input });
    return { probabilities: probabilities.data, maps: maps.data, side: maps.dims[3] };
  };
}

/** Write a share in percent; what is nearly nothing or all as such. */
export function percent(share) {
  if (share > 0 && share < 0.005) return "<\u00a01\u00a0%";
  if (share > 0.995 && share < 1) return ">\u00a099\u00a0%";
  return `${Math.round(100 * share)}\u00a0%`;
}

/** Paint grey pixels, high being dark, on a canvas. */
function paint(canvas, side, values, largest) {
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(side, side);
  values.forEach((value, i) => {
    const level = 255 - (255 * value) / (largest || 1);
    picture.data.set([level, level, level, 255], 4 * i);
  });
  context.putImageData(picture, 0, 0);
}

const STEP = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
let count = 0;

/**
 * Make a figure live.
 *
 * @param {HTMLElement} figure holds `.widget-static`, which stays for print, and the caption
 * @param {object} data the artifact: side of the sheet, width of the pen, test digits, an example
 * @returns {object} the state, live
 */
export function mount(figure, data) {
  count += 1;
  const id = `draw-${count}`;
  const { side, pen } = data;
  const zoom = 4; // pixels of the shown sheet for one of the drawing's
  const state = {
    items: [], // what is on the sheet: strokes, and at most one digit, before all strokes
    ink: null, input: null, probabilities: null, maps: null, answers: 0,
    x: side / 2, y: side / 2, down: false,
  };

  // -- what is seen --
  const sheet = element("canvas", { width: side * zoom, height: side * zoom, "aria-hidden": "true" });
  const tip = element("span", { class: "dw-tip", hidden: true, "aria-hidden": "true" });
  const stage = element("div", {
    class: "dw-stage", tabindex: "0", role: "application", "aria-label": "Sheet to draw on",
    "aria-describedby": `${id}-help`,
  }, sheet, tip);
  const where = element("p", { class: "dw-where", role: "status" });
  const undo = button("Undo", () => change(state.items.slice(0, -1)));
  const clear = button("Clear", () => change([]));
  const input = element("canvas", {
    width: IMAGE, height: IMAGE, role: "img", "aria-label": "28 by 28 pixels, blank",
  });
  const bars = Array.from({ length: 10 }, (_, digit) => {
    const bar = element("span", { class: "dw-bar" });
    const share = element("span", { class: "dw-share" });
    const row = element("li", {},
      element("span", {}, String(digit)), element("span", { class: "dw-track" }, bar), share);
    return { row, bar, share };
  });
  const maps = data.example.maps.map(() => element("canvas", { width: 1, height: 1 }));
  const said = element("output", { class: "dw-said" }, "Draw a digit, or choose one below.");
  const status = element("p", { class: "dw-status", role: "status" },
    "The first stroke or digit loads the network and the program that runs it: "
    + `${Math.round(MEGABYTES)} MB, about ${Math.round(COMPRESSED)} MB where the server compresses.`);

  const a = (digit) => `${digit === 8 ? "an" : "a"} ${digit}`;
  const choices = (name, digits) => (digits.length ? [element("fieldset", { class: "dw-digits" },
    element("legend", {}, name),
    element("div", {}, ...digits.map((digit, i) => {
      const choice = button("", () => change([{ digit }]));
      const right = digit.says === digit.label;
      choice.setAttribute("aria-label", `${right ? `test digit ${digit.label}`
        : `${a(digit.label)} that it takes for ${a(digit.says)}`}, number ${i + 1}`);
      const picture = element("canvas", { "aria-hidden": "true" });
      paint(picture, IMAGE, digit.pixels, 255);
      choice.append(picture);
      return choice;
    })))] : []);

  const live = element("div", { class: "widget-live dw" },
    element("div", { class: "dw-work" },
      element("div", { class: "dw-sheet" },
        element("span", { class: "label" }, "Draw here"), stage,
        element("div", { class: "dw-buttons" }, undo, clear, where),
        element("p", { class: "dw-help", id: `${id}-help` },
          "By keyboard: arrow keys move the pen, with Shift in small steps; Space puts it down and "
          + "lifts it; Backspace undoes.")),
      element("div", { class: "dw-input" },
        element("span", { class: "label" }, "It gets"), input),
      element("div", {},
        element("span", { class: "label", id: `${id}-bars` }, "It answers"),
        element("ol", { class: "dw-bars", "aria-labelledby": `${id}-bars` },
          ...bars.map(({ row }) => row))),
      element("div", { class: "dw-seen" },
        element("span", { class: "label" }, "Maps of its first block"),
        element("div", {
          class: "dw-maps", role: "img", "aria-label": "Sixteen maps of the first block",
        }, ...maps))),
    said,
    element("div", { class: "dw-strips" },
      ...choices("Test digits it reads", data.digits.filter((d) => d.says === d.label)),
      ...choices("Test digits it misreads", data.digits.filter((d) => d.says !== d.label))),
    status);
  figure.insertBefore(live, figure.querySelector("figcaption"));

  // -- the sheet --
  const strokes = () => state.items.filter((item) => item.points).map((item) => item.points);

  let pointer = null; // the mouse, finger or pen that draws
  let retry = true; // whether the network may be asked for again, once it could not be had

  function change(items) {
    pointer = null; // a stroke that is still being drawn ends here
    retry = true;
    state.items = items;
    if (state.down) lift();
    redraw();
  }

  function redraw() {
    const digit = state.items[0]?.digit;
    state.ink = rasterise(strokes(), side, pen);
    const context = sheet.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#fff";
    context.fillRect(0, 0, sheet.width, sheet.height);
    context.scale(zoom, zoom);
    if (digit) {
      const picture = element("canvas");
      paint(picture, IMAGE, digit.pixels, 255);
      context.imageSmoothingEnabled = false;
      context.drawImage(picture, 0, 0, side, side);
      const share = side / IMAGE; // pixels of the sheet for one of the digit's
      for (let i = 0; i < state.ink.length; i += 1) {
        const [row, column] = [Math.floor(i / side / share), Math.floor((i % side) / share)];
        state.ink[i] = Math.max(state.ink[i], digit.pixels[IMAGE * row + column]);
      }
    }
    Object.assign(context, { lineWidth: pen, lineCap: "round", lineJoin: "round" });
    for (const points of strokes()) {
      context.beginPath();
      context.moveTo(...points[0]);
      (points.length > 1 ? points.slice(1) : points).forEach((point) => context.lineTo(...point));
      context.stroke();
    }
    for (const control of [undo, clear]) {
      control.setAttribute("aria-disabled", String(!state.items.length));
    }
    if (state.ink.some((value) => value)) {
      state.input = prepare(state.ink, side);
      paint(input, IMAGE, state.input, 255);
      answer();
    } else {
      blank();
    }
  }

  function begin(x, y) {
    retry = true;
    state.items.push({ points: [[x, y]] });
    redraw();
  }
  function extend(x, y) {
    state.items.at(-1).points.push([x, y]);
  }

  // -- mouse, finger, pen --
  const place = (event) => {
    const area = sheet.getBoundingClientRect();
    const at = (offset, size) => Math.round((10 * side * offset) / size) / 10;
    return [at(event.clientX - area.left, area.width), at(event.clientY - area.top, area.height)];
  };
  stage.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button || event.ctrlKey) return;
    pointer = event.pointerId;
    stage.setPointerCapture(pointer);
    if (state.down) lift();
    tip.hidden = true;
    where.textContent = "";
    begin(...place(event));
  });
  stage.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    if (!event.buttons) { // it was lifted where nobody saw it
      pointer = null;
      return;
    }
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const step of passed.length ? passed : [event]) extend(...place(step));
    redraw();
  });
  for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) {
    stage.addEventListener(kind, (event) => {
      if (event.pointerId === pointer) pointer = null;
    });
  }

  // -- keyboard --
  function lift() {
    state.down = false;
    tell();
  }
  function tell() {
    tip.hidden = false;
    tip.classList.toggle("dw-down", state.down);
    tip.style.left = `${(100 * state.x) / side}%`;
    tip.style.top = `${(100 * state.y) / side}%`;
    const share = (value) => Math.round((100 * value) / side);
    where.textContent = `Pen ${state.down ? "down" : "up"}, ${share(state.x)} % from left, `
      + `${share(state.y)} % from top.`;
  }
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEP[event.key];
    if (pointer !== null && (step || event.key === " ")) { // one stroke at a time
      event.preventDefault();
      return;
    }
    if (step) {
      const size = event.shiftKey ? side / 70 : side / 20;
      const inside = (value) => Math.min(side, Math.max(0, value));
      [state.x, state.y] = [inside(state.x + size * step[0]), inside(state.y + size * step[1])];
      if (state.down) {
        extend(state.x, state.y);
        redraw();
      }
      tell();
    } else if (event.key === " ") {
      state.down = !state.down;
      if (state.down) begin(state.x, state.y);
      tell();
    } else if (event.key === "Backspace") {
      change(state.items.slice(0, -1));
    } else {
      return;
    }
    event.preventDefault();
  });
  stage.addEventListener("focus", () => {
    if (stage.matches(":focus-visible")) tell();
  });
  stage.addEventListener("blur", () => {
    if (state.down) lift();
    tip.hidden = true;
  });

  // -- the answer --
  let network = null;
  let busy = false;
  let speaking = 0;

  function load() {
    const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
    const arrived = element("span", { "aria-hidden": "true" }); // not told at every packet
    status.replaceChildren("Loading the network and the program that runs it ", arrived, "…");
    say("The network is being loaded …");
    const attempt = open(figure.dataset.model, (bytes, total) => {
      if (attempt !== network) return; // another file of this attempt could not be had
      const text = `${megabytes(bytes)} ${total ? `of ${megabytes(total)} ` : ""}MB `;
      if (arrived.textContent !== text) arrived.textContent = text;
    }).then((run) => {
      delete figure.dataset.network;
      status.textContent = "All of it runs in your browser: what you draw stays with you.";
      return run;
    });
    network = attempt;
  }

  async function answer() {
    if (busy) return; // it looks at the newest drawing when it is done
    if (!network && !retry) return;
    retry = false;
    busy = true;
    try {
      if (!network) load();
      const run = await network;
      for (let seen = null; state.input && seen !== state.input;) {
        seen = state.input;
        show(await run(seen));
      }
    } catch (error) {
      network = null;
      figure.dataset.network = "lost"; // brings the drawn figure back, below, so that nothing moves
      live.after(figure.querySelector(".widget-static"));
      status.textContent = `The network could not be loaded (${error.message}). The picture below `
        + "shows what it does; your next stroke or digit tries again.";
      say("No answer: the network could not be loaded.");
    }
    busy = false;
    if (!state.input) blank();
  }

  function show(found) {
    Object.assign(state, found, { answers: state.answers + 1 });
    const order = [...found.probabilities.keys()].sort(
      (a, b) => found.probabilities[b] - found.probabilities[a]);
    bars.forEach(({ row, bar, share }, digit) => {
      bar.style.width = `${100 * found.probabilities[digit]}%`;
      share.textContent = percent(found.probabilities[digit]);
      row.classList.toggle("dw-first", digit === order[0]);
    });
    const size = found.side * found.side;
    const largest = found.maps.reduce((most, value) => Math.max(most, value), 0);
    maps.forEach((canvas, i) => {
      paint(canvas, found.side, found.maps.subarray(size * i, size * (i + 1)), largest);
    });
    input.setAttribute("aria-label", "28 by 28 pixels, your drawing scaled and centred");
    const [first, second] = order.map((digit) => (
      `${digit} with ${percent(found.probabilities[digit]).replace("<", "under").replace(">", "over")}`));
    const digit = state.items.length === 1 && state.items[0].digit;
    const label = digit ? ` Its label is ${digit.label}.` : "";
    say(`The network answers ${first}; next comes ${second}.${label}`);
  }

  // Told when the drawing rests, so that a screen reader is not flooded.
  function say(text) {
    clearTimeout(speaking);
    speaking = setTimeout(() => { said.textContent = text; }, 150);
  }

  function blank() {
    Object.assign(state, { input: null, probabilities: null, maps: null });
    input.getContext("2d").clearRect(0, 0, IMAGE, IMAGE);
    input.setAttribute("aria-label", "28 by 28 pixels, blank");
    for (const { row, bar, share } of bars) {
      bar.style.width = "0";
      share.textContent = "";
      row.classList.remove("dw-first");
    }
    for (const canvas of maps) canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    say("Draw a digit, or choose one below.");
  }

  redraw();
  return state;
}
