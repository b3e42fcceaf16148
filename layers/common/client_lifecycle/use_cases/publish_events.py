"""Publish what the table's stream tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from client_lifecycle.domain.errors import UnreadableRecord
from client_lifecycle.domain.events import Event
from client_lifecycle.storage.event_bus import EVENTS_PER_PUT, DeadLetters, EventBus
from client_lifecycle.storage.stream import StreamRecord, events_of, stream_record


class Unread(Struct, frozen=True):
    """A write that was set aside, and why."""

    record: StreamRecord
    fault: UnreadableRecord


class Published(Struct, frozen=True, kw_only=True):
    """What became of a batch of the stream.

    ``events`` are those that the bus took. ``again_from`` is the first write with an event that it did not take, for
    ``reason``. Nothing after it counts as published: it is delivered again from there on, so that the order of a
    client's events is kept.
    """

    events: tuple[Event, ...]
    unread: tuple[Unread, ...]
    again_from: StreamRecord | None = None
    reason: str | None = None


def publish(bus: EventBus, dead_letters: DeadLetters, delivered: Sequence[Mapping[str, Any]]) -> Published:
    """Put the events of a batch of writes on the bus, in their order.

    A write that cannot be understood is set aside at once, for it must not hold up those behind it.

    Args:
        bus: where events go.
        dead_letters: where writes go that cannot be understood.
        delivered: the writes as Lambda delivers them, in the order of the stream.
    """
    waiting: list[tuple[StreamRecord, Event]] = []
    unread: list[Unread] = []
    for record in [stream_record(one) for one in delivered]:
        try:
            waiting += [(record, event) for event in events_of(record)]
        except UnreadableRecord as fault:
            dead_letters.put(_letter(record, fault))
            unread.append(Unread(record, fault))
    for start in range(0, len(waiting), EVENTS_PER_PUT):
        chunk = waiting[start : start + EVENTS_PER_PUT]
        if refused := bus.put([event for _, event in chunk]):
            first = min(refused)
            taken = [event for index, (_, event) in enumerate(chunk) if index not in refused]
            return Published(
                events=(*(event for _, event in waiting[:start]), *taken),
                unread=tuple(unread),
                again_from=chunk[first][0],
                reason=refused[first],
            )
    return Published(events=tuple(event for _, event in waiting), unread=tuple(unread))


def _letter(record: StreamRecord, fault: UnreadableRecord) -> dict[str, Any]:
    """Tell where a write is in the stream and in the table, and what is wrong with it; nothing of what it holds."""
    return {
        "error": type(fault).__name__,
        "cause": str(fault),
        "stream_arn": record.stream_arn,
        "sequence_number": record.sequence_number,
        "key": record.key,
    }
