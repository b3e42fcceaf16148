/** What is shown to those who are not signed in, or have no practice. */

import { button, element } from "../dom.js";
import { showFailure } from "../parts/states.js";
import { ended, signIn, signOut } from "../session.js";
import { say } from "../words/index.js";

/** @param {HTMLElement} main */
export function showSignIn(main) {
  const why = ended();
  const reason = why === "idle" ? say("session.idle") : why === "expired" ? say("session.expired") : null;
  main.replaceChildren(
    element(
      "section",
      { className: "calm" },
      element("h1", {}, say("signIn.title")),
      element("p", {}, reason ?? say("signIn.lead")),
      button(say("signIn.button"), () => void signIn(), { className: "primary" }),
    ),
  );
}

/** @param {HTMLElement} main */
export function showNoPractice(main) {
  main.replaceChildren(
    element(
      "section",
      { className: "calm" },
      element("h1", {}, say("noPractice.title")),
      element("p", {}, say("noPractice.lead")),
      button(say("signOut"), () => signOut("left")),
    ),
  );
}

/** @param {HTMLElement} main @param {unknown} fault */
export function showStartFailed(main, fault) {
  const room = element("section", { className: "calm" }, element("h1", {}, say("failure.start")));
  main.replaceChildren(room);
  showFailure(room, fault, () => location.reload());
}
