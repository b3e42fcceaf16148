/** Both tabs of the clients: found, listed, ticked, archived and activated. */

import { get, post, query } from "../../api.js";
import { actionRow, announce, button, element, field, link, remark, select } from "../../dom.js";
import { number } from "../../formats.js";
import { groupsById } from "../../groups.js";
import { csvButton } from "../../parts/csv.js";
import { Selection } from "../../parts/selection.js";
import { emptyNote, showFailure, whileLoading, workButton } from "../../parts/states.js";
import { mayArchive } from "../../rights.js";
import { reload } from "../../router.js";
import { fieldName, say } from "../../words.js";
import { openAddClient } from "./add.js";
import { selectionBar } from "./bar.js";
import { heldConditions, meetArchivers, openFilter } from "./filter.js";
import { addressOf, conditionsOf, inTab, listOf, seekOn, withConditions } from "./list.js";
import { clientSheet } from "./sheet.js";
import { ClientTable } from "./table.js";
import { showProposals } from "./proposals.js";

const PAGE = 50;
const PAUSE_MS = 250;
const OF_NONE = "none";
const TABS = /** @type {const} */ (["active", "archived"]);

/** @typedef {import("./list.js").List} List */

/** @type {import("../../router.js").View} */
export async function showClients(room, { query: address, signal }) {
  const list = listOf(address);
  seekOn(list, signal);
  const groups = await whileLoading(room, groupsById(signal));
  const tabs = tabLinks(list);
  const page = new ClientsPage(list, groups, signal, tabs);
  room.append(
    element("div.title", element("h1", say("clients.title")), mayArchive() && page.ways()),
    tabs,
    page.filters(),
    page.held,
    page.proposals,
    page.place,
    page.bar,
  );
  if (list.status === "active") void showProposals(page.proposals, signal);
  await page.refresh();
}

class ClientsPage {
  /** @param {List} list @param {Map<string, string>} groups @param {AbortSignal} signal @param {HTMLElement} tabs */
  constructor(list, groups, signal, tabs) {
    this.list = list;
    this.groups = groups;
    this.signal = signal;
    this.tabs = tabs;
    /** @type {Record<List["status"], number>} */
    this.counts = { active: 0, archived: 0 };
    this.selection = new Selection();
    this.place = element("div");
    this.proposals = element("div");
    this.held = element("div.held");
    this.table = this.#newTable();
    this.bar = selectionBar(this);
    /** @type {string | null} */
    this.cursor = null;
    /** Counts the readings of the list: only the last one is shown. */
    this.turn = 0;
  }

  get total() {
    return this.counts[this.list.status];
  }

  /** How clients come in: one, or many at once. */
  ways() {
    const add = button(say("clients.add"), () => openAddClient(this.groups, () => void this.refresh()), { className: "primary", "data-key": "n" });
    return actionRow(link(say("import.action"), "#/import", "button"), add);
  }

