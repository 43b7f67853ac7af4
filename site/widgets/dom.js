// What live figures share: making elements, writing numbers, asking what the reader prefers.

const SVG = "http://www.w3.org/2000/svg";

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/**
 * Make an element.
 *
 * @param {string} tag
 * @param {object} attributes true sets an empty one; false and null leave it out
 * @param {...(Node|string)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Make an element of a drawing, as `element` does. */
export function drawn(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

let fields = 0;

/**
 * Put a label above a control.
 *
 * @param {string|Node} label
 * @param {HTMLElement} control gets an id if it has none
 * @param {...Node} rest what stands under the control
 */
export function labelled(label, control, ...rest) {
  fields += 1;
  control.id ||= `field-${fields}`;
  return element("div", { class: "field" },
    element("label", { class: "label", for: control.id }, label), control, ...rest);
}

/** Make a select box of [value, text] pairs. */
export function chooser(options, chosen) {
  return element("select", {}, ...options.map(([value, text]) => element(
    "option", { value, selected: value === chosen }, text)));
}

/** Make a field for a number. */
export const numberField = (value, attributes = {}) => element(
  "input", { type: "number", step: "any", inputmode: "decimal", value, ...attributes });

/** Make a button. */
export const button = (text, act) => {
  const made = element("button", { type: "button" }, text);
  made.addEventListener("click", act);
  return made;
};

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Write a number with so many significant digits; very large and small ones as 1.2 × 10⁻⁷. */
export function significant(value, digits = 3) {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  if (Number(exponent) >= 6 || Number(exponent) < -3) {
    const power = exponent.replace("+", "").replace("-", "⁻").replace(/\d/g, (d) => RAISED[d]);
    return `${mantissa.replace("-", "−")} × 10${power}`;
  }
  const plain = Number(value.toPrecision(digits));
  return plain.toLocaleString("en", { maximumSignificantDigits: Math.max(digits, 1) })
    .replace("-", "−");
}

/** Write a number with two decimals at most, and a real minus sign. */
export const tidy = (value) => String(Math.round(value * 100) / 100).replace("-", "−");

/** Whether the reader asked for less motion. */
export const calmly = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
