/** One client: overview, what they may still do, receipts, history. */

import { client as path, get, post } from "../../api.js";
import { actionRow, button, element, link, remark, tabs } from "../../dom.js";
import { day } from "../../formats.js";
import { groupsById } from "../../groups.js";
import { whileLoading, workButton } from "../../parts/states.js";
import { toast } from "../../parts/toast.js";
import { mayArchive } from "../../rights.js";
import { reload } from "../../router.js";
import { reasonName, say, who } from "../../words.js";
import { openArchivePanel } from "../archive/panel.js";
import { openPlan } from "../archive/plan.js";
import { lastList } from "../clients/list.js";
import { openActivate } from "./activate.js";
import { showHistory } from "./history.js";
import { showOverview } from "./overview.js";
import { showPermissions } from "./permissions.js";
import { showRecords } from "./records.js";
import { showReceipts } from "./receipts.js";

/** @typedef {{client: any, groups: Map<string, string>, signal: AbortSignal}} Shown */

/** @type {Record<string, (room: HTMLElement, shown: Shown) => Promise<void> | void>} */
const TABS = { overview: showOverview, permissions: showPermissions, receipts: showReceipts, records: showRecords, history: showHistory };

/** @type {import("../../router.js").View} */
export async function showClient(room, { ids: [clientId = ""], query: address, signal }) {
  const [client, groups] = await whileLoading(room, Promise.all([get(path(clientId), signal), groupsById(signal)]));
  const tab = address.get("tab") ?? "overview";
  const content = element("section");
  room.append(
    link(say("clients.title"), lastList(client.status), "back"),
    element("div.title", element("h1", client.name), mayArchive() && actions(client, groups)),
    remark(statusLine(client)),
    tabs(client.name, tab, Object.keys(TABS), (name) => [say(/** @type {any} */ (`client.tab.${name}`), client), `#${path(clientId)}?tab=${name}`]),
    content,
  );
  await whileLoading(content, Promise.resolve(TABS[tab]?.(content, { client, groups, signal })));
}

/** @param {any} client */
function statusLine(client) {
  if (client.status === "active") return client.returned_by_booking ? say("client.cameBack", { at: day(client.returned_at) }) : say("clients.active");
  const why = client.archive_reason ? `, ${reasonName(client.archive_reason)}` : "";
  return say("client.archived", { at: day(client.archived_at), who: who(client.archived_by) }) + why;
}

/** @param {any} client @param {Map<string, string>} groups */
function actions(client, groups) {
  const save = workButton(say("client.export"), () => exportRecord(client), "quiet");
  if (client.status === "archived") return actionRow(save, button(say("activate.action"), () => openActivate(client, reload), "primary"));
  return actionRow(save,
    button(say("plan.action"), () => openPlan(client, groups, reload)),
    button(say("archive.action"), () => openArchivePanel({ client_ids: [client.client_id] }, groups, reload), "primary"));
}

/** @param {any} client */
async function exportRecord(client) {
  location.assign((await post(`${path(client.client_id)}/exports`)).url);
  toast(say("client.exported"));
}
