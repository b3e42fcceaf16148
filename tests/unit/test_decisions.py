"""Decisions: docs/decisions holds one numbered record each, and an index that agrees with them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DECISIONS = Path(__file__).resolve().parents[2] / "docs" / "decisions"
RECORDS = sorted(DECISIONS.glob("[0-9]*.md"))
INDEX = (DECISIONS / "README.md").read_text(encoding="utf-8")
RECORD = re.compile(
    r"# (?P<number>\d{4}) (?P<title>[^\n]+)\n\n"
    r"\d{4}-\d{2}-\d{2}\. Status: (?P<status>accepted|superseded by \[(?P<by>\d{4})\]\((?P<link>[^)]+)\))\.\n\n"
    r"\*\*Context\.\*\* .+\n\n\*\*Decision\.\*\* .+\n\n\*\*Consequences\.\*\* .+\n",
    re.DOTALL,
)
INDEXED = re.findall(r"^(?:· )?(~~)?\[(\d{4} [^\n]+?)\]\(([^)]+)\)", INDEX, re.MULTILINE)


def parsed(path: Path) -> re.Match[str]:
    found = RECORD.fullmatch(path.read_text(encoding="utf-8"))
    assert found, f"{path.name} has not the form of a record"
    return found


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name[:4])
def test_a_record_has_the_form_and_the_file_name_of_its_title(path: Path) -> None:
    record = parsed(path)
    assert path.name == f"{record['number']}-{slug(record['title'])}.md"


def test_records_are_numbered_from_1_without_gap() -> None:
    assert [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1))


def test_a_superseded_record_names_the_later_one_in_its_place() -> None:
    superseded = [record for record in map(parsed, RECORDS) if record["by"]]
    assert superseded
    for record in superseded:
        assert record["link"].startswith(f"{record['by']}-")
        assert DECISIONS / record["link"] in RECORDS
        assert record["by"] > record["number"]


def test_the_index_holds_each_record_once_and_strikes_superseded_ones() -> None:
    wanted = {(bool(record["by"]), f"{record['number']} {record['title']}") for record in map(parsed, RECORDS)}
    assert {(bool(struck), text) for struck, text, _ in INDEXED} == wanted
    assert sorted(link for _, _, link in INDEXED) == [path.name for path in RECORDS]
