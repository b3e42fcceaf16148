/** A run as it goes on, and how it ended: progress, Stop, outcomes, Try again, Undo. */

import { get, post, run as path } from "../../api.js";
import { actionRow, announce, element, link } from "../../dom.js";
import { duration, number } from "../../formats.js";
import { watch } from "../../parts/meter.js";
import { workButton } from "../../parts/states.js";
import { mayArchive, mayManage } from "../../rights.js";
import { counted, outcomeSentence, outcomeSentences, say } from "../../words.js";

const GOES_ON = ["preparing", "running", "stopping"];
const CAN_RETRY = ["failed", "not_reached"];

/** @param {any} run */
export const goesOn = (run) => GOES_ON.includes(run.state);

/**
 * Follow a run until it has ended.
 *
 * @param {any} run
 * @param {AbortSignal} signal ends the following
 * @param {(run: any) => void} changed called with a run that went on, when it has ended
 */
export function progress(run, signal, changed) {
  const room = element("section.run");
  const spoken = { quarter: 0 };
  watch(run, {
    room,
    signal,
    goesOn,
    read: (present) => get(path(present.run_id), signal),
    stop: (present) => (mayArchive() && present.kind === "archive" ? () => post(`${path(present.run_id)}/stop`) : null),
    howFar,
    ended,
    seen: (present) => speak(present, spoken),
    done: changed,
  });
  return room;
}

/** @param {any} run */
function howFar(run) {
  const total = run.totals.clients;
  const done = say("run.done", { done: number(total - (run.counts.pending ?? 0)), total: number(total) });
  const left = run.seconds_left === null ? say("run.starting") : say("run.left", { left: duration(run.seconds_left) });
  return `${done} ${run.state === "stopping" ? say("run.stopping") : left}`;
}

/** @param {any} run @param {(run: any) => void} go */
function ended(run, go) {
  return [
    element("ul.outcomes", ...counted(run.counts).map(([outcome, n]) => element("li", link(outcomeSentence(outcome, n), `#/activity/${run.run_id}?outcome=${outcome}`)))),
    run.not_restored_total > 0 ? element("p", say("run.notRestored", { n: run.not_restored_total })) : "",
    mayArchive() ? endedActions(run, go) : "",
  ];
}

/** @param {any} run @param {(run: any) => void} go */
function endedActions(run, go) {
  const retry = workButton(say("tryAgain"), async () => go(await post(`${path(run.run_id)}/retry`)));
  const undo = workButton(say("run.undo"), async () => go(await post(`${path(run.run_id)}/undo`)));
  return actionRow(canRetry(run) ? retry : "", canUndo(run) ? undo : "");
}

/** @param {any} run */
const canRetry = (run) => CAN_RETRY.some((outcome) => run.counts[outcome] > 0);

/** @param {any} run */
export const canUndo = (run) => mayManage() && run.kind === "archive" && !run.undone_by && run.counts.archived > 0;

/** @param {any} run @param {{quarter: number}} spoken */
function speak(run, spoken) {
  if (!goesOn(run)) return announce(outcomeSentences(run.counts).join(", "));
  const quarter = Math.floor(run.percent_done / 25);
  if (quarter > spoken.quarter) announce(say("run.percent", { n: quarter * 25 }));
  spoken.quarter = quarter;
}
