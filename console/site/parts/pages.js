/** A list that comes by pages: Show more, an empty note, a failure in its place, and all of it as CSV. */

import { get, query } from "../api.js";
import { element } from "../dom.js";
import { say } from "../words.js";
import { csvButton } from "./csv.js";
import { emptyNote, showFailure, whileLoading, workButton } from "./states.js";

/**
 * @typedef {object} Paged
 * @property {string} path of the API
 * @property {Record<string, string | number>} [asked] of it
 * @property {string} name of the items in its answer
 * @property {(item: any) => void} add shows one
 * @property {string} empty what is said of a list without items
 * @property {AbortSignal} signal
 * @property {import("./csv.js").Sheet} [sheet] the columns of the list as CSV
 */

/**
 * @param {HTMLElement} room
 * @param {HTMLElement} list what the items are added to
 * @param {Paged} paged
 */
export function showPages(room, list, paged) {
  const { path, asked, name, add, empty, signal, sheet } = paged;
  const read = (/** @type {string | null} */ cursor) => get(path + query({ ...asked, cursor }), signal);
  const items = (/** @type {any} */ page) => page[name];
  const more = element("div.more");
  room.append(list, more);
  let shown = 0;
  /** @param {string | null} cursor */
  const load = async (cursor) => {
    try {
      const page = await whileLoading(more, filled(cursor, read, items));
      items(page).forEach(add);
      shown += items(page).length;
      const next = page.next_cursor && workButton(say("more"), () => load(page.next_cursor));
      const csv = sheet && shown > 0 && csvButton(sheet, read, items);
      more.replaceChildren(next || "", csv || "", shown ? "" : emptyNote(empty));
    } catch (fault) {
      if (!signal.aborted) showFailure(more, fault, () => void load(cursor));
    }
  };
  return load(null);
}

/** Read on while pages are empty and not the last. @param {string | null} cursor @param {(cursor: string | null) => Promise<any>} read @param {(page: any) => any[]} items */
async function filled(cursor, read, items) {
  let page = await read(cursor);
  while (!items(page).length && page.next_cursor) page = await read(page.next_cursor);
  return page;
}
