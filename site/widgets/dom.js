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

/** Write a number with two decimals at most, and a real minus sign. */
export const tidy = (value) => String(Math.round(value * 100) / 100).replace("-", "−");

/** Whether the reader asked for less motion. */
export const calmly = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
