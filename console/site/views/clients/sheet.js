/** The clients of a list as CSV. */

/** @param {string} name @param {Map<string, string>} groups names by id @returns {import("../../parts/csv.js").Sheet} */
export const clientSheet = (name, groups) => ({
  name: `clients-${name}`,
  columns: ["client_id", "name", "email", "status", "group", "last_active_at", "credit_cents", "owed_cents", "currency", "archived_at", "archived_by", "archive_reason"],
  told: { group: (it) => groups.get(it.group_id), archived_by: (it) => it.archived_by?.actor_id },
});
