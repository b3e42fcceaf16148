/** After an archive: a note that says so, with Undo. */

import { get, post, run as path } from "../../api.js";
import { follow } from "../../parts/follow.js";
import { sentenceOf } from "../../parts/states.js";
import { toast } from "../../parts/toast.js";
import { outcomeSentence, outcomeSentences, say } from "../../words.js";
import { canUndo, goesOn } from "../run/progress.js";

/**
 * @param {any} run as it was last seen
 * @param {() => void} undone called when its clients are back
 */
export function offerUndo(run, undone) {
  if (goesOn(run)) return toast(say("archive.goesOn"), { label: say("open"), act: () => (location.hash = `#/activity/${run.run_id}`) });
  if (!canUndo(run)) return undefined;
  return toast(outcomeSentence("archived", run.counts.archived), { label: say("run.undo"), act: () => void undo(run).then(undone) });
}

/** @param {any} run */
async function undo(run) {
  const undoing = toast(say("run.undoing"));
  try {
    const begun = await post(`${path(run.run_id)}/undo`);
    const { signal } = new AbortController();
    const ended = await follow(begun, { goesOn, read: () => get(path(begun.run_id)), show: () => undefined, room: document.body, signal });
    toast(outcomeSentences(ended?.counts ?? {}).join(", "));
  } catch (fault) {
    toast(sentenceOf(fault));
  } finally {
    undoing();
  }
}
