"""GET /clients.csv: both tabs, in as many answers as it takes, and nothing that a spreadsheet would calculate."""

from __future__ import annotations

import csv
import io
import re

import pytest

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.storage.table import Table
from client_lifecycle.use_cases.queries import exports
from tests.support.builders import GROUP_ID, NOW, client, stamp
from tests.support.calls import READER, STRANGER, get
from tests.support.store import store


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_each_tab_is_exported_by_name(table: Table) -> None:
    store(table, client("client-2", name='Bo; "B"\nLind', group_id=GROUP_ID))
    store(table, client("client-1", name="Åsa, Ek"))
    store(table, client("client-3", name="Cy", stamp=stamp(reason=ArchiveReason.MOVED_AWAY)))
    answer = get("/clients.csv", claims=READER)
    assert (answer.content_type, answer.headers["Cache-Control"]) == ("text/csv; charset=utf-8", "no-store")
    assert [(one["client_id"], one["name"], one["group_id"]) for one in rows(answer.body)] == [
        ("client-1", "Åsa, Ek", ""),
        ("client-2", 'Bo; "B"\nLind', GROUP_ID),
    ]
    assert (answer.audit["clients_shown"], answer.audit["clients_shown_count"]) == ("client-1 client-2", 2)
    [archived] = rows(get("/clients.csv?status=archived").body)
    assert (archived["archived_at"], archived["archive_reason"]) == (NOW.isoformat(), "moved_away")


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)"])
def test_a_name_that_would_be_a_formula_is_quoted(table: Table, name: str) -> None:
    store(table, client(name=name))
    assert [one["name"] for one in rows(get("/clients.csv").body)] == [f"'{name}"]


def test_what_does_not_fit_in_one_answer_follows_by_its_link(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CLIENTS_PER_READ", 2)
    monkeypatch.setattr(exports, "ENOUGH_BYTES", 1)
    for number in range(5):
        store(table, client(f"client-{number}", name=f"Name {number}"))
    joined, address, answers = "", "/clients.csv?status=active", 0
    while address:
        answer = get(address)
        joined, answers = joined + answer.body, answers + 1
        following = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("Link", ""))
        address = f"/{following[1]}" if following else ""
    assert [one["client_id"] for one in rows(joined)] == [f"client-{number}" for number in range(5)]
    assert answers == 3


def test_another_practice_s_clients_are_not_exported(table: Table) -> None:
    store(table, client())
    assert rows(get("/clients.csv", claims=STRANGER).body) == []
