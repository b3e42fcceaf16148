"""A small practice on a real engine, under a clock and dice of the test's own, and a witness to all that happens to it.

The witness looks at every client and run that a transaction has touched, right after it, and holds the invariants.
"""

from __future__ import annotations

import dataclasses
import logging
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import pytest
import ulid
from msgspec.structs import replace

from client_lifecycle.domain import members
from client_lifecycle.domain.bookings import BookedBy, Booking
from client_lifecycle.domain.client import Client
from client_lifecycle.domain.records import PaymentStatus, Record
from client_lifecycle.domain.runs import Run, RunState
from client_lifecycle.domain.settings import PortalSettings, SafetySettings, TidyUp
from client_lifecycle.edge import steps, wiring
from client_lifecycle.storage import archives, due, keys, retries, settlements
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain
from client_lifecycle.storage.workflow import Workflow
from client_lifecycle.use_cases import clean_up as cleaning
from client_lifecycle.use_cases import practice
from client_lifecycle.use_cases.record import EventDelivery
from local.tables import create_table
from tests.proof import invariants
from tests.proof.answers import Asked, Span
from tests.proof.bulk import LocalWorkflow, StepWork, Work
from tests.proof.invariants import ClientLook, Memory, RunLook, Step
from tests.proof.past import WRITES, Past, may_lag, written
from tests.proof.scheduler import Call, Let, Running
from tests.proof.trail import Trail
from tests.support.builders import (
    DAY,
    GROUP_ID,
    NOW,
    PROVIDER_ID,
    appointment,
    cause,
    client,
    group,
    membership,
    one_of_each,
    payment,
    reminder,
)
from tests.support.practice import put
from tests.support.store import store_group

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

Given = TypeVar("Given")
Got = TypeVar("Got")

OTHER_GROUP_ID = "group-travel-well"
NO_SCHEDULING = "no-scheduling"
MANY_RECORDS = 12
FEWER_TRIES = 3
LONGEST_LAG_WRITES = 12
LONGEST_LAG = timedelta(minutes=1)
"""How far behind a read may be that does not ask for consistency: so many writes, but not longer than that."""

FEWER_CHANGES = 8
"""Changes in a transaction: most clients fit into one, and one who has many takes three, not hundreds of items."""

FEWER_ACTIONS = 2 * FEWER_CHANGES
"""Actions in a transaction of several clients: two marks fit, and two effects unless they have much to do."""

FEWER_CANCELLATIONS = 2
FEWER_MEMBERS = 2
"""Members in a batch, in a partition and in a transaction, so that a run of a few clients has several of each."""

QUIET_DAYS = 30


def plain_people() -> list[tuple[Client, list[Record]]]:
    """Four clients: with a record of each kind, with a payment in charge, one who may not book, one who went quiet."""
    overlapping = appointment("appt-2", starts_at=NOW + DAY + timedelta(minutes=30))
    soon = appointment("soon", starts_at=NOW + timedelta(minutes=2))
    charging = payment("charging", status=PaymentStatus.CHARGING)
    off = PortalSettings(schedule_appointments=False)
    return [
        (client("plain", credit_cents=500, group_id=GROUP_ID), [*one_of_each(), soon]),
        (client("in-charge", owed_cents=7_500), [*one_of_each(), overlapping, charging]),
        (client(NO_SCHEDULING, settings=off), one_of_each()),
        (client("quiet"), [payment(), membership(), reminder()]),
    ]


def person_with_many_records() -> tuple[Client, list[Record]]:
    """A client whose archive takes more than one transaction."""
    return client("many"), [*one_of_each(), *(payment(f"p-{number:03}") for number in range(MANY_RECORDS))]


