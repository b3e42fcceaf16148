/** Archive later: on a day, after the last appointment, or after the last payment. */

import { call, client as path } from "../../api.js";
import { element, field, fieldset } from "../../dom.js";
import { toast } from "../../parts/toast.js";
import { fieldName, say } from "../../words.js";
import { openForm } from "../form.js";
import { archiveOptions } from "./options.js";

const TRIGGERS = /** @type {const} */ (["archive_on", "after_last_appointment", "after_last_payment"]);

/** @param {any} client @param {Map<string, string>} groups names by id @param {() => void} planned */
export function openPlan(client, groups, planned) {
  const date = element("input", { type: "date", min: new Date().toISOString().slice(0, 10), required: true });
  const dateField = field(say("plan.date"), date);
  let trigger = /** @type {string} */ (TRIGGERS[0]);
  const radios = TRIGGERS.map((name) =>
    element("label.check",
      element("input", { type: "radio", name: "trigger", checked: name === trigger, on: { change: () => choose(name) } }),
      element("span", say(/** @type {any} */ (`plan.${name}`)))),
  );
  const options = archiveOptions(groups);
  /** @param {string} name */
  const choose = (name) => {
    trigger = name;
    dateField.hidden = date.disabled = name !== "archive_on";
  };
  const fields = [fieldset(fieldName("archived_at"), ...radios), dateField, options.node];
  openForm(say("plan.title", { name: client.name }), fields, say("plan.button"), async () => {
    const when = trigger === "archive_on" ? { archive_on: date.value } : { [trigger]: true };
    await call("PUT", `${path(client.client_id)}/archive-plan`, { body: { ...when, ...options.value() } });
    toast(say("plan.done", { name: client.name }));
    planned();
  });
}
