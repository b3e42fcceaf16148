/** Where an import begins: a file is chosen and uploaded. Earlier imports are listed. */

import { importPath, newKey, post, upload } from "../../api.js";
import { actionRow, element, field, line, link, people, remark, select, small, submitButton } from "../../dom.js";
import { dayAndTime } from "../../formats.js";
import { showPages } from "../../parts/pages.js";
import { onSubmit } from "../../parts/states.js";
import { mayArchive } from "../../rights.js";
import { importTitle, say, stateName, whoBegan } from "../../words.js";

const LINES = ["jsonl", "ndjson"];
const SOURCES = ["cliniko", "healthie", "practice-better", "simplepractice"];

/** @type {import("../../router.js").View} */
export async function showImports(room, { signal }) {
  const earlier = element("section");
  room.append(
    link(say("clients.title"), "#/clients", "back"),
    element("h1", say("import.title")),
    mayArchive() ? form() : "",
    element("h2", say("import.earlier")),
    earlier,
  );
  await list(earlier, signal);
}

function form() {
  const file = element("input", { type: "file", required: true, accept: ".csv,.jsonl,.ndjson" });
  const kind = select([["clients", say("clients.title")], ["records", say("import.records")]]);
  const known = element("datalist", { id: "sources" }, ...SOURCES.map((name) => element("option", { value: name })));
  const source = element("input", { required: true, pattern: "[A-Za-z0-9_\\-]{1,64}", title: say("import.sourceHint"), list: known.id, autocomplete: "off" });
  const send = submitButton(say("import.upload"));
  const made = element("form.card",
    element("p", say("import.lead")),
    field(say("import.file"), file), remark(say("import.fileHint")),
    field(say("import.kind"), kind), field(say("import.source"), source), known, remark(say("import.sourceHint")),
    actionRow(send));
  onSubmit(made, send, async () => {
    const chosen = file.files?.[0];
    if (chosen) await begin(chosen, kind.value, source.value.trim());
  });
  return made;
}

/** @param {File} file @param {string} kind @param {string} source */
async function begin(file, kind, source) {
  const format = LINES.includes(file.name.split(".").at(-1)?.toLowerCase() ?? "") ? "json_lines" : "csv";
  const run = await post("/imports", { kind, format, source }, { key: newKey() });
  if (file.size > run.upload.most_bytes || !(await upload(run.upload, file))) throw new Error(say("import.notTaken"));
  await post(`${importPath(run.import_id)}/check`);
  location.hash = `#/import/${run.import_id}`;
}

/** @param {HTMLElement} place @param {AbortSignal} signal */
function list(place, signal) {
  const rows = people();
  return showPages(place, rows, {
    path: "/imports",
    name: "imports",
    add: (run) => rows.append(entry(run)),
    empty: say("import.none"),
    signal,
    sheet: { name: "imports", columns: ["import_id", "kind", "source", "state", "created_at", "created_by", "finished_at", "rows", "counts"] },
  });
}

/** @param {any} run */
const entry = (run) =>
  line(link(importTitle(run), `#/import/${run.import_id}`), stateName(run.state), small(dayAndTime(run.created_at), whoBegan(run)));