@dataclass
class World:
    """A practice, its clock, and what was seen of it.

    ``first_sent`` is when each booking was sent for the first time; ``lag`` tells by how many writes the next read that
    may lag is behind.
    """

    table: Table
    at: datetime = NOW
    local: LocalWorkflow = field(default_factory=LocalWorkflow)
    workflow: Workflow = field(init=False)
    people: list[Client] = field(default_factory=list)
    bookings: dict[tuple[str, BookedBy], list[Booking]] = field(default_factory=dict)
    first_sent: dict[str, int] = field(default_factory=dict)
    published: dict[str, list[EventDelivery]] = field(default_factory=dict)
    looks: dict[str, ClientLook] = field(default_factory=dict)
    run_looks: dict[str, RunLook] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    lag: Callable[[], int] = lambda: LONGEST_LAG_WRITES
    trail: Trail = field(default_factory=Trail)
    holds_between: Sequence[Callable[[Step, Memory], None]] = invariants.BETWEEN_TWO_MOMENTS
    holds_always: Sequence[Callable[[ClientLook], None]] = invariants.AT_EVERY_MOMENT
    numbers: int = 0

    def __post_init__(self) -> None:
        """Begin to remember; runs are carried out here, not by what is deployed."""
        self.workflow = self.local.stand_in
        self.past = Past(self.table, [])
        self.past.take_in(self.at)

    def settle_in(self, people: Iterable[tuple[Client, list[Record]]]) -> None:
        """Take in clients with their records, as they are before anything happens."""
        newcomers = [put(self.table, who, records) for who, records in people]
        self.people += newcomers
        self.past.take_in(self.at)
        for who in newcomers:
            partition = Keys(who.provider_id).client_partition(who.client_id)
            self.looks[partition] = self._look(partition)

    def tidy_up(self, *, starts_by_itself: bool) -> None:
        """Have the clean-up propose to archive who went quiet."""
        wish = TidyUp(inactive_days=QUIET_DAYS, starts_by_itself=starts_by_itself, veto_days=1)
        practice.change_settings(
            self.tenant, lambda settings: replace(settings, tidy_up=wish), cause=cause(), at=self.at
        )
        self.past.take_in(self.at)

    def decide(self, safety: SafetySettings) -> None:
        """Have the practice decide what its safety rules do at first."""
        practice.change_settings(
            self.tenant, lambda settings: replace(settings, safety=safety), cause=cause(), at=self.at
        )
        self.past.take_in(self.at)

    @property
    def tenant(self) -> Tenant:
        """The table as the practice's."""
        return Tenant(self.table, PROVIDER_ID)

    @property
    def runs(self) -> list[Run]:
        """All runs that were seen, as they are now."""
        return [from_plain(Run, look.run) for look in self.run_looks.values()]

    def number(self) -> int:
        """Return a number that was not used in this world before."""
        self.numbers += 1
        return self.numbers

    def begin(self, name: str, work: Work) -> Running:
        """Begin some work; it stands before its first call."""
        return Running(name, work, self.past.moment)

    def let_go(self, running: Running, let: Let) -> Call | None:
        """Let the next call of some work go, look at what it has written, and at the answer if that was the last.

        A read that does not ask for consistency is answered with what was there some calls ago.

        Raises:
            Broken: an invariant does not hold.
        """
        call = running.stands_before
        if call and let.answer is None and may_lag(call):
            let = dataclasses.replace(let, answer=self.past.answer(call, self._lagging_moment()))
        if call:
            self.trail.note(running.name, call, let)
        done = running.let_go(let)
        if done and done.name in WRITES:
            self.past.record(done, self.at)
            if done.name == "TransactWriteItems":
                self._witness(done, running)
        if running.has_ended and running.error is None and isinstance(running.work, Asked):
            span = Span(self.past, range(running.since, self.past.moment + 1))
            invariants.hold(running.work.is_true(running.result, span), "an answer was true at no moment", running.name)
        return done

    def _lagging_moment(self) -> int:
        """Return the moment as of which a read is answered that may lag."""
        past, moment = self.past, self.past.moment
        behind = range(moment, max(moment - self.lag(), 0), -1)
        return next((one for one in behind if past.clock[one] < self.at - LONGEST_LAG), moment - len(behind))

    def _witness(self, call: Call, running: Running) -> None:
        """Look at every client and every run that a transaction has touched."""
        work = running.work
        self.memory.moment = self.past.moment
        touched = sorted({key["pk"]["S"] for key in written(call)})
        for partition in (one for one in touched if one in self.looks):
            self._witness_client(partition, running)
        runs = {(one.split("#")[1], one.split("#")[2]) for one in touched if one.startswith(keys.RUN_PREFIX)}
        for partition in sorted(Keys(provider_id).run_partition(run_id) for provider_id, run_id in runs):
            if isinstance(work, StepWork) and (before := self.run_looks.get(partition)):
                over = before.run["attempt"] > work.attempt["attempt"]
                invariants.hold(not over, "a step of an attempt that is over has changed the run", partition)
            self._witness_run(partition)
        for look in self.run_looks.values():
            invariants.an_archive_of_a_run_is_looked_after(look, self.looks)

    def _witness_client(self, partition: str, running: Running) -> None:
        before, after = self.looks[partition], self._look(partition)
        step = Step(before, after, self._judged(before, running), self._seen(before, after, running.work))
        for holds_between in self.holds_between:
            holds_between(step, self.memory)
        for holds in self.holds_always:
            holds(step.after)
        self.looks[partition] = step.after

    def _judged(self, before: ClientLook, running: Running) -> list[Plain]:
        """Return the practice's safety rules, in all states since some work began and the client was last changed."""
        key = Keys(PROVIDER_ID).settings()
        since = max(running.since, self.memory.revised.get(before.client["client_id"], 0))
        found = [self.past.item(key, moment) or {} for moment in range(since, self.past.moment)]
        return [settings.get("safety", {}) for settings in found]

    def _seen(self, before: ClientLook, after: ClientLook, work: Work) -> frozenset[str]:
        """Return the warnings that a person has acknowledged for a client that is archived."""
        cause = after.client.get("stamp", {}).get("cause", {})
        match cause.get("source"):
            case "bulk_archive":
                look = self.run_looks[Keys(PROVIDER_ID).run_partition(cause["run_id"])]
                return invariants.acknowledged_in_a_run(look, before.client["client_id"])
            case "schedule":
                return frozenset(before.plan["terms"].get("acknowledged", ()) if before.plan else ())
            case _:
                return work.acknowledged if isinstance(work, Asked) else frozenset()

    def _witness_run(self, partition: str) -> None:
        after = self._run_look(partition)
        invariants.a_run_adds_up(after)
        if before := self.run_looks.get(partition):
            for holds_between in invariants.BETWEEN_TWO_MOMENTS_OF_A_RUN:
                holds_between(before, after, self.looks)
        invariants.a_run_tells_whom_it_has_done(after, self.memory)
        self.run_looks[partition] = after

    def _run_look(self, partition: str) -> RunLook:
        run = self.past.item({"pk": partition, "sk": keys.RUN_SK}, self.past.moment)
        assert run
        blocks = Keys(PROVIDER_ID).member_partitions(from_plain(Run, {**run, "counts": {}}))
        members = [plain for block in blocks for plain in self.past.partition(block, self.past.moment).values()]
        return RunLook(run, {plain["sk"]: plain for plain in members})

    def at_rest(self) -> None:
        """Hold what must be so when everything has ended, the clean-up included."""
        self.recheck()
        invariants.every_archive_is_carried_out(self.looks.values())
        invariants.nothing_is_live_on_an_archived_client(self.looks.values())
        invariants.every_restore_has_ended(self.looks.values())
        invariants.every_run_has_ended(self.run_looks.values())
        left = [look.run for look in self.run_looks.values() if "due_key" in look.run]
        invariants.hold(not self.is_anything_at_work, "work is left for the clean-up", self.at, *left)

    @property
    def is_anything_at_work(self) -> bool:
        """Whether an archive or a restore is not done, or a run has not ended; a proposal only waits."""
        waiting = {one.run_id for one in self.runs if one.state is RunState.PROPOSED}
        ever = datetime.max.replace(tzinfo=UTC)
        found = [
            one.key["pk"]
            for work in (keys.Work.SETTLING, keys.Work.RESTORING, keys.Work.RUN)
            for one in due.list_due(self.table, work, ever)
        ]
        return any(partition.split("#")[2] not in waiting for partition in found)

    @property
    def has_unseen_payments(self) -> bool:
        """Whether a payment of an archived client has fallen back, and nobody has looked since."""
        archived = {look.client["client_id"] for look in self.looks.values() if look.archive_id}
        return any(client_id in archived for client_id, _ in self.memory.fallen_back)

    def recheck(self) -> None:
        """Look at every client, and hold what must always be so; also that nothing was written unseen."""
        stored = {(item["pk"]["S"], item["sk"]["S"]): item for item in self.past.scan()}
        invariants.hold(stored == self.past.everything(), "something was written that was not seen")
        for partition in self.looks:
            for holds in self.holds_always:
                holds(self._look(partition))

    def _look(self, partition: str) -> ClientLook:
        return ClientLook(self.past.partition(partition, self.past.moment), self.at)


