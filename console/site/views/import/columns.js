/** Which column of a file is which field: as it was guessed, changeable. */

import { actionRow, element, remark, select } from "../../dom.js";
import { onSubmit } from "../../parts/states.js";
import { FIELDS, say } from "../../words.js";
import { controlsFor } from "../form.js";

/**
 * @param {any} run
 * @param {(mapping: Record<string, string>) => Promise<unknown>} check
 * @returns {HTMLElement | null} nothing where the file has no columns
 */
export function columnsForm(run, check) {
  if (!run.header.length) return null;
  const choices = /** @type {[string, string][]} */ ([["", say("import.noColumn")], ...run.header.map((/** @type {string} */ name) => [name, name])]);
  const columns = controlsFor(FIELDS, (name) => select(choices, { value: run.columns[name] ?? "" }));
  const again = element("button", { type: "submit" }, say("import.checkAgain"));
  const form = element("form", remark(say("import.guessed")),
    element("div.columns", ...columns.fields),
    actionRow(again));
  onSubmit(form, again, () => check(Object.fromEntries(Object.entries(columns.values()).filter(([, column]) => column))));
  return form;
}
