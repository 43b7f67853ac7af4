// Step through a computation, forward and backward, by the rules of lmbook.nn.autograd. The graphs
// come from an artifact that the chapter wrote; leaves can be changed.

import { button, calmly, chooser, drawn, element, labelled, numberField, significant } from "./dom.js";

// -- the rules --

/**
 * Compute one operation.
 *
 * @param {string} operation "+", "-", "*", "**n", "exp", "log", "tanh", "sigmoid" or "relu"
 * @param {number[]} operands
 * @returns {{value: number, slopes: number[]}} the result, and its derivative by each operand
 * @throws {Error} where there is no finite result, in a sentence
 */
export function operate(operation, [x, y]) {
  const made = (value, ...slopes) => {
    if (![value, ...slopes].every(Number.isFinite)) throw new Error("A number grows past all bounds.");
    return { value, slopes };
  };
  switch (operation) {
    case "+": return made(x + y, 1, 1);
    case "-": return made(x - y, 1, -1);
    case "*": return made(x * y, y, x);
    case "exp": return made(Math.exp(x), Math.exp(x));
    case "log":
      if (x <= 0) throw new Error(`The logarithm of ${write(x)}: a positive number is needed.`);
      return made(Math.log(x), 1 / x);
    case "tanh": return made(Math.tanh(x), 1 - Math.tanh(x) ** 2);
    case "sigmoid": {
      const s = (1 + Math.tanh(x / 2)) / 2;
      return made(s, s * (1 - s));
    }
    case "relu": return made(Math.max(x, 0), x > 0 ? 1 : 0);
    default: {
      const n = Number(operation.replace(/^\*\*/, ""));
      if (!operation.startsWith("**") || Number.isNaN(n)) throw new Error(`Unknown: ${operation}`);
      if (x === 0 && n < 1 && n !== 0) throw new Error(`0 to the power ${write(n)} is infinite.`);
      if (x < 0 && !Number.isInteger(n)) throw new Error(`${write(x)} to the power ${write(n)} is not real.`);
      return made(x ** n, n ? n * x ** (n - 1) : 0);
    }
  }
}

/**
 * Compute all nodes.
 *
 * @param {object[]} nodes operands before results: id, operation, parents, value (of leaves)
 * @param {object} leaves values by id, where they differ from the nodes' own
 * @returns {{value: number, slopes: number[]}[]}
 */
export function forward(nodes, leaves = {}) {
  const place = new Map(nodes.map((node, i) => [node.id, i]));
  const done = [];
  for (const node of nodes) {
    const own = { value: leaves[node.id] ?? node.value, slopes: [] };
    if (node.operation === "leaf" && !Number.isFinite(own.value)) {
      throw new Error(`${node.label || "A constant"} has no value yet.`);
    }
    done.push(node.operation === "leaf" ? own
      : operate(node.operation, node.parents.map((id) => done[place.get(id)].value)));
  }
  return done;
}

/**
 * Walk back from the last node.
 *
 * @returns {{grads: number[], passed: {from: number, to: number, which: number, slope: number,
 *   amount: number, before: number[]}[]}} gradients, and what each edge passed on, in order
 */
export function backward(nodes, done) {
  const place = new Map(nodes.map((node, i) => [node.id, i]));
  const grads = nodes.map(() => 0);
  const shares = nodes.map(() => []);
  const passed = [];
  grads[nodes.length - 1] = 1;
  for (let from = nodes.length - 1; from >= 0; from -= 1) {
    nodes[from].parents.forEach((id, which) => {
      const to = place.get(id);
      const slope = done[from].slopes[which];
      const amount = slope * grads[from];
      passed.push({ from, to, which, slope, amount, before: [...shares[to]] });
      shares[to].push(amount);
      grads[to] += amount;
    });
  }
  return { grads, passed };
}

// -- words --

