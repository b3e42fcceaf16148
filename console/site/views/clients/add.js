/** Adds a client; an address that is in use leads to the client who has it. */

import { client, post, Problem } from "../../api.js";
import { element, field, link, select } from "../../dom.js";
import { toast } from "../../parts/toast.js";
import { fieldName, say } from "../../words.js";
import { openForm } from "../form.js";

/** @param {Map<string, string>} groups names by id @param {() => void} added */
export function openAddClient(groups, added) {
  const name = element("input", { required: true, maxLength: 200, autocomplete: "off" });
  const email = element("input", { type: "email", required: true, maxLength: 254, autocomplete: "off" });
  const group = select(/** @type {[string, string][]} */ ([["", say("clients.noGroup")], ...groups]));
  const inUse = element("p.refusal", { role: "alert", hidden: true });
  const fields = [field(fieldName("name"), name), field(fieldName("email"), email), inUse, field(fieldName("group"), group)];
  openForm(say("clients.add"), fields, say("clients.add"), async (key) => {
    inUse.hidden = true;
    try {
      await post("/clients", { name: name.value, email: email.value, group_id: group.value || null }, { key });
    } catch (fault) {
      if (fault instanceof Problem && fault.type.endsWith("EmailInUse")) showWhose(inUse, fault);
      throw fault;
    }
    toast(say("clients.added", { name: name.value }));
    added();
  });
}

/** @param {HTMLElement} place @param {Problem} problem */
function showWhose(place, problem) {
  const id = /** @type {any} */ (problem.document).client_id;
  if (!id) return;
  place.replaceChildren(link(say("clients.whose"), `#${client(id)}`));
  place.hidden = false;
}
