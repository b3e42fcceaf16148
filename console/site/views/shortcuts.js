/** Keys that save a reach for the mouse. */

import { element } from "../dom.js";
import { openDialog } from "../parts/dialog.js";
import { say } from "../words.js";

/** The view that is shown; one that another is about to replace is inert. */
const VIEW = ".view:not([inert])";

/** @type {Record<string, () => void>} */
const KEYS = {
  "/": () => document.querySelector(`${VIEW} input[type=search]`)?.dispatchEvent(new Event("wanted")),
  "?": () => openShortcuts(),
  a: () => (location.hash = "#/clients?status=active"),
  r: () => (location.hash = "#/clients?status=archived"),
  g: () => (location.hash = "#/groups"),
  n: () => press(`${VIEW} [data-key=n]`),
  x: () => document.activeElement?.closest("tr")?.querySelector("input")?.click(),
  e: () => press(`${VIEW} [data-key=e]`),
  u: () => press(".toast:last-child button"),
};

/** @param {string} selector */
const press = (selector) => /** @type {HTMLElement | null} */ (document.querySelector(selector))?.click();

export function watchShortcuts() {
  addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || isTyping() || document.querySelector("dialog[open], [popover]:popover-open")) return;
    event.preventDefault();
    act();
  });
}

const isTyping = () => document.activeElement?.matches("input:not([type=checkbox]), select, textarea") ?? false;

export function openShortcuts() {
  const rows = Object.keys(KEYS).flatMap((key) => [
    element("dt", element("kbd", key)),
    element("dd", key === "r" ? say("clients.archived") : key === "g" ? say("groups.title") : say(/** @type {any} */ (`shortcuts.${key}`))),
  ]);
  openDialog(say("shortcuts.title"), element("dl.keys", ...rows));
}
