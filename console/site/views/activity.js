/** What the practice has done: bulk archives and undos, who did what, and what no source has confirmed. */

import { element, line, link, people, small, tabs } from "../dom.js";
import { dayAndTime, heading } from "../formats.js";
import { showPages } from "../parts/pages.js";
import { mayManage } from "../rights.js";
import { joined, outcomeSentences, runTitle, say, stateName, whoBegan } from "../words.js";
import { showPracticeHistory } from "./practice/history.js";
import { showUnconfirmed } from "./practice/unconfirmed.js";

/** @type {Record<string, import("../router.js").View>} */
const TABS = { runs: showRuns, history: showPracticeHistory, unconfirmed: showUnconfirmed };

/** @type {import("../router.js").View} */
export async function showActivity(room, visit) {
  const tab = visit.query.get("tab") ?? "runs";
  const names = Object.keys(TABS).filter((name) => name !== "history" || mayManage());
  room.append(element("h1", say("activity.title")), tabs(say("activity.title"), tab, names, (name) => [say(/** @type {any} */ (`activity.${name}`)), `#/activity?tab=${name}`]));
  await (TABS[tab] ?? showRuns)(room, visit);
}

/** @type {import("../router.js").View} */
function showRuns(room, { signal }) {
  const days = byDay();
  return showPages(room, days.node, {
    path: "/bulk-archives",
    asked: { limit: 50 },
    name: "runs",
    add: (run) => days.add(run.created_at, entry(run)),
    empty: say("activity.none"),
    signal,
    sheet: { name: "bulk-archives", columns: ["run_id", "kind", "state", "created_at", "created_by", "clients", "counts"], told: { clients: (run) => run.totals.clients } },
  });
}

/** A list with a heading for each day. */
export function byDay() {
  const node = element("div.days");
  let shown = "";
  /** @param {string} at @param {HTMLElement} row */
  const add = (at, row) => {
    if (heading(at) !== shown) node.append(element("h2", (shown = heading(at))), people());
    node.lastElementChild?.append(row);
  };
  return { node, add };
}

/** @param {any} run */
function entry(run) {
  const facts = [stateName(run.state), ...outcomeSentences({ ...run.counts, pending: 0 }), run.undone_by && say("run.undone")];
  return line(link(runTitle(run), `#/activity/${run.run_id}`), joined(facts), small(dayAndTime(run.created_at), whoBegan(run)));
}
