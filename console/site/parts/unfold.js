/** Something to be unfolded, whose lines are read when it first is. */

import { element } from "../dom.js";
import { sentenceOf } from "./states.js";

/** @param {string} summary @param {() => Promise<string[]>} read @param {boolean} [open] whether it is unfolded at once */
export function unfold(summary, read, open = false) {
  const lines = element("ul");
  const node = element("details", {}, element("summary", {}, summary), lines);
  const fill = async () => {
    const told = await read().catch((fault) => [sentenceOf(fault)]);
    lines.replaceChildren(...told.map((line) => element("li", {}, line)));
  };
  node.addEventListener("toggle", () => void (node.open && !lines.childElementCount && fill()));
  node.open = open;
  return node;
}
