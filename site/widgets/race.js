// A race of optimisers downhill, by the formulas of lmbook.nn.optimizers. Surfaces, settings and
// learning rates come from an artifact that the chapter wrote.

import { button, calmly, chooser, drawn, element, labelled, numberField, significant } from "./dom.js";

// -- the formulas --

/** Height and gradient of each surface. */
export const SURFACES = {
  bowl: { height: (x, y) => (x ** 2 + 2 * y ** 2) / 2, gradient: (x, y) => [x, 2 * y] },
  ravine: { height: (x, y) => (x ** 2 + 50 * y ** 2) / 2, gradient: (x, y) => [x, 50 * y] },
  saddle: {
    height: (x, y) => x ** 2 / 2 - y ** 2 / 2 + y ** 4 / 4,
    gradient: (x, y) => [x, y ** 3 - y],
  },
  rosenbrock: {
    height: (x, y) => (1 - x) ** 2 + 10 * (y - x ** 2) ** 2,
    gradient: (x, y) => [-2 * (1 - x) - 40 * x * (y - x ** 2), 20 * (y - x ** 2)],
  },
  beale: {
    height: (x, y) => (1.5 - x + x * y) ** 2 + (2.25 - x + x * y ** 2) ** 2
      + (2.625 - x + x * y ** 3) ** 2,
    gradient: (x, y) => {
      const [a, b, c] = [1.5 - x + x * y, 2.25 - x + x * y ** 2, 2.625 - x + x * y ** 3];
      return [
        2 * a * (y - 1) + 2 * b * (y ** 2 - 1) + 2 * c * (y ** 3 - 1),
        2 * a * x + 4 * b * x * y + 6 * c * x * y ** 2,
      ];
    },
  },
};

const adam = (decay) => ({ beta1, beta2, eps, weight_decay: weightDecay }, rate) => {
  let [mean, square, steps] = [0, 0, 0];
  return (p, g) => {
    steps += 1;
    const kept = decay ? p * (1 - rate * weightDecay) : p;
    mean = beta1 * mean + (1 - beta1) * g;
    square = beta2 * square + (1 - beta2) * g ** 2;
    const corrected = square / (1 - beta2 ** steps);
    return kept - (rate * (mean / (1 - beta1 ** steps))) / (Math.sqrt(corrected) + eps);
  };
};

// Each makes, for one parameter, a function from the parameter and its gradient to its next value.
const MAKERS = {
  sgd: (_, rate) => (p, g) => p - rate * g,
  momentum: ({ momentum }, rate) => {
    let velocity = 0;
    return (p, g) => {
      velocity = momentum * velocity + g;
      return p - rate * velocity;
    };
  },
  nesterov: ({ momentum }, rate) => {
    let velocity = 0;
    return (p, g) => {
      velocity = momentum * velocity + g;
      return p - rate * (g + momentum * velocity);
    };
  },
  rmsprop: ({ decay, eps }, rate) => {
    let square = 0;
    return (p, g) => {
      square = decay * square + (1 - decay) * g ** 2;
      return p - (rate * g) / (Math.sqrt(square) + eps);
    };
  },
  adam: adam(false),
  adamw: adam(true),
};

/**
 * Follow an optimiser from a starting point.
 *
 * @param {string} surface its id
 * @param {object} optimizer id and settings, as in the artifact
 * @param {number} rate the learning rate
 * @param {number[]} start
 * @param {number} steps
 * @returns {number[][]} the start, and the point after each step
 */
export function descend(surface, optimizer, rate, start, steps) {
  const { gradient } = SURFACES[surface];
  const [stepX, stepY] = [0, 1].map(() => MAKERS[optimizer.id](optimizer, rate));
  let [x, y] = start;
  const path = [[x, y]];
  for (let i = 0; i < steps; i += 1) {
    const [gx, gy] = gradient(x, y);
    [x, y] = [stepX(x, gx), stepY(y, gy)];
    path.push([x, y]);
  }
  return path;
}

