/** The side panel: who would be archived, what needs attention, what would be cancelled; then the archive itself. */

import { get, newKey, post, query, run as path } from "../../api.js";
import { actionRow, button, checkbox, element, isTicked, refill, remark } from "../../dom.js";
import { duration } from "../../formats.js";
import { openDialog } from "../../parts/dialog.js";
import { showFailure, whileLoading, workButton } from "../../parts/states.js";
import { say } from "../../words.js";
import { progress } from "../run/progress.js";
import { attention, cancelled } from "./attention.js";
import { offerUndo } from "./undo.js";
import { archiveOptions } from "./options.js";

const PAGE = 100;
const MOST_SHOWN = 300;

/**
 * @param {{client_ids?: string[], group_id?: string, filter?: object}} chosen
 * @param {Map<string, string>} groups names by id
 * @param {() => void} done called when the panel closes after something was archived
 */
export function openArchivePanel(chosen, groups, done) {
  const room = element("div.panel-body");
  const close = new AbortController();
  /** @type {any} */
  let archive;
  const dialog = openDialog(say("archive.checking"), room, {
    panel: true,
    onClose() {
      close.abort();
      if (!archive) return;
      offerUndo(archive, done);
      done();
    },
  });
  const panel = new ArchivePanel(chosen, groups, room, dialog, close.signal, (run) => (archive = run));
  void panel.check();
}

class ArchivePanel {
  /**
   * @param {{client_ids?: string[]}} chosen
   * @param {Map<string, string>} groups
   * @param {HTMLElement} room
   * @param {{close: () => void, setTitle: (title: string) => void}} dialog
   * @param {AbortSignal} signal
   * @param {(run: any) => void} seen told of the archive, as it begins and as it ends
   */
  constructor(chosen, groups, room, dialog, signal, seen) {
    this.chosen = chosen;
    this.room = room;
    this.dialog = dialog;
    this.signal = signal;
    this.seen = seen;
    this.options = archiveOptions(groups);
    this.key = newKey();
    this.confirmKey = newKey();
    this.checking = new AbortController();
    /** @type {Set<string>} */
    this.leftOut = new Set();
  }

  /** Preview, and show what it says, unless another check follows; what was checked before is archived no more. */
  async check() {
    this.room.querySelector(".primary")?.toggleAttribute("disabled", true);
    this.checking.abort();
    this.checking = new AbortController();
    const signal = AbortSignal.any([this.signal, this.checking.signal]);
    try {
      const preview = await whileLoading(this.room, this.#preview(signal));
      const members = await this.#members(preview, signal);
      this.#show(preview, members);
    } catch (fault) {
      if (!signal.aborted) showFailure(this.room, fault, () => void this.check());
    }
  }

  /** Those who were chosen without those left out: from a list they are taken, from all others excluded. */
  #whom() {
    const { client_ids: ids } = this.chosen;
    if (ids) return { client_ids: ids.filter((id) => !this.leftOut.has(id)) };
    return { ...this.chosen, exclude_client_ids: [...this.leftOut] };
  }

  /** @param {AbortSignal} signal */
  #preview(signal) {
    const body = { ...this.#whom(), options: this.options.value() };
    return post("/bulk-archives", body, { key: this.key, signal });
  }

  /** @param {any} preview @param {AbortSignal} signal @returns {Promise<any[]>} the first hundreds; the totals tell of all */
  async #members(preview, signal) {
    const members = [...preview.clients];
    let cursor = preview.next_cursor;
    while (cursor && members.length < MOST_SHOWN) {
      const page = await get(`${path(preview.run_id)}/clients${query({ limit: PAGE, cursor })}`, signal);
      members.push(...page.clients);
      cursor = page.next_cursor;
    }
    return members;
  }

  /** @param {any} preview @param {any[]} members */
  #show(preview, members) {
    const n = preview.totals.clients;
    this.dialog.setTitle(`${say("archive.confirm", { n })}?`);
    const seen = checkbox(say("archive.seen"));
    const needsAttention = members.some((member) => member.warnings.length > 0);
    const archive = workButton(say("archive.confirm", { n }), () => this.#confirm(preview, needsAttention, seen), "primary");
    const secondsLeft = (Date.parse(preview.expires_at) - Date.now()) / 1000;
    refill(
      this.room,
      remark(say("archive.checked", { left: duration(secondsLeft) })),
      attention(members, n, (id) => void this.#leaveOut(id)),
      cancelled(preview.totals),
      this.options.node,
      needsAttention ? seen : "",
      actionRow(button(say("cancel"), () => this.dialog.close()), archive),
    );
  }

  /** @param {string} id */
  async #leaveOut(id) {
    this.leftOut.add(id);
    this.key = newKey();
    this.confirmKey = newKey();
    await this.check();
  }

  /** @param {any} preview @param {boolean} needsAttention @param {HTMLElement} seen */
  async #confirm(preview, needsAttention, seen) {
    if (needsAttention && !isTicked(seen)) {
      seen.querySelector("input")?.focus();
      throw new NotSeen();
    }
    if (this.options.changed()) {
      this.key = newKey();
      this.confirmKey = newKey();
      preview = await this.#preview(this.signal);
    }
    const run = await post(`${path(preview.run_id)}/confirm`, { token: preview.token }, { key: this.confirmKey });
    this.checking.abort();
    this.seen(run);
    this.dialog.setTitle(say("run.archiving", { n: run.totals.clients }));
    const close = button(say("close"), () => this.dialog.close());
    this.room.replaceChildren(progress(run, this.signal, this.seen), actionRow(close));
    close.focus();
  }
}

/** The person has not said that they have seen what is owed and left over. */
class NotSeen extends Error {
  constructor() {
    super(say("archive.notSeen"));
  }
}
