/** Says things in the reader's language. All words are in one file for each language; only the reader's is loaded. */

/** @typedef {typeof import("./words/en.js").words} Words */
/** @typedef {keyof Words["texts"]} Text */

const LANGUAGES = ["en", "de"];

const chosen = navigator.languages.find((name) => LANGUAGES.includes(name.slice(0, 2))) ?? "en";
/** @type {{words: Words}} */
const { words } = await import(`./words/${chosen.slice(0, 2)}.js`);

export const REASONS = /** @type {(keyof Words["reasons"])[]} */ (Object.keys(words.reasons));
export const RESTORABLE = /** @type {const} */ (["chats", "reminders", "feed", "appointments", "payments"]);

export const SWITCHES = /** @type {const} */ (["schedule_appointments", "chat", "community_chats", "email_notifications"]);

export const FIELDS = /** @type {const} */ (["external_id", "name", "first_name", "last_name", "email", "group", "status", "archived_on", "archive_reason"]);

export const language = () => chosen;

export function setPageLanguage() {
  document.documentElement.lang = chosen.slice(0, 2);
}

/**
 * Say a text. Where a number makes a difference, it stands there for one, then for others.
 *
 * @param {Text} text
 * @param {Record<string, any>} [values] what it speaks of; `n` is a number
 * @returns {string}
 */
export function say(text, values = {}) {
  const forms = words.texts[text].split(" | ");
  const isOne = forms.length > 1 && new Intl.PluralRules(chosen).select(values.n) === "one";
  return fill(forms.at(isOne ? 0 : -1) ?? "", values);
}

/** @param {string} text @param {Record<string, any>} values */
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? shown(values[name]) : whole));

/** @param {unknown} value */
const shown = (value) => (typeof value === "number" ? new Intl.NumberFormat(chosen).format(value) : String(value));

/** @param {Record<string, any>} names @param {string} name */
const named = (names, name) => names[name] ?? name;

/** @param {Record<string, string>} names @returns {(name: string) => string} */
const namer = (names) => (name) => named(names, name);

/** Facts of one line; those that are not so are left out. @param {any[]} facts */
export const joined = (facts) => facts.filter(Boolean).join(" · ");

/** What somebody is called, by the id where no name is known. @param {any} by who did something @returns {string} */
export const who = (by) => by?.name ?? by?.actor_id ?? "–";

/** @param {any} run @returns {string} */
export const whoBegan = (run) => run.names?.[run.created_by] ?? run.created_by;

export const reasonName = namer(words.reasons);
export const ruleSentence = namer(words.rules);
export const actionName = namer(words.actions);
export const kindName = namer(words.kinds);
export const restoreOutcome = namer(words.restoreOutcomes);

/** @param {string} outcome @param {number | ""} n */
export const outcomeSentence = (outcome, n) => fill(named(words.outcomes, outcome), { n }).trim();

/** The outcomes that somebody has, with how many. @param {Record<string, number>} counts */
export const counted = (counts) => Object.entries(counts).filter(([, n]) => n > 0);

/** @param {Record<string, number>} counts */
export const outcomeSentences = (counts) => counted(counts).map(([outcome, n]) => outcomeSentence(outcome, n));

/** An outcome without its number, to begin a sentence. @param {string} outcome */
export function outcomeName(outcome) {
  const [first = "", ...rest] = outcomeSentence(outcome, "");
  return first.toLocaleUpperCase(chosen) + rest.join("");
}

export const levelName = namer(words.levels);
export const stateName = namer(words.states);

/** @param {string} outcome @param {number} n */
export const rowOutcome = (outcome, n) => fill(named(words.rowOutcomes, outcome), { n });

export const rowReason = namer(words.rowReasons);

/** @param {string} reason @param {string} field */
export const importRefusal = (reason, field) => fill(words.importRefusals[/** @type {keyof Words["importRefusals"]} */ (reason)] ?? say("failure.server"), { field: fieldName(field) });

/** @param {any} run */
export const importTitle = (run) => say("import.of", { source: run.source });

/** @param {string} field its last part names it, as in `settings.chat` */
export function fieldName(field) {
  const parts = field.split(".");
  return named(words.fields, parts.findLast((part) => part in words.fields) ?? field);
}

/** @param {any} run */
export function runTitle(run) {
  if (run.kind === "undo") return say("run.titleUndo", { n: run.totals.clients });
  return say(run.state === "proposed" ? "run.titleProposed" : "run.title", { n: run.totals.clients });
}

/** A refusal in the reader's language, from its code and data; empty if there is no sentence for it. @param {any} problem */
export function problemSentence(problem) {
  const sentence = named(words.problems, problem.code ?? "");
  return sentence === problem.code ? "" : fill(sentence, problem);
}

/** Faults that pass by themselves. */
const BUSY = ["StorageBusy", "CommitContended"];

/** Why a run has not done to a client what it was for; empty if there is nothing to add. @param {string | null} reason */
function memberReason(reason) {
  if (!reason) return "";
  return words.memberReasons[/** @type {keyof Words["memberReasons"]} */ (reason)] ?? say(BUSY.includes(reason) ? "failure.busy" : "failure.server");
}

/** @param {any} member @param {string[]} held what held it back, as sentences */
export function memberSentence(member, held) {
  const outcome = `${outcomeName(member.outcome)}.`;
  const because = held.join(" ") || memberReason(member.reason);
  const lost = member.not_restored_total > 0 && say("run.notRestored", { n: member.not_restored_total });
  return [outcome, because, lost].filter(Boolean).join(" ");
}

/** @param {any} entry */
export function historySentence(entry) {
  return fill(named(words.history, entry.event), { who: who(entry.by), source: named(words.sources, entry.by.source) });
}

export const practiceSentence = namer(words.practiceHistory);
export const recordState = namer(words.recordStates);

/** The fields that somebody edited, with what they were and are where that may be told. @param {any} entry */
export const edits = ({ event, edits: made }) => (event.endsWith(".added") ? "" : made.map(editSentence).join(" · "));

/** @param {any} edit */
function editSentence({ field, before, after }) {
  const name = fieldName(field);
  return before === null && after === null ? name : `${name}: ${told(before)} → ${told(after)}`;
}

/** @param {boolean} is */
export const yesOrNo = (is) => say(is ? "permissions.yes" : "permissions.no");

/** @param {unknown} value */
function told(value) {
  if (typeof value === "boolean") return yesOrNo(value);
  if (Array.isArray(value)) return value.map(reasonName).join(", ") || "–";
  return value === null ? "–" : levelName(shown(value));
}
