/** What happened to a client, the newest first. */

import { client as path, get, query } from "../../api.js";
import { element } from "../../dom.js";
import { dayAndTime } from "../../formats.js";
import { showPages } from "../../parts/pages.js";
import { edits, historySentence, say } from "../../words/index.js";

/** @param {HTMLElement} room @param {import("./page.js").Shown} shown */
export function showHistory(room, { client, signal }) {
  const lines = element("ol", { className: "timeline" });
  return showPages(room, lines, {
    read: (cursor) => get(`${path(client.client_id)}/history${query({ cursor })}`, signal),
    items: (page) => page.entries,
    add: (entry) => lines.append(line(entry)),
    empty: say("history.none"),
    signal,
    sheet: { name: "history", columns: ["at", "event", "by", "edits"], row: (entry) => [entry.at, entry.event, entry.by.actor_id, edits(entry)] },
  });
}

/** @param {any} entry */
const line = (entry) =>
  element("li", {}, element("time", { dateTime: entry.at }, dayAndTime(entry.at)), element("span", {}, historySentence(entry)), entry.edits.length > 0 && element("small", {}, edits(entry)));
