/** What a view shows while it loads, when it has nothing, and when it failed. */

import { Problem, Unreachable } from "../api.js";
import { button, element, fold } from "../dom.js";
import { problemSentence, say } from "../words.js";

const PATIENCE_MS = 300;

/** What a status means, whatever was asked. @type {Record<number, import("../words.js").Text>} */
const MEANT = { 403: "failure.forbidden", 404: "failure.notFound", 412: "failure.changedMeanwhile" };

/**
 * Show a skeleton if the work takes longer than a moment; what was there stays until then.
 *
 * @template Result
 * @param {HTMLElement} room
 * @param {Promise<Result>} work
 * @returns {Promise<Result>}
 */
export async function whileLoading(room, work) {
  const skeleton = element("div.skeleton", { "aria-hidden": "true" }, ...Array.from({ length: 6 }, () => element("i")));
  const timer = setTimeout(() => {
    room.append(skeleton);
    room.setAttribute("aria-busy", "true");
  }, PATIENCE_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    skeleton.remove();
    room.removeAttribute("aria-busy");
  }
}

/** @param {string} sentence */
export const emptyNote = (sentence) => element("p.empty", sentence);

/**
 * Say what failed, with a way to try again; what the room showed stays.
 *
 * @param {HTMLElement} room
 * @param {unknown} fault
 * @param {() => void} again
 */
export function showFailure(room, fault, again) {
  room.querySelector(":scope > .failure")?.remove();
  const note = element("div.failure", { role: "alert" });
  const retry = () => {
    note.remove();
    again();
  };
  const details = fault instanceof Problem && fault.requestId && requestNote(fault.requestId);
  note.append(element("p", sentenceOf(fault)), button(say("tryAgain"), retry), details || "");
  room.append(note);
}

/** @param {string} id */
const requestNote = (id) => fold(say("failure.details"), say("failure.request", { id }));

/** Whether the same call may succeed in a moment. @param {unknown} fault */
export const isPassing = (fault) => fault instanceof Unreachable || (fault instanceof Problem && [429, 503].includes(fault.status));

/** @param {unknown} fault */
export function sentenceOf(fault) {
  if (fault instanceof Unreachable) return say("failure.unreachable");
  if (!(fault instanceof Problem)) return fault instanceof Error && fault.message ? fault.message : say("failure.server");
  const meant = MEANT[fault.status];
  if (meant) return say(meant);
  if (isPassing(fault)) return say("failure.busy");
  if (fault.status >= 500) return say("failure.server");
  const told = problemSentence(fault.document);
  if (told) return told;
  const fields = fault.errors.map(({ message }) => message).join(" ");
  return fields || fault.message;
}

/**
 * Do something for a button: it is busy meanwhile, and a failure is told beside it.
 *
 * @param {HTMLButtonElement} pressed
 * @param {() => Promise<unknown>} work
 */
export async function during(pressed, work) {
  const place = pressed.closest(".actions, .bar") ?? pressed.parentElement;
  place?.querySelector(":scope > .refusal")?.remove();
  pressed.setAttribute("aria-disabled", "true");
  if (pressed.dataset.busy) return;
  pressed.dataset.busy = "yes";
  try {
    await work();
  } catch (fault) {
    place?.prepend(element("p.refusal", { role: "alert" }, sentenceOf(fault)));
  } finally {
    delete pressed.dataset.busy;
    pressed.removeAttribute("aria-disabled");
  }
}

/** Do something when a form is sent. @param {HTMLFormElement} form @param {HTMLButtonElement} pressed @param {() => Promise<unknown>} work */
export function onSubmit(form, pressed, work) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void during(pressed, work);
  });
}

/**
 * A button that does something which takes time or may fail.
 *
 * @param {string} label
 * @param {() => Promise<unknown>} work
 * @param {import("../dom.js").Kind} [kind]
 */
export function workButton(label, work, kind) {
  const pressed = button(label, () => void during(pressed, work), kind);
  return pressed;
}
