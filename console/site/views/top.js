/** The head of every page: where one can go, and who is signed in. */

import { button, element, link } from "../dom.js";
import { person, signOut } from "../session.js";
import { joined, say } from "../words.js";
import { openShortcuts, watchShortcuts } from "./shortcuts.js";

/** @type {HTMLAnchorElement[]} */
let places = [];

/** @param {{name: string | null, practice: {name: string | null}}} me */
export function showTop(me) {
  const top = /** @type {HTMLElement} */ (document.getElementById("top"));
  places = [
    link(say("clients.title"), "#/clients"),
    link(say("groups.title"), "#/groups"),
    link(say("activity.title"), "#/activity"),
    link(say("settings.title"), "#/settings"),
  ];
  const skip = button(say("skip"), () => document.getElementById("main")?.focus(), "skip");
  top.replaceChildren(
    skip,
    element("nav", { "aria-label": say("nav") }, ...places),
    element(
      "div.who",
      element("span.person", joined([me.name ?? person().email, me.practice.name])),
      button("?", openShortcuts, { className: "quiet", "aria-label": say("shortcuts.title") }),
      button(say("signOut"), () => signOut("left"), "quiet"),
    ),
  );
  watchShortcuts();
}

/** @param {string} path */
export function markCurrent(path) {
  for (const place of places) {
    const here = path.startsWith(place.hash.slice(1));
    if (here) place.setAttribute("aria-current", "page");
    else place.removeAttribute("aria-current");
  }
}
