/** What is kept of a client's records, and whether their sources have confirmed what an archive ended. */

import { client as path } from "../../api.js";
import { line, people, small } from "../../dom.js";
import { showPages } from "../../parts/pages.js";
import { joined, kindName, recordState, say } from "../../words.js";

/** @param {HTMLElement} room @param {import("./page.js").Shown} shown */
export function showRecords(room, { client, signal }) {
  const rows = people();
  return showPages(room, rows, {
    path: `${path(client.client_id)}/records`,
    asked: { limit: 100 },
    name: "records",
    add: (record) => rows.append(row(record)),
    empty: say("records.none"),
    signal,
    sheet: { name: "records", columns: ["kind", "id", "status", "source", "version", "live", "confirmed"] },
  });
}

/** @param {any} record */
function row(record) {
  return line(`${kindName(record.kind)}: ${recordState(record.status)}`, joined(facts(record)), small(record.id), record.confirmed === false ? "warned" : "");
}

/** @param {any} record */
const facts = (record) => [
  record.source ?? say("records.noSource"),
  record.live && say("records.live"),
  record.archive_id && say("records.ended"),
  record.confirmed !== null && say(record.confirmed ? "records.confirmed" : "records.unconfirmed", { source: record.source ?? "" }),
];
