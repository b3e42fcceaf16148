/** Who is signed in: authorization code with PKCE. The ID token stays in memory, the refresh token in this tab. */

import { configuration } from "./configuration.js";

const IDLE_MINUTES = 30;
const WARNING_MINUTES = 2;
const EARLY_SECONDS = 60;
const REFRESH_TOKEN = "refresh_token";
const VERIFIER = "verifier";
const STATE = "state";
const WANTED = "wanted";
const LEFT = "left";

/** What this tab keeps. */
const kept = sessionStorage;

/**
 * @typedef {object} Tokens
 * @property {string} id
 * @property {number} goodUntil in milliseconds since 1970
 */

/** @type {Tokens | undefined} */
let tokens;
/** @type {Promise<void> | undefined} */
let refreshing;
/** Whether the session has ended; the page is being left then, and calls nothing any more. */
let over = false;

/** Take the code that the sign-in page sent back, or the refresh token that this tab kept. */
export async function resume() {
  const answer = new URLSearchParams(location.search);
  const [code, state] = [answer.get("code"), answer.get("state")];
  if (code && state && state === kept.getItem(STATE)) {
    const verifier = kept.getItem(VERIFIER) ?? "";
    forgetAttempt();
    history.replaceState(null, "", location.pathname + (kept.getItem(WANTED) ?? ""));
    await ask({ grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: home() });
  } else if (kept.getItem(REFRESH_TOKEN)) {
    await refresh().catch(() => undefined);
  }
  return isSignedIn();
}

export const isSignedIn = () => tokens !== undefined;

/** Why the last session ended: "idle", "expired" or "left". Told once. */
export function ended() {
  const why = kept.getItem(LEFT);
  kept.removeItem(LEFT);
  return why;
}

/** @returns {{email: string, roles: string[], practice: string}} */
export function person() {
  const claims = tokens ? claimsOf(tokens.id) : {};
  return {
    email: String(claims.email ?? ""),
    roles: /** @type {string[]} */ (claims["cognito:groups"] ?? []),
    practice: String(claims["custom:provider_id"] ?? ""),
  };
}

/**
 * The token for the next call, made new if it is about to expire, once for all calls that wait for it.
 *
 * A refused refresh ends the session. One that the network lost does not: the call fails, and may be tried again.
 * Once the session has ended there is none.
 *
 * @returns {Promise<string>}
 */
export async function token() {
  if (!over && (!tokens || tokens.goodUntil - Date.now() < EARLY_SECONDS * 1000)) {
    refreshing ??= refresh().finally(() => (refreshing = undefined));
    await refreshing.catch((fault) => {
      if (!(fault instanceof Refused)) throw fault;
      signOut("expired");
    });
  }
  await whileSignedIn();
  return tokens?.id ?? "";
}

/** What waits for this after the session has ended waits until the page is gone. @returns {Promise<void>} */
export const whileSignedIn = () => (over ? new Promise(() => {}) : Promise.resolve());

/** The sign-in service refused. */
class Refused extends Error {}

/** Go to the sign-in page. */
export async function signIn() {
  const [verifier, state] = [random(), random()];
  kept.setItem(VERIFIER, verifier);
  kept.setItem(STATE, state);
  kept.setItem(WANTED, location.hash);
  location.assign(
    address("/oauth2/authorize", {
      response_type: "code",
      scope: "openid email profile",
      redirect_uri: home(),
      state,
      code_challenge: await challenge(verifier),
      code_challenge_method: "S256",
    }),
  );
}

/**
 * End the session here and at the sign-in service. What the page shows is taken away at once.
 *
 * @param {"left" | "idle" | "expired"} why
 */
export function signOut(why) {
  if (over) return;
  over = true;
  document.body.replaceChildren();
  const refreshToken = kept.getItem(REFRESH_TOKEN);
  tokens = undefined;
  kept.clear();
  kept.setItem(LEFT, why);
  if (refreshToken) void send("/oauth2/revoke", { token: refreshToken }).catch(() => undefined);
  if (why === "left") location.assign(address("/logout", { logout_uri: home() }));
  else location.reload();
}

/**
 * Sign out a person who has not touched the page for half an hour, with a warning before.
 *
 * @param {() => void} warn called two minutes before
 */
export function watchIdleness(warn) {
  let warning = 0;
  let end = 0;
  const restart = () => {
    clearTimeout(warning);
    clearTimeout(end);
    warning = setTimeout(warn, (IDLE_MINUTES - WARNING_MINUTES) * 60_000);
    end = setTimeout(() => signOut("idle"), IDLE_MINUTES * 60_000);
  };
  for (const event of ["pointerdown", "keydown"]) addEventListener(event, restart, { passive: true });
  restart();
}

const refresh = () => ask({ grant_type: "refresh_token", refresh_token: kept.getItem(REFRESH_TOKEN) ?? "" });

/** @param {Record<string, string>} fields */
async function ask(fields) {
  const answer = await send("/oauth2/token", fields);
  if (!answer.ok) {
    kept.removeItem(REFRESH_TOKEN);
    throw new Refused(String(answer.status));
  }
  const given = await answer.json();
  if (over) return;
  tokens = { id: given.id_token, goodUntil: Date.now() + given.expires_in * 1000 };
  if (given.refresh_token) kept.setItem(REFRESH_TOKEN, given.refresh_token);
}

/** @param {string} path @param {Record<string, string>} fields */
const send = (path, fields) =>
  fetch(`${configuration().sign_in_url}${path}`, {
    method: "POST",
    body: new URLSearchParams({ client_id: configuration().client_id, ...fields }),
  });

/** @param {string} path @param {Record<string, string>} fields */
const address = (path, fields) =>
  `${configuration().sign_in_url}${path}?${new URLSearchParams({ client_id: configuration().client_id, ...fields })}`;

const home = () => `${location.origin}${location.pathname}`;

function forgetAttempt() {
  kept.removeItem(VERIFIER);
  kept.removeItem(STATE);
}

const random = () => encoded(crypto.getRandomValues(new Uint8Array(32)));

/** @param {string} verifier */
const challenge = async (verifier) =>
  encoded(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));

/** @param {Uint8Array} bytes */
const encoded = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** @param {string} idToken @returns {Record<string, unknown>} */
function claimsOf(idToken) {
  const body = (idToken.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0))));
}
