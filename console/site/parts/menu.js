/** A menu button, by the ARIA practices: arrows, Home, End, letters, Escape, and the focus comes back. */

import { element } from "../dom.js";
import { say } from "../words.js";

/**
 * @typedef {object} Entry
 * @property {string} label
 * @property {() => void} act
 */

let made = 0;

/**
 * @param {string} name whose actions these are, for those who listen
 * @param {Entry[]} entries
 */
export function menuButton(name, entries) {
  const id = `menu-${++made}`;
  const opener = element(
    "button",
    { type: "button", className: "quiet dots", "aria-label": name, "aria-haspopup": "menu", "aria-expanded": "false", "aria-controls": id },
    "⋯",
  );
  const items = entries.map(({ label, act }) =>
    element("button", { type: "button", role: "menuitem", tabIndex: -1, on: { click: () => (close(), act()) } }, label),
  );
  const menu = element("div", { id, role: "menu", popover: "auto", className: "menu", "aria-label": name }, ...items);
  const close = () => {
    menu.hidePopover();
    opener.focus();
  };
  /** @param {number} index */
  const open = (index) => {
    place(menu, opener);
    menu.showPopover();
    place(menu, opener);
    items.at(index)?.focus();
  };
  opener.addEventListener("click", () => open(0));
  opener.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") open(0);
    else if (event.key === "ArrowUp") open(-1);
    else return;
    event.preventDefault();
  });
  menu.addEventListener("keydown", (event) => move(event, items, close));
  menu.addEventListener("beforetoggle", (event) =>
    opener.setAttribute("aria-expanded", String(/** @type {ToggleEvent} */ (event).newState === "open")),
  );
  return element("div", opener, menu);
}

/** The head of a column of menus. */
export const menuHead = () => element("th", element("span.unseen", say("actions")));

/** @param {KeyboardEvent} event @param {HTMLElement[]} items @param {() => void} close */
function move(event, items, close) {
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const target = targetOf(event.key, at, items);
  if (event.key === "Escape" || event.key === "Tab") close();
  else if (target) target.focus();
  else return;
  if (event.key !== "Tab") event.preventDefault();
}

/** @param {string} key @param {number} at @param {HTMLElement[]} items */
function targetOf(key, at, items) {
  if (key === "ArrowDown") return items[(at + 1) % items.length];
  if (key === "ArrowUp") return items.at(at - 1);
  if (key === "Home") return items[0];
  if (key === "End") return items.at(-1);
  if (key.length !== 1 || key === " ") return undefined;
  const after = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  return after.find((item) => item.textContent?.toLowerCase().startsWith(key.toLowerCase()));
}

/** @param {HTMLElement} menu @param {HTMLElement} opener */
function place(menu, opener) {
  const { right, bottom, top } = opener.getBoundingClientRect();
  const height = menu.offsetHeight;
  const below = bottom + height < innerHeight;
  menu.style.setProperty("top", `${Math.max(4, below ? bottom : top - height)}px`);
  menu.style.setProperty("right", `${Math.max(4, document.documentElement.clientWidth - right)}px`);
}
