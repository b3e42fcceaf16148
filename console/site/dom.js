/** Makes elements. Text always becomes text, never markup. */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Make an element.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag | `${Tag}.${string}`} name its tag, with its classes if it has some: `div.card`
 * @param {Record<string, unknown> | Child} [first] properties of the element, or attributes where it has no such property;
 *   `on` holds event listeners by event name; null and undefined are left out. Where there are none, the first child
 * @param {...Child} rest children; those that are not so are left out
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(name, first, ...rest) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(/** @type {Tag} */ (tag));
  made.classList.add(...classes);
  const children = isProperties(first) ? rest : [first, ...rest];
  if (isProperties(first)) for (const [property, value] of Object.entries(first)) set(made, property, value);
  made.append(.../** @type {(Node | string)[]} */ (children.filter(isShown)));
  return made;
}

/** @param {Record<string, unknown> | Child} first @returns {first is Record<string, unknown>} */
const isProperties = (first) => first instanceof Object && !(first instanceof Node);

/** @param {Child} child */
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

/** @typedef {Record<string, unknown> | string} Kind properties of an element, or just its class */

/** @param {Kind} kind */
const propertiesOf = (kind) => (typeof kind === "string" ? { className: kind } : kind);

/**
 * A button that does something.
 *
 * @param {string} label
 * @param {(event: Event) => void} act
 * @param {Kind} [kind]
 */
export const button = (label, act, kind = {}) =>
  element("button", { type: "button", on: { click: act }, ...propertiesOf(kind) }, label);

/** @param {string} label @param {string} href @param {Kind} [kind] */
export const link = (label, href, kind = {}) => element("a", { href, ...propertiesOf(kind) }, label);

/**
 * A labelled field.
 *
 * @param {string} label
 * @param {HTMLElement} control
 */
export const field = (label, control) => element("label.field", element("span", label), control);

/** A line that is less than what stands around it. @param {...Child} content */
export const remark = (...content) => element("p.note", ...content);

/** Controls that belong together. @param {string} title @param {...Child} content */
export const fieldset = (title, ...content) => element("fieldset", element("legend", title), ...content);

/** Buttons side by side. @param {...Child} buttons */
export const actionRow = (...buttons) => element("div.actions", ...buttons);

/** @param {string} label @param {string} present @param {string[]} names @param {(name: string) => [string, string]} at what a tab says, and where it leads */
export const tabs = (label, present, names, at) =>
  element("nav.tabs", { "aria-label": label }, ...names.map((name) => link(...at(name), { "aria-current": name === present ? "page" : null })));

/** The button that sends a form. @param {string} label @param {Record<string, unknown>} [properties] */
export const submitButton = (label, properties) => element("button.primary", { type: "submit", ...properties }, label);

/** What is unfolded from a summary. @param {string} summary @param {...Child} content */
export const fold = (summary, ...content) => element("details", element("summary", summary), ...content);

/** @param {Child[]} heads of its columns @param {Child[]} rows */
export const table = (heads, rows) => element("table", element("thead", element("tr", ...heads)), element("tbody", ...rows));

/** @param {string[]} lines */
export const bullets = (lines) => element("ul", ...lines.map((line) => element("li", line)));

/** A list of people, or of what is told like them. @param {...Child} rows */
export const people = (...rows) => element("ul.people", ...rows);

/** What is told in small letters. @param {...string} facts */
export const small = (...facts) => element("small", facts.join(" · "));

/** A row of such a list. @param {Child} what it is @param {Child} told of it @param {Child} end what stands at its end @param {string} [className] */
export const line = (what, told, end, className = "") => element("li", { className }, element("span", what, element("small", told)), end);

/** The head of a column. @param {Child} content @param {Record<string, unknown>} [properties] */
export const columnHead = (content, properties = {}) => element("th", { scope: "col", ...properties }, content);

/**
 * A list to choose from.
 *
 * @param {ReadonlyArray<readonly [string, string]>} choices values with their labels
 * @param {Record<string, unknown>} [properties]
 */
export const select = (choices, properties = {}) => {
  const made = element("select", ...choices.map(([value, label]) => element("option", { value }, label)));
  for (const [name, value] of Object.entries(properties)) set(made, name, value);
  return made;
};

/** @param {string} label @param {Record<string, unknown>} [properties] */
export const checkbox = (label, properties = {}) =>
  element("label.check", element("input", { type: "checkbox", ...properties }), element("span", label));

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
