/** How far something is: a bar, a sentence, Stop. They stay the same elements, so that nobody misses the button. */

import { actionRow, element, remark } from "../dom.js";
import { say } from "../words/index.js";
import { workButton } from "./states.js";

/** @param {(() => Promise<unknown>) | null} stop what Stop does, if it is offered */
export function meter(stop) {
  const bar = element("progress", { max: 100, "aria-label": say("run.progress") });
  const sentence = element("p");
  const pressed = workButton(say("run.stop"), /** @type {() => Promise<unknown>} */ (stop));
  const actions = stop ? actionRow(pressed) : "";
  const node = element("div", {}, bar, sentence, remark(say("run.mayLeave")), actions);
  /** @param {number} percent @param {string} text */
  const show = (percent, text) => {
    bar.value = percent;
    sentence.textContent = text;
  };
  return { node, show };
}
