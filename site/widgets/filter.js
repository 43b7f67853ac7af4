// A 3 by 3 filter slides over a handwritten digit; the feature map is computed here, at once, by
// the same loop as the chapter's. Digits and filters come from an artifact that the chapter wrote.

import { calmly, element, tidy } from "./dom.js";

const SIDE = 28;
const OUT = 26;

/**
 * Slide a 3 by 3 filter over a 28 by 28 image.
 *
 * @param {ArrayLike<number>} image 784 values, row by row
 * @param {ArrayLike<number>} weights 9 values, row by row
 * @returns {Float64Array} 676 sums of products, row by row
 */
export function correlate(image, weights) {
  const out = new Float64Array(OUT * OUT);
  for (let row = 0; row < OUT; row += 1) {
    for (let column = 0; column < OUT; column += 1) {
      let sum = 0;
      for (let i = 0; i < 3; i += 1) {
        for (let j = 0; j < 3; j += 1) {
          sum += weights[3 * i + j] * image[SIDE * (row + i) + column + j];
        }
      }
      out[OUT * row + column] = sum;
    }
  }
  return out;
}

const BLUE = [0, 114, 178]; // Okabe and Ito: negative
const VERMILLION = [213, 94, 0]; // positive

function shade(value, largest) {
  const share = largest > 0 ? Math.abs(value) / largest : 0;
  const end = value > 0 ? VERMILLION : BLUE;
  return end.map((channel) => 255 + share * (channel - 255));
}

function paint(canvas, side, colourAt) {
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(side, side);
  for (let i = 0; i < side * side; i += 1) {
    const [red, green, blue] = colourAt(i);
    picture.data.set([red, green, blue, 255], 4 * i);
  }
  context.putImageData(picture, 0, 0);
}

let count = 0;

/**
 * Make a figure live.
 *
 * @param {HTMLElement} figure holds `.widget-static`, which stays for print, and the caption
 * @param {{digits: {label: number, pixels: number[]}[],
 *          filters: {name: string, weights: number[]}[]}} data the artifact
 * @returns {{featureMap: Float64Array, image: Float64Array, weights: number[]}} the state, live
 */
