/** Calls the API as the person who is signed in. */

import { configuration } from "./configuration.js";
import { signOut, token, whileSignedIn } from "./session.js";

/** A refusal of the API: a problem document, with the id of its request. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {{type?: string, code?: string, title?: string, detail?: string, errors?: {field: string, message: string}[]}} document
   * @param {string} requestId
   */
  constructor(status, document, requestId) {
    super(document.detail ?? document.title ?? String(status));
    this.status = status;
    this.type = document.type ?? "";
    this.document = document;
    this.errors = document.errors ?? [];
    this.requestId = requestId;
  }
}

/** The API could not be reached. */
export class Unreachable extends Error {}

/**
 * Call the API. A call whose answer comes after the session has ended has none: nothing goes on after it.
 *
 * @param {string} method
 * @param {string} path with its query, from the API's root
 * @param {{body?: unknown, key?: string, ifMatch?: string, signal?: AbortSignal}} [options] `key` makes a repeated POST safe
 * @returns {Promise<any>} the answer's JSON, or null where there is none
 * @throws {Problem | Unreachable}
 */
export const call = (method, path, options = {}) => send(method, path, options).finally(whileSignedIn);

/** @param {string} method @param {string} path @param {{body?: unknown, key?: string, ifMatch?: string, signal?: AbortSignal}} options */
async function send(method, path, { body, key, ifMatch, signal }) {
  const headers = new Headers({ Authorization: await token().catch(lost) });
  if (body !== undefined) headers.set("Content-Type", "application/json");
  if (key) headers.set("Idempotency-Key", key);
  if (ifMatch) headers.set("If-Match", ifMatch);
  const request = { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) };
  const answer = await reach(`${configuration().api}${path}`, request);
  if (answer.ok) return answer.status === 204 ? null : tagged(await answer.json().catch(lost), answer.headers.get("ETag"));
  if (answer.status === 401) signOut("expired");
  const document = await answer.json().catch(() => ({}));
  throw new Problem(answer.status, document, answer.headers.get("x-amzn-requestid") ?? "");
}

/**
 * Send a file by the form that the API gave for it.
 *
 * @param {{url: string, fields: Record<string, string>}} form
 * @param {File} file
 * @param {AbortSignal} [signal]
 * @returns {Promise<boolean>} whether it was taken
 */
export async function upload({ url, fields }, file, signal) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  body.set("file", file);
  return (await reach(url, { method: "POST", body, signal })).ok;
}

/** @type {WeakMap<object, string>} */
const tags = new WeakMap();

/** @param {object} read @param {string | null} tag */
function tagged(read, tag) {
  if (tag) tags.set(read, tag);
  return read;
}

/** What to send as `ifMatch`, for a change to be made only to what was read. @param {object} read an answer of the API */
export const tagOf = (read) => tags.get(read);

/** @param {string} url @param {RequestInit} request */
const reach = (url, request) => fetch(url, request).catch(lost);

/** @param {unknown} fault @returns {never} */
function lost(fault) {
  throw fault instanceof DOMException && fault.name === "AbortError" ? fault : new Unreachable();
}

/** @param {string} path @param {AbortSignal} [signal] */
export const get = (path, signal) => call("GET", path, { signal });

/** @param {string} path @param {unknown} [body] @param {{key?: string, signal?: AbortSignal}} [options] */
export const post = (path, body = {}, options = {}) => call("POST", path, { body, ...options });

/** @param {Record<string, string | number | boolean | null | undefined>} values */
export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

/** A key for a request that may be sent again. */
export const newKey = () => crypto.randomUUID();

/** @param {string} kind @returns {(id: string) => string} */
const pathOf = (kind) => (id) => `/${kind}/${encodeURIComponent(id)}`;

export const client = pathOf("clients");
export const groupPath = pathOf("groups");
export const run = pathOf("bulk-archives");
export const importPath = pathOf("imports");
