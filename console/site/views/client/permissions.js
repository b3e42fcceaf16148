/** What a client may still do, and what the practice may do with them, with the switches beside. */

import { call, client as path, get } from "../../api.js";
import { element } from "../../dom.js";
import { toast } from "../../parts/toast.js";
import { sentenceOf } from "../../parts/states.js";
import { mayArchive } from "../../rights.js";
import { actionName, fieldName, say } from "../../words/index.js";

/** @type {Record<string, string>} */
const SWITCH_OF = {
  post_in_direct_chat: "chat",
  post_in_community_chat: "community_chats",
  book_appointment: "schedule_appointments",
  send_email: "email_notifications",
};

/** @param {HTMLElement} room @param {import("./page.js").Shown} shown */
export async function showPermissions(room, { client, signal }) {
  const permissions = await get(`${path(client.client_id)}/permissions`, signal);
  const actions = [...new Set(permissions.permissions.map((/** @type {any} */ permission) => permission.action))];
  const head = element("tr", {}, ...["permissions.action", "permissions.client", "permissions.you", "permissions.switch"].map((name) => element("th", { scope: "col" }, say(/** @type {any} */ (name)))));
  const rows = actions.map((action) => row(action, permissions, client.client_id, () => void redraw()));
  const redraw = async () => {
    room.replaceChildren();
    await showPermissions(room, { client, groups: new Map(), signal });
  };
  room.append(element("div", { className: "wide" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows))));
}

/** @param {string} action @param {any} permissions @param {string} clientId @param {() => void} changed */
function row(action, permissions, clientId, changed) {
  const of = (/** @type {string} */ actor) => permissions.permissions.find((/** @type {any} */ one) => one.action === action && one.actor === actor);
  const name = SWITCH_OF[action];
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, actionName(action)),
    answer(of("client")),
    answer(of("staff") ?? of("system")),
    element("td", {}, name && mayArchive() && portalSwitch(name, permissions.settings[name], clientId, changed)),
  );
}

/** @param {any} permission */
function answer(permission) {
  if (!permission || permission.reason === "not_for_this_actor") return element("td", {}, "–");
  return element("td", { className: permission.allowed ? "yes" : "no" },
    element("span", { "aria-hidden": "true" }, permission.allowed ? "✓ " : "✕ "),
    permission.allowed ? say("permissions.yes") : say("permissions.no"),
    permission.activates ? element("small", {}, say("permissions.activates")) : !permission.allowed && element("small", {}, permission.sentence));
}

/** @param {string} name @param {boolean | null} on @param {string} clientId @param {() => void} changed */
function portalSwitch(name, on, clientId, changed) {
  const control = element("input", { type: "checkbox", role: "switch", checked: on !== false, "aria-label": fieldName(name) });
  control.addEventListener("change", async () => {
    try {
      await call("PATCH", path(clientId), { body: { settings: { [name]: control.checked } } });
      changed();
    } catch (fault) {
      control.checked = !control.checked;
      toast(sentenceOf(fault));
    }
  });
  return element("label", { className: "switch" }, control);
}