/** The first step at which a path is lost: no number, or ten times the map away from it; or -1. */
export function lostAt(path, surface) {
  return path.findIndex(([x, y]) => [[x, surface.x], [y, surface.y]].some(([value, [low, high]]) => (
    !(Math.abs(value - (low + high) / 2) <= 10 * (high - low)))));
}

/** Lines of equal height: for each level, pieces [x1, y1, x2, y2]. */
export function contours(height, [left, right], [bottom, top], levels, count = 64) {
  const at = Array.from({ length: count + 1 }, (_, j) => Array.from({ length: count + 1 }, (__, i) => (
    height(left + ((right - left) * i) / count, bottom + ((top - bottom) * j) / count))));
  return levels.map((level) => {
    const pieces = [];
    for (let j = 0; j < count; j += 1) {
      for (let i = 0; i < count; i += 1) {
        const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
        const ends = [];
        corners.forEach(([a, b], k) => {
          const [c, d] = corners[(k + 1) % 4];
          const [from, to] = [at[b][a] - level, at[d][c] - level];
          if ((from < 0) === (to < 0)) return;
          const share = from / (from - to);
          ends.push([
            left + ((right - left) * (a + share * (c - a))) / count,
            bottom + ((top - bottom) * (b + share * (d - b))) / count,
          ]);
        });
        for (let k = 0; k + 1 < ends.length; k += 2) pieces.push([...ends[k], ...ends[k + 1]]);
      }
    }
    return pieces;
  });
}

/** Heights above the lowest, at which the map has its lines. */
export function levelsOf(surface) {
  const { height } = SURFACES[surface.id];
  const floor = height(...surface.minima[0]);
  const low = 0.02 * (height(...surface.start) - floor);
  const corners = surface.x.flatMap((x) => surface.y.map((y) => height(x, y) - floor));
  const high = 0.7 * Math.max(...corners);
  return Array.from({ length: 12 }, (_, k) => floor + low * (high / low) ** (k / 11));
}

// -- pictures --

const MAP = { width: 380, height: 300, left: 34, right: 14, top: 8, bottom: 30 };
const CHART = { width: 300, height: 300, left: 44, right: 16, top: 8, bottom: 40 };
const FLOOR = -8; // the chart ends at a height of 10⁻⁸
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (n) => `10${n < 0 ? "⁻" : ""}${RAISED[Math.abs(n)]}`;

const MARKS = {
  sgd: "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z", momentum: "M-4-4h8v8h-8z",
  nesterov: "M0-5.5 5 4h-10z", rmsprop: "M0-5.5 5.5 0 0 5.5-5.5 0z",
  adam: "M-5-3-3-5 0-2 3-5 5-3 2 0 5 3 3 5 0 2-3 5-5 3-2 0z",
  adamw: "M-1.6-5.5h3.2v3.9h3.9v3.2h-3.9v3.9h-3.2v-3.9h-3.9v-3.2h3.9z",
};
const FIRST = { surface: "ravine", optimizers: ["sgd", "momentum", "adam"] };
// Below 10⁻¹⁵ rounding decides.
const tall = (height) => (height < 1e-15 ? "under 10⁻¹⁵" : short(height));
const short = (value) => significant(Number(value.toPrecision(3)));

let count = 0;

/**
 * Make a figure live.
 *
 * @param {HTMLElement} figure holds `.widget-static`, which stays for print, and the caption
 * @param {object} data the artifact: steps, surfaces, optimizers
 * @returns {object} the state, live
 */
