// Parameters, memory, computation, time and money of a network, by the formulas of
// lmbook.nn.sizes. Presets, devices and assumptions come from an artifact that the chapter wrote.

import { button, chooser, element, labelled, numberField, significant } from "./dom.js";

// -- the formulas, named as in Python --

/** Weights and biases of a dense network. */
export function denseParameters(widths) {
  let sum = 0;
  for (let i = 1; i < widths.length; i += 1) sum += (widths[i - 1] + 1) * widths[i];
  return sum;
}

/** Parameters by part; of a dense network: by layer. */
export function parts(model) {
  if (model.kind === "dense") {
    return Object.fromEntries(model.widths.slice(1).map((width, i) => [
      `layer ${i + 1}`, denseParameters([model.widths[i], width]),
    ]));
  }
  const { layers, width: d, feedforward: f, vocabulary, positions, segments } = model;
  const gated = model.kind === "gated";
  return {
    embeddings: (vocabulary + (gated ? 0 : positions) + segments) * d,
    attention: layers * (4 * d * d + (gated ? 0 : 4 * d)),
    feedforward: layers * (gated ? 3 * d * f : 2 * d * f + f + d),
    norms: (2 * layers + 1) * (gated ? d : 2 * d),
    head: { encoder: d * d + d, decoder: 0, gated: vocabulary * d }[model.kind],
  };
}

const total = (table) => Object.values(table).reduce((sum, value) => sum + value, 0);

/** All parameters. */
export const parameters = (model) => total(parts(model));

/** Bytes that are kept for the backward pass. */
export function activationMemory(model, batch, tokens, recompute = "none") {
  const { layers, width, heads, feedforward, kind } = model;
  const gated = kind === "gated";
  let kept = gated ? 16 * width + 8 * feedforward : 18 * width + 4 * feedforward;
  if (recompute === "none") kept += (gated ? 2 : 5) * heads * tokens;
  if (recompute === "all") kept = 2 * width;
  return layers * tokens * batch * kept;
}

/** Bytes by part. */
export const trainingMemory = (count, { weight = 2, gradient = 2, optimizer = 12, activations = 0 } = {}) => ({
  weights: weight * count, gradients: gradient * count, optimizer: optimizer * count, activations,
});

/** Bytes of keys and values that generation keeps. */
export const cacheMemory = (model, batch, tokens, value = 2) => (
  2 * model.layers * model.width * batch * tokens * value);

export const trainingFlops = (count, tokens) => 6 * count * tokens;
export const inferenceFlops = (count, tokens = 1) => 2 * count * tokens;
export const chinchillaTokens = (count, ratio = 20) => ratio * count;
export const trainingSeconds = (flops, { peak, utilisation = 0.4, devices = 1 }) => (
  flops / (peak * utilisation * devices));
export const trainingCost = (seconds, { devices, hourly }) => (seconds / 3600) * devices * hourly;

/** The fewest devices that hold it all, if weights, gradients and optimiser are shared out. */
export function devicesNeeded(memory, room) {
  const shared = memory.weights + memory.gradients + memory.optimizer;
  return memory.activations < room ? Math.ceil(shared / (room - memory.activations)) : Infinity;
}

/** What is wrong with a model or with the rest of the settings, in a sentence; "" if nothing. */
export function problem(model, settings) {
  const whole = (value) => Number.isInteger(value) && value >= 1;
  if (model.kind === "dense") {
    if (model.widths.length < 2 || !model.widths.every(whole)) {
      return "Widths are whole numbers, inputs first, outputs last: 784, 128, 10.";
    }
  } else {
    for (const [name, text] of MODEL_FIELDS) {
      if (!whole(model[name])) return `${text}: a whole number of at least 1 is needed.`;
    }
    if (model.width % model.heads) {
      return `A width of ${model.width} cannot be shared out among ${model.heads} heads; `
        + "choose heads that divide the width.";
    }
  }
  for (const [name, text] of [["batch", "Batch"], ["length", "Text length"], ["count", "Devices"]]) {
    if (!whole(settings[name])) return `${text}: a whole number of at least 1 is needed.`;
  }
  if (settings.tokens !== null && !(settings.tokens > 0)) return "There must be something to learn from.";
  for (const [name, text] of [["peak", "Peak"], ["memory", "Device memory"]]) {
    if (!(settings[name] > 0)) return `${text}: more than 0 is needed.`;
  }
  if (!(settings.utilisation > 0 && settings.utilisation <= 1)) {
    return "Utilisation: more than 0 % and at most 100 %.";
  }
  if (!(settings.hourly >= 0)) return "Price: 0 or more.";
  return "";
}

