/** What to look at before an archive: who cannot be archived, owes or has credit, and what would be cancelled. */

import { client } from "../../api.js";
import { button, element, link } from "../../dom.js";
import { list, sums } from "../../formats.js";
import { ruleSentence, say } from "../../words.js";
import { why } from "./findings.js";

/**
 * @param {any[]} members
 * @param {number} total
 * @param {(id: string) => void} leaveOut
 */
export function attention(members, total, leaveOut) {
  const blocked = members.filter((member) => member.blocks.length > 0);
  const open = members.filter((member) => member.blocks.length === 0 && isOpen(member));
  const rest = members.filter((member) => member.blocks.length === 0 && !isOpen(member));
  const others = total - blocked.length - open.length;
  return element(
    "section",
    {},
    others < total && element("h3", {}, say("archive.attention", { n: total - others })),
    element("ul", { className: "people" }, ...[...blocked, ...open].map((member) => person(member, leaveOut, total === 1))),
    others > 0 && element("details", { open: others <= 5 }, element("summary", {}, say("archive.nothingOpen", { n: others })),
      element("ul", { className: "people" }, ...rest.map((member) => person(member, leaveOut, total === 1)), others > rest.length && element("li", {}, say("andMore", { n: others - rest.length })))),
  );
}

/** @param {any} member */
const isOpen = (member) => member.warnings.length > 0 || member.credits.length > 0 || member.owed.length > 0;

/** @param {any} member @param {(id: string) => void} leaveOut @param {boolean} isAlone */
function person(member, leaveOut, isAlone) {
  const name = [member.name ?? member.client_id, member.email].filter(Boolean).join(", ");
  const cannot = member.blocks.length > 0;
  return element(
    "li",
    { className: cannot ? "blocked" : member.warnings.length ? "warned" : "" },
    element("span", {}, link(name, `#${client(member.client_id)}`, { target: "_blank" }), element("small", {}, factsOf(member)), (cannot || member.warnings.length > 0) && why(member, isAlone)),
    cannot
      ? element("span", { className: "tag" }, say("archive.cannot"))
      : !isAlone && button(say("archive.leaveOut"), () => leaveOut(member.client_id), { "aria-label": say("archive.leaveOutWho", { name }) }),
  );
}

/** @param {any} member */
function factsOf(member) {
  const facts = [
    member.owed.length && say("archive.owes", { sum: sums(member.owed) }),
    member.credits.length && say("archive.hasCredit", { sum: sums(member.credits) }),
    member.upcoming_appointments && say("archive.appointments", { n: member.upcoming_appointments }),
    member.scheduled_payments && say("archive.payments", { n: member.scheduled_payments, sum: sums(member.scheduled) }),
    member.status === "archived" && say("archive.already"),
    ...member.blocks.map(ruleSentence),
  ];
  return facts.filter(Boolean).join(" · ");
}

/** What an archive would cancel, over all clients. @param {any} totals */
export function cancelled(totals) {
  const parts = [
    totals.upcoming_appointments && say("archive.appointments", { n: totals.upcoming_appointments }),
    totals.scheduled_payments && say("archive.payments", { n: totals.scheduled_payments, sum: sums(totals.scheduled) }),
  ].filter(Boolean);
  const sentence = parts.length ? say("archive.willBeCancelled", { what: list(parts) }) : say("archive.nothingCancelled");
  return element("p", {}, sentence, " ", say("archive.recordsStay"));
}
