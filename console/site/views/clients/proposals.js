/** A banner for each proposal to archive clients who went quiet. */

import { get, run as path, post } from "../../api.js";
import { actionRow, element, link } from "../../dom.js";
import { dayAndTime } from "../../formats.js";
import { mayArchive } from "../../rights.js";
import { say } from "../../words.js";
import { workButton } from "../../parts/states.js";

/** @param {HTMLElement} place @param {AbortSignal} signal */
export async function showProposals(place, signal) {
  if (!mayArchive()) return;
  const { runs } = await get("/bulk-archives?limit=20", signal).catch(() => ({ runs: [] }));
  place.replaceChildren(...runs.filter((/** @type {any} */ run) => run.state === "proposed").map(banner));
}

/** @param {any} run */
function banner(run) {
  const n = run.totals.clients - (run.counts.excluded ?? 0);
  const when = run.starts_at ? say("tidyUp.starts", { at: dayAndTime(run.starts_at) }) : null;
  const refuse = workButton(say("tidyUp.notNow"), async () => (await post(`${path(run.run_id)}/stop`), note.remove()));
  const note = element(
    "section.banner",
    { "aria-label": say("tidyUp.title") },
    element("p", say("tidyUp.sentence", { n }), when && ` ${when}`),
    actionRow(link(say("tidyUp.look"), `#/activity/${run.run_id}`, "button"), refuse),
  );
  return note;
}
