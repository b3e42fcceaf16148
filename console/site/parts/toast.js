/** Short notes in a corner, which stay long enough to act on. */

import { announce, button, element } from "../dom.js";
import { say } from "../words.js";

const SHOWN_MS = 20_000;

/**
 * @param {string} sentence
 * @param {{label: string, act: () => void, stays?: boolean}} [offer] a button; a note that `stays` goes when it is pressed or closed
 * @returns {() => void} takes the note away
 */
export function toast(sentence, offer) {
  const place = /** @type {HTMLElement} */ (document.getElementById("toasts"));
  place.setAttribute("aria-label", say("toasts"));
  const note = element("div.toast", element("p", sentence));
  const close = () => note.remove();
  if (offer) {
    note.append(
      button(offer.label, () => {
        close();
        offer.act();
      }),
    );
  }
  note.append(button("×", close, { className: "quiet", "aria-label": say("close") }));
  place.append(note);
  announce(sentence);
  if (offer?.stays) return close;
  let timer = setTimeout(close, SHOWN_MS);
  note.addEventListener("pointerenter", () => clearTimeout(timer));
  note.addEventListener("focusin", () => clearTimeout(timer));
  note.addEventListener("pointerleave", () => (timer = setTimeout(close, SHOWN_MS)));
  return close;
}
