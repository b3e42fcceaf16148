/** The options of an archive: reason, note, group, e-mail, and whether the client is told. */

import { checkbox, element, field, fold, isTicked, remark, select } from "../../dom.js";
import { fieldName, REASONS, reasonName, say } from "../../words.js";

const STAYS = "stays";

/** @param {Map<string, string>} groups names by id */
export function archiveOptions(groups) {
  const reason = select([["", "–"], ...REASONS.map((name) => /** @type {[string, string]} */ ([name, reasonName(name)]))]);
  const note = element("textarea", { rows: 2, maxLength: 2000 });
  const group = select([[STAYS, say("options.groupStays")], ["", say("clients.noGroup")], ...groups]);
  const mute = checkbox(say("options.mute"));
  const notify = checkbox(say("options.notify"));
  const told = remark(say("archive.notTold"));
  notify.addEventListener("change", () => (told.hidden = isTicked(notify)));
  const node = element("div", told,
    fold(say("options.title"), field(fieldName("archive_reason"), reason), field(say("options.note"), note), field(fieldName("group"), group), mute, notify));
  const value = () => ({
    reason: reason.value || null,
    note: note.value.trim() || null,
    ...(group.value === STAYS ? {} : { group_id: group.value || null }),
    mute_email: isTicked(mute),
    notify_client: isTicked(notify),
  });
  const before = JSON.stringify(value());
  return { node, value, changed: () => JSON.stringify(value()) !== before };
}
