/** How far something is: a bar, a sentence, Stop. They stay the same elements, so that nobody misses the button. */

import { actionRow, element, refill, remark } from "../dom.js";
import { say } from "../words.js";
import { follow } from "./follow.js";
import { workButton } from "./states.js";

/** @param {(() => Promise<unknown>) | null} stop what Stop does, if it is offered */
function meter(stop) {
  const bar = element("progress", { max: 100, "aria-label": say("run.progress") });
  const sentence = element("p");
  const pressed = workButton(say("run.stop"), /** @type {() => Promise<unknown>} */ (stop));
  const actions = stop ? actionRow(pressed) : "";
  const node = element("div", bar, sentence, remark(say("run.mayLeave")), actions);
  /** @param {number} percent @param {string} text */
  const show = (percent, text) => {
    bar.value = percent;
    sentence.textContent = text;
  };
  return { node, show };
}

/**
 * @typedef {object} Watched
 * @property {HTMLElement} room
 * @property {AbortSignal} signal
 * @property {(thing: any) => boolean} goesOn
 * @property {(thing: any) => Promise<any>} read it as it is now
 * @property {(thing: any) => (() => Promise<any>) | null} stop what Stop does, if it is offered
 * @property {(thing: any) => string} howFar
 * @property {(thing: any, go: (thing: any) => void) => (Node | string)[]} ended what is shown at rest; `go` watches on
 * @property {(thing: any) => void} seen called with each reading
 * @property {(thing: any) => void} [done] called when something that went on has ended
 */

/** Show in a room how a thing goes on, and what it has come to. @param {any} thing @param {Watched} watched */
export function watch(thing, { room, signal, goesOn, read, stop, howFar, ended, seen, done }) {
  let looking = new AbortController();
  /** @param {any} present */
  const go = async (present) => {
    looking.abort();
    looking = new AbortController();
    const stopIt = stop(present);
    const going = meter(stopIt && (async () => go(await stopIt())));
    const last = await follow(present, {
      goesOn,
      read: () => read(present),
      show(now) {
        if (goesOn(now)) going.show(now.percent_done, howFar(now));
        if (!goesOn(now)) refill(room, ...ended(now, go));
        else if (!going.node.isConnected) refill(room, going.node);
        seen(now);
      },
      room,
      signal: AbortSignal.any([signal, looking.signal]),
    });
    if (last && last !== present) done?.(last);
  };
  void go(thing);
}
