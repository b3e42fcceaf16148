/** What became of the rows of an import, or would become of them, with the first rows of each kind. */

import { client } from "../../api.js";
import { element, link } from "../../dom.js";
import { counted, fieldName, joined, rowOutcome, rowReason, say } from "../../words.js";

/** @param {any} run */
export function outcomes(run) {
  const items = counted(run.counts).map(([outcome, n]) => item(rowOutcome(outcome, n), run.first[outcome] ?? [], n));
  const lead = run.phase === "check" ? say("import.checked", { n: run.rows }) : say("import.ended", { n: run.rows });
  return [element("p", lead), element("ul.rows.card", ...items)];
}

/** @param {string} sentence @param {any[]} first @param {number} n */
function item(sentence, first, n) {
  if (!first.length) return element("li", sentence);
  const rest = n - first.length;
  const rows = element("ul", ...first.map((result) => element("li", ...rowSentence(result))), rest > 0 && element("li", say("andMore", { n: rest })));
  return element("li", element("details", { open: true }, element("summary", sentence), rows));
}

/** @param {any} result */
function rowSentence(result) {
  const facts = [
    say("import.row", { row: result.row }),
    result.external_id && say("import.id", { id: result.external_id }),
    result.field && fieldName(result.field),
    result.of_row && say("import.repeats", { row: result.of_row }),
    result.reason && rowReason(result.reason),
  ];
  const who = result.client_id && link(say("import.who"), `#${client(result.client_id)}`, { target: "_blank" });
  return [joined(facts), who ? " · " : "", who ?? ""];
}
