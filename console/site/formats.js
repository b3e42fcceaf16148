/** Money, dates and numbers as the reader's language writes them. */

import { language } from "./words.js";

let zone = "UTC";

/** @param {string} name the practice's time zone */
export const setZone = (name) => (zone = name);

/**
 * An amount, with as many decimals as its currency has.
 *
 * @param {number} minorUnits
 * @param {string} currency
 */
export function money(minorUnits, currency) {
  const format = new Intl.NumberFormat(language(), { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(minorUnits / 10 ** digits);
}

/** An amount, if there is one. @param {number | null | undefined} cents @param {string} currency */
export const amount = (cents, currency) => (cents ? money(cents, currency) : "–");

/** @param {ReadonlyArray<{cents: number, currency: string}>} amounts */
export const sums = (amounts) => list(amounts.map(({ cents, currency }) => money(cents, currency)));

/** @param {number} value */
export const number = (value) => new Intl.NumberFormat(language()).format(value);

/** @param {string[]} parts */
export const list = (parts) => new Intl.ListFormat(language(), { type: "conjunction" }).format(parts);

/** @param {Intl.DateTimeFormatOptions} options */
const moments = (options) => (/** @type {string | null} */ moment) =>
  moment ? new Intl.DateTimeFormat(language(), { timeZone: zone, ...options }).format(new Date(moment)) : "–";

export const day = moments({ day: "numeric", month: "short", year: "numeric" });
export const dayAndTime = moments({ dateStyle: "medium", timeStyle: "short" });
export const time = moments({ timeStyle: "short" });
export const heading = moments({ dateStyle: "full" });

/** A day without a time, like 2026-03-02. */
export const date = moments({ dateStyle: "medium", timeZone: "UTC" });

/** @param {number} seconds */
export function duration(seconds) {
  const minutes = Math.round(seconds / 60);
  return seconds < 90 ? unit(Math.max(1, Math.round(seconds)), "second") : unit(minutes, "minute");
}

/** @param {number} value @param {string} name */
const unit = (value, name) =>
  new Intl.NumberFormat(language(), { style: "unit", unit: name, unitDisplay: "long" }).format(value);
