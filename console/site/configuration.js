/** Where the API is and how people sign in: read once from config.json, which the deployment writes. */

/**
 * @typedef {object} Configuration
 * @property {string} api the root of the API, from this page
 * @property {string} sign_in_url the root of the sign-in pages
 * @property {string} client_id the console's id there
 */

/** @type {Configuration | undefined} */
let read;

export async function readConfiguration() {
  const answer = await fetch("config.json", { cache: "no-cache" });
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  read = await answer.json();
}

/** @returns {Configuration} */
export function configuration() {
  if (!read) throw new Error("The configuration has not been read.");
  return read;
}
