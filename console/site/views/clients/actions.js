/** What can be done with one client from its row. */

import { call, client as path } from "../../api.js";
import { field, select } from "../../dom.js";
import { menuButton } from "../../parts/menu.js";
import { toast } from "../../parts/toast.js";
import { fieldName, say } from "../../words.js";
import { openArchivePanel } from "../archive/panel.js";
import { openPlan } from "../archive/plan.js";
import { openActivate } from "../client/activate.js";
import { openForm } from "../form.js";

/**
 * The three dots of a client.
 *
 * @param {any} client
 * @param {Map<string, string>} groups names by id
 * @param {() => void} left called when the client has left the tab
 * @param {() => void} changed called when the client was changed
 */
export function clientMenu(client, groups, left, changed) {
  const open = { label: say("open"), act: () => void (location.hash = `#${path(client.client_id)}`) };
  const move = { label: say("clients.move"), act: () => openMove(client, groups, changed) };
  const entries =
    client.status === "archived"
      ? [open, { label: say("activate.action"), act: () => openActivate(client, left) }]
      : [
          open,
          { label: say("archive.action"), act: () => openArchivePanel({ client_ids: [client.client_id] }, groups, left) },
          { label: say("plan.action"), act: () => openPlan(client, groups, changed) },
          move,
        ];
  return menuButton(say("clients.actionsOf", { name: client.name }), entries);
}

/** @param {any} client @param {Map<string, string>} groups @param {() => void} moved */
function openMove(client, groups, moved) {
  const choices = /** @type {[string, string][]} */ ([["", say("clients.noGroup")], ...groups]);
  const group = select(choices, { value: client.group_id ?? "" });
  openForm(say("clients.moveTitle", { name: client.name }), [field(fieldName("group"), group)], say("save"), async () => {
    await call("PATCH", path(client.client_id), { body: { group_id: group.value || null } });
    toast(say("clients.moved", { name: client.name }));
    moved();
  });
}
