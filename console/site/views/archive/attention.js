/** What to look at before an archive: who cannot be archived, owes or has credit, and what would be cancelled. */

import { client } from "../../api.js";
import { button, element, link, people } from "../../dom.js";
import { list, sums } from "../../formats.js";
import { joined, outcomeSentence, ruleSentence, say } from "../../words.js";
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
  /** @param {any[]} members @param {import("../../dom.js").Child} [after] */
  const shown = (members, after) => people(...members.map((member) => person(member, leaveOut, total === 1)), after);
  return element(
    "section",
    others < total && element("h3", say("archive.attention", { n: total - others })),
    shown([...blocked, ...open]),
    others > 0 && element("details", { open: others <= 5 }, element("summary", say("archive.nothingOpen", { n: others })),
      shown(rest, others > rest.length && element("li", say("andMore", { n: others - rest.length })))),
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
    element("span", link(name, `#${client(member.client_id)}`, { target: "_blank" }), element("small", factsOf(member)), (cannot || member.warnings.length > 0) && why(member, isAlone)),
    cannot
      ? element("span.tag", outcomeSentence("excluded", ""))
      : !isAlone && button(say("archive.leaveOut"), () => leaveOut(member.client_id), { "aria-label": say("archive.leaveOutWho", { name }) }),
  );
}

/** @param {any} member */
function factsOf(member) {
  const facts = [
    member.owed.length && say("archive.owes", { sum: sums(member.owed) }),
    member.credits.length && say("archive.hasCredit", { sum: sums(member.credits) }),
    ...ends(member),
    member.status === "archived" && outcomeSentence("already_archived", ""),
    ...member.blocks.map(ruleSentence),
  ];
  return joined(facts);
}

/** @param {any} what a client, or all of them */
const ends = (what) => [
  what.upcoming_appointments && say("archive.appointments", { n: what.upcoming_appointments }),
  what.scheduled_payments && say("archive.payments", { n: what.scheduled_payments, sum: sums(what.scheduled) }),
];

/** What an archive would cancel, over all clients. @param {any} totals */
export function cancelled(totals) {
  const parts = ends(totals).filter(Boolean);
  const sentence = parts.length ? say("archive.willBeCancelled", { what: list(parts) }) : say("archive.nothingCancelled");
  return element("p", sentence, " ", say("archive.recordsStay"));
}
