/** Why one client needs a look: each safety rule with its numbers, and the records that the archive would end. */

import { client as path, get } from "../../api.js";
import { element } from "../../dom.js";
import { dayAndTime, list, sums } from "../../formats.js";
import { sentenceOf } from "../../parts/states.js";
import { kindName, say } from "../../words/index.js";

/** @param {any} member @param {boolean} open whether it is shown at once */
export function why(member, open) {
  const content = element("ul");
  const node = element("details", {}, element("summary", {}, say("archive.why")), content);
  node.addEventListener("toggle", () => void (node.open && !content.childElementCount && fill(content, member.client_id)));
  node.open = open;
  return node;
}

/** @param {HTMLElement} content @param {string} id */
async function fill(content, id) {
  try {
    const preview = await get(`${path(id)}/archive-preview`);
    const found = [...preview.blocks, ...preview.warnings].map(findingSentence);
    const ending = preview.changes.map((/** @type {any} */ one) => say("archive.ends", { what: recordName(one) }));
    content.replaceChildren(...[...found, ...ending].map((sentence) => element("li", {}, sentence)));
  } catch (fault) {
    content.replaceChildren(element("li", {}, sentenceOf(fault)));
  }
}

/** @param {any} finding */
const findingSentence = ({ rule, amount, within_days, records }) =>
  say(/** @type {any} */ (`finding.${rule}`), { sum: amount ? sums([amount]) : "", days: within_days ?? "", what: list(records.map(recordName)) });

/** Say which record it is: "Appointment, Check, 12 Dec 2026, 10:00". @param {any} record */
export function recordName({ kind, label }) {
  const told = [kindName(kind), label?.title, label?.amount && sums([label.amount]), label?.at && dayAndTime(label.at)];
  return told.filter(Boolean).join(", ");
}
