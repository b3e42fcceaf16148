/** Which clients a list shows, and in which order: kept in the address, asked of the API. */

import { query } from "../../api.js";
import { seesMoney } from "../../rights.js";

/** @typedef {{status: "active" | "archived", groupId: string, q: string, show: string, sort: string}} List */

const QUIET_DAYS = 90;

/** @param {number} days from today */
const dayIn = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** @type {Record<string, () => Record<string, string | boolean>>} */
const SHOWN = {
  owes: () => ({ owes: true }),
  credit: () => ({ has_credit: true }),
  unbooked: () => ({ no_upcoming_appointment: true }),
  quiet: () => ({ inactive_since: dayIn(-QUIET_DAYS) }),
  alone: () => ({ no_group: true }),
};

const OF_MONEY = ["owes", "credit"];
const OF_ACTIVE = ["unbooked", "quiet"];

/** @param {URLSearchParams} address @returns {List} */
export const listOf = (address) => ({
  status: address.get("status") === "archived" ? "archived" : "active",
  groupId: address.get("group") ?? "",
  q: "",
  show: address.get("show") ?? "",
  sort: address.get("sort") ?? "",
});

/** @param {List} list */
export const addressOf = ({ status, groupId, show, sort }) => `#/clients${query({ status, group: groupId, show, sort })}`;

/** What a list can be narrowed to. @param {List} list */
export const choices = ({ status }) =>
  Object.keys(SHOWN).filter((name) => (seesMoney() || !OF_MONEY.includes(name)) && (status === "active" || !OF_ACTIVE.includes(name)));

/** The conditions of a list, as the API takes them. @param {List} list @returns {Record<string, string | boolean>} */
export const conditionsOf = ({ groupId, show }) => ({ ...(groupId && { group_id: groupId }), ...SHOWN[show]?.() });

/** Everybody in a list, for a bulk archive. @param {List} list */
export function everybodyIn(list) {
  const filter = { ...conditionsOf(list), ...(list.q && { q: list.q }) };
  const names = Object.keys(filter);
  if (names.length === 0) return { filter: { added_before: dayIn(1) } };
  return names.join() === "group_id" ? { group_id: list.groupId } : { filter };
}
