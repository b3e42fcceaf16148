"""A small practice on a real engine, under a clock and dice of the test's own, and a witness to all that happens to it.

The witness looks at every client and run that a transaction has touched, right after it, and holds the invariants.
"""

from __future__ import annotations

import logging
import random
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import ulid

from client_lifecycle.domain.bookings import BookedBy, Booking
from client_lifecycle.domain.client import Client
from client_lifecycle.domain.records import PaymentStatus, Record
from client_lifecycle.domain.settings import PortalSettings
from client_lifecycle.edge import steps, wiring
from client_lifecycle.storage import keys
from client_lifecycle.storage import table as storage_table
from client_lifecycle.storage.table import Table
from local.tables import create_table
from tests.ministack.practice import put
from tests.proof import invariants
from tests.proof.invariants import ClientLook, Memory, RunLook, Step
from tests.proof.scheduler import Call
from tests.stored import write_group
from tests.unit.builders import (
    DAY,
    GROUP_ID,
    NOW,
    appointment,
    client,
    group,
    one_of_each,
    payment,
)

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

    from tests.proof.bulk import Batches

OTHER_GROUP_ID = "group-travel-well"
NO_SCHEDULING = "no-scheduling"
MANY_RECORDS = 100
FEWER_TRIES = 3


def plain_people() -> list[tuple[Client, list[Record]]]:
    """Three clients: one with a record of each kind, one with a payment in charge, one who may not book."""
    overlapping = appointment("appt-2", starts_at=NOW + DAY + timedelta(minutes=30))
    soon = appointment("soon", starts_at=NOW + timedelta(minutes=2))
    charging = payment("charging", status=PaymentStatus.CHARGING)
    off = PortalSettings(schedule_appointments=False)
    return [
        (client("plain", credit_cents=500, group_id=GROUP_ID), [*one_of_each(), soon]),
        (client("in-charge", owed_cents=7_500), [*one_of_each(), overlapping, charging]),
        (client(NO_SCHEDULING, settings=off), one_of_each()),
    ]


def person_with_many_records() -> tuple[Client, list[Record]]:
    """A client whose archive takes more than one transaction."""
    return client("many"), [*one_of_each(), *(payment(f"p-{number:03}") for number in range(MANY_RECORDS))]


@dataclass
class World:
    """A practice, its clock, and what was seen of it."""

    table: Table
    at: datetime = NOW
    people: list[Client] = field(default_factory=list)
    runs: list[Batches] = field(default_factory=list)
    bookings: dict[tuple[str, BookedBy], list[Booking]] = field(default_factory=dict)
    looks: dict[str, ClientLook] = field(default_factory=dict)
    run_looks: dict[str, RunLook] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    numbers: int = 0

    def settle_in(self, people: Iterable[tuple[Client, list[Record]]]) -> None:
        """Take in clients with their records, as they are before anything happens."""
        for who, records in people:
            self.people.append(put(self.table, who, records))
            partition = keys.client_partition(who.provider_id, who.client_id)
            self.looks[partition] = self._look(partition)

    def number(self) -> int:
        """Return a number that was not used in this world before."""
        self.numbers += 1
        return self.numbers

    def witness(self, call: Call | None) -> None:
        """Look at what a call has touched, if it was a transaction that was carried out.

        Raises:
            Broken: an invariant does not hold.
        """
        if call is None or call.name != "TransactWriteItems":
            return
        self.memory.moment += 1
        touched = sorted(set(_partitions(call)))
        for partition in (one for one in touched if one in self.looks):
            self._witness_client(partition)
        for partition in (one for one in touched if one.startswith("RUN#")):
            self._witness_run(partition)

    def _witness_client(self, partition: str) -> None:
        step = Step(self.looks[partition], self._look(partition))
        for holds_between in invariants.BETWEEN_TWO_MOMENTS:
            holds_between(step, self.memory)
        for holds in invariants.AT_EVERY_MOMENT:
            holds(step.after)
        self.looks[partition] = step.after

    def _witness_run(self, partition: str) -> None:
        items = {plain["sk"]: plain for plain in self.table.query("pk = :pk", {":pk": partition})}
        after = RunLook(items.pop(keys.RUN_SK), items)
        invariants.a_run_adds_up(after)
        if before := self.run_looks.get(partition):
            invariants.outcomes_are_given_once(before, after)
            invariants.an_outcome_is_true(before, after, self.looks)
        self.run_looks[partition] = after

    def at_rest(self) -> None:
        """Hold what must be so when everything has ended, the clean-up included."""
        self.look_again()
        invariants.every_archive_is_carried_out(self.looks.values())
        invariants.every_run_has_ended(self.run_looks.values())

    def look_again(self) -> None:
        """Look at every client, and hold what must always be so; also that nothing was written unseen."""
        looks = [self._look(partition) for partition in self.looks]
        seen = [look.items for look in self.looks.values()]
        invariants.hold(seen == [look.items for look in looks], "something was written that was not seen")
        for look in looks:
            for holds in invariants.AT_EVERY_MOMENT:
                holds(look)

    def _look(self, partition: str) -> ClientLook:
        items = {plain["sk"]: plain for plain in self.table.query("pk = :pk", {":pk": partition})}
        return ClientLook(items, self.at)


def _partitions(call: Call) -> Iterator[str]:
    for action in call.body["TransactItems"]:
        for verb, write in action.items():
            if verb != "ConditionCheck":
                yield write.get("Key", write.get("Item"))["pk"]["S"]


class Unforgiving(logging.Logger):
    """A log that nobody reads; what a step has no name for and only logs is raised here."""

    def handle(self, record: logging.LogRecord) -> None:
        """Raise the exception that is being logged, if one is."""
        if record.exc_info and record.exc_info[1]:
            raise record.exc_info[1]


@dataclass
class Controls:
    """Which world the code under test is in."""

    dynamodb: DynamoDBClient
    world: World = field(init=False)
    dice: random.Random = field(default_factory=lambda: random.Random(0))

    @contextmanager
    def new_world(self, seed: int = 0) -> Iterator[World]:
        """Make an empty world for the code to be in, on a table of its own."""
        table = create_table(self.dynamodb, f"clients-{uuid4()}")
        self.world = World(table)
        for group_id in (GROUP_ID, OTHER_GROUP_ID):
            write_group(table, group(group_id))
        self.dice.seed(seed)
        try:
            yield self.world
        finally:
            self.dynamodb.delete_table(TableName=table.name)

    def take_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take chance and time out of the code under test; its retries give up sooner, so that giving up happens."""
        ids = ulid.ULIDGenerator(randomness=lambda _: self.dice.randbytes(10), policy=ulid.PureRandomPolicy())
        monkeypatch.setattr(ulid, "default_generator", ids)
        monkeypatch.setattr(storage_table, "time", SimpleNamespace(sleep=lambda _: None))
        monkeypatch.setattr(storage_table, "ATTEMPTS", FEWER_TRIES)
        for name, module in sorted(sys.modules.items()):
            if name.startswith("client_lifecycle.use_cases.") and hasattr(module, "COMMIT_ATTEMPTS"):
                monkeypatch.setattr(module, "COMMIT_ATTEMPTS", FEWER_TRIES)
        monkeypatch.setattr(wiring, "table", lambda: self.world.table)
        monkeypatch.setattr(wiring, "now", lambda: self.world.at)
        monkeypatch.setattr(steps.logger, "_logger", Unforgiving("proof"))
