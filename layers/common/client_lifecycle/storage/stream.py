"""Reads the table's stream: which events a write gives rise to.

The history, the receipts and the answers to other systems are the outbox. They are written in the same transaction as
what they tell of, so there is no event without its write and no write without its event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from client_lifecycle.domain.bookings import BookingAnswer
from client_lifecycle.domain.events import (
    Event,
    Origin,
    answer_event,
    change_events,
    history_event,
    left_alone_events,
    practice_event,
    records_refused_event,
    run_event,
)
from client_lifecycle.domain.intake_answers import RefusedOnTheBus
from client_lifecycle.domain.practice_history import PracticeEntry
from client_lifecycle.domain.receipts import HistoryEntry, Receipt
from client_lifecycle.storage import keys
from client_lifecycle.storage.archives import ReceiptPart, RestoredWithLine
from client_lifecycle.storage.attributes import Plain, from_item
from client_lifecycle.storage.packed_changes import unpacked
from client_lifecycle.storage.runs import run_from
from client_lifecycle.storage.values import from_plain, unreadable

INSERT = "INSERT"
MODIFY = "MODIFY"


class StreamRecord(Struct, frozen=True, kw_only=True):
    """One write as the stream tells it: the item's key, and the item before and after."""

    sequence_number: str
    stream_arn: str
    kind: str
    key: keys.Key
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def stream_record(delivered: Mapping[str, Any]) -> StreamRecord:
    """Read a record as Lambda delivers it."""
    write = delivered["dynamodb"]
    key = from_item(write["Keys"])
    return StreamRecord(
        sequence_number=write["SequenceNumber"],
        stream_arn=delivered["eventSourceARN"],
        kind=delivered["eventName"],
        key={"pk": key["pk"], "sk": key["sk"]},
        before=write.get("OldImage", {}),
        after=write.get("NewImage", {}),
    )


def events_of(record: StreamRecord) -> tuple[Event, ...]:
    """Return the events of a write, in their order; most writes have none.

    Raises:
        UnreadableRecord: it must have events, but is not of a form that this version knows. Another try would not help.
    """
    try:
        return _events(record)
    except (LookupError, TypeError, ValueError) as error:
        raise unreadable(record.key) from error


def _events(record: StreamRecord) -> tuple[Event, ...]:
    if record.key["pk"].startswith((keys.BOOKING_PREFIX, keys.RECORDS_PREFIX)):
        return _answer_events(record)
    sort_key = record.key["sk"]
    if sort_key == keys.RUN_SK and record.kind in (INSERT, MODIFY):
        return _run_events(record)
    if record.kind != INSERT:
        return ()
    if record.key["pk"].startswith(keys.PRACTICE_PREFIX):
        line = from_plain(PracticeEntry, from_item(record.after))
        return _one(practice_event(record.key["pk"].removeprefix(keys.PRACTICE_PREFIX), line))
    if sort_key.startswith(keys.HISTORY_PREFIX):
        return _history_events(record)
    if sort_key.startswith((keys.RECEIPT_PREFIX, keys.RESTORE_PREFIX)):
        return _change_events(record)
    return ()


def _answer_events(record: StreamRecord) -> tuple[Event, ...]:
    if record.kind != INSERT:
        return ()
    what, _, provider_id = record.key["pk"].partition("#")
    if f"{what}#" == keys.RECORDS_PREFIX:
        return (records_refused_event(provider_id, from_plain(RefusedOnTheBus, from_item(record.after))),)
    return (answer_event(provider_id, from_plain(BookingAnswer, from_item(record.after))),)


def _run_events(record: StreamRecord) -> tuple[Event, ...]:
    before = run_from(from_item(record.before)) if record.before else None
    return _one(run_event(before, run_from(from_item(record.after))))


def _history_events(record: StreamRecord) -> tuple[Event, ...]:
    """Return the event of a line, and those of what was taken back when its client came back."""
    plain = unpacked(from_item(record.after))
    entry, restored = from_plain(HistoryEntry, plain), from_plain(RestoredWithLine, plain)
    provider_id, client_id = keys.provider_and_client(record.key["pk"])
    told = _one(history_event(provider_id, client_id, entry))
    if not restored.changes:
        return told
    origin = Origin(
        provider_id=provider_id,
        client_id=client_id,
        archive_id=restored.archive_id,
        at=entry.at,
        run_id=entry.cause.run_id,
        part_id=entry.history_id,
    )
    return told + change_events(restored.changes, origin)


def _change_events(record: StreamRecord) -> tuple[Event, ...]:
    provider_id, client_id = keys.provider_and_client(record.key["pk"])
    prefix, archive_id, *rest = record.key["sk"].split("#", 2)
    plain = unpacked(from_item(record.after))
    is_restore = f"{prefix}#" == keys.RESTORE_PREFIX
    part = from_plain(ReceiptPart, plain) if rest or is_restore else _head(plain)
    origin = Origin(
        provider_id=provider_id,
        client_id=client_id,
        archive_id=archive_id,
        at=part.at,
        run_id=part.run_id,
        notify_client=part.notify_client,
        part_id=rest[0] if rest and "#" not in rest[0] else None,
    )
    return change_events(part.changes, origin) + left_alone_events(part.left_alone, origin)


def _one(event: Event | None) -> tuple[Event, ...]:
    return (event,) if event else ()


def _head(plain: Plain) -> ReceiptPart:
    receipt = from_plain(Receipt, plain)
    return ReceiptPart(
        at=receipt.archived_at,
        run_id=receipt.cause.run_id,
        notify_client=receipt.options.notify_client,
        changes=receipt.changes,
        left_alone=receipt.left_alone,
    )