const write = (value) => significant(value, 4);
const inBrackets = (value) => (value < 0 ? `(${write(value)})` : write(value));
const SIGNS = { "+": "+", "-": "−", "*": "×" };
const RAISED = { "-": "⁻", ".": "·", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const VERBS = { "+": "Add", "-": "Subtract", "*": "Multiply", "**2": "Square", "**-1": "Invert", exp: "Exponential", log: "Logarithm" };
const verb = (operation) => VERBS[operation] ?? (operation.startsWith("**") ? "Power" : operation);

/** Write an operation with its operands. */
function formula(operation, operands) {
  if (SIGNS[operation]) return operands.join(` ${SIGNS[operation]} `);
  if (operation.startsWith("**")) {
    const inner = /^[^\s(…−-]+$/.test(operands[0]) ? operands[0] : `(${operands[0].replace(/^\((.*)\)$/, "$1")})`;
    return inner + operation.slice(2).split("").map((c) => RAISED[c] ?? c).join("");
  }
  return `${operation}${operands[0].startsWith("(") ? "" : " "}${operands[0]}`;
}

/** Name each node: its label, or how it was made. */
function nameAll(nodes) {
  const names = new Map();
  for (const node of nodes) {
    const operands = node.parents.map((id) => {
      const { name, made } = names.get(id);
      return made && node.operation !== "+" ? `(${name})` : name;
    });
    names.set(node.id, node.label ? { name: node.label } : node.operation === "leaf"
      ? { name: write(node.value) } : { name: formula(node.operation, operands), made: true });
  }
  return nodes.map((node) => names.get(node.id).name);
}

function why(node, done, operands, { which, slope }) {
  const [x] = operands;
  switch (node.operation) {
    case "+": return "passes its gradient on as it is";
    case "-": return which ? "turns the sign for what it takes away" : "passes its gradient on as it is";
    case "*": return "passes its gradient times the other factor";
    case "exp": return `passes its gradient times its own value, ${write(done.value)}`;
    case "log": return `passes its gradient divided by ${write(x)}`;
    case "tanh": return `passes its gradient times 1 − ${inBrackets(done.value)}² = ${write(slope)}`;
    case "sigmoid": return `passes its gradient times ${write(done.value)} × (1 − ${write(done.value)}) = ${write(slope)}`;
    case "relu": return slope ? "passes its gradient on, as its input is positive" : "passes nothing on, as its input is not positive";
    default: {
      const n = Number(node.operation.slice(2));
      return n === 2 ? `passes its gradient times twice its input, 2 × ${write(x)} = ${write(slope)}`
        : `passes its gradient times its slope, ${write(slope)}`;
    }
  }
}

/** How many times each node is an operand. */
const countUses = (nodes) => nodes.map((node) => nodes.reduce(
  (sum, other) => sum + other.parents.filter((id) => id === node.id).length, 0));

/**
 * List the steps: nothing yet, each result, the start of the way back, each edge back.
 *
 * @returns {{kind: string, at?: number, edge?: object, text: string}[]}
 */
export function steps(nodes, done, back) {
  const names = nameAll(nodes);
  const place = new Map(nodes.map((node, i) => [node.id, i]));
  const list = [{ kind: "start", text: "The leaves have their values. Next computes the first result." }];
  nodes.forEach((node, at) => {
    if (node.operation === "leaf") return;
    const parents = node.parents.map((id) => place.get(id));
    const asWords = formula(node.operation, parents.map((i) => (
      SIGNS[node.operation] && !nodes[i].label && node.operation !== "+" ? `(${names[i]})` : names[i])));
    const asNumbers = formula(node.operation, parents.map((i, k) => (
      k && SIGNS[node.operation] ? inBrackets(done[i].value) : write(done[i].value))));
    const name = node.label ? `${node.label} = ` : "";
    list.push({ kind: "forward", at, text: `${verb(node.operation)}: ${name}${asWords} = ${asNumbers} = ${write(done[at].value)}.` });
  });
  const last = nodes.length - 1;
  list.push({
    kind: "seed", at: last,
    text: `Now back. ${names[last]} changes exactly as fast as itself: its gradient is 1.`,
  });
  const uses = countUses(nodes);
  for (const edge of back.passed) {
    const { from, to, slope, amount, before } = edge;
    const node = nodes[from];
    const operands = node.parents.map((id) => done[place.get(id)].value);
    const own = back.grads[from];
    let text = `${verb(node.operation)} ${why(node, done[from], operands, edge)}: `
      + `to ${names[to]} goes ${write(own)} × ${inBrackets(slope)} = ${write(amount)}.`;
    if (uses[to] > 1) {
      const sum = [...before, amount].map((v, i) => (i ? inBrackets(v) : write(v))).join(" + ");
      text += before.length
        ? ` It is used ${uses[to]} times, and what arrives adds up: ${sum} = ${write(before.reduce((s, v) => s + v, 0) + amount)}.`
        : ` It is used ${uses[to]} times: this is the first share.`;
    }
    list.push({ kind: "backward", at: to, edge, text });
  }
  return list;
}

// -- places --

function layout(nodes, narrow) {
  const uses = countUses(nodes); // a node used twice has room to show what arrives
  const high = (i) => 56 + (uses[i] > 1 ? 17 : 0);
  if (!narrow) {
    const columns = Math.max(...nodes.map(({ x }) => x)) + 1;
    const rows = Math.max(...nodes.map(({ y }) => y)) + 1;
    const tight = columns > 5;
    const box = { width: tight ? 76 : 92 };
    const pitch = { x: tight ? 110 : 148, y: 80 };
    return {
      width: (columns - 1) * pitch.x + box.width + 8, height: (rows - 1) * pitch.y + 82,
      box, high, tight, at: nodes.map(({ x, y }) => [x * pitch.x + 4, y * pitch.y + 4]),
    };
  }
  // Top down: results under their operands, leaves just above where they are first used.
  const width = 324;
  const box = { width: 74 };
  const level = new Map();
  for (const node of nodes) {
    level.set(node.id, Math.max(-1, ...node.parents.map((id) => level.get(id))) + 1);
  }
  for (const node of nodes) {
    if (node.operation !== "leaf") continue;
    level.set(node.id, Math.min(...nodes.filter((n) => n.parents.includes(node.id)).map((n) => level.get(n.id))) - 1);
  }
  const most = Math.max(...nodes.map(({ y }) => y)) || 1;
  const across = new Map();
  for (let row = 0; row <= Math.max(...level.values()); row += 1) {
    const here = nodes.filter((n) => level.get(n.id) === row).sort((a, b) => a.y - b.y);
    const left = here.map(({ y }) => (y / most) * (width - box.width - 8) + 4);
    for (let i = 1; i < left.length; i += 1) left[i] = Math.max(left[i], left[i - 1] + box.width + 6);
    for (let i = left.length - 1, end = width - box.width - 4; i >= 0; i -= 1) {
      left[i] = Math.min(left[i], end);
      end = left[i] - box.width - 6;
    }
    here.forEach((node, i) => across.set(node.id, left[i]));
  }
  return {
    width, height: Math.max(...level.values()) * 100 + 80, box, high, down: true,
    at: nodes.map(({ id }) => [across.get(id), level.get(id) * 100 + 4]),
  };
}

/** The ends of an edge, and its path. */
function route(plan, nodes, from, to, which) {
  const parents = nodes[from].parents;
  const spread = (which - (parents.length - 1) / 2) * 20;
  const twin = parents.filter((id) => id === nodes[to].id).length > 1 ? spread : 0;
  const [px, py] = plan.at[to];
  const [cx, cy] = plan.at[from];
  const { width } = plan.box;
  if (plan.down) {
    const [x1, y1, x2, y2] = [px + width / 2 + twin, py + plan.high(to), cx + width / 2 + spread, cy];
    const bend = (y2 - y1) / 2;
    return { path: `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`, middle: [(x1 + x2) / 2, (y1 + y2) / 2] };
  }
  const [x1, y1, x2, y2] = [px + width, py + plan.high(to) / 2 + twin, cx, cy + plan.high(from) / 2 + spread];
  const bend = (x2 - x1) / 2;
  return { path: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`, middle: [(x1 + x2) / 2, (y1 + y2) / 2] };
}

let count = 0;

/**
 * Make a figure live.
 *
 * @param {HTMLElement} figure holds `.widget-static`, which stays for print, and the caption
 * @param {object[]} data the artifact: graphs
 * @returns {object} the state, live
 */
export function mount(figure, data) {
  count += 1;
  const id = `stepper-${count}`;
  const state = { graph: null, leaves: {}, step: 0, steps: [], done: [], back: null, values: {}, grads: {} };

  const graphBox = chooser(data.map(({ name }, i) => [i, name]));
  graphBox.addEventListener("change", () => choose(Number(graphBox.value)));
  const leafBox = element("div", { class: "sw-leaves", role: "group", "aria-label": "Values of the leaves" });
  const picture = drawn("svg", { "aria-hidden": "true" });
  const stage = element("div", {
    class: "sw-stage", tabindex: "0", role: "application", "aria-label": "Graph; arrow keys step",
    "aria-describedby": `${id}-said`,
  }, picture);
  const said = element("output", { class: "sw-said", id: `${id}-said` });
  const progress = element("span", { class: "sw-progress" });
  const reset = button("Reset", () => go(0));
  const back = button("Back", () => go(state.step - 1));
  const next = button("Next", () => go(state.step + 1));
  const run = button("Run", play);
  const rows = element("tbody");
  const table = element("details", { class: "sw-table" }, element("summary", {}, "All numbers as a table"),
    element("table", {}, element("thead", {}, element("tr", {}, ...["number", "value", "gradient"].map(
      (name) => element("th", { scope: "col" }, name)))), rows));
  stage.addEventListener("keydown", (event) => {
    const to = {
      ArrowRight: state.step + 1, ArrowDown: state.step + 1, ArrowLeft: state.step - 1,
      ArrowUp: state.step - 1, Home: 0, End: Infinity,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  });
  figure.insertBefore(element("div", { class: "widget-live sw" },
    element("div", { class: "sw-top" }, labelled("Graph", graphBox), leafBox),
    stage, said, element("div", { class: "sw-foot" }, back, next, run, reset, progress), table,
  ), figure.querySelector("figcaption"));

  // -- what happens --
  function choose(index) {
    stop();
    state.graph = data[index];
    state.leaves = {};
    leafBox.replaceChildren(...state.graph.nodes.filter((n) => n.operation === "leaf" && n.label).map((node) => {
      const input = numberField(node.value, { step: "0.5" });
      input.addEventListener("input", () => {
        state.leaves[node.id] = input.valueAsNumber;
        compute();
      });
      return labelled(node.label, input);
    }));
    state.step = 0;
    compute();
  }
  function compute() {
    const { nodes } = state.graph;
    try {
      state.done = forward(nodes, state.leaves);
      state.back = backward(nodes, state.done);
      if (!state.back.grads.every(Number.isFinite)) throw new Error("A gradient grows past all bounds.");
      state.steps = steps(nodes, state.done, state.back);
      show();
    } catch (error) {
      stop();
      state.steps = [];
      said.textContent = error.message;
      said.classList.add("sw-wrong");
      stage.classList.add("sw-stale");
    }
  }
  function go(step) {
    stop();
    move(step);
  }
  function move(step) {
    if (!state.steps.length) return;
    state.step = Math.max(0, Math.min(state.steps.length - 1, step));
    show();
  }
  let timer = 0;
  function stop() {
    clearInterval(timer);
    timer = 0;
    run.textContent = "Run";
  }
  function play() {
    if (timer) {
      stop();
      return;
    }
    const end = state.steps.length - 1;
    if (calmly()) {
      go(end);
      return;
    }
    if (state.step >= end) move(0);
    run.textContent = "Stop";
    timer = setInterval(() => {
      move(state.step + 1);
      if (state.step >= state.steps.length - 1) stop();
    }, 900);
  }

  function show() {
    const { nodes } = state.graph;
    const here = state.steps[state.step];
    const seen = state.steps.slice(0, state.step + 1);
    const computed = new Set(seen.filter(({ kind }) => kind === "forward").map(({ at }) => at));
    const shares = nodes.map(() => []);
    const walked = new Map();
    for (const { kind, at, edge } of seen) {
      if (kind === "seed") shares[at].push(1);
      if (kind !== "backward") continue;
      shares[at].push(edge.amount);
      walked.set(`${edge.from} ${edge.which}`, edge);
    }
    const value = (i) => (nodes[i].operation === "leaf" || computed.has(i) ? state.done[i].value : null);
    const grad = (i) => (shares[i].length ? shares[i].reduce((a, b) => a + b) : null);
    state.values = Object.fromEntries(nodes.map((n, i) => [n.id, value(i)]));
    state.grads = Object.fromEntries(nodes.map((n, i) => [n.id, grad(i)]));
    draw(nodes, here, { value, grad, shares, walked });
    const names = nameAll(nodes);
    rows.replaceChildren(...nodes.map((node, i) => element("tr", {}, element("th", { scope: "row" }, names[i]),
      element("td", {}, value(i) === null ? "–" : write(value(i))),
      element("td", {}, grad(i) === null ? "–"
        : shares[i].length > 1 ? `${shares[i].map((v, k) => (k ? inBrackets(v) : write(v))).join(" + ")} = ${write(grad(i))}` : write(grad(i))))));
    said.classList.remove("sw-wrong");
    stage.classList.remove("sw-stale");
    const end = state.steps.length - 1;
    said.textContent = here.text + (state.step === end ? " Every number has its gradient." : "");
    progress.textContent = `step ${state.step} of ${end}`;
    for (const control of [back, reset]) control.setAttribute("aria-disabled", state.step === 0);
    next.setAttribute("aria-disabled", state.step === end);
  }

  function draw(nodes, here, { value, grad, shares, walked }) {
    const plan = layout(nodes, figure.clientWidth > 0 && figure.clientWidth < 560);
    const { width } = plan.box;
    picture.setAttribute("viewBox", `0 0 ${plan.width} ${plan.height}`);
    picture.style.maxWidth = `${plan.width}px`;
    const arrow = (name) => drawn("marker", {
      id: `${id}-${name}`, class: `sw-arrow-${name}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8,
      markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse",
    }, drawn("path", { d: "M0 0 8 4 0 8z" }));
    const lines = [];
    const notes = [];
    const place = new Map(nodes.map((node, i) => [node.id, i]));
    nodes.forEach((node, from) => node.parents.forEach((parent, which) => {
      const { path, middle } = route(plan, nodes, from, place.get(parent), which);
      const edge = walked.get(`${from} ${which}`);
      const now = here.kind === "backward" ? here.edge === edge && Boolean(edge) : here.kind === "forward" && here.at === from;
      const kind = edge ? "back" : "forward";
      lines.push(drawn("path", {
        d: path, class: `sw-edge sw-${kind}${now ? " sw-now" : ""}`,
        [edge ? "marker-start" : "marker-end"]: `url(#${id}-${kind})`,
      }));
      if (edge) {
        const [x, y] = middle;
        const size = significant(edge.slope);
        notes.push(drawn("text", { class: `sw-slope${now ? " sw-now" : ""}` }, ...(plan.tight
          ? [drawn("tspan", { x, y: y - 3 }, "×"), drawn("tspan", { x, y: y + 11 }, size)]
          : [drawn("tspan", { x, y: y + 4 }, `× ${size}`)])));
      }
    }));
    const boxes = nodes.map((node, i) => {
      const [x, y] = plan.at[i];
      const operands = node.parents.map((parent) => nodes[place.get(parent)].label || "…");
      const made = node.operation === "leaf" ? "" : formula(node.operation, operands);
      const title = node.operation === "leaf" ? node.label || "constant" : node.label ? `${node.label} = ${made}` : made;
      const now = here.at === i || (here.kind === "backward" && here.edge.from === i);
      const state_ = value(i) === null ? "sw-open" : grad(i) === null ? "sw-known" : "sw-graded";
      const line = (row, kind, text) => drawn("text", { x: x + width / 2, y: y + 15 + 17 * row, class: kind }, text);
      return drawn("g", { class: `sw-node ${state_}${node.operation === "leaf" ? " sw-leaf" : ""}${now ? " sw-now" : ""}` },
        drawn("rect", { x, y, width, height: plan.high(i), rx: node.operation === "leaf" ? 14 : 4 }),
        line(0, "sw-title", title), line(1, "sw-value", value(i) === null ? "?" : write(value(i))),
        line(2, "sw-grad", grad(i) === null ? "" : `∂ ${write(grad(i))}`),
        line(3, "sw-sum", shares[i].length > 1 ? `= ${shares[i].map((v, k) => (
          k ? inBrackets(v) : write(v))).join(" + ")}` : ""));
    });
    picture.replaceChildren(drawn("defs", {}, arrow("forward"), arrow("back")), ...lines, ...boxes, ...notes);
  }

  let wide = null;
  new ResizeObserver(() => {
    const now = figure.clientWidth >= 560;
    if (wide !== null && now !== wide && state.steps.length) show();
    wide = now;
  }).observe(figure);
  choose(0);
  return state;
}
