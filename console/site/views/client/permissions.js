/** What a client may still do, and what the practice may do with them, with the switches beside. */

import { call, client as path, get, Problem, tagOf } from "../../api.js";
import { columnHead, element, table } from "../../dom.js";
import { sentenceOf, showFailure } from "../../parts/states.js";
import { toast } from "../../parts/toast.js";
import { mayArchive } from "../../rights.js";
import { reload } from "../../router.js";
import { actionName, fieldName, say, yesOrNo } from "../../words.js";

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
  const head = ["permissions.action", "permissions.client", "permissions.you", "permissions.switch"].map((name) => columnHead(say(/** @type {any} */ (name))));
  /** @param {any} saved the client as it is now @param {string} name of the switch */
  const redraw = async (saved, name) => {
    try {
      await showPermissions(room, { client: saved, groups: new Map(), signal });
      /** @type {HTMLElement | null} */ (room.querySelector(`[name=${name}]`))?.focus();
    } catch (fault) {
      if (!signal.aborted) showFailure(room, fault, () => void redraw(saved, name));
    }
  };
  const rows = actions.map((action) => row(action, permissions, client, redraw));
  room.replaceChildren(element("div.wide", table(head, rows)));
}

/** @param {string} action @param {any} permissions @param {any} client @param {(client: any, name: string) => void} changed */
function row(action, permissions, client, changed) {
  const of = (/** @type {string} */ actor) => permissions.permissions.find((/** @type {any} */ one) => one.action === action && one.actor === actor);
  const name = SWITCH_OF[action];
  return element(
    "tr",
    element("th", { scope: "row" }, actionName(action)),
    answer(of("client")),
    answer(of("staff") ?? of("system")),
    element("td", name && mayArchive() && portalSwitch(name, permissions.settings[name], client, changed)),
  );
}

/** @param {any} permission */
function answer(permission) {
  if (!permission || permission.reason === "not_for_this_actor") return element("td", "–");
  return element("td", { className: permission.allowed ? "yes" : "no" },
    element("span", { "aria-hidden": "true" }, permission.allowed ? "✓ " : "✕ "),
    yesOrNo(permission.allowed),
    permission.activates ? element("small", say("permissions.activates")) : !permission.allowed && element("small", permission.sentence));
}

/** @param {string} name @param {boolean | null} on @param {any} client @param {(client: any, name: string) => void} changed */
function portalSwitch(name, on, client, changed) {
  const control = element("input", { type: "checkbox", role: "switch", name, checked: on !== false, "aria-label": fieldName(name) });
  control.addEventListener("change", async () => {
    const whole = /** @type {HTMLElement} */ (control.closest("table"));
    whole.inert = true;
    try {
      changed(await call("PATCH", path(client.client_id), { body: { settings: { [name]: control.checked } }, ifMatch: tagOf(client) }), name);
    } catch (fault) {
      if (fault instanceof Problem && fault.status === 412) return showNow();
      control.checked = !control.checked;
      whole.inert = false;
      control.focus();
      toast(sentenceOf(fault));
    }
  });
  return element("label.switch", control);
}

/** Show the client as somebody else has changed it meanwhile. */
function showNow() {
  reload();
  toast(say("permissions.changed"));
}