class Unforgiving(logging.Logger):
    """A log that nobody reads; what a step has no name for and only logs is raised here."""

    def handle(self, record: logging.LogRecord) -> None:
        """Raise the exception that is being logged, if one is."""
        if record.exc_info and record.exc_info[1]:
            raise record.exc_info[1]


class LittlePatience:
    """Stands for the time that calls may be held up: a few tries each."""

    def __init__(self, seconds: float, within_seconds: float) -> None: ...

    def pause(self, since: float, attempt: int) -> bool:
        """Tell whether a call may be tried again, without a pause."""
        return attempt < FEWER_TRIES


class InThisThread:
    """Stands for a pool of threads; its work is done one after the other, where the scheduler sees it."""

    def __init__(self, workers: int) -> None: ...

    def __enter__(self) -> InThisThread:
        return self

    def __exit__(self, *_: object) -> None: ...

    def map(self, work: Callable[[Given], Got], given: Iterable[Given]) -> Iterator[Got]:
        """Do the work for each thing given, when its result is asked for."""
        return map(work, given)


def one_after_the_other(call: Callable[[Given], Got], wanted: Iterable[Given]) -> list[Got]:
    """Make calls one after the other that the code makes side by side."""
    return [call(one) for one in wanted]


@dataclass
class Controls:
    """Which world the code under test is in."""

    dynamodb: DynamoDBClient
    world: World = field(init=False)
    dice: random.Random = field(default_factory=lambda: random.Random(0))

    @contextmanager
    def new_world(self, seed: int = 0) -> Iterator[World]:
        """Make an empty world for the code to be in, on a table of its own; a fault in it names its last calls."""
        table = create_table(self.dynamodb, f"clients-{uuid4()}")
        for group_id in (GROUP_ID, OTHER_GROUP_ID):
            store_group(table, group(group_id))
        self.world = World(table)
        self.dice.seed(seed)
        try:
            with self.world.trail.explaining():
                yield self.world
        finally:
            self.dynamodb.delete_table(TableName=table.name)

    def take_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take chance, time and threads out of the code under test, and make all that is large in it small."""
        ids = ulid.ULIDGenerator(randomness=lambda _: self.dice.randbytes(10), policy=ulid.PureRandomPolicy())
        monkeypatch.setattr(ulid, "default_generator", ids)
        monkeypatch.setattr(retries, "time", SimpleNamespace(sleep=lambda _: None, monotonic=lambda: 0.0))
        monkeypatch.setattr(retries, "Patience", LittlePatience)
        everywhere: dict[str, Any] = {
            "MAX_COMMIT_ATTEMPTS": FEWER_TRIES,
            "CANCELLATIONS_TOGETHER": FEWER_CANCELLATIONS,
            "ACTIONS_TOGETHER": FEWER_ACTIONS,
            "SETTLEMENTS_PER_TRANSACTION": FEWER_MEMBERS,
            "side_by_side": one_after_the_other,
        }
        for name, module in sorted(sys.modules.items()):
            for known in everywhere.keys() & vars(module).keys() if name.startswith("client_lifecycle.") else ():
                monkeypatch.setattr(module, known, everywhere[known])
        monkeypatch.setattr(archives, "CHANGES_WITH_FLIP", FEWER_CHANGES)
        monkeypatch.setattr(archives, "CHANGES_WITH_REACTIVATION", FEWER_CHANGES)
        monkeypatch.setattr(archives, "CHANGES_UNDER_STAMP", FEWER_CHANGES)
        monkeypatch.setattr(members, "CLIENTS_PER_BATCH", FEWER_MEMBERS)
        monkeypatch.setattr(keys, "MEMBERS_PER_PARTITION", FEWER_MEMBERS)
        monkeypatch.setattr(keys, "DUE_SHARDS", 1)
        monkeypatch.setattr(settlements, "MEMBERS_PER_TRANSACTION", 1)
        monkeypatch.setattr(cleaning, "ThreadPoolExecutor", InThisThread)
        monkeypatch.setattr(wiring, "table", lambda: self.world.table)
        monkeypatch.setattr(wiring, "workflow", lambda: self.world.workflow)
        monkeypatch.setattr(wiring, "now", lambda: self.world.at)
        monkeypatch.setattr(steps.logger, "_logger", Unforgiving("proof"))
