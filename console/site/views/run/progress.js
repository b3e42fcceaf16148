/** A run as it goes on, and how it ended: progress, Stop, outcomes, Try again, Undo. */

import { get, post, run as path } from "../../api.js";
import { announce, button, element, link } from "../../dom.js";
import { duration, number } from "../../formats.js";
import { during, showFailure } from "../../parts/states.js";
import { mayArchive } from "../../rights.js";
import { outcomeSentence, say } from "../../words/index.js";

const QUICK_MS = 1_000;
const SLOW_MS = 3_000;
const QUICK_LOOKS = 10;
const GOES_ON = ["preparing", "running", "stopping"];
const CAN_RETRY = ["failed", "not_reached"];

/** @param {any} run */
export const goesOn = (run) => GOES_ON.includes(run.state);

/**
 * Follow a run until it has ended.
 *
 * @param {any} run
 * @param {AbortSignal} signal ends the following
 * @param {(run: any) => void} [changed] called at the end
 */
export function progress(run, signal, changed) {
  const room = element("section", { className: "run" });
  const spoken = { quarter: 0 };
  /** @param {any} present */
  const show = (present) => {
    room.replaceChildren(...(goesOn(present) ? running(present, follow) : ended(present, follow)));
    speak(present, spoken);
  };
  /** @param {any} present */
  const follow = async (present) => {
    show(present);
    for (let looks = 0; goesOn(present) && !signal.aborted; looks += 1) {
      await pause(looks < QUICK_LOOKS ? QUICK_MS : SLOW_MS, signal);
      if (document.hidden || signal.aborted) continue;
      try {
        present = await get(path(present.run_id), signal);
      } catch (fault) {
        if (!signal.aborted) showFailure(room, fault, () => void follow(present));
        return;
      }
      show(present);
    }
    if (!goesOn(present)) changed?.(present);
  };
  void follow(run);
  return room;
}

/** @param {any} run @param {(run: any) => void} follow */
function running(run, follow) {
  const total = run.totals.clients;
  const done = total - (run.counts.pending ?? 0);
  const left = run.seconds_left === null ? say("run.starting") : say("run.left", { left: duration(run.seconds_left) });
  const stop = button(say("run.stop"), () => void during(stop, async () => follow(await post(`${path(run.run_id)}/stop`))));
  return [
    element("progress", { max: 100, value: run.percent_done, "aria-label": say("run.progress") }),
    element("p", {}, say("run.done", { done: number(done), total: number(total) }), " ", run.state === "stopping" ? say("run.stopping") : left),
    element("p", { className: "note" }, say("run.mayLeave")),
    mayArchive() && run.kind === "archive" ? element("div", { className: "actions" }, stop) : "",
  ];
}

/** @param {any} run @param {(run: any) => void} follow */
function ended(run, follow) {
  const outcomes = Object.entries(run.counts).filter(([, count]) => count > 0);
  return [
    element("ul", { className: "outcomes" }, ...outcomes.map(([outcome, n]) => element("li", {}, link(outcomeSentence(outcome, n), `#/activity/${run.run_id}?outcome=${outcome}`)))),
    run.not_restored_total > 0 ? element("p", {}, say("run.notRestored", { n: run.not_restored_total })) : "",
    mayArchive() ? endedActions(run, follow) : "",
  ];
}

/** @param {any} run @param {(run: any) => void} follow */
function endedActions(run, follow) {
  const retry = button(say("tryAgain"), () => void during(retry, async () => follow(await post(`${path(run.run_id)}/retry`))));
  const undo = button(say("run.undo"), () => void during(undo, async () => follow(await post(`${path(run.run_id)}/undo`))));
  return element("div", { className: "actions" }, canRetry(run) ? retry : "", canUndo(run) ? undo : "");
}

/** @param {any} run */
const canRetry = (run) => CAN_RETRY.some((outcome) => run.counts[outcome] > 0);

/** @param {any} run */
export const canUndo = (run) => run.kind === "archive" && !run.undone_by && run.counts.archived > 0;

/** @param {any} run @param {{quarter: number}} spoken */
function speak(run, spoken) {
  if (!goesOn(run)) {
    const outcomes = Object.entries(run.counts).filter(([, count]) => count > 0);
    return announce(outcomes.map(([outcome, n]) => outcomeSentence(outcome, n)).join(", "));
  }
  const quarter = Math.floor(run.percent_done / 25);
  if (quarter > spoken.quarter) announce(say("run.percent", { n: quarter * 25 }));
  spoken.quarter = quarter;
}

/** @param {number} milliseconds @param {AbortSignal} signal */
const pause = (milliseconds, signal) =>
  new Promise((resume) => {
    const timer = setTimeout(resume, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resume(undefined)), { once: true });
  });
