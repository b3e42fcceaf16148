/** A list as CSV, all of its pages; no cell is one that a spreadsheet takes for a formula. */

import { element } from "../dom.js";
import { say } from "../words.js";
import { workButton } from "./states.js";

/**
 * @typedef {object} Sheet
 * @property {string} name of the file
 * @property {string[]} columns each of which is a property of the items
 * @property {Record<string, (item: any) => unknown>} [told] columns that are told otherwise
 */

/** @param {Sheet} sheet @param {(cursor: string | null) => Promise<any>} read @param {(page: any) => any[]} items */
export function csvButton(sheet, read, items) {
  return workButton(say("csv.button"), async () => {
    const lines = [line(sheet.columns)];
    let cursor = null;
    do {
      const page = /** @type {any} */ (await read(cursor));
      lines.push(...items(page).map((item) => line(row(sheet, item))));
      cursor = page.next_cursor;
    } while (cursor);
    save(`${sheet.name}.csv`, lines.join("\r\n"));
  }, "quiet");
}

/** @param {Sheet} sheet @param {any} item */
const row = ({ columns, told = {} }, item) => columns.map((name) => (told[name] ?? (() => item[name]))(item));

/** @param {unknown[]} cells */
const line = (cells) => cells.map(cell).join(",");

/** @param {unknown} value */
function cell(value) {
  const text = typeof value === "object" && value ? JSON.stringify(value) : String(value ?? "");
  return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

/** @param {string} name @param {string} text */
function save(name, text) {
  const href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" }));
  element("a", { href, download: name }).click();
  URL.revokeObjectURL(href);
}
