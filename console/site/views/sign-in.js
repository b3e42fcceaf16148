/** What is shown to those who are not signed in, or have no practice. */

import { button, element } from "../dom.js";
import { showFailure } from "../parts/states.js";
import { ended, signIn, signOut } from "../session.js";
import { say } from "../words.js";

/** @param {string} title @param {...Node} content */
const calm = (title, ...content) => element("section.calm", element("h1", title), ...content);

/** @param {HTMLElement} main */
export function showSignIn(main) {
  const why = ended();
  const lead = why === "idle" ? say("session.idle") : why === "expired" ? say("session.expired") : say("signIn.lead");
  main.replaceChildren(calm(say("signIn.title"), element("p", lead), button(say("signIn.button"), () => void signIn(), "primary")));
}

/** @param {HTMLElement} main */
export function showNoPractice(main) {
  main.replaceChildren(calm(say("noPractice.title"), element("p", say("noPractice.lead")), button(say("signOut"), () => signOut("left"))));
}

/** @param {HTMLElement} main @param {unknown} fault */
export function showStartFailed(main, fault) {
  const room = calm(say("failure.start"));
  main.replaceChildren(room);
  showFailure(room, fault, () => location.reload());
}
