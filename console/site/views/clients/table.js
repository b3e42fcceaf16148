/** The table of a tab: a row for each client, boxes to tick, a menu each. */

import { client as path } from "../../api.js";
import { columnHead, element, link } from "../../dom.js";
import { amount, day } from "../../formats.js";
import { mayArchive, seesMoney } from "../../rights.js";
import { fieldName, reasonName, say, who } from "../../words.js";
import { menuHead } from "../../parts/menu.js";
import { clientMenu } from "./actions.js";
import { addressOf, SORTED } from "./list.js";

/** @typedef {import("./list.js").List} List */


export class ClientTable {
  /**
   * @param {List} list
   * @param {Map<string, string>} groups names by id
   * @param {import("../../parts/selection.js").Selection} selection
   * @param {() => void} changed called when a client left the tab or was changed
   */
  constructor(list, groups, selection, changed) {
    this.list = list;
    this.groups = groups;
    this.selection = selection;
    this.changed = changed;
    /** @type {Map<string, HTMLTableRowElement>} */
    this.rows = new Map();
    /** @type {string | undefined} */
    this.lastTicked = undefined;
    this.all = element("input", { type: "checkbox", "aria-label": say("clients.tickAll"), on: { change: () => this.#tickAll() } });
    this.body = element("tbody");
    this.node = element("table.clients", this.#head(), this.body);
    selection.addEventListener("change", () => this.#showTicks());
  }

  get size() {
    return this.rows.size;
  }

  /** @param {any[]} clients */
  add(clients) {
    for (const client of clients) {
      const row = this.#row(client);
      this.rows.set(client.client_id, row);
      this.body.append(row);
    }
    this.#showTicks();
  }

  /** The place of the row that has the focus, else of the first that is ticked, else -1. */
  place() {
    const rows = [...this.rows.values()];
    const focused = rows.findIndex((row) => row.contains(document.activeElement));
    return focused >= 0 ? focused : rows.findIndex((row) => row.classList.contains("ticked"));
  }

  /** @param {number} index */
  focusRow(index) {
    const row = [...this.rows.values()][Math.min(index, this.size - 1)];
    const target = row?.querySelector("a") ?? document.getElementById("main");
    target?.focus();
  }

  #head() {
    const columns = this.list.status === "archived" ? ["archived_at", "archived_by", "archive_reason"] : ["last_active_at", "next_appointment_at", ...(seesMoney() ? ["credit_cents", "owed_cents"] : [])];
    const names = ["name", "group", ...columns].map((name) => this.#column(name));
    const ticks = this.#ticks() && element("th.tick", element("label", this.all));
    return element("thead", element("tr", ticks, ...names, mayArchive() && menuHead()));
  }

  /** @param {string} name */
  #column(name) {
    const label = fieldName(name);
    if (!SORTED[this.list.status].includes(name)) return columnHead(label);
    const now = this.list.sort || "name";
    const order = now === name ? "ascending" : now === `-${name}` ? "descending" : null;
    const address = addressOf({ ...this.list, sort: now === name ? `-${name}` : name });
    return columnHead(link(label, address), { "aria-sort": order });
  }

  #ticks() {
    return mayArchive() && this.list.status === "active";
  }

  /** @param {any} client */
  #row(client) {
    const cells = this.list.status === "archived" ? archivedCells(client) : activeCells(client);
    const box = element("input", { type: "checkbox", "aria-label": say("clients.tick", { name: client.name }) });
    box.addEventListener("click", (event) => this.#tick(client.client_id, box.checked, event.shiftKey));
    const name = link(client.name, `#${path(client.client_id)}`);
    return element(
      "tr",
      { "data-client": client.client_id },
      this.#ticks() && element("td.tick", element("label", box)),
      element("th", { scope: "row" }, name),
      cell("group", client.group_name ?? "–"),
      ...cells,
      mayArchive() && element("td.act", clientMenu(client, this.groups, () => this.#left(client.client_id), this.changed)),
    );
  }

  /** @param {string} id */
  #left(id) {
    const index = [...this.rows.keys()].indexOf(id);
    this.rows.get(id)?.remove();
    this.rows.delete(id);
    this.selection.set([id], false);
    this.focusRow(index);
    this.changed();
  }

  #tickAll() {
    this.selection.set(this.rows.keys(), this.all.checked);
  }

  /** @param {string} id @param {boolean} ticked @param {boolean} range */
  #tick(id, ticked, range) {
    const ids = [...this.rows.keys()];
    const to = ids.indexOf(id);
    const from = range && this.lastTicked ? ids.indexOf(this.lastTicked) : to;
    this.selection.set(ids.slice(Math.min(from, to), Math.max(from, to) + 1), ticked);
    this.lastTicked = id;
  }

  #showTicks() {
    let ticked = 0;
    for (const [id, row] of this.rows) {
      const box = row.querySelector("input");
      const on = this.selection.has(id);
      if (box) box.checked = on;
      row.classList.toggle("ticked", on);
      ticked += on ? 1 : 0;
    }
    this.all.checked = ticked > 0 && ticked === this.size;
    this.all.indeterminate = ticked > 0 && ticked < this.size;
  }
}

/** @param {string} name @param {string} text @param {string} [className] `brief` for what a narrow page shows */
const cell = (name, text, className = "") => element("td", { className, "data-label": fieldName(name) }, text);

/** @param {any} client */
const activeCells = (client) => [
  cell("last_active_at", day(client.last_active_at), "brief"),
  cell("next_appointment_at", day(client.next_appointment_at)),
  ...(seesMoney() ? [cell("credit_cents", amount(client.credit_cents, client.currency)), cell("owed_cents", amount(client.owed_cents, client.currency))] : []),
];

/** @param {any} client */
const archivedCells = (client) => [
  cell("archived_at", day(client.archived_at), "brief"),
  cell("archived_by", who(client.archived_by)),
  cell("archive_reason", client.archive_reason ? reasonName(client.archive_reason) : "–"),
];
