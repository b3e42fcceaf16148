/** Activates a client, with a choice of what to restore, and says what could not be restored. */

import { client as path, post } from "../../api.js";
import { bullets, checkbox, element, fieldset, isTicked } from "../../dom.js";
import { openDialog } from "../../parts/dialog.js";
import { toast } from "../../parts/toast.js";
import { RESTORABLE, say } from "../../words.js";
import { restoredSentence } from "../archive/findings.js";
import { openForm } from "../form.js";

/** @param {any} client @param {() => void} done */
export function openActivate(client, done) {
  const boxes = restorable();
  const fields = [element("p", say("activate.lead")), boxes.node];
  openForm(say("activate.title", { name: client.name }), fields, say("activate.button"), async () => {
    const answer = await post(`${path(client.client_id)}/activate`, { restore: boxes.chosen() });
    done();
    tell(client, answer);
  });
}

/** @param {any} client @param {string} archiveId */
export function openRestore(client, archiveId) {
  const boxes = restorable();
  openForm(say("receipts.restore"), [boxes.node], say("receipts.restoreButton"), async () => {
    tell(client, await post(`${path(client.client_id)}/receipts/${encodeURIComponent(archiveId)}/restore`, { restore: boxes.chosen() }));
  });
}

function restorable() {
  const nodes = RESTORABLE.map((what) => checkbox(say(/** @type {any} */ (`restore.${what}`))));
  const chosen = () => RESTORABLE.filter((_, index) => isTicked(nodes[index]));
  return { node: fieldset(say("activate.restore"), ...nodes), chosen };
}

/** @param {any} client @param {any} answer */
function tell(client, answer) {
  const not = answer.restored.filter((/** @type {any} */ item) => item.outcome !== "restored");
  const n = answer.restored.length - not.length;
  toast(n ? say("activate.doneRestored", { name: client.name, n }) : say("activate.done", { name: client.name }));
  if (!not.length) return;
  openDialog(say("run.notRestored", { n: not.length }), bullets(not.map(restoredSentence)));
}
