/** Makes elements. Text always becomes text, never markup. */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Make an element.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [properties] properties of the element, or attributes where it has no such property;
 *   `on` holds event listeners by event name; null and undefined are left out
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) set(made, name, value);
  made.append(...children.filter(isShown).map((child) => (typeof child === "number" ? String(child) : child)));
  return made;
}

/** @param {Child} child @returns {child is Node | string | number} */
const isShown = (child) => child !== null && child !== undefined && child !== false;

/** @param {HTMLElement} node @param {string} name @param {unknown} value */
function set(node, name, value) {
  if (value === null || value === undefined) return;
  if (name === "on") {
    const listeners = /** @type {Record<string, EventListener>} */ (value);
    for (const [event, listener] of Object.entries(listeners)) node.addEventListener(event, listener);
  } else if (name in node && !name.includes("-")) {
    Reflect.set(node, name, value);
  } else {
    node.setAttribute(name, String(value));
  }
}

/**
 * A button that does something.
 *
 * @param {string} label
 * @param {(event: Event) => void} act
 * @param {Record<string, unknown>} [properties]
 */
export const button = (label, act, properties = {}) =>
  element("button", { type: "button", on: { click: act }, ...properties }, label);

/** @param {string} label @param {string} href @param {Record<string, unknown>} [properties] */
export const link = (label, href, properties = {}) => element("a", { href, ...properties }, label);

/**
 * A labelled field.
 *
 * @param {string} label
 * @param {HTMLElement} control
 */
export const field = (label, control) => element("label", { className: "field" }, element("span", {}, label), control);

/** A line that is less than what stands around it. @param {...Child} content */
export const remark = (...content) => element("p", { className: "note" }, ...content);

/** Controls that belong together. @param {string} title @param {...Child} content */
export const fieldset = (title, ...content) => element("fieldset", {}, element("legend", {}, title), ...content);

/** Buttons side by side. @param {...Child} buttons */
export const actionRow = (...buttons) => element("div", { className: "actions" }, ...buttons);

/** @param {string} label @param {string} present @param {string[]} names @param {(name: string) => [string, string]} at what a tab says, and where it leads */
export const tabs = (label, present, names, at) =>
  element("nav", { className: "tabs", "aria-label": label }, ...names.map((name) => link(...at(name), { "aria-current": name === present ? "page" : null })));

/** A list of people, or of what is told like them. @param {...Child} rows */
export const people = (...rows) => element("ul", { className: "people" }, ...rows);

/** The head of a column. @param {Child} content @param {Record<string, unknown>} [properties] */
export const columnHead = (content, properties = {}) => element("th", { scope: "col", ...properties }, content);

/**
 * A list to choose from.
 *
 * @param {ReadonlyArray<readonly [string, string]>} choices values with their labels
 * @param {Record<string, unknown>} [properties]
 */
export const select = (choices, properties = {}) => {
  const made = element("select", {}, ...choices.map(([value, label]) => element("option", { value }, label)));
  for (const [name, value] of Object.entries(properties)) set(made, name, value);
  return made;
};

/** @param {string} label @param {Record<string, unknown>} [properties] */
export const checkbox = (label, properties = {}) =>
  element("label", { className: "check" }, element("input", { type: "checkbox", ...properties }), element("span", {}, label));

/** @param {HTMLElement | undefined} label of a checkbox */
export const isTicked = (label) => label?.querySelector("input")?.checked ?? false;

/**
 * Replace what a room shows; if the focus was in it, it stays in it.
 *
 * @param {HTMLElement} room
 * @param {...(Node | string)} content
 */
export function refill(room, ...content) {
  const held = room.contains(document.activeElement);
  room.replaceChildren(...content);
  if (held) /** @type {HTMLElement | null} */ (room.querySelector("a, button, input, select"))?.focus();
}

/**
 * Speak a sentence to people who listen to the page.
 *
 * @param {string} sentence
 */
export function announce(sentence) {
  const live = document.getElementById("live");
  if (live) live.textContent = sentence;
}
