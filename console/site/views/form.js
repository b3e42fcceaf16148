/** A dialog with fields, one button that sends them, and one that does not. */

import { newKey } from "../api.js";
import { actionRow, button, element, field, submitButton } from "../dom.js";
import { openDialog } from "../parts/dialog.js";
import { onSubmit } from "../parts/states.js";
import { fieldName, say } from "../words.js";

/**
 * @param {string} title
 * @param {HTMLElement[]} fields
 * @param {string} label what the button says
 * @param {(key: string) => Promise<void>} send closes the dialog when it has succeeded; the key is the same until something else is typed
 */
export function openForm(title, fields, label, send) {
  const submit = submitButton(label);
  const form = element("form", ...fields, actionRow(button(say("cancel"), () => dialog.close()), submit));
  let key = newKey();
  form.addEventListener("input", () => (key = newKey()));
  onSubmit(form, submit, async () => {
    await send(key);
    dialog.close();
  });
  /** @type {HTMLElement | null} */ (form.querySelector("input, select, textarea, button"))?.setAttribute("autofocus", "");
  const dialog = openDialog(title, form);
  return dialog;
}

/**
 * A control for each name, with its word.
 *
 * @param {readonly string[]} names
 * @param {(name: string) => HTMLInputElement | HTMLSelectElement} control
 */
export function controlsFor(names, control) {
  const made = names.map((name) => ({ name, node: control(name) }));
  return {
    fields: made.map(({ name, node }) => field(fieldName(name), node)),
    /** @returns {Record<string, string>} */
    values: () => Object.fromEntries(made.map(({ name, node }) => [name, node.value])),
  };
}
