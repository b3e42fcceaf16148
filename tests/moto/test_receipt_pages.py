"""A receipt of any size is read by pages, bounded in number and in bytes, for Lambda answers with up to 6 MB."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from client_lifecycle.domain.effects import Change, LeftAlone, LeftAloneReason, all_effects
from client_lifecycle.domain.records import Record, RecordKind
from client_lifecycle.storage.archives import ReceiptPart
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.values import to_plain
from tests.support.builders import ARCHIVE_ID, NOW, PROVIDER_ID, appointment, client, feed_entry, receipt, stamp
from tests.support.calls import get, pages, post
from tests.support.store import store

RECEIPT = f"/clients/client-1/receipts/{ARCHIVE_ID}"
CHARGING = LeftAlone(kind=RecordKind.PAYMENT, record_id="pay-1", reason=LeftAloneReason.ALREADY_CHARGING)
MOST_BYTES = 4_000_000


def changes_of(records: Sequence[Record]) -> tuple[Change, ...]:
    return all_effects(records, NOW).changes


def appointments(count: int) -> tuple[Change, ...]:
    return changes_of([appointment(f"appointment-{number:05}") for number in range(count)])


def store_receipt(table: Table, *parts: Sequence[Change], archive_id: str = ARCHIVE_ID) -> None:
    """Store a receipt: the changes of its head, and those of each of its parts."""
    head, *later = parts
    items = [
        {
            **Keys(PROVIDER_ID).receipt("client-1", archive_id),
            **to_plain(replace(receipt(*head), archive_id=archive_id, left_alone=(CHARGING,))),
        }
    ]
    for changes in later:
        part = ReceiptPart(at=NOW, changes=tuple(changes), left_alone=(CHARGING,))
        items.append({**Keys(PROVIDER_ID).receipt_part("client-1", archive_id, f"{len(items):04}"), **to_plain(part)})
    table.put_many(items)


def ids(page: dict[str, Any]) -> list[str]:
    return [change["record_id"] for change in page["changes"]]


def written_bytes(document: object) -> int:
    """Return the size of an answer as Lambda hands it over: JSON inside JSON."""
    return len(json.dumps({"body": json.dumps(document)}))


@pytest.mark.parametrize("limit", [1, 7, 10, 25, 26, 1_000])
def test_a_receipt_is_read_by_pages_and_no_change_is_missed(table: Table, limit: int) -> None:
    store(table, client())
    changes = appointments(25)
    store_receipt(table, changes[:5], changes[5:15], changes[15:])
    read = list(pages(f"{RECEIPT}?limit={limit}"))
    assert [one for page in read for one in ids(page)] == [change.before.record_id for change in changes]
    assert {len(page["changes"]) for page in read[:-1]} <= {limit}
    assert read[0]["left_alone"] == [{**to_plain(CHARGING), "label": None}]
    assert {(page["archive_id"], page["state"]) for page in read} == {(ARCHIVE_ID, "settled")}


def test_every_answer_with_a_long_receipt_holds_its_first_page(table: Table) -> None:
    store(table, client(stamp=stamp()))
    changes = appointments(600)
    store_receipt(table, (), *(changes[start : start + 98] for start in range(0, 600, 98)))
    [listed] = get("/clients/client-1/receipts").body["receipts"]
    answered = post("/clients/client-1/archive", {}).body["receipt"]
    assert (listed["next_cursor"], answered["next_cursor"]) != (None, None)
    for first in (listed, answered):
        rest = get(f"{RECEIPT}?limit=1000&cursor={first['next_cursor']}").body
        assert ids(first) + ids(rest) == [change.before.record_id for change in changes]
        assert rest["next_cursor"] is None


def test_a_page_ends_before_it_gets_too_large(table: Table) -> None:
    store(table, client())
    entries = changes_of([feed_entry(f"feed-{number}", subject="\x01" * 150_000) for number in range(5)])
    store_receipt(table, (), *([change] for change in entries))
    read = list(pages(f"{RECEIPT}?limit=1000"))
    assert [one for page in read for one in ids(page)] == [f"feed-{number}" for number in range(5)]
    assert len(read) == 5
    assert max(map(written_bytes, read)) < MOST_BYTES


def test_a_page_of_large_receipts_is_short_and_none_is_missed(table: Table) -> None:
    store(table, client())
    archive_ids = [f"01KJPZ00000000000000000{number:03}" for number in range(14)]
    for archive_id in archive_ids:
        store_receipt(table, changes_of([feed_entry(subject="x" * 150_000)]), archive_id=archive_id)
    read = list(pages("/clients/client-1/receipts?limit=20"))
    assert [one["archive_id"] for page in read for one in page["receipts"]] == archive_ids[::-1]
    assert len(read) > 1
    assert max(map(written_bytes, read)) < MOST_BYTES


def test_the_beginning_of_an_archive_id_names_no_archive(table: Table) -> None:
    store(table, client())
    store_receipt(table, appointments(1))
    shorter = RECEIPT[:-3]
    assert get(shorter).problem == "ReceiptNotFound"
    assert post(f"{shorter}/restore", {}).problem == "ReceiptNotFound"


def test_a_cursor_of_another_receipt_is_refused(table: Table) -> None:
    store(table, client())
    for archive_id in (ARCHIVE_ID, ARCHIVE_ID[:-1] + "2"):
        store_receipt(table, appointments(3), archive_id=archive_id)
    cursor = get(f"{RECEIPT}?limit=1").body["next_cursor"]
    assert get(f"{RECEIPT[:-1]}2?cursor={cursor}").fields == ["cursor"]


def test_a_restore_names_its_first_items_and_counts_all(table: Table) -> None:
    changes = appointments(600)
    store(table, client(stamp=stamp()), *(change.before for change in changes))
    store_receipt(table, changes)
    answer = post("/clients/client-1/activate", {"restore": ["appointments"]}).body
    assert [one["record_id"] for one in answer["restored"]] == [one.before.record_id for one in changes[:500]]
    assert answer["counts"] == {"restored": 600}
