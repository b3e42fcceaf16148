/** Which clients a list shows, and in which order: kept in the address, asked of the API. */

import { query } from "../../api.js";
import { seesMoney } from "../../rights.js";

/** @typedef {{status: "active" | "archived", q: string, sort: string, conditions: Record<string, string>}} List */

const DAY_MS = 86_400_000;
const OF_MONEY = ["owes", "has_credit"];
const OF_BOTH = ["inactive_since", "added_before"];
const OF_GROUP = ["group_id", "no_group"];
const OF_TAB = { active: ["no_upcoming_appointment"], archived: ["archive_reason", "archived_by", "archived_since", "archived_before"] };

export const SORTED = { active: ["name", "last_active_at"], archived: ["name", "last_active_at", "archived_at"] };

/** What a tab can be narrowed to, beside the group. @param {List["status"]} status */
export const conditionNames = (status) => [...(seesMoney() ? OF_MONEY : []), ...OF_TAB[status], ...OF_BOTH];

/** @param {List["status"]} status @param {(name: string) => string | null} value @returns {Record<string, string>} */
const held = (status, value) =>
  Object.fromEntries([...OF_GROUP, ...conditionNames(status)].map((name) => [name, value(name) ?? ""]).filter(([, text]) => text));

/** @param {URLSearchParams} address @returns {List} */
export function listOf(address) {
  const status = address.get("status") === "archived" ? "archived" : "active";
  return { status, q: "", sort: address.get("sort") ?? "", conditions: held(status, (name) => address.get(name)) };
}

/** @param {List} list */
export const addressOf = ({ status, sort, conditions }) => `#/clients${query({ status, ...conditions, sort })}`;

/** The same list in a tab, by the conditions that both tabs have. @param {List} list @param {List["status"]} status @returns {List} */
export const inTab = (list, status) => ({ ...list, status, sort: "", conditions: held(status, (name) => list.conditions[name] ?? null) });

/** @param {List} list @param {Record<string, string>} values of conditions, empty where one does not hold */
export const withConditions = (list, values) => ({
  ...list,
  conditions: Object.fromEntries(Object.entries({ ...list.conditions, ...values }).filter(([, value]) => value)),
});

/** The conditions of a list, as the API takes them. @param {List} list @returns {Record<string, string | boolean>} */
export const conditionsOf = ({ conditions }) =>
  Object.fromEntries(Object.entries(conditions).map(([name, value]) => [name, ["true", "false"].includes(value) ? value === "true" : value]));

/** Everybody in a list, for a bulk archive. @param {List} list */
export function everybodyIn(list) {
  const filter = { ...conditionsOf(list), ...(list.q && { q: list.q }) };
  const names = Object.keys(filter);
  if (names.length === 0) return { filter: { added_before: new Date(Date.now() + DAY_MS).toISOString().slice(0, 10) } };
  return names.join() === "group_id" ? { group_id: list.conditions.group_id } : { filter };
}

/** The list that was left last, and whether another list followed. What was sought is in no address. */
let last = { list: listOf(new URLSearchParams()), followed: false };

/** Seek in a list what was sought in the one before it, or when it was shown last. @param {List} list @param {AbortSignal} signal of its visit */
export function seekOn(list, signal) {
  if (last.followed || addressOf(last.list) === addressOf(list)) list.q = last.list.q;
  signal.addEventListener("abort", () => (last = { list, followed: location.hash.startsWith("#/clients?") }));
}

/** The list that one came from to a client. @param {List["status"]} status of the client */
export const lastList = (status) => (last.list.status === status ? addressOf(last.list) : `#/clients?status=${status}`);
