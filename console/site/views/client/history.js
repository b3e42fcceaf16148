/** What happened to a client, the newest first. */

import { client as path, get, query } from "../../api.js";
import { button, element } from "../../dom.js";
import { dayAndTime } from "../../formats.js";
import { emptyNote, whileLoading } from "../../parts/states.js";
import { historySentence, say } from "../../words/index.js";

/** @param {HTMLElement} room @param {import("./page.js").Shown} shown */
export async function showHistory(room, { client, signal }) {
  const lines = element("ol", { className: "timeline" });
  const more = element("div");
  room.append(lines, more);
  /** @param {string | null} cursor */
  const load = async (cursor) => {
    const page = await whileLoading(more, get(`${path(client.client_id)}/history${query({ cursor })}`, signal));
    lines.append(...page.entries.map(line));
    more.replaceChildren(page.next_cursor ? button(say("more"), () => void load(page.next_cursor), { className: "more" }) : "");
    if (!lines.childElementCount) more.replaceChildren(emptyNote(say("history.none")));
  };
  await load(null);
}

/** @param {any} entry */
const line = (entry) => element("li", {}, element("time", { dateTime: entry.at }, dayAndTime(entry.at)), element("span", {}, historySentence(entry)));
