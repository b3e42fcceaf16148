/** Starts the console: the configuration, the session, then the view that the address names. */

import { readConfiguration } from "./configuration.js";
import { get } from "./api.js";
import { setZone } from "./formats.js";
import { letReadersSeeMoney, setRoles } from "./rights.js";
import { startRouter } from "./router.js";
import { isSignedIn, person, resume, watchIdleness } from "./session.js";
import { toast } from "./parts/toast.js";
import { showTop } from "./views/top.js";
import { showNoPractice, showSignIn, showStartFailed } from "./views/sign-in.js";
import { say, setPageLanguage } from "./words.js";

const main = /** @type {HTMLElement} */ (document.getElementById("main"));

async function start() {
  setPageLanguage();
  await readConfiguration();
  await resume();
  if (!isSignedIn()) return showSignIn(main);
  const { practice, roles } = person();
  if (!practice) return showNoPractice(main);
  setRoles(roles);
  const [me, settings] = await Promise.all([get("/me"), get("/settings")]);
  setZone(me.time_zone);
  letReadersSeeMoney(settings.readers.see_money);
  watchIdleness(() => toast(say("session.idleSoon"), { label: say("session.stay"), act: () => undefined, stays: true }));
  showTop(me);
  return startRouter(main);
}

// A browser may keep a page as it was left, and show it on the way back.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

start().catch((fault) => showStartFailed(main, fault));
