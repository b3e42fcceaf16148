/** What archives ended and no source has confirmed, the oldest first. */

import { client } from "../../api.js";
import { line, link, people, remark, small } from "../../dom.js";
import { dayAndTime } from "../../formats.js";
import { showPages } from "../../parts/pages.js";
import { joined, kindName, recordState, say } from "../../words.js";

/** @type {import("../../router.js").View} */
export function showUnconfirmed(room, { signal }) {
  const rows = people();
  room.append(remark(say("unconfirmed.lead")));
  return showPages(room, rows, {
    path: "/records/unconfirmed",
    asked: { limit: 100 },
    name: "records",
    add: (record) => rows.append(row(record)),
    empty: say("unconfirmed.none"),
    signal,
    sheet: { name: "unconfirmed", columns: ["client_id", "client_name", "kind", "id", "status", "source", "ended_at"] },
  });
}

/** @param {any} record */
const row = (record) =>
  line(link(record.client_name ?? record.client_id, `#${client(record.client_id)}?tab=records`),
    joined([`${kindName(record.kind)}: ${recordState(record.status)}`, say("records.unconfirmed", { source: record.source ?? "" })]), small(dayAndTime(record.ended_at)), "warned");