  filters() {
    const find = element("input", { type: "search", autocomplete: "off", maxLength: 100, placeholder: say("clients.findHint"), value: this.list.q });
    find.addEventListener("wanted", () => find.focus());
    let pause = 0;
    find.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(() => void this.#seek(find.value.trim()), PAUSE_MS);
    });
    const { group_id: groupId, no_group: none } = this.list.conditions;
    const group = select([["", say("clients.allGroups")], [OF_NONE, say("clients.noGroup")], ...this.groups], { value: none ? OF_NONE : (groupId ?? "") });
    group.addEventListener("change", () => {
      const chosen = group.value === OF_NONE ? { no_group: "true", group_id: "" } : { no_group: "", group_id: group.value };
      location.hash = addressOf(withConditions(this.list, chosen));
    });
    const filter = workButton(say("filter.title"), () => openFilter(this.list, this.signal));
    return element("form", { role: "search", className: "filters", on: { submit: (/** @type {Event} */ event) => event.preventDefault() } },
      field(say("clients.find"), find), field(fieldName("group"), group), filter);
  }

  /** Read the list from its beginning. @param {number} turn of this reading @returns {Promise<boolean>} whether it is shown */
  async #load(turn) {
    this.selection.clear();
    const [page, counts] = await whileLoading(this.place, Promise.all([this.#page(null), this.#count()]));
    if (turn !== this.turn) return false;
    this.counts = counts;
    this.#showCounts();
    this.selection.clear();
    this.table = this.#newTable();
    this.#show(page, true);
    return true;
  }

  /** Tell how many are in each tab, of one that has other conditions nothing. */
  #showCounts() {
    const conditions = Object.keys(this.list.conditions).length;
    TABS.forEach((status, index) => {
      const alike = Object.keys(inTab(this.list, status).conditions).length === conditions;
      const count = this.tabs.querySelectorAll(".count")[index];
      if (count) count.textContent = alike ? number(this.counts[status]) : "";
    });
  }

  /** Read the list, or the view that is shown instead by now; a failure is told in its place. @returns {Promise<boolean>} whether it is shown */
  async refresh() {
    if (this.signal.aborted) {
      reload();
      return false;
    }
    const turn = ++this.turn;
    const place = this.table.place();
    try {
      const shown = await this.#load(turn);
      if (place >= 0 && document.activeElement === document.body) this.table.focusRow(place);
      return shown;
    } catch (fault) {
      if (!this.signal.aborted && turn === this.turn) showFailure(this.place, fault, () => void this.refresh());
      return false;
    }
  }

  /** @param {string} q */
  async #seek(q) {
    this.list.q = q;
    if (!this.signal.aborted && (await this.refresh())) announce(say("clients.found", { n: this.table.size }));
  }

  async #more() {
    const { turn } = this;
    try {
      const page = await whileLoading(this.place, this.#page(this.cursor));
      if (turn === this.turn) this.#show(page, false);
    } catch (fault) {
      if (!this.signal.aborted && turn === this.turn) showFailure(this.place, fault, () => void this.#more());
    }
  }

  /** @param {any} page @param {boolean} first */
  #show(page, first) {
    this.table.add(page.clients);
    meetArchivers(page.clients);
    this.held.replaceChildren(...heldConditions(this.list));
    this.cursor = page.next_cursor;
    const unreadable = page.unreadable.length > 0 && remark(say("clients.unreadable", { n: page.unreadable.length }));
    const more = this.cursor && workButton(say("more"), () => this.#more());
    const { q } = this.list;
    const csv = csvButton(clientSheet(this.list.status, this.groups), (cursor) => this.#page(cursor, q), (page) => page.clients);
    const content = this.table.size || this.cursor ? [this.table.node, element("div.more", more, csv)] : [this.#nobody()];
    this.place.replaceChildren(...content, unreadable || "");
    if (!first) this.table.focusRow(this.table.size - page.clients.length);
  }

  #nobody() {
    const { q, status, conditions } = this.list;
    if (!q && Object.keys(conditions).length) return emptyNote(say("clients.nobody"));
    if (q) return element("div.empty", emptyNote(say("clients.nobodyCalled", { q })), this.#otherTab());
    return emptyNote(status === "archived" ? say("clients.noneArchived") : say("clients.noneActive"));
  }

  #otherTab() {
    const other = this.list.status === "archived" ? "active" : "archived";
    return link(say("clients.otherTab", { tab: say(`clients.${other}`) }), addressOf(inTab(this.list, other)));
  }

  /** @param {string | null} cursor @param {string} [q] what is sought */
  #page(cursor, q = this.list.q) {
    const { status, sort } = this.list;
    const asked = { ...conditionsOf(this.list), status, sort: sort || null, limit: PAGE, cursor };
    if (q) return post("/clients/_search", { ...asked, q }, { signal: this.signal });
    return get(`/clients${query(asked)}`, this.signal);
  }

  #count() {
    const { q } = this.list;
    const conditions = conditionsOf(this.list);
    if (q) return post("/clients/_count", { ...conditions, q }, { signal: this.signal });
    return get(`/client-counts${query(conditions)}`, this.signal);
  }

  #newTable() {
    return new ClientTable(this.list, this.groups, this.selection, () => void this.refresh());
  }
}

/** @param {List} list */
function tabLinks(list) {
  const tabs = TABS.map((status) =>
    element("a", { href: addressOf(inTab(list, status)), "aria-current": status === list.status ? "page" : null },
      say(`clients.${status}`), " ", element("span.count")),
  );
  return element("nav.tabs", { "aria-label": say("clients.title") }, ...tabs, link(say("groups.title"), "#/groups"));
}
