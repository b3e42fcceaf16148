"""Events as the table tells them: the history, the receipts, the answers to other systems and the runs are the outbox.

An event that is read again from there has the id it had the first time, so those who have it drop it. A run tells only
of the state it is in; the stages before are not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from client_lifecycle.domain.errors import UnreadableRecord
from client_lifecycle.domain.events import Event
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import from_item, to_item
from client_lifecycle.storage.event_bus import EVENTS_PER_PUT, EventBus
from client_lifecycle.storage.stream import INSERT, StreamRecord, events_of
from client_lifecycle.storage.table import Table
from operations.stack import OperationFailed

Progress = Callable[[int, int], None]

TELLS = (
    "begins_with(pk, :booking) OR begins_with(pk, :records) OR begins_with(sk, :history) OR begins_with(sk, :receipt)"
    " OR begins_with(sk, :restore) OR sk = :run"
)
PREFIXES = {
    ":booking": keys.BOOKING_PREFIX,
    ":records": keys.RECORDS_PREFIX,
    ":history": keys.HISTORY_PREFIX,
    ":receipt": keys.RECEIPT_PREFIX,
    ":restore": keys.RESTORE_PREFIX,
    ":run": keys.RUN_SK,
}


@dataclass
class Told:
    """Events, and the keys of items that cannot be read."""

    events: list[Event] = field(default_factory=list)
    unreadable: list[keys.Key] = field(default_factory=list)

    def read(self, record: StreamRecord, is_wanted: Callable[[Event], bool] = lambda _event: True) -> None:
        """Add what a write tells, as far as it is wanted."""
        try:
            self.events += filter(is_wanted, events_of(record))
        except UnreadableRecord:
            self.unreadable.append(record.key)


def events_between(table: Table, since: datetime, until: datetime, progress: Progress) -> Told:
    """Read the events of a time span from the table, by time; the whole table is scanned, and no other event is held.

    Args:
        table: where they are told.
        since: the first moment.
        until: the moment before which the span ends.
        progress: told how many items of about how many were read.
    """
    total = table.client.describe_table(TableName=table.name)["Table"].get("ItemCount", 0)
    pages = table.client.get_paginator("scan").paginate(
        TableName=table.name,
        ConsistentRead=True,
        FilterExpression=TELLS,
        ExpressionAttributeValues=to_item(PREFIXES),
    )
    told, scanned = Told(), 0
    for page in pages:
        for item in page["Items"]:
            told.read(as_written(item), lambda event: since <= event.time < until)
        scanned += page["ScannedCount"]
        progress(scanned, max(scanned, total))
    told.events.sort(key=lambda one: one.time)
    return told


def event_of_item(table: Table, key: keys.Key) -> Told:
    """Read the events that one item tells; none if there is no such item any more."""
    answer = table.client.get_item(TableName=table.name, Key=to_item(key), ConsistentRead=True)
    told = Told()
    if "Item" in answer:
        told.read(as_written(answer["Item"]))
    return told


def as_written(item: dict[str, Any]) -> StreamRecord:
    """Return an item as the stream told it when it was written."""
    key = from_item({name: item[name] for name in ("pk", "sk")})
    return StreamRecord(
        sequence_number="", stream_arn="", kind=INSERT, key={"pk": key["pk"], "sk": key["sk"]}, before={}, after=item
    )


def put_on(bus: EventBus, events: Sequence[Event], progress: Progress) -> None:
    """Put events on the bus, in their order.

    Raises:
        OperationFailed: the bus refused one; the message tells from when on to continue.
    """
    for start in range(0, len(events), EVENTS_PER_PUT):
        chunk = events[start : start + EVENTS_PER_PUT]
        if refused := bus.put(chunk):
            first = min(refused)
            raise OperationFailed(
                f"The bus refused an event ({refused[first]}). Continue with --since {chunk[first].time.isoformat()}"
            )
        progress(start + len(chunk), len(events))
