/** Shows the view that the address names, and ends it when the address changes. */

import { announce, element } from "./dom.js";
import { showFailure } from "./parts/states.js";
import { showActivity } from "./views/activity.js";
import { showClient } from "./views/client/page.js";
import { showClients } from "./views/clients/page.js";
import { showGroups } from "./views/groups.js";
import { showImport } from "./views/import/page.js";
import { showImports } from "./views/import/start.js";
import { showRunPage } from "./views/run/page.js";
import { showSettings } from "./views/settings.js";
import { markCurrent } from "./views/top.js";
import { say } from "./words.js";

/**
 * @typedef {object} Visit
 * @property {string[]} ids the ids in the address
 * @property {URLSearchParams} query
 * @property {AbortSignal} signal ends the view's calls when another is shown
 */

/** @typedef {(room: HTMLElement, visit: Visit) => Promise<void> | void} View */

/** @type {ReadonlyArray<readonly [RegExp, View]>} */
const VIEWS = [
  [/^\/clients$/, showClients],
  [/^\/clients\/([^/]+)$/, showClient],
  [/^\/groups$/, showGroups],
  [/^\/import$/, showImports],
  [/^\/import\/([^/]+)$/, showImport],
  [/^\/activity$/, showActivity],
  [/^\/activity\/([^/]+)$/, showRunPage],
  [/^\/settings$/, showSettings],
];
const FIRST = "#/clients";

let visit = new AbortController();

/** @param {HTMLElement} main */
export function startRouter(main) {
  addEventListener("hashchange", () => void open(main, true));
  return open(main, false);
}

/** Show the present view again, from the beginning. */
export const reload = () => dispatchEvent(new HashChangeEvent("hashchange"));

/** @param {HTMLElement} main @param {boolean} moved */
async function open(main, moved) {
  if (!location.hash.startsWith("#/")) history.replaceState(null, "", FIRST);
  const address = new URL(location.hash.slice(1), location.origin);
  const [match, view] = find(address.pathname);
  visit.abort();
  visit = new AbortController();
  const { signal } = visit;
  const room = element("div.view");
  showOnceFilled(main, room, signal);
  markCurrent(address.pathname);
  if (moved) main.focus({ preventScroll: true });
  if (!view) return void room.append(element("h1", say("notFound")));
  try {
    await view(room, { ids: match, query: address.searchParams, signal });
    if (signal.aborted) return;
    document.title = room.querySelector("h1")?.textContent ?? say("clients.title");
    if (moved) announce(document.title);
  } catch (fault) {
    if (!signal.aborted) showFailure(room, fault, reload);
  }
}

/** Show a view as soon as it has something to show; the one before stays until then. @param {HTMLElement} main @param {HTMLElement} room @param {AbortSignal} signal */
function showOnceFilled(main, room, signal) {
  for (const before of main.children) before.toggleAttribute("inert", true);
  const filled = new MutationObserver(() => {
    filled.disconnect();
    if (signal.aborted) return;
    main.replaceChildren(room);
    scrollTo(0, 0);
  });
  filled.observe(room, { childList: true });
}

/** @param {string} path @returns {[string[], View | undefined]} */
function find(path) {
  for (const [pattern, view] of VIEWS) {
    const match = pattern.exec(path);
    if (match) return [match.slice(1).map(decodeURIComponent), view];
  }
  return [[], undefined];
}
