/** The practice's client groups. */

import { get, query } from "./api.js";

/**
 * Read all groups, however many pages they take.
 *
 * @param {AbortSignal} [signal]
 * @param {boolean} [counts] whether the clients of each are counted
 * @returns {Promise<any[]>} in the order of their names
 */
export async function readGroups(signal, counts = false) {
  const groups = [];
  let cursor = null;
  do {
    /** @type {{groups: any[], next_cursor: string | null}} */
    const page = await get(`/groups${query({ counts, limit: 100, cursor })}`, signal);
    groups.push(...page.groups);
    cursor = page.next_cursor;
  } while (cursor);
  return groups.sort((one, other) => one.name.localeCompare(other.name));
}

/** @param {AbortSignal} [signal] @returns {Promise<Map<string, string>>} names by id */
export const groupsById = async (signal) => new Map((await readGroups(signal)).map((group) => [group.group_id, group.name]));
