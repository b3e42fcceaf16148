/** What happened to a client, the newest first. */

import { client as path } from "../../api.js";
import { element } from "../../dom.js";
import { dayAndTime } from "../../formats.js";
import { showPages } from "../../parts/pages.js";
import { edits, historySentence, say } from "../../words.js";

/** @param {HTMLElement} room @param {import("./page.js").Shown} shown */
export function showHistory(room, { client, signal }) {
  const lines = element("ol.timeline");
  return showPages(room, lines, {
    path: `${path(client.client_id)}/history`,
    name: "entries",
    add: (entry) => lines.append(line(entry)),
    empty: say("history.none"),
    signal,
    sheet: { name: "history", columns: ["at", "event", "by", "edits"], told: { by: (entry) => entry.by.actor_id, edits } },
  });
}

/** @param {any} entry */
const line = (entry) =>
  element("li", element("time", { dateTime: entry.at }, dayAndTime(entry.at)), element("span", historySentence(entry)), entry.edits.length > 0 && element("small", edits(entry)));
