"""What tells writes without an author from those with one; the tests of the functions ask it of every write."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.storage.attributes import to_item
from client_lifecycle.storage.items import check, delete, put, put_new, update
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.values import to_plain
from tests.support import authors
from tests.support.builders import GROUP_ID, NOW, PROVIDER_ID, cause

OWN = Keys(PROVIDER_ID)
SETTINGS = put_new("table", OWN.settings(), {"undo_window_days": 3})
LINE = HistoryEntry(history_id="history-1", at=NOW, event=HistoryEvent.CHANGED, cause=cause())
SIGNED = put_new("table", OWN.history_entry("client-1", "history-1"), to_plain(LINE))
NOBODYS = put_new("table", OWN.history_entry("client-1", "history-1"), {"at": "now"})
RECORD = {"pk": f"CLIENT#{PROVIDER_ID}#client-1", "sk": "PAYMENT#pay-1"}


def found(*writes: Any) -> list[str]:
    authors.look_at("TransactWriteItems", {"TransactItems": list(writes)})
    return authors.without_author()


@pytest.mark.parametrize(
    ("writes", "kinds"),
    [
        ([SETTINGS], ["PROVIDER SETTINGS"]),
        ([delete("table", OWN.group(GROUP_ID))], ["PROVIDER GROUP"]),
        ([update("table", OWN.client("client-1"), {"name": "Else"}, {})], ["CLIENT CLIENT"]),
        ([update("table", OWN.run("run-1"), {"state": "running", "confirmed_by": "x"}, {})], ["RUN RUN"]),
        ([update("table", OWN.run("run-1"), {"state": "running"}, {"state": "proposed"})], ["RUN RUN"]),
        ([update("table", OWN.run("run-1"), {"state": "completed"}, {})], ["RUN RUN"]),
        ([update("table", OWN.import_run("i-1"), {"state": "stopped"}, {"state": "checked"})], ["IMPORT IMPORT"]),
        ([put("table", {**RECORD, "status": "scheduled"})], ["CLIENT PAYMENT"]),
        ([NOBODYS], ["CLIENT HISTORY"]),
    ],
    ids=lambda value: value[0] if isinstance(value[0], str) else "",
)
def test_a_write_that_says_not_whose_it_is_is_found(writes: list[Any], kinds: list[str]) -> None:
    assert [" ".join(one.split()[:2]) for one in found(*writes)] == kinds


@pytest.mark.parametrize(
    "writes",
    [
        [SETTINGS, SIGNED],
        [put("table", {**RECORD, "source": "billing", "status": "scheduled"})],
        [update("table", RECORD, {"source_version": 2, "status": "charged"}, {})],
        [update("table", OWN.settings(), {"due_since": "later"}, {})],
        [check("table", OWN.settings(), "attribute_exists(pk)")],
        [update("table", OWN.run("run-1"), {"state": "completed"}, {"state": "running"})],
        [update("table", OWN.import_run("i-1"), {"state": "stopped"}, {"state": "stopping"})],
    ],
    ids=["a line", "a source", "a source's next version", "a lease", "a check", "a run's end", "an import's end"],
)
def test_a_write_with_an_author_or_a_reason_is_let_be(writes: list[Any]) -> None:
    assert found(*writes) == []


def test_single_writes_and_batches_are_looked_at_too() -> None:
    item = to_item({**OWN.settings(), "undo_window_days": 3})
    authors.look_at("PutItem", {"TableName": "table", "Item": item})
    authors.look_at("BatchWriteItem", {"RequestItems": {"table": [{"PutRequest": {"Item": item}}]}})
    assert len(authors.without_author()) == 2


def test_every_kind_that_needs_no_author_says_why() -> None:
    assert all(len(unsigned.reason) > 10 for unsigned in authors.UNSIGNED.values())
