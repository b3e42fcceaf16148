"""The client list: tabs and counts; a client's history and receipts."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.domain.receipts import ReceiptState
from client_lifecycle.storage.table import Table
from tests.moto.conftest import Clock, Log
from tests.support.builders import (
    DAY,
    GROUP_ID,
    OTHER_PROVIDER_ID,
    STAFF_ID,
    client,
    one_of_each,
    reminder,
    stamp,
)
from tests.support.calls import ARCHIVER, MANAGER, get, pages, post
from tests.support.store import dump, store

FRONT_DESK = ARCHIVER
STRANGER = MANAGER | {"custom:provider_id": OTHER_PROVIDER_ID}


def test_a7_both_tabs_are_counted_all_or_of_one_group(table: Table) -> None:
    people = [client(f"active-{number}") for number in range(4)]
    people += [client(f"archived-{number}", stamp=stamp()) for number in range(4)]
    for one in [*people, client("elsewhere", provider_id=OTHER_PROVIDER_ID), client("member", group_id=GROUP_ID)]:
        store(table, one)
    assert get("/client-counts", claims=FRONT_DESK).body == {"active": 5, "archived": 4}
    assert get(f"/client-counts?group_id={GROUP_ID}").body == {"active": 1, "archived": 0}
    assert get("/client-counts?group_id=group-404").body == {"active": 0, "archived": 0}


# History and receipts


@pytest.fixture
def archived_twice(table: Table, clock: Clock) -> list[dict[str, Any]]:
    """The receipts of a client that was archived, came back, and was archived again, in that order."""
    store(table, client(), *one_of_each(), *(reminder(f"much-{number:03d}") for number in range(100)))
    first = post("/clients/client-1/archive", {"reason": "inactive", "note": "Moved to Lisbon"}).body["receipt"]
    clock.pass_by(DAY)
    post("/clients/client-1/activate", {"restore": ["reminders"]})
    clock.pass_by(DAY)
    second = post("/clients/client-1/archive", {}).body["receipt"]
    return [first, second]


def test_history_is_read_in_both_directions_page_by_page(archived_twice: list[dict[str, Any]]) -> None:
    newest_first, oldest_first = (
        [
            entry
            for page in pages(f"/clients/client-1/history?order={order}&limit=2", claims=FRONT_DESK)
            for entry in page["entries"]
        ]
        for order in ("newest", "oldest")
    )
    assert oldest_first == newest_first[::-1]
    assert get("/clients/client-1/history").body["entries"] == newest_first
    told = [(entry["event"], entry["by"]["source"], entry["by"]["actor_id"]) for entry in oldest_first]
    assert told == [(event, "staff", STAFF_ID) for event in ("client.archived", "client.activated", "client.archived")]
    assert oldest_first[0]["options"]["note"] == "Moved to Lisbon"


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_receipts_come_whole_the_newest_first(archived_twice: list[dict[str, Any]], limit: int) -> None:
    read = list(pages(f"/clients/client-1/receipts?limit={limit}", claims=FRONT_DESK))
    receipts = [receipt for page in read for receipt in page["receipts"]]
    assert receipts == archived_twice[::-1]
    assert len(read) == (2 if limit == 1 else 1)
    assert {receipt["state"] for receipt in receipts} == {ReceiptState.SETTLED}


def test_one_receipt_is_read_by_its_archive(archived_twice: list[dict[str, Any]]) -> None:
    for receipt in archived_twice:
        assert get(f"/clients/client-1/receipts/{receipt['archive_id']}", claims=FRONT_DESK).body == receipt


@pytest.mark.parametrize("part", ["", "/permissions", "/history", "/receipts", "/receipts/01KJPZ"])
@pytest.mark.parametrize(("client_id", "claims"), [("client-404", ARCHIVER), ("client-1", STRANGER)])
def test_what_belongs_to_an_unknown_or_foreign_client_is_not_found(
    table: Table, part: str, client_id: str, claims: dict[str, Any]
) -> None:
    store(table, client())
    answer = get(f"/clients/{client_id}{part}", claims=claims)
    assert (answer.status, answer.problem, answer.fields) == (404, "ClientNotFound", ["client_id"])


def test_a_receipt_that_is_not_there_is_a_problem_that_names_archive_id(table: Table) -> None:
    store(table, client())
    answer = get("/clients/client-1/receipts/01KJPZ")
    assert (answer.status, answer.problem, answer.fields) == (404, "ReceiptNotFound", ["archive_id"])


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/clients?status=gone", "status"),
        ("/clients?limit=101", "limit"),
        ("/clients/client-1/history?order=random", "order"),
        ("/clients/client-1/history?limit=0", "limit"),
        ("/clients/client-1/receipts?limit=21", "limit"),
        ("/clients/client%231/history", "client_id"),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_name(table: Table, address: str, field: str) -> None:
    answer = get(address)
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", [field])


@pytest.mark.parametrize("address", ["/clients", "/client-counts", "/clients/client-1/history", "/clients/client-1"])
def test_reading_needs_a_provider(table: Table, address: str) -> None:
    assert get(address, claims={"sub": STAFF_ID}).problem == "NotPermitted"


def test_no_read_writes_and_no_log_tells_whom_or_what_was_sought(
    table: Table, archived_twice: list[dict[str, Any]], log: Log
) -> None:
    before = dump(table)
    for address in ("?q=wren", "?q=wren.client-1@", "?cursor=x", "/client-1/history", "/client-1/receipts"):
        get(f"/clients{address}")
    for q in ("wren", "wren.client-1@", "w" * 255):
        post("/clients/_search", {"q": q})
    get("/clients/client-404/permissions")
    assert dump(table) == before
    assert len(log.lines) == 5
    assert not [word for word in ("wren", "www", "fairbrook", "@", "lisbon", "q=") if word in log.text.casefold()]