/** Everything that the figure shows. */
export function compute(model, settings, precision, ratio) {
  const count = parameters(model);
  const dense = model.kind === "dense";
  const activations = dense // of those there are few, which the chapter leaves out
    ? 0 : activationMemory(model, settings.batch, settings.length, settings.recompute);
  const memory = trainingMemory(count, { ...precision, activations });
  const tokens = settings.tokens ?? chinchillaTokens(count, ratio);
  const flops = trainingFlops(count, tokens);
  const seconds = trainingSeconds(flops, { ...settings, devices: settings.count });
  return {
    parts: parts(model), parameters: count, activations, memory, tokens, flops, seconds,
    cost: trainingCost(seconds, { ...settings, devices: settings.count }),
    chinchilla: chinchillaTokens(count, ratio),
    cache: dense ? 0 : cacheMemory(model, settings.batch, settings.length),
    needed: devicesNeeded(memory, settings.memory),
  };
}

// -- words for numbers --

const scaled = (value, units) => {
  const [size, name] = units.find(([least]) => value >= least * 0.9995) ?? units.at(-1);
  return `${significant(value / size)} ${name}`;
};
const exact = (value) => Math.round(value).toLocaleString("en");
export const bytes = (value) => (value === 0 ? "0" : scaled(value, [
  [1e15, "PB"], [1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "bytes"]]));
export const duration = (value) => scaled(value, [
  [365.25 * 86400, "years"], [86400, "days"], [3600, "hours"], [60, "minutes"], [1, "seconds"],
  [1e-3, "milliseconds"], [1e-6, "microseconds"]]);
export const large = (value) => (value < 1e6 ? exact(value) : scaled(value, [
  [1e12, "trillion"], [1e9, "billion"], [1e6, "million"]]));
const share = (value) => (value > 0 && value < 0.005 ? "< 1 %" : `${Math.round(100 * value)} %`);
export const dollars = (value) => {
  if (value > 0 && value < 0.01) return "under 1 cent";
  return `$${value < 100 ? value.toFixed(2) : value < 1e6 ? exact(value) : large(value)}`;
};

const MODEL_FIELDS = [
  ["layers", "Layers", 1, 200], ["width", "Width", 16, 32768], ["heads", "Heads"],
  ["feedforward", "Feed-forward"], ["vocabulary", "Vocabulary"], ["positions", "Context"],
];
const PART_NAMES = { feedforward: "feed-forward", optimizer: "optimiser" };
const KINDS = [
  ["encoder", "encoder, as BERT"], ["decoder", "decoder, as GPT"], ["gated", "gated, as LLaMA"],
  ["dense", "dense layers"],
];

/**
 * Make a figure live.
 *
 * @param {HTMLElement} figure holds `.widget-static`, which stays for print, and the caption
 * @param {object} data the artifact: presets, precisions, devices, assumptions
 * @returns {object} the state, live
 */
