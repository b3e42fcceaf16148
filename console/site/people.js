/** What people are called, in place of their ids where that is known. */

/** @param {any} by who did something @returns {string} */
export const who = (by) => by?.name ?? by?.actor_id ?? "–";

/** @param {any} run @returns {string} */
export const whoBegan = (run) => run.names?.[run.created_by] ?? run.created_by;
