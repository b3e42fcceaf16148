/** The clients of a list as CSV. */

/** @param {string} name @param {Map<string, string>} groups names by id @returns {import("../../parts/csv.js").Sheet} */
export const clientSheet = (name, groups) => ({
  name: `clients-${name}`,
  columns: ["client_id", "name", "email", "status", "group", "last_active_at", "credit_cents", "owed_cents", "currency", "archived_at", "archived_by", "archive_reason"],
  row: (it) => [it.client_id, it.name, it.email, it.status, groups.get(it.group_id), it.last_active_at, it.credit_cents, it.owed_cents, it.currency, it.archived_at, it.archived_by?.actor_id, it.archive_reason],
});
