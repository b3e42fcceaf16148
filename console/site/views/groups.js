/** Client groups: add, rename, archive all their clients, delete. */

import { call, get, groupPath, post, tagOf } from "../api.js";
import { button, columnHead, element, field, link, select, table } from "../dom.js";
import { number } from "../formats.js";
import { readGroups } from "../groups.js";
import { csvButton } from "../parts/csv.js";
import { menuButton, menuHead } from "../parts/menu.js";
import { emptyNote, sentenceOf, whileLoading } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { mayArchive, mayManage } from "../rights.js";
import { reload } from "../router.js";
import { fieldName, say, SWITCHES, yesOrNo } from "../words.js";
import { openArchivePanel } from "./archive/panel.js";
import { controlsFor, openForm } from "./form.js";

const SHEET = { name: "groups", columns: ["group_id", "name", "active", "archived"], told: { active: (/** @type {any} */ it) => it.clients.active, archived: (/** @type {any} */ it) => it.clients.archived } };

/** @type {import("../router.js").View} */
export async function showGroups(room, { signal }) {
  const groups = await whileLoading(room, readGroups(signal, true));
  const add = button(say("groups.add"), () => openName(say("groups.add"), "", (body, key) => post("/groups", body, { key })), "primary");
  room.append(
    element("div.title", element("h1", say("groups.title")), mayManage() && add),
    groups.length ? list(groups, signal) : emptyNote(say("groups.none")),
    groups.length ? element("div.more", csvButton(SHEET, async () => ({ groups }), (page) => page.groups)) : "",
  );
}

/** @param {any[]} groups @param {AbortSignal} signal */
function list(groups, signal) {
  const head = [...[fieldName("name"), say("clients.active"), say("clients.archived")].map((name) => columnHead(name)), mayArchive() && menuHead()];
  const names = new Map(groups.map((group) => [group.group_id, group.name]));
  return table(head, groups.map((group) => row(group, names, signal)));
}

/** @param {any} group @param {Map<string, string>} names @param {AbortSignal} signal */
function row(group, names, signal) {
  const path = groupPath(group.group_id);
  const archiveAll = { label: say("groups.archiveAll"), act: () => openArchivePanel({ group_id: group.group_id }, names, reload) };
  const rename = { label: say("groups.rename"), act: () => void openChange(path, signal, (group, save) => openName(say("groups.rename"), group.name, save)) };
  const settings = { label: say("permissions.switch"), act: () => void openChange(path, signal, openSettings) };
  const remove = { label: say("groups.delete"), act: () => void openForm(say("groups.deleteTitle", { name: group.name }), [element("p", say("groups.deleteLead"))], say("groups.delete"), async () => {
    await call("DELETE", path);
    reload();
  }) };
  const entries = mayManage() ? [archiveAll, rename, settings, remove] : [archiveAll];
  return element(
    "tr",
    element("th", { scope: "row" }, link(group.name, `#/clients?group_id=${encodeURIComponent(group.group_id)}`)),
    ...[group.clients.active, group.clients.archived].map((n) => element("td", number(n))),
    mayArchive() && element("td.act", menuButton(say("clients.actionsOf", { name: group.name }), entries)),
  );
}

/** @typedef {(body: object, key: string) => Promise<unknown>} Save */

/** @param {string} path @param {AbortSignal} signal @param {(group: any, save: Save) => void} open */
async function openChange(path, signal, open) {
  try {
    const group = await get(path, signal);
    open(group, (body) => call("PATCH", path, { body, ifMatch: tagOf(group) }));
  } catch (fault) {
    if (!signal.aborted) toast(sentenceOf(fault));
  }
}

/** @param {string} title @param {string} before @param {Save} save */
function openName(title, before, save) {
  const name = element("input", { required: true, maxLength: 200, value: before });
  openFields(title, [field(fieldName("name"), name)], (key) => save({ name: name.value }, key));
}

/** What the clients of a group may do, unless their own settings differ. @param {any} group @param {Save} save */
function openSettings({ name, settings }, save) {
  const choices = /** @type {[string, string][]} */ ([["null", say("groups.asForAll")], ...[true, false].map((is) => [String(is), yesOrNo(is)])]);
  const switches = controlsFor(SWITCHES, (one) => select(choices, { value: String(settings[one]) }));
  openFields(`${name}: ${say("permissions.switch")}`, switches.fields, (key) =>
    save({ settings: Object.fromEntries(Object.entries(switches.values()).map(([one, value]) => [one, JSON.parse(value)])) }, key));
}

/** @param {string} title @param {HTMLElement[]} fields @param {(key: string) => Promise<unknown>} save */
function openFields(title, fields, save) {
  openForm(title, fields, say("save"), async (key) => {
    await save(key);
    toast(say("saved"));
    reload();
  });
}
