/** The practice's settings, as sentences. */

import { call, get, tagOf } from "../api.js";
import { checkbox, element, fieldset, isTicked, select, submitButton } from "../dom.js";
import { onSubmit, whileLoading } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { setZone } from "../formats.js";
import { mayManage } from "../rights.js";
import { fieldName, levelName, REASONS, reasonName, say, SWITCHES } from "../words.js";

const RULES = /** @type {const} */ (["owes_money", "has_credits", "appointment_soon", "payment_charging"]);
const LEVELS = /** @type {const} */ (["allow", "warn", "block"]);

/** @type {import("../router.js").View} */
export async function showSettings(room, { signal }) {
  const settings = await whileLoading(room, get("/settings", signal));
  const form = new SettingsForm(settings);
  room.append(element("h1", say("settings.title")), form.node);
}

class SettingsForm {
  /** @param {any} settings */
  constructor(settings) {
    this.seen = tagOf(settings);
    /** Whether something was edited since the last save began. */
    this.edited = false;
    this.rules = RULES.map((rule) => select(LEVELS.map((level) => [level, levelName(level)]), { value: settings.safety[rule] }));
    this.soonDays = whole(settings.safety.appointment_within_days, 0, 365);
    this.switches = SWITCHES.map((name) => checkbox(fieldName(name), { checked: settings.portal[name] !== false }));
    this.reasons = REASONS.map((reason) => checkbox(reasonName(reason), { checked: settings.no_self_return.includes(reason) }));
    this.undoDays = whole(settings.undo_window_days, 1, 365);
    this.quiet = checkbox(say("settings.tidyUp"), { checked: settings.tidy_up !== null });
    this.quietDays = whole(settings.tidy_up?.inactive_days ?? 180, 30, 3650);
    this.starts = checkbox(say("settings.tidyUpStarts"), { checked: settings.tidy_up?.starts_by_itself ?? false });
    this.vetoDays = whole(settings.tidy_up?.veto_days ?? 7, 1, 30);
    this.money = checkbox(fieldName("see_money"), { checked: settings.readers.see_money });
    this.notes = checkbox(fieldName("see_notes"), { checked: settings.readers.see_notes });
    this.zone = select(zones().map((name) => [name, name]), { value: settings.time_zone });
    this.save = submitButton(say("save"), { disabled: true });
    this.node = this.#form();
  }

  #form() {
    const form = element(
      "form.settings",
      fieldset(say("settings.safety"), ...RULES.map((rule, index) => sentence(`${fieldName(rule)}:`, /** @type {Node} */ (this.rules[index]))), sentence(say("settings.soon"), this.soonDays, say("settings.days"))),
      fieldset(say("settings.portal"), ...this.switches),
      fieldset(say("settings.noSelfReturn"), ...this.reasons),
      fieldset(say("run.undo"), sentence(say("settings.undoFor"), this.undoDays, say("settings.days"))),
      fieldset(fieldName("tidy_up"), this.quiet, sentence(say("settings.quietFor"), this.quietDays, say("settings.days")), this.starts, sentence(say("settings.veto"), this.vetoDays, say("settings.days"))),
      fieldset(say("settings.readers"), this.money, this.notes),
      fieldset(fieldName("time_zone"), sentence(say("settings.zoneIs"), this.zone)),
      element("div.bar", element("span", mayManage() ? "" : say("settings.readOnly")), this.save),
    );
    if (!mayManage()) for (const control of form.querySelectorAll("input, select")) control.setAttribute("disabled", "");
    form.addEventListener("input", () => {
      this.edited = true;
      this.save.disabled = false;
    });
    onSubmit(form, this.save, () => this.#send());
    return form;
  }

  async #send() {
    this.edited = false;
    const saved = await call("PATCH", "/settings", { body: this.#value(), ifMatch: this.seen });
    this.seen = tagOf(saved);
    setZone(saved.time_zone);
    this.save.disabled = !this.edited;
    toast(say("saved"));
  }

  #value() {
    const safety = Object.fromEntries(RULES.map((rule, index) => [rule, this.rules[index]?.value]));
    return {
      safety: { ...safety, appointment_within_days: Number(this.soonDays.value) },
      portal: Object.fromEntries(SWITCHES.map((name, index) => [name, isTicked(this.switches[index])])),
      no_self_return: REASONS.filter((_, index) => isTicked(this.reasons[index])),
      undo_window_days: Number(this.undoDays.value),
      tidy_up: isTicked(this.quiet) ? { inactive_days: Number(this.quietDays.value), starts_by_itself: isTicked(this.starts), veto_days: Number(this.vetoDays.value) } : null,
      readers: { see_money: isTicked(this.money), see_notes: isTicked(this.notes) },
      time_zone: this.zone.value,
    };
  }
}

/** @param {number} value @param {number} min @param {number} max */
const whole = (value, min, max) => element("input", { type: "number", required: true, min, max, value });

/** @param {string} before @param {Node} control @param {string} [after] */
const sentence = (before, control, after) => element("label.sentence", element("span", before), control, after && element("span", after));

const zones = () => ["UTC", ...Intl.supportedValuesOf("timeZone").filter((name) => name !== "UTC")];
