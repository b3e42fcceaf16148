/** Money, dates and numbers as the reader's language writes them. */

import { language } from "./words/index.js";

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

/** @param {ReadonlyArray<{cents: number, currency: string}>} amounts */
export const sums = (amounts) => list(amounts.map(({ cents, currency }) => money(cents, currency)));

/** @param {number} value */
export const number = (value) => new Intl.NumberFormat(language()).format(value);

/** @param {string[]} parts */
export const list = (parts) => new Intl.ListFormat(language(), { type: "conjunction" }).format(parts);

/** @param {string} moment in UTC */
export const day = (moment) =>
  new Intl.DateTimeFormat(language(), { day: "numeric", month: "short", year: "numeric", timeZone: zone }).format(
    new Date(moment),
  );

/** @param {string} date a day without a time, like 2026-03-02 */
export const date = (date) =>
  new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${date}T00:00:00Z`));

/** @param {string} moment in UTC */
export const dayAndTime = (moment) =>
  new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short", timeZone: zone }).format(
    new Date(moment),
  );

/** @param {string} moment in UTC */
export const time = (moment) => new Intl.DateTimeFormat(language(), { timeStyle: "short", timeZone: zone }).format(new Date(moment));

/** @param {string} moment in UTC */
export const heading = (moment) =>
  new Intl.DateTimeFormat(language(), { dateStyle: "full", timeZone: zone }).format(new Date(moment));

/** @param {number} seconds */
export function duration(seconds) {
  const minutes = Math.round(seconds / 60);
  return seconds < 90 ? unit(Math.max(1, Math.round(seconds)), "second") : unit(minutes, "minute");
}

/** @param {number} value @param {string} name */
const unit = (value, name) =>
  new Intl.NumberFormat(language(), { style: "unit", unit: name, unitDisplay: "long" }).format(value);
