/** One run: how it goes or ended, and each client's outcome. */

import { client, get, run as path, post } from "../../api.js";
import { actionRow, element, line, link, people, remark } from "../../dom.js";
import { dayAndTime } from "../../formats.js";
import { mayArchive } from "../../rights.js";
import { reload } from "../../router.js";
import { showPages } from "../../parts/pages.js";
import { whileLoading, workButton } from "../../parts/states.js";
import { memberSentence, outcomeName, ruleSentence, runTitle, say, whoBegan } from "../../words.js";
import { findingSentence } from "../archive/findings.js";
import { progress } from "./progress.js";

const PAGE = 100;

/** @type {import("../../router.js").View} */
export async function showRunPage(room, { ids: [runId = ""], query: address, signal }) {
  const run = await whileLoading(room, get(path(runId), signal));
  const outcome = address.get("outcome") ?? "";
  const members = element("section", { "aria-label": say("clients.title") });
  room.append(
    link(say("activity.title"), "#/activity", "back"),
    element("h1", runTitle(run)),
    remark(say("run.began", { at: dayAndTime(run.created_at), who: whoBegan(run) })),
    isWaiting(run) ? waiting(run) : progress(run, signal, (ended) => ended.run_id === run.run_id && void list(members, ended, outcome, signal)),
    element("h2", outcome ? outcomeName(outcome) : say("clients.title")),
    outcome ? link(say("run.allClients"), `#/activity/${runId}`) : "",
    members,
  );
  await list(members, run, outcome, signal);
}

/** @param {any} run */
const isWaiting = (run) => ["awaiting_confirmation", "proposed"].includes(run.state);

/** @param {any} run */
function waiting(run) {
  const confirm = workButton(confirmation(run), async () => (await post(`${path(run.run_id)}/confirm`, { token: run.token }), reload()), "primary");
  const refuse = workButton(say("tidyUp.notNow"), async () => (await post(`${path(run.run_id)}/stop`), reload()));
  const starts = run.starts_at && element("p", say("tidyUp.starts", { at: dayAndTime(run.starts_at) }));
  return element("section.run", starts, mayArchive() && actionRow(refuse, confirm));
}

/** @param {any} run */
const confirmation = (run) => say("archive.confirm", { n: run.totals.clients - (run.counts.excluded ?? 0) });

/** @param {HTMLElement} place @param {any} run @param {string} outcome @param {AbortSignal} signal */
function list(place, run, outcome, signal) {
  const rows = people();
  place.replaceChildren();
  return showPages(place, rows, {
    path: `${path(run.run_id)}/clients`,
    asked: { outcome, limit: PAGE },
    name: "clients",
    add: (member) => rows.append(memberRow(run, member)),
    empty: say("clients.nobody"),
    signal,
    sheet: { name: "clients", columns: ["client_id", "name", "outcome", "rules", "reason"], told: { rules: (it) => it.rules.join(" ") } },
  });
}

/** Which rule held a client back, with the numbers of that moment where they may be told. @param {string} rule @param {any[]} findings */
function heldBy(rule, findings) {
  const found = findings.find((one) => one.rule === rule);
  return found ? findingSentence(found) : ruleSentence(rule);
}

/** @param {any} run @param {any} member */
function memberRow(run, member) {
  const name = member.name ?? member.client_id;
  const who = link(name, `#${client(member.client_id)}`);
  const keep = workButton(say("tidyUp.keep"), async () => {
    await post(`${path(run.run_id)}/exclude`, { client_ids: [member.client_id] });
    run.counts.excluded = (run.counts.excluded ?? 0) + 1;
    const confirm = document.querySelector(".run .primary");
    if (confirm) confirm.textContent = confirmation(run);
    keep.replaceWith(element("span.tag", say("tidyUp.kept")));
    who.focus();
  }, { "aria-label": say("tidyUp.keepWho", { name }) });
  return line(who, memberSentence(member, member.rules.map((/** @type {string} */ rule) => heldBy(rule, member.findings))), isWaiting(run) && member.outcome === "pending" && mayArchive() && keep);
}
