"""Documents agree with the code, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from client_lifecycle.domain.bookings import BookingRefusal
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.runs import FINISHED, RunState, finish, stopping
from tests.support.builders import NOW, STAFF_ID, run

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("[a-z]*/README.md")])
PICTURES = re.findall(
    r"```mermaid\n(.+?)```", (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8"), re.DOTALL
)
RUN_PICTURE, BOOKING_PICTURE = PICTURES
MOVES = re.findall(r"^ +(\S+) --> (\w+): (.+)$", RUN_PICTURE, re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    text = re.sub(r"`[^`\n]+`", "", document.read_text(encoding="utf-8"))
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    for path, _, heading in (link.partition("#") for link in links):
        target = document.parent / path if path else document
        assert target.exists(), path
        if heading:
            assert heading in headings(target)


def test_rules_that_code_and_tests_name_are_in_the_rules() -> None:
    known = set(
        re.findall(r"^\| ([A-Z]\d+) \|", (ROOT / "docs" / "rules.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    kinds = "".join(sorted({rule[0] for rule in known}))
    modules = [path for folder in ("layers", "functions", "tests") for path in (ROOT / folder).rglob("*.py")]
    found = {rule for path in modules for rule in re.findall(rf"\(([{kinds}]\d+)\b", path.read_text(encoding="utf-8"))}
    assert found
    assert found <= known


def test_no_docstring_cites_a_document_that_is_not_here() -> None:
    modules = [path for folder in ("layers", "functions", "local", "tests") for path in (ROOT / folder).rglob("*.py")]
    cited = re.compile(r"\b(?:RULES|DESIGN|ENGINEERING)(?:\.md\b| [A-Z]\d|, the\b)")
    assert not [path.name for path in modules if cited.search(path.read_text(encoding="utf-8"))]


def headings(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in found}


def moves(by: str) -> set[tuple[str, str]]:
    return {(before, after) for before, after, who in MOVES if who.startswith(by)}


def test_the_picture_of_a_run_has_every_state_it_can_be_in() -> None:
    assert {after for _, after, _ in MOVES} == set(RunState)


def test_the_picture_tells_which_runs_staff_can_stop() -> None:
    pairs = {(state, stopping(run(state=state), STAFF_ID, NOW).state) for state in RunState}
    assert moves("staff stop") == {(before, after) for before, after in pairs if before != after}


def test_the_picture_tells_how_a_run_can_end() -> None:
    outcomes = (Outcome.ARCHIVED, Outcome.FAILED, Outcome.ACTIVATED_IN_PART)
    ends = {
        (state, finish(run(state=state, counts=dict.fromkeys(Outcome, 0) | {outcome: 1}), NOW).state)
        for state in (RunState.RUNNING, RunState.STOPPING)
        for outcome in outcomes
    }
    assert moves("workflow, last step") == ends
    assert {after for _, after in ends} == FINISHED


def test_the_picture_of_a_booking_has_every_reason_to_refuse_it() -> None:
    assert not [reason for reason in BookingRefusal if reason not in BOOKING_PICTURE]


THREATS = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
CITED = re.findall(r"`((?:unit|moto|ministack|proof)/\w+\.py)::(\w+)`", THREATS)


def test_each_threat_is_stopped_by_what_a_test_shows() -> None:
    rows = re.findall(r"^\| (?!who )[^\n]+ \|$", THREATS, re.MULTILINE)
    assert [row for row in rows if "::" not in row] == []
    assert len(rows) >= 15


@pytest.mark.parametrize(("file", "name"), CITED, ids=[name for _, name in CITED])
def test_a_test_that_the_threat_model_cites_exists(file: str, name: str) -> None:
    source = (ROOT / "tests" / file).read_text(encoding="utf-8")
    assert re.search(rf"^ *def {name}\(", source, re.MULTILINE)