export function mount(figure, data) {
  const { assumptions } = data;
  const ratio = assumptions.tokens_per_parameter;
  const first = Math.max(0, data.presets.findIndex((preset) => preset.kind !== "dense"));
  const device = data.devices[assumptions.device];
  const state = {
    model: {},
    settings: {
      tokens: null, batch: assumptions.batch, length: assumptions.tokens,
      recompute: assumptions.recompute, peak: device.peak, memory: device.memory,
      hourly: device.hourly, utilisation: assumptions.utilisation, count: assumptions.count,
    },
    precision: data.precisions[assumptions.precision],
    result: null,
  };
  const { settings } = state;

  // -- controls: the model --
  const preset = chooser([...data.presets.map(({ name }, i) => [i, name])], first);
  const own = element("option", { value: "own", hidden: true }, "your own");
  preset.append(own);
  preset.addEventListener("change", () => {
    if (preset.value !== "own") choosePreset(Number(preset.value));
  });
  const kind = chooser(KINDS);
  kind.addEventListener("change", () => {
    state.model.kind = kind.value;
    if (kind.value === "dense") state.model.widths ??= readWidths();
    changed();
  });
  const changed = () => {
    own.hidden = false;
    preset.value = "own";
    show();
  };
  const inputs = {};
  const sliders = {};
  const modelFields = MODEL_FIELDS.map(([name, text, least, most]) => {
    inputs[name] = numberField("", { min: 1, step: 1, inputmode: "numeric" });
    inputs[name].addEventListener("input", () => {
      state.model[name] = inputs[name].valueAsNumber;
      changed();
    });
    return labelled(text, inputs[name], ...(least ? [slider(name, text, least, most)] : []));
  });
  // A slider moves by equal factors; widths stay such that the heads divide them.
  function slider(name, text, least, most) {
    const input = element("input", {
      type: "range", min: 0, max: 1, step: 0.005, "aria-label": `${text}, slider`,
    });
    input.addEventListener("input", () => {
      let value = least * (most / least) ** Number(input.value);
      const unit = name === "width" ? state.model.heads || 1 : 1;
      value = Math.max(unit, Math.round(value / unit) * unit);
      if (name === "tokens") {
        settings.tokens = Number(value.toPrecision(2));
        show();
      } else {
        if (name === "width" && state.model.feedforward === 4 * state.model.width) {
          state.model.feedforward = 4 * value;
        }
        state.model[name] = value;
        changed();
      }
    });
    sliders[name] = (value) => {
      const place = Math.log(value / least) / Math.log(most / least);
      if (document.activeElement !== input) input.value = Math.min(1, Math.max(0, place));
      input.setAttribute("aria-valuetext", large(value));
    };
    return input;
  }
  const widths = element("input", { type: "text", spellcheck: "false", value: "784, 128, 10" });
  const readWidths = () => widths.value.trim().split(/[\s,–-]+/).map(Number);
  widths.addEventListener("input", () => {
    state.model.widths = readWidths();
    changed();
  });
  const denseField = labelled("Widths, inputs first", widths);
  const transformerFields = element("div", { class: "cw-grid" }, ...modelFields);

  // -- controls: training and device --
  // A setting in the unit that readers know, kept in the unit of the formulas.
  const setting = (name, text, factor = 1, attributes = {}) => {
    inputs[name] = numberField("", { min: 0, ...attributes });
    inputs[name].addEventListener("input", () => {
      settings[name] = inputs[name].valueAsNumber * factor;
      if (["peak", "memory", "hourly"].includes(name)) deviceBox.value = "own";
      show();
    });
    inputs[name].refresh = () => {
      inputs[name].value = Number((settings[name] / factor).toPrecision(12));
    };
    return labelled(text, inputs[name]);
  };
  const tokensText = element("span");
  inputs.tokens = numberField("", { min: 1 });
  inputs.tokens.addEventListener("input", () => {
    settings.tokens = inputs.tokens.valueAsNumber;
    show();
  });
  const follow = button(`${ratio} a parameter`, () => {
    settings.tokens = null;
    show();
  });
  const tokensField = labelled(tokensText, inputs.tokens, slider("tokens", "Amount of data", 1e5, 1e14));
  const precision = chooser(data.precisions.map(({ name }, i) => [i, name]), assumptions.precision);
  precision.addEventListener("change", () => {
    state.precision = data.precisions[Number(precision.value)];
    show();
  });
  const recompute = chooser([
    ["none", "nothing"], ["attention", "attention weights"], ["all", "all but block inputs"],
  ], assumptions.recompute);
  recompute.addEventListener("change", () => {
    settings.recompute = recompute.value;
    show();
  });
  const deviceBox = chooser(data.devices.map(({ name }, i) => [i, name]), assumptions.device);
  deviceBox.append(element("option", { value: "own", hidden: true }, "your own"));
  deviceBox.addEventListener("change", () => {
    const chosen = data.devices[Number(deviceBox.value)];
    if (!chosen) return;
    const { peak, memory, hourly } = chosen;
    Object.assign(settings, { peak, memory, hourly });
    for (const name of ["peak", "memory", "hourly"]) inputs[name].refresh();
    show();
  });
  const batchField = setting("batch", "Batch on a device", 1, { min: 1, step: 1 });
  const lengthField = setting("length", "Text length", 1, { min: 1, step: 1 });
  const recomputeField = labelled("Recompute", recompute);
  const rest = [
    batchField, lengthField, labelled("Numbers", precision), recomputeField,
  ];
  const deviceFields = [
    labelled("Device", deviceBox), setting("count", "Devices", 1, { min: 1, step: 1 }),
    setting("peak", "Peak, TFLOP/s", 1e12), setting("memory", "Memory, GB", 1e9),
    setting("utilisation", "Utilisation, %", 0.01, { max: 100 }),
    setting("hourly", "$ an hour each"),
  ];

  // -- results --
  const said = element("output", { class: "cw-said" });
  const table = (caption) => {
    const body = element("tbody");
    return { body, box: element("table", { class: "cw-table" }, element("caption", {}, caption), body) };
  };
  const partTable = table("Parameters");
  const memoryTable = table("Memory in training");
  const facts = element("dl", { class: "cw-facts" });
  const text = element("textarea", { readonly: true, rows: 8, "aria-label": "Results as text" });
  const folded = element("details", { class: "cw-text" }, element("summary", {}, "Results as text"), text);
  const copy = button("Copy the results", async () => {
    try {
      await navigator.clipboard.writeText(text.value);
    } catch {
      folded.open = true;
      text.focus();
      text.select();
      copied.textContent = "Selected below: copy it with the keyboard or the menu.";
      return;
    }
    copied.textContent = "Copied.";
  });
  const copied = element("output", {});
  const results = element("div", { class: "cw-results" },
    element("div", { class: "cw-tables" }, partTable.box, memoryTable.box), facts,
    element("div", { class: "cw-copy" }, copy, copied), folded);

  figure.insertBefore(element("div", { class: "widget-live cw" },
    element("div", { class: "cw-grid cw-top" },
      labelled("Model", preset), labelled("Kind", kind)),
    transformerFields, denseField, said, results,
    element("details", { class: "cw-more", open: !matchMedia("(max-width: 600px)").matches },
      element("summary", {}, "Training and device: assumptions that you can change"),
      element("div", { class: "cw-grid" },
        element("div", { class: "cw-tokens" }, tokensField, follow), ...rest, ...deviceFields)),
  ), figure.querySelector("figcaption"));

  // -- what happens --
  function choosePreset(index) {
    const { layers, width, heads, feedforward, vocabulary, positions } = data.presets[index];
    const chosen = data.presets[index];
    state.model = chosen.kind === "dense"
      ? { kind: "dense", widths: [...chosen.widths] }
      : { kind: chosen.kind, layers, width, heads, feedforward, vocabulary, positions,
        segments: chosen.segments ?? 0 };
    if (chosen.widths) widths.value = chosen.widths.join(", ");
    settings.tokens = chosen.tokens ?? null;
    show();
  }
  function rows({ body }, values, write) {
    const sum = total(values);
    const most = Math.max(...Object.values(values));
    body.replaceChildren(...Object.entries(values).map(([name, value]) => element("tr", {},
      element("th", { scope: "row" }, PART_NAMES[name] ?? name),
      element("td", {}, element("span", {
        class: "cw-bar", style: `width: ${most ? (100 * value) / most : 0}%`,
      }), element("span", { class: "cw-share" }, share(value / sum))),
      element("td", { class: "cw-number" }, write(value)))),
    element("tr", { class: "cw-sum" }, element("th", { scope: "row" }, "all"), element("td"),
      element("td", { class: "cw-number" }, write(sum))));
  }
  function show() {
    const dense = state.model.kind === "dense";
    const things = dense ? "examples" : "tokens";
    kind.value = state.model.kind;
    transformerFields.hidden = dense;
    denseField.hidden = !dense;
    batchField.hidden = dense;
    lengthField.hidden = dense;
    recomputeField.hidden = dense;
    tokensText.textContent = `Training ${things}`;
    for (const [name] of MODEL_FIELDS) {
      if (!dense && document.activeElement !== inputs[name]) inputs[name].value = state.model[name];
    }
    const wrong = problem(state.model, settings);
    results.classList.toggle("cw-stale", Boolean(wrong));
    said.classList.toggle("cw-wrong", Boolean(wrong));
    if (wrong) {
      said.textContent = wrong;
      return;
    }
    const result = compute(state.model, settings, state.precision, ratio);
    state.result = result;
    const name = preset.value === "own" ? "Your own" : data.presets[Number(preset.value)].name;
    for (const [key, place] of Object.entries(sliders)) {
      if (key === "tokens") place(result.tokens);
      else if (!dense) place(state.model[key]);
    }
    if (document.activeElement !== inputs.tokens) inputs.tokens.value = Number(result.tokens.toPrecision(12));
    follow.setAttribute("aria-disabled", settings.tokens === null);
    rows(partTable, result.parts, exact);
    const { activations, ...lasting } = result.memory;
    rows(memoryTable, dense ? lasting : result.memory, bytes);
    const all = total(result.memory);
    const fits = result.needed === 1 ? "fits on one device"
      : result.needed === Infinity ? "activations alone exceed a device"
        : `at least ${exact(result.needed)} devices, all but activations shared out`;
    const lines = [
      ["Fit", `${bytes(settings.memory)} a device: ${fits}`],
      ["Computation", `6 × ${large(result.parameters)} × ${large(result.tokens)} ${things} = ${significant(result.flops)} FLOP`],
      ["Time", `${duration(result.seconds)} on ${exact(settings.count)} device${settings.count === 1 ? "" : "s"} `
        + `at ${significant(settings.utilisation * 100)} % of ${significant(settings.peak / 1e12)} TFLOP/s`],
      ["Cost", `${dollars(result.cost)} at ${dollars(settings.hourly)} an hour and device`],
    ];
    if (!dense) {
      lines.push(["Chinchilla", `${ratio} tokens a parameter would be ${large(result.chinchilla)}; `
        + `here ${significant(result.tokens / result.parameters)} a parameter`]);
    }
    if (["decoder", "gated"].includes(state.model.kind)) {
      lines.push(["Keys, values", `${bytes(result.cache)} kept to generate from ${exact(settings.length)} tokens, batch ${exact(settings.batch)}`]);
    }
    facts.replaceChildren(...lines.flatMap(([term, value]) => [
      element("dt", {}, term), element("dd", {}, value)]));
    said.textContent = `${name}: ${exact(result.parameters)} parameters, ${bytes(all)} to train, `
      + `${duration(result.seconds)}, ${dollars(result.cost)}.`;
    text.value = [
      said.textContent,
      `Parameters: ${Object.entries(result.parts).map(([k, v]) => `${PART_NAMES[k] ?? k} ${exact(v)}`).join(", ")}`,
      `Memory: ${Object.entries(result.memory).map(([k, v]) => `${PART_NAMES[k] ?? k} ${bytes(v)}`).join(", ")} (${state.precision.name})`,
      ...lines.map(([term, value]) => `${term}: ${value}`),
    ].join("\n");
    copied.textContent = "";
  }

  for (const name of ["batch", "length", "count", "peak", "memory", "utilisation", "hourly"]) {
    inputs[name].refresh();
  }
  choosePreset(first);
  return state;
}
