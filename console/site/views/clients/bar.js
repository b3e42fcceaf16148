/** The bar at the bottom: how many are selected, and the Archive button. */

import { announce, button, element } from "../../dom.js";
import { say } from "../../words.js";
import { openArchivePanel } from "../archive/panel.js";
import { everybodyIn } from "./list.js";

/**
 * @param {{selection: import("../../parts/selection.js").Selection, list: import("./list.js").List, total: number,
 *   groups: Map<string, string>, table: {size: number}, refresh: () => Promise<boolean>}} page
 */
export function selectionBar(page) {
  const { selection } = page;
  const count = element("span.chosen");
  const everyone = button("", () => selection.chooseAll(), "quiet");
  const archive = button(say("archive.action"), () => openArchivePanel(chosen(page), page.groups, () => void page.refresh()), { className: "primary", "data-key": "e" });
  const clear = button(say("clear"), () => selection.clear(), "quiet");
  const bar = element("div.bar", { role: "region", "aria-label": say("clients.selection"), hidden: true }, count, everyone, clear, archive);
  selection.addEventListener("change", () => {
    const n = selection.all ? page.total : selection.size;
    bar.hidden = n === 0;
    count.textContent = say("clients.selected", { n, total: page.total });
    everyone.textContent = say("clients.selectAll", { n: page.total });
    everyone.hidden = selection.all || selection.size < page.table.size || page.table.size >= page.total;
    if (n) announce(count.textContent);
  });
  return bar;
}

/** @param {{selection: import("../../parts/selection.js").Selection, list: import("./list.js").List}} page */
const chosen = ({ selection, list }) => (selection.all ? everybodyIn(list) : { client_ids: selection.ids });
