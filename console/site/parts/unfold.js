/** Something to be unfolded, whose lines are read when it first is. */

import { element, fold } from "../dom.js";
import { showFailure } from "./states.js";

/** @param {string} summary @param {() => Promise<string[]>} read @param {boolean} [open] whether it is unfolded at once */
export function unfold(summary, read, open = false) {
  const lines = element("ul");
  const node = fold(summary, lines);
  const fill = async () => {
    try {
      lines.replaceChildren(...(await read()).map((line) => element("li", line)));
    } catch (fault) {
      showFailure(node, fault, fill);
    }
  };
  node.addEventListener("toggle", () => void (node.open && !lines.childElementCount && fill()));
  node.open = open;
  return node;
}
