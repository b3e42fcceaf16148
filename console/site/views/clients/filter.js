/** What a list is narrowed to: a dialog with all its conditions, and each that holds, to be taken away. */

import { get } from "../../api.js";
import { button, element, field, select } from "../../dom.js";
import { date } from "../../formats.js";
import { fieldName, reasonName, REASONS, say, who, yesOrNo } from "../../words.js";
import { controlsFor, openForm } from "../form.js";
import { addressOf, conditionNames, SORTED, withConditions } from "./list.js";

/** @typedef {import("./list.js").List} List */

/** Names of those who archived clients, by their ids. @type {Map<string, string>} */
const archivers = new Map();

/** @param {any[]} clients */
export function meetArchivers(clients) {
  for (const { archived_by: by } of clients) if (by?.name) archivers.set(by.actor_id, who(by));
}

/** @param {List} list */
const show = (list) => (location.hash = addressOf(list));

/** The conditions that hold, each as a button that takes it away. @param {List} list */
export const heldConditions = (list) =>
  conditionNames(list.status).filter((name) => list.conditions[name]).map((name) => {
    const what = `${fieldName(name)}: ${valueName(name, list.conditions[name] ?? "")}`;
    return button(`${what} ×`, () => show(withConditions(list, { [name]: "" })), { "aria-label": say("filter.remove", { what }) });
  });

/** @param {string} name @param {string} value */
function valueName(name, value) {
  if (value === "true" || value === "false") return yesOrNo(value === "true");
  if (name === "archive_reason") return reasonName(value);
  return name === "archived_by" ? (archivers.get(value) ?? value) : date(value);
}

/** @param {List} list @param {AbortSignal} signal of its view */
export async function openFilter(list, signal) {
  const names = conditionNames(list.status);
  if (list.status === "archived") await get("/clients?status=archived&sort=-archived_at&limit=100", signal).then(({ clients }) => meetArchivers(clients));
  const conditions = controlsFor(names, (name) => control(name, list.conditions[name] ?? ""));
  const orders = SORTED[list.status].flatMap((name) => [[name, `${fieldName(name)} ↑`], [`-${name}`, `${fieldName(name)} ↓`]]);
  const order = select(/** @type {[string, string][]} */ (orders), { value: list.sort || "name" });
  const fields = element("div.columns", ...conditions.fields, field(say("filter.order"), order));
  openForm(say("filter.title"), [fields], say("filter.show"), async () => {
    show(withConditions({ ...list, sort: order.value }, conditions.values()));
  });
}

/** @param {string} name @param {string} value */
function control(name, value) {
  const values = valuesOf(name, value);
  if (!values) return element("input", { type: "date", value });
  return select([["", "–"], ...values.map((one) => /** @type {[string, string]} */ ([one, valueName(name, one)]))], { value });
}

/** What a condition can be, if not a day. @param {string} name @param {string} value as it is */
function valuesOf(name, value) {
  if (name === "archive_reason") return REASONS;
  if (name === "archived_by") return [...new Set([...archivers.keys(), value])].filter(Boolean);
  if (name === "no_upcoming_appointment") return ["true"];
  return ["owes", "has_credit"].includes(name) ? ["true", "false"] : null;
}
