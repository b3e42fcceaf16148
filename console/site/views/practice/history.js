/** Who did what in the practice: by person, by days. */

import { query } from "../../api.js";
import { element, field, line, link, select, small } from "../../dom.js";
import { time } from "../../formats.js";
import { showPages } from "../../parts/pages.js";
import { edits, practiceSentence, say, who as nameOf } from "../../words.js";
import { byDay } from "../activity.js";

/** @type {import("../../router.js").View} */
export function showPracticeHistory(room, { query: address, signal }) {
  const asked = { actor_id: address.get("who") ?? "", since: address.get("since") ?? "", until: address.get("until") ?? "" };
  const who = select([["", say("history.everyone")]]);
  const since = element("input", { type: "date", value: asked.since });
  const until = element("input", { type: "date", value: asked.until });
  const form = element("form.filters", field(say("history.who"), who), field(say("history.since"), since), field(say("history.until"), until));
  form.addEventListener("change", () => (location.hash = `#/activity${query({ tab: "history", who: who.value, since: since.value, until: until.value })}`));
  room.append(form);
  /** @type {Map<string, HTMLOptionElement>} */
  const people = new Map();
  /** @param {any} by */
  const offer = (by) => {
    const known = people.get(by.actor_id);
    if (known) known.textContent = nameOf(by);
    else people.set(by.actor_id, who.appendChild(element("option", { value: by.actor_id, selected: by.actor_id === asked.actor_id }, nameOf(by))));
  };
  if (asked.actor_id) offer({ actor_id: asked.actor_id });
  const days = byDay();
  return showPages(room, days.node, {
    path: "/history",
    asked: { ...asked, limit: 50 },
    name: "entries",
    add(entry) {
      offer(entry.by);
      days.add(entry.at, row(entry));
    },
    empty: say("history.noLines"),
    signal,
    sheet: { name: "practice-history", columns: ["at", "event", "by", "run_id", "group_id", "clients", "edits"], told: { by: (it) => it.by.actor_id, clients: (it) => it.client_ids.length, edits } },
  });
}

/** @param {any} entry */
function row(entry) {
  const sentence = practiceSentence(entry.event);
  const where = entry.run_id ? `#/activity/${entry.run_id}` : entry.group_id && `#/clients?group_id=${entry.group_id}`;
  const told = where ? link(sentence, where) : sentence;
  return line(told, edits(entry), small(time(entry.at), nameOf(entry.by)));
}
