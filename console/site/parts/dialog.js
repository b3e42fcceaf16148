/** Dialogs: a panel at the side, or a box in the middle. The focus goes back where it came from; with their view they go. */

import { button, element } from "../dom.js";
import { say } from "../words.js";

/**
 * Open a dialog.
 *
 * @param {string} title
 * @param {HTMLElement} content
 * @param {{panel?: boolean, onClose?: () => void}} [options]
 * @returns {{close: () => void, setTitle: (title: string) => void}}
 */
export function openDialog(title, content, { panel = false, onClose } = {}) {
  const heading = element("h2", { id: `title-${crypto.randomUUID()}` }, title);
  const close = button("×", () => leave(), { className: "quiet close", "aria-label": say("close") });
  const dialog = element(
    "dialog",
    { className: panel ? "panel" : "box", "aria-labelledby": heading.id },
    element("header", heading, close),
    content,
  );
  const before = document.activeElement;
  const leave = () => dialog.close();
  addEventListener("hashchange", leave);
  dialog.addEventListener("close", () => {
    removeEventListener("hashchange", leave);
    dialog.remove();
    onClose?.();
    if (document.activeElement === document.body && before instanceof HTMLElement && before.isConnected) before.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  return { close: leave, setTitle: (text) => (heading.textContent = text) };
}
