/** Follows something that goes on by itself, until it has ended or nobody looks any more. */

import { isPassing, showFailure } from "./states.js";

const QUICK_MS = 1_000;
const SLOW_MS = 3_000;
const QUICK_LOOKS = 10;
const MOST_MISSES = 5;

/**
 * @template Thing
 * @typedef {object} Following
 * @property {(thing: Thing) => boolean} goesOn
 * @property {() => Promise<Thing>} read
 * @property {(thing: Thing) => void} show called with each reading, the first time with what is known already
 * @property {HTMLElement} room where a failure is told
 * @property {AbortSignal} signal
 */

/**
 * Show how a thing goes on: once a second, then every three, not at all in a hidden tab.
 *
 * @template Thing
 * @param {Thing} present
 * @param {Following<Thing>} following
 * @returns {Promise<Thing | undefined>} how it ended; nothing if nobody looks any more
 */
export async function follow(present, following) {
  const { goesOn, read, show, room, signal } = following;
  show(present);
  let misses = 0;
  for (let looks = 0; goesOn(present); looks += 1) {
    await pause(looks < QUICK_LOOKS ? QUICK_MS : SLOW_MS, signal);
    if (signal.aborted) return undefined;
    if (document.hidden) continue;
    try {
      present = await read();
      misses = 0;
    } catch (fault) {
      if (isPassing(fault) && ++misses < MOST_MISSES) continue;
      if (signal.aborted) return undefined;
      await new Promise((again) => showFailure(room, fault, () => again(undefined)));
      misses = 0;
    }
    if (signal.aborted) return undefined;
    show(present);
  }
  return present;
}

/** @param {number} milliseconds @param {AbortSignal} signal */
const pause = (milliseconds, signal) =>
  new Promise((resume) => {
    const timer = setTimeout(resume, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resume(undefined)), { once: true });
  });
