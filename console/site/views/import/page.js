/** One import: checked, changed, confirmed, followed, reported. */

import { get, importPath, post } from "../../api.js";
import { actionRow, announce, checkbox, element, isTicked, link, remark } from "../../dom.js";
import { dayAndTime, duration, list, number } from "../../formats.js";
import { watch } from "../../parts/meter.js";
import { whileLoading, workButton } from "../../parts/states.js";
import { mayArchive } from "../../rights.js";
import { importRefusal, importTitle, say, stateName, whoBegan } from "../../words.js";
import { columnsForm } from "./columns.js";
import { outcomes } from "./outcomes.js";

const GOES_ON = ["checking", "running", "stopping"];

/** @param {any} run */
const goesOn = (run) => GOES_ON.includes(run.state);

/** @type {import("../../router.js").View} */
export async function showImport(room, { ids: [importId = ""], signal }) {
  const path = importPath(importId);
  const run = await whileLoading(room, get(path, signal));
  const content = element("section");
  room.append(
    link(say("import.title"), "#/import", "back"),
    element("h1", importTitle(run)),
    remark(say("run.began", { at: dayAndTime(run.created_at), who: whoBegan(run) })),
    content,
  );
  watch(run, {
    room: content,
    signal,
    goesOn,
    read: () => get(path, signal),
    stop: () => (mayArchive() ? () => post(`${path}/stop`) : null),
    howFar,
    ended: resting,
    seen: (now) => !goesOn(now) && now !== run && announce(stateName(now.state)),
  });
}

/** @param {any} run */
function howFar(run) {
  if (run.state === "stopping") return say("run.stopping");
  if (!run.rows || run.seconds_left === null) return say(run.state === "checking" ? "archive.checking" : "run.starting");
  const done = say("import.done", { done: number(Math.round((run.rows * run.percent_done) / 100)), total: number(run.rows) });
  return `${done} ${say("run.left", { left: duration(run.seconds_left) })}`;
}

/** @param {any} run @param {(run: any) => void} go */
function resting(run, go) {
  const path = importPath(run.import_id);
  const check = (/** @type {Record<string, string>} */ mapping) => post(`${path}/check`, { mapping }).then(go);
  const columns = mayArchive() && columnsForm(run, check);
  if (run.state === "awaiting_upload") return [element("p", say("import.notUploaded"))];
  if (run.state === "refused") return [element("p.refusal", importRefusal(run.refused_for, run.refused_field ?? "")), ...(columns ? [columns] : [])];
  if (run.state === "checked") return [...(columns ? [folded(run, columns)] : []), ...outcomes(run), confirmation(run, go)];
  return [remark(say("import.state", { state: stateName(run.state) })), ...outcomes(run), ended(run, go)];
}

/** @param {any} run @param {HTMLElement} columns */
const folded = (run, columns) =>
  element("details.card", element("summary", say("import.columns", { names: list(run.header.filter((/** @type {string} */ name) => Object.values(run.columns).includes(name))) })), columns);

/** @param {any} run @param {(run: any) => void} go */
function confirmation(run, go) {
  if (!mayArchive()) return "";
  const path = importPath(run.import_id);
  const sure = (run.counts.added ?? 0) + (run.counts.stored ?? 0);
  const differs = run.counts.differs ?? 0;
  const overwrite = checkbox(say("import.overwrite", { n: differs }));
  const bring = workButton("", async () => go(await post(`${path}/confirm`, { token: run.token, overwrite: isTicked(overwrite) })), "primary");
  const leave = workButton(say("cancel"), async () => go(await post(`${path}/stop`)));
  const count = () => {
    const n = sure + (isTicked(overwrite) ? differs : 0);
    bring.textContent = say("import.bring", { n });
    bring.hidden = n === 0;
  };
  overwrite.addEventListener("change", count);
  count();
  return element("div", differs ? overwrite : "", sure + differs ? "" : element("p", say("import.nothing")), actionRow(report(path), leave, bring));
}

/** @param {string} path */
const report = (path) => workButton(say("import.report"), async () => location.assign((await get(`${path}/report`)).url), "quiet");

/** @param {any} run @param {(run: any) => void} go */
function ended(run, go) {
  const path = importPath(run.import_id);
  const again = workButton(say("tryAgain"), async () => go(await post(`${path}/retry`)));
  const unfinished = (run.counts.failed ?? 0) + (run.counts.not_reached ?? 0) > 0;
  return actionRow(unfinished && mayArchive() ? again : "", run.phase === "import" ? report(path) : "");
}
