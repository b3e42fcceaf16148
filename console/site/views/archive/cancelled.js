/** What an archive would cancel, over all clients. */

import { element } from "../../dom.js";
import { list, sums } from "../../formats.js";
import { say } from "../../words/index.js";

/** @param {any} totals */
export function cancelled(totals) {
  const parts = [
    totals.upcoming_appointments && say("archive.appointments", { n: totals.upcoming_appointments }),
    totals.scheduled_payments && say("archive.payments", { n: totals.scheduled_payments, sum: sums(totals.scheduled) }),
  ].filter(Boolean);
  const sentence = parts.length ? say("archive.willBeCancelled", { what: list(parts) }) : say("archive.nothingCancelled");
  return element("p", {}, sentence, " ", say("archive.recordsStay"));
}
