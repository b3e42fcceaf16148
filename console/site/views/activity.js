/** What the practice has done: bulk archives and undos, the newest first, by day. */

import { get, query } from "../api.js";
import { button, element, link } from "../dom.js";
import { dayAndTime, heading } from "../formats.js";
import { emptyNote, whileLoading } from "../parts/states.js";
import { outcomeSentence, runTitle, say, stateName } from "../words/index.js";

/** @type {import("../router.js").View} */
export async function showActivity(room, { signal }) {
  const days = element("div", { className: "days" });
  const more = element("div");
  room.append(element("h1", {}, say("activity.title")), days, more);
  let shown = "";
  /** @param {string | null} cursor */
  const load = async (cursor) => {
    const page = await whileLoading(more, get(`/bulk-archives${query({ limit: 50, cursor })}`, signal));
    for (const run of page.runs) {
      if (heading(run.created_at) !== shown) days.append(element("h2", {}, (shown = heading(run.created_at))), element("ul", { className: "people" }));
      days.lastElementChild?.append(entry(run));
    }
    more.replaceChildren(page.next_cursor ? button(say("more"), () => void load(page.next_cursor), { className: "more" }) : "");
    if (!days.childElementCount) more.replaceChildren(emptyNote(say("activity.none")));
  };
  await load(null);
}

/** @param {any} run */
function entry(run) {
  const outcomes = Object.entries(run.counts).filter(([outcome, n]) => n > 0 && outcome !== "pending");
  const facts = [stateName(run.state), ...outcomes.map(([outcome, n]) => outcomeSentence(outcome, n)), run.undone_by && say("run.undone")];
  return element(
    "li",
    {},
    element("span", { className: "mark", "aria-hidden": "true" }),
    element("span", {}, link(runTitle(run), `#/activity/${run.run_id}`), element("small", {}, facts.filter(Boolean).join(" · "))),
    element("small", {}, dayAndTime(run.created_at), " · ", run.created_by),
  );
}
