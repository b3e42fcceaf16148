/** A client's facts, and the plan to archive them later if there is one. */

import { call, client as path } from "../../api.js";
import { actionRow, element } from "../../dom.js";
import { amount, date, day } from "../../formats.js";
import { workButton } from "../../parts/states.js";
import { mayArchive, seesMoney } from "../../rights.js";
import { reload } from "../../router.js";
import { fieldName, say } from "../../words.js";

/** @param {HTMLElement} room @param {import("./page.js").Shown} shown */
export function showOverview(room, { client, groups }) {
  const facts = [
    [fieldName("email"), client.email],
    [fieldName("group"), groups.get(client.group_id) ?? say("clients.noGroup")],
    [say("client.added"), day(client.added_at)],
    [fieldName("last_active_at"), day(client.last_active_at)],
    ...(seesMoney() ? [[fieldName("credit_cents"), amount(client.credit_cents, client.currency)], [fieldName("owed_cents"), amount(client.owed_cents, client.currency)]] : []),
  ];
  room.append(element("dl.facts", ...facts.flatMap(([name, value]) => [element("dt", name), element("dd", value)])));
  if (client.archive_plan) room.append(plan(client));
}

/** @param {any} client */
function plan(client) {
  const { trigger, archive_on: on, held_back_by: heldBack } = client.archive_plan;
  const sentence = trigger === "archive_on" ? say("plan.on", { at: date(on) }) : say(/** @type {any} */ (`plan.${trigger}`));
  const cancel = workButton(say("plan.cancel"), async () => (await call("DELETE", `${path(client.client_id)}/archive-plan`), reload()));
  return element(
    "section.banner",
    element("p", say("plan.planned", { when: sentence }), heldBack.length > 0 && ` ${say("plan.heldBack")}`),
    mayArchive() && actionRow(cancel),
  );
}