export function mount(figure, data) {
  count += 1;
  const id = `race-${count}`;
  const state = {
    surface: data.surfaces.find((s) => s.id === FIRST.surface) ?? data.surfaces[0],
    start: [], steps: data.steps, shown: 0, runners: [],
  };

  // -- controls --
  const surfaceBox = chooser(data.surfaces.map((s) => [s.id, s.name]), state.surface.id);
  surfaceBox.addEventListener("change", () => {
    state.surface = data.surfaces.find((s) => s.id === surfaceBox.value);
    reset();
  });
  const startFields = [0, 1].map((axis) => {
    const input = numberField("");
    input.addEventListener("input", () => {
      state.start[axis] = input.valueAsNumber;
      race();
    });
    return input;
  });
  const stepsField = numberField(data.steps, { min: 1, max: 2000, step: 1, inputmode: "numeric" });
  stepsField.addEventListener("input", () => {
    state.steps = stepsField.valueAsNumber;
    race();
  });
  const run = button("Run", play);
  const again = button("Reset", reset);
  const runners = data.optimizers.map((optimizer) => {
    const box = element("input", {
      type: "checkbox", checked: FIRST.optimizers.includes(optimizer.id), id: `${id}-${optimizer.id}`,
    });
    const rate = numberField("", { min: 0, "aria-label": `Learning rate of ${optimizer.name}` });
    const runner = { optimizer, box, rate, path: null, lost: -1, result: element("td", { class: "rw-result" }) };
    box.addEventListener("change", race);
    rate.addEventListener("input", () => {
      box.checked = true;
      race();
    });
    const swatch = drawn("svg", { viewBox: "0 0 44 14", class: "rw-swatch", "aria-hidden": "true" },
      drawn("path", { d: "M1 7H43", class: `rw-line rw-${optimizer.id}` }),
      drawn("path", { d: MARKS[optimizer.id], transform: "translate(22 7)", class: `rw-mark rw-${optimizer.id}` }));
    runner.row = element("tr", {},
      element("th", { scope: "row" }, box, element("label", { for: box.id }, swatch, optimizer.name)),
      element("td", {}, rate), runner.result);
    return runner;
  });
  state.runners = runners;

  // -- pictures --
  const picture = (size, label) => drawn("svg", { viewBox: `0 0 ${size.width} ${size.height}`, "aria-hidden": "true", class: label });
  const map = picture(MAP, "rw-map");
  const chart = picture(CHART, "rw-chart");
  const stage = element("div", {
    class: "rw-stage", tabindex: "0", role: "application",
    "aria-label": "Map of heights; arrow keys move the start", "aria-describedby": `${id}-said`,
  }, map);
  const said = element("output", { class: "rw-said", id: `${id}-said` });
  stage.addEventListener("click", (event) => {
    const area = map.getBoundingClientRect();
    const x = ((event.clientX - area.left) / area.width) * MAP.width;
    const y = ((event.clientY - area.top) / area.height) * MAP.height;
    const [[left, right], [bottom, top]] = [state.surface.x, state.surface.y];
    const across = (x - MAP.left) / (MAP.width - MAP.left - MAP.right);
    const up = (MAP.height - MAP.bottom - y) / (MAP.height - MAP.top - MAP.bottom);
    place(left + across * (right - left), bottom + up * (top - bottom));
  });
  stage.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const { x, y } = state.surface;
    place(state.start[0] + (by[0] * (x[1] - x[0])) / 40, state.start[1] + (by[1] * (y[1] - y[0])) / 40);
  });

  figure.insertBefore(element("div", { class: "widget-live rw" },
    element("div", { class: "rw-top" }, labelled("Surface", surfaceBox),
      labelled("Start, θ₁", startFields[0]), labelled("Start, θ₂", startFields[1]),
      labelled("Steps", stepsField), element("div", { class: "rw-buttons" }, run, again)),
    element("div", { class: "rw-pictures" }, stage, chart), said,
    element("table", { class: "rw-runners" }, element("thead", {}, element("tr", {},
      ...["Optimiser", "Learning rate", "Height above the lowest"].map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...runners.map(({ row }) => row))),
  ), figure.querySelector("figcaption"));

  // -- what happens --
  const onMap = ([x, y]) => {
    const [[left, right], [bottom, top]] = [state.surface.x, state.surface.y];
    return [
      MAP.left + ((x - left) / (right - left)) * (MAP.width - MAP.left - MAP.right),
      MAP.height - MAP.bottom - ((y - bottom) / (top - bottom)) * (MAP.height - MAP.top - MAP.bottom),
    ];
  };
  const aboveLowest = ([x, y]) => {
    const { height } = SURFACES[state.surface.id];
    return height(x, y) - height(...state.surface.minima[0]);
  };
  function reset() {
    stop();
    state.start = [...state.surface.start];
    state.steps = data.steps;
    stepsField.value = data.steps;
    startFields.forEach((field, axis) => { field.value = state.start[axis]; });
    for (const { optimizer, rate } of runners) rate.value = optimizer.learning_rates[state.surface.id];
    drawMap();
    race();
  }
  function place(...point) {
    state.start = point.map((value, axis) => {
      const [low, high] = state.surface[axis ? "y" : "x"];
      return Number(Math.min(high, Math.max(low, value)).toFixed(3));
    });
    startFields.forEach((field, axis) => { field.value = state.start[axis]; });
    race();
  }
  function race() {
    stop();
    const wrong = !state.start.every(Number.isFinite) ? "The start needs two numbers."
      : !(Number.isInteger(state.steps) && state.steps >= 1 && state.steps <= 2000)
        ? "Steps: a whole number from 1 to 2,000." : "";
    for (const runner of runners) {
      const rate = runner.rate.valueAsNumber;
      runner.path = null;
      runner.wrong = !(rate >= 0);
      if (!runner.box.checked || wrong || runner.wrong) continue;
      runner.path = descend(state.surface.id, runner.optimizer, rate, state.start, state.steps);
      runner.lost = lostAt(runner.path, state.surface);
      runner.height = aboveLowest(runner.path[state.steps]);
    }
    said.classList.toggle("rw-wrong", Boolean(wrong));
    show(wrong ? 0 : state.steps);
    if (wrong) said.textContent = wrong;
    else tell();
  }
  function tell() {
    const running = runners.filter(({ path }) => path);
    const arrived = running.filter(({ lost }) => lost < 0).sort((a, b) => a.height - b.height);
    const lost = running.filter(({ lost: at }) => at >= 0).map(({ optimizer }) => optimizer.name);
    const words = [];
    if (arrived.length) {
      words.push(`After ${state.steps} steps (${state.surface.name}), ${arrived[0].optimizer.name} is lowest: `
        + `${tall(arrived[0].height)} above the lowest point.`);
    }
    if (lost.length) words.push(`Diverged: ${lost.join(", ")}.`);
    said.textContent = words.join(" ") || "Choose at least one optimiser.";
  }
  let frame = 0;
  function stop() {
    cancelAnimationFrame(frame);
    frame = 0;
    run.textContent = "Run";
  }
  function play() {
    if (frame) {
      stop();
      show(state.steps);
      return;
    }
    if (calmly() || !runners.some(({ path }) => path)) {
      race();
      return;
    }
    let begin = null; // the first frame's time, which can be earlier than the click's
    run.textContent = "Stop";
    const tick = (now) => {
      begin ??= now;
      const at = Math.floor(((now - begin) / 4000) * state.steps);
      if (at >= state.steps) {
        stop();
        show(state.steps);
        return;
      }
      show(at);
      frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
  }

  const layer = drawn("g", { "clip-path": `url(#${id}-clip)` });
  function axis(size, ticksX, ticksY, nameX, nameY) {
    const base = size.height - size.bottom;
    return [
      drawn("rect", { class: "rw-frame", x: size.left, y: size.top, width: size.width - size.left - size.right, height: base - size.top }),
      ...ticksX.map(([x, text]) => drawn("text", { x, y: base + 15, "text-anchor": "middle" }, text)),
      ...ticksY.map(([y, text]) => drawn("text", { x: size.left - 5, y: y + 4, "text-anchor": "end" }, text)),
      drawn("text", { x: size.width - size.right, y: base + 28, "text-anchor": "end", class: "rw-name" }, nameX),
      drawn("text", { x: size.left + 6, y: size.top + 14, class: "rw-name" }, nameY),
    ];
  }
  function drawMap() {
    const { surface } = state;
    const ticks = ([low, high]) => [low, (low + high) / 2, high];
    const lines = contours(SURFACES[surface.id].height, surface.x, surface.y, levelsOf(surface));
    map.replaceChildren(
      drawn("defs", {}, drawn("clipPath", { id: `${id}-clip` }, drawn("rect", {
        x: MAP.left, y: MAP.top, width: MAP.width - MAP.left - MAP.right, height: MAP.height - MAP.top - MAP.bottom }))),
      ...axis(MAP, ticks(surface.x).map((x) => [onMap([x, surface.y[0]])[0], short(x)]),
        ticks(surface.y).map((y) => [onMap([surface.x[0], y])[1], short(y)]), "θ₁", "θ₂"),
      ...lines.map((pieces) => drawn("path", { class: "rw-contour", d: pieces.map(([a, b, c, e]) => {
        const [x1, y1] = onMap([a, b]);
        const [x2, y2] = onMap([c, e]);
        return `M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}`;
      }).join("") })),
      ...surface.minima.map((minimum) => {
        const [x, y] = onMap(minimum);
        return drawn("text", { x, y: y + 6, "text-anchor": "middle", class: "rw-minimum" }, "★");
      }), layer);
  }

  function show(at) {
    state.shown = at;
    const drawnPaths = [];
    const chartPaths = [];
    const heights = runners.filter(({ path }) => path).map(({ path }) => Math.log10(Math.max(aboveLowest(path[0]), 1e-3)));
    const top = Math.max(1, Math.ceil(Math.max(0, ...heights)) + 1);
    const [w, h] = [CHART.width - CHART.left - CHART.right, CHART.height - CHART.top - CHART.bottom];
    const onChart = (k, height) => {
      const power_ = Math.min(top, Math.max(FLOOR, Math.log10(Math.max(height, 1e-30))));
      return [CHART.left + (w * k) / state.steps, CHART.top + (h * (top - power_)) / (top - FLOOR)];
    };
    for (const { optimizer, path, lost, height, result, box, wrong } of runners) {
      result.textContent = box.checked && wrong ? "a rate of 0 or more, please" : "";
      if (!path) continue;
      const end = Math.min(at, lost < 0 ? Infinity : lost);
      const points = path.slice(0, end + 1).filter((p) => p.every(Number.isFinite));
      const draw = (list, places, gone) => {
        list.push(drawn("polyline", { class: `rw-line rw-${optimizer.id}`, points: places.map(([x, y]) => (
          `${Math.max(-1e4, Math.min(1e4, x)).toFixed(1)},${Math.max(-1e4, Math.min(1e4, y)).toFixed(1)}`)).join(" ") }));
        const [x, y] = places.at(-1);
        if (!gone) list.push(drawn("path", { class: `rw-mark rw-${optimizer.id}`, d: MARKS[optimizer.id], transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` }));
      };
      const gone = lost >= 0 && at >= lost;
      draw(drawnPaths, points.map(onMap), gone);
      draw(chartPaths, points.map((p, k) => onChart(k, aboveLowest(p))), false);
      result.textContent = gone ? `diverged at step ${lost}` : at === state.steps
        ? `${tall(height)}${points.at(-1).some((v, i) => v < state.surface["xy"[i]][0] || v > state.surface["xy"[i]][1]) ? ", off the map" : ""}`
        : tall(aboveLowest(path[at]));
    }
    const [sx, sy] = state.start.every(Number.isFinite) ? onMap(state.start) : [-99, -99];
    layer.replaceChildren(...drawnPaths, drawn("circle", { cx: sx, cy: sy, r: 6.5, class: "rw-start" }));
    const rows = Array.from({ length: top - FLOOR + 1 }, (_, k) => top - k).filter((n) => n % 2 === 0);
    chart.replaceChildren(
      ...axis(CHART, [0, 0.5, 1].map((share) => [CHART.left + w * share, String(Math.round(share * (state.steps || 0)))]),
        rows.map((n) => [onChart(0, 10 ** n)[1], power(n)]), "step", "height above the lowest"),
      ...rows.map((n) => drawn("path", { class: "rw-grid", d: `M${CHART.left} ${onChart(0, 10 ** n)[1]}h${w}` })),
      ...chartPaths);
  }

  reset();
  return state;
}