export function mount(figure, data) {
  count += 1;
  const id = `filter-${count}`;
  const state = {
    image: null, weights: [...data.filters[0].weights], featureMap: null, row: 9, column: 9,
  };

  // -- controls --
  const digits = data.digits.map((digit, index) => {
    const canvas = element("canvas", { "aria-hidden": "true" });
    paint(canvas, SIDE, (i) => Array(3).fill(255 - digit.pixels[i]));
    const input = element("input", {
      type: "radio", name: `${id}-digit`, value: index, checked: index === 0,
      "aria-label": `digit ${digit.label}`,
    });
    input.addEventListener("change", () => chooseDigit(index));
    return element("label", { class: "fw-digit" }, input, canvas);
  });
  const picker = element("select", { id: `${id}-filter` });
  data.filters.forEach((filter, index) => {
    picker.append(element("option", { value: index }, filter.name));
  });
  const own = element("option", { value: "own", hidden: true }, "your own");
  picker.append(own);
  picker.addEventListener("change", () => {
    if (picker.value !== "own") setWeights(data.filters[Number(picker.value)].weights);
  });
  const fields = state.weights.map((weight, index) => {
    const input = element("input", {
      type: "number", step: "0.5", value: weight, inputmode: "decimal",
      "aria-label": `weight, row ${Math.floor(index / 3) + 1}, column ${(index % 3) + 1}`,
    });
    input.addEventListener("input", () => {
      const value = Number(input.value);
      state.weights[index] = Number.isFinite(value) ? value : 0;
      own.hidden = false;
      picker.value = "own";
      compute();
    });
    return input;
  });
  const slide = element("button", { type: "button", class: "fw-slide" }, "Slide it");

  // -- pictures --
  const stage = (canvas, label, side) => {
    const frame = element("span", { class: "fw-frame", "aria-hidden": "true" });
    const box = element("div", {
      class: "fw-stage", tabindex: "0", role: "application", "aria-label": label,
      "aria-describedby": `${id}-sum`,
    }, canvas, frame);
    const place = (event) => {
      const area = canvas.getBoundingClientRect();
      const offset = side === SIDE ? 1 : 0;
      const at = (share) => Math.floor(share * side) - offset;
      stop();
      move(at((event.clientY - area.top) / area.height), at((event.clientX - area.left) / area.width));
    };
    box.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" || event.buttons) place(event);
    });
    box.addEventListener("pointerdown", place);
    box.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
      const by = step[event.key];
      if (!by) return;
      event.preventDefault();
      stop();
      move(state.row + by[0], state.column + by[1]);
    });
    return { box, frame };
  };
  const source = element("canvas", { "aria-hidden": "true" });
  const result = element("canvas", { "aria-hidden": "true" });
  const before = stage(source, "Digit; arrow keys move the filter", SIDE);
  const after = stage(result, "Feature map; arrow keys move the filter", OUT);
  const sum = element("output", { class: "fw-sum", id: `${id}-sum` });

  const live = element("div", { class: "widget-live fw" },
    element("div", { class: "fw-choose" },
      element("fieldset", { class: "fw-digits" },
        element("legend", {}, "Digit"), element("div", {}, ...digits)),
      element("div", { class: "fw-filter" },
        element("label", { class: "label", for: `${id}-filter` }, "Filter"), picker)),
    element("div", { class: "fw-work" },
      before.box,
      element("fieldset", { class: "fw-weights" },
        element("legend", {}, "Weights"), element("div", {}, ...fields)),
      after.box),
    element("div", { class: "fw-foot" }, slide, sum));
  figure.insertBefore(live, figure.querySelector("figcaption"));

  // -- what happens --
  function chooseDigit(index) {
    state.image = Float64Array.from(data.digits[index].pixels, (value) => value / 255);
    paint(source, SIDE, (i) => Array(3).fill(255 * (1 - state.image[i])));
    compute();
  }
  function setWeights(weights) {
    state.weights = [...weights];
    fields.forEach((field, index) => { field.value = weights[index]; });
    compute();
  }
  function compute() {
    state.featureMap = correlate(state.image, state.weights);
    const largest = state.featureMap.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    paint(result, OUT, (i) => shade(state.featureMap[i], largest));
    move(state.row, state.column);
  }
  function move(row, column) {
    state.row = Math.min(OUT - 1, Math.max(0, row));
    state.column = Math.min(OUT - 1, Math.max(0, column));
    const set = (frame, side, size) => {
      frame.style.left = `${(100 * state.column) / side}%`;
      frame.style.top = `${(100 * state.row) / side}%`;
      frame.style.width = `${(100 * size) / side}%`;
      frame.style.height = `${(100 * size) / side}%`;
    };
    set(before.frame, SIDE, 3);
    set(after.frame, OUT, 1);
    const value = tidy(state.featureMap[OUT * state.row + state.column]);
    sum.textContent = `row ${state.row + 1}, column ${state.column + 1}: nine products, sum ${value}`;
  }

  // -- the slide, one row after the other; a jump for those who asked for less motion --
  let running = 0;
  function stop() {
    cancelAnimationFrame(running);
    running = 0;
    slide.textContent = "Slide it";
  }
  slide.addEventListener("click", () => {
    if (running) {
      stop();
      return;
    }
    if (calmly()) {
      move(state.row, state.column === OUT - 1 ? 0 : state.column + 1);
      return;
    }
    const begin = performance.now();
    slide.textContent = "Stop";
    const tick = (now) => {
      const at = Math.floor((now - begin) / 9);
      if (at >= OUT * OUT) {
        stop();
        return;
      }
      move(Math.floor(at / OUT), at % OUT);
      running = requestAnimationFrame(tick);
    };
    running = requestAnimationFrame(tick);
  });

  chooseDigit(0);
  return state;
}
