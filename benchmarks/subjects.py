"""Clients to measure with: as many live records as a measure names, the same in three tables.

One table is this project's, one is for the same calls in bare botocore, one is the user's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.engine import as_shipped, fresh_table
from benchmarks.meter import Call, Spent, again, measure, typical
from benchmarks.plain import Plain, make_plain
from benchmarks.rows import Row
from benchmarks.timeline import Timeline, in_order
from client_lifecycle.domain.client import Cause, Client, Door, Source
from client_lifecycle.domain.records import (
    Appointment,
    ChatKind,
    FeedEntry,
    Membership,
    Payment,
    Record,
    Reminder,
)
from client_lifecycle.storage.clients import address_item, client_item, record_item, word_items
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from local.ministack import LocalAws

PROVIDER_ID = "prov-benchmark"
BY_STAFF = Cause(source=Source.STAFF, actor_id="staff-benchmark", through=Door.API)
DAY = timedelta(days=1)
Work = Callable[[], object]


def client_of(number: int, at: datetime, **fields: Any) -> Client:
    """Return an active client."""
    values: dict[str, Any] = {
        "provider_id": PROVIDER_ID,
        "client_id": f"client-{number:06}",
        "name": f"Sam Sample {number:06}",
        "email": f"sam.{number:06}@example.org",
        "added_at": at - 400 * DAY,
        "currency": "USD",
    }
    return Client(**values | fields)


def commitments(number: int, at: datetime, appointments: int = 7, payments: int = 3) -> list[Record]:
    """Return appointments and payments that are ahead, in slots of the client's own."""
    first = at + DAY + timedelta(hours=number)
    return [
        *(
            Appointment(record_id=f"appt-{number}-{nth}", starts_at=first + nth * 7 * DAY, duration_minutes=50)
            for nth in range(appointments)
        ),
        *(
            Payment(record_id=f"pay-{number}-{nth}", due_at=first + nth * 7 * DAY, amount_cents=6_000, currency="USD")
            for nth in range(payments)
        ),
    ]


def usual_records(number: int, at: datetime) -> list[Record]:
    """Return what is usually live of a client: appointments, payments, a chat, lines of the feed, a reminder."""
    return [
        *commitments(number, at, appointments=3, payments=2),
        Membership(record_id=f"chat-{number % 7}", chat_kind=ChatKind.GROUP, joined_at=at - 100 * DAY),
        *(FeedEntry(record_id=f"feed-{nth}", subject="Reached a goal", created_at=at - nth * DAY) for nth in range(2)),
        Reminder(record_id=f"reminder-{number}", goal_id="goal-water", remind_at=at + DAY),
    ]


@dataclass(frozen=True)
class Bench:
    """Three tables with the same clients, and the present moment."""

    ours: Tenant
    bare: Table
    plain: Plain
    at: datetime

    @property
    def dynamodb(self) -> Any:
        """The client that this project's table is asked through, as functions have it."""
        return self.ours.table.client

    def load(self, clients: Sequence[tuple[Client, Sequence[Record]]], *, plainly: bool = True) -> None:
        """Put clients with their records into all three tables, or into all except the user's own."""
        for table in (self.ours.table, self.bare):
            table.put_many([item for known, records in clients for item in _items(known, records)])
        for known, records in clients if plainly else ():
            self.plain.load(known, records, self.at)

    def follow(self, work: Work) -> None:
        """Do something that is not measured, and the same in the table for bare calls."""
        _, calls = measure(self.dynamodb, work)
        self.floor(calls)

    def floor(self, calls: Sequence[Call]) -> Spent:
        """Make the same calls in bare botocore."""
        return again(self.bare.client, calls, self.ours.table.name, self.bare.name)

    def instead(self, work: Work, timeline: Timeline | None = None) -> Spent:
        """Do what a user would do instead."""
        spent, _ = measure(self.plain.client, work, timeline)
        return spent


def _items(known: Client, records: Sequence[Record]) -> Iterator[dict[str, Any]]:
    yield client_item(known)
    yield address_item(known)
    yield from word_items(known)
    for record in records:
        yield record_item(Keys(known.provider_id), known.client_id, record)


@contextmanager
def bench(aws: LocalAws) -> Iterator[Bench]:
    """Make three empty tables, and drop them when the block ends."""
    plain = make_plain(aws.dynamodb)
    try:
        with fresh_table(aws) as ours, fresh_table(aws) as bare:
            yield Bench(Tenant(as_shipped(aws, ours), PROVIDER_ID), bare, plain, datetime.now(UTC))
    finally:
        aws.dynamodb.delete_table(TableName=plain.name)


@dataclass
class Comparison:
    """One measure, taken again and again, each time in turn by this project, in bare botocore, and plainly."""

    bench: Bench
    timeline: Timeline = field(default_factory=Timeline)
    ours: list[Spent] = field(default_factory=list)
    floor: list[Spent] = field(default_factory=list)
    instead: list[Spent] = field(default_factory=list)

    def add(self, ours: Work, plain: Work | None = None) -> None:
        """Measure again."""
        with in_order(self.timeline):
            spent, calls = measure(self.bench.dynamodb, ours, self.timeline)
        self.ours.append(spent)
        self.floor.append(self.bench.floor(calls))
        if plain:
            self.instead.append(self.bench.instead(plain, self.timeline))

    def row(self, name: str, note: str | None = None) -> Row:
        """Return the typical piece of work of each way."""
        instead = typical(self.instead) if self.instead else None
        return Row(name, typical(self.ours), typical(self.floor), instead, note)
