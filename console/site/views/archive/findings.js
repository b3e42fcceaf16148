/** Why one client needs a look: each safety rule with its numbers, and the records that the archive would end. */

import { client as path, get } from "../../api.js";
import { dayAndTime, list, sums } from "../../formats.js";
import { unfold } from "../../parts/unfold.js";
import { kindName, restoreOutcome, say } from "../../words.js";

/** @param {any} member @param {boolean} open whether it is shown at once */
export const why = (member, open) =>
  unfold(say("archive.why"), async () => {
    const { blocks, warnings, changes } = await get(`${path(member.client_id)}/archive-preview`);
    const ending = changes.map((/** @type {any} */ one) => say("archive.ends", { what: recordName(one) }));
    return [...[...blocks, ...warnings].map(findingSentence), ...ending];
  }, open);

/** @param {any} finding */
export const findingSentence = ({ rule, amount, within_days, records }) =>
  say(/** @type {any} */ (`finding.${rule}`), { sum: amount ? sums([amount]) : "", days: within_days ?? "", what: list(records.map(recordName)) });

/** Say which record it is: "Appointment, Check, 12 Dec 2026, 10:00". @param {any} record */
export function recordName({ kind, label }) {
  const told = [kindName(kind), label?.title, label?.amount && sums([label.amount]), label?.at && dayAndTime(label.at)];
  return told.filter(Boolean).join(", ");
}

/** What became of a record that was to be restored. @param {any} record */
export const restoredSentence = (record) => `${recordName(record)}: ${restoreOutcome(record.outcome)}`;
