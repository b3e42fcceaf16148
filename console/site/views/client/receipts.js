/** The receipts of a client's archives: what each did, and restoring from it. */

import { client as path, get } from "../../api.js";
import { actionRow, bullets, button, element, remark } from "../../dom.js";
import { dayAndTime, money, number } from "../../formats.js";
import { showPages } from "../../parts/pages.js";
import { unfold } from "../../parts/unfold.js";
import { mayArchive } from "../../rights.js";
import { joined, reasonName, restoreOutcome, say, who } from "../../words.js";
import { recordName, restoredSentence } from "../archive/findings.js";
import { openRestore } from "./activate.js";

/** @param {HTMLElement} room @param {import("./page.js").Shown} shown */
export function showReceipts(room, { client, signal }) {
  const cards = element("div");
  return showPages(room, cards, {
    path: `${path(client.client_id)}/receipts`,
    name: "receipts",
    add: (receipt) => cards.append(card(client, receipt)),
    empty: say("receipts.none"),
    signal,
    sheet: {
      name: "receipts",
      columns: ["archive_id", "archived_at", "archived_by", "reason", "note", "mute_email", "notify_client", "state", "changes", "left_alone"],
      told: {
        archived_by: (it) => it.archived_by?.actor_id,
        changes: (it) => it.changes.map(changeSentence).join("; "),
        left_alone: (it) => it.left_alone.map(recordName).join("; "),
      },
    },
  });
}

/** @param {any} client @param {any} receipt */
function card(client, receipt) {
  const said = [receipt.reason && reasonName(receipt.reason), receipt.mute_email && say("receipts.muted"), receipt.notify_client ? say("receipts.told") : say("archive.notTold")];
  const changes = receipt.changes.map(changeSentence);
  const leftAlone = receipt.left_alone.map((/** @type {any} */ one) => say("receipts.leftAlone", { what: recordName(one) }));
  const restore = button(say("receipts.restore"), () => openRestore(client, receipt.archive_id));
  return element(
    "article.card",
    element("h2", say("client.archived", { at: dayAndTime(receipt.archived_at), who: who(receipt.archived_by) })),
    remark(joined(said)),
    receipt.note && element("blockquote", receipt.note),
    changes.length + leftAlone.length ? bullets([...changes, ...leftAlone]) : element("p", say("receipts.nothing")),
    receipt.state === "settling" && element("p", say("receipts.settling")),
    changes.length > 0 && unfold(say("receipts.restored"), () => restored(client, receipt)),
    client.status === "active" && mayArchive() && changes.length > 0 && actionRow(restore),
  );
}

/** @param {any} client @param {any} receipt */
async function restored(client, receipt) {
  const { asked_by: by, began_at: at, restored: n, not_restored: not } = await get(`${path(client.client_id)}/receipts/${encodeURIComponent(receipt.archive_id)}/restore`);
  return [say("run.began", { at: dayAndTime(at), who: who(by) }), `${number(n)} ${restoreOutcome("restored")}`, ...not.map(restoredSentence)];
}

/** @param {any} change */
function changeSentence({ kind, label }) {
  const { at, amount } = label;
  const text = kind === "payment" && !amount ? "change.paymentAlone" : `change.${kind}`;
  return say(/** @type {any} */ (text), { at: at ? dayAndTime(at) : "", sum: amount ? money(amount.cents, amount.currency) : "" });
}
