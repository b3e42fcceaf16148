"""Twenty threads archive, book, activate and restore the same fifty clients, with real time and nobody keeping order.

PROOF_THREADS_SECONDS sets for how long.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from client_lifecycle.domain.bookings import BookedBy, Booking
from client_lifecycle.domain.client import ArchiveOptions, Client, Door
from client_lifecycle.domain.errors import CommitContended, StorageBusy, Superseded
from client_lifecycle.domain.restore import Restorable
from client_lifecycle.storage.archives import CHECK_ARCHIVE_AFTER
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.packed_changes import unpacked
from client_lifecycle.storage.table import Query, Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.activate import activate_client
from client_lifecycle.use_cases.archive import archive_client
from client_lifecycle.use_cases.book import book
from client_lifecycle.use_cases.clean_up import clean_up
from local.ministack import LocalAws
from local.tables import create_table
from tests.proof import invariants
from tests.proof.bulk import LocalWorkflow
from tests.proof.figures import tell
from tests.proof.interleaving import listed
from tests.proof.invariants import ClientLook
from tests.support.builders import DAY, PROVIDER_ID, appointment, cause, client, one_of_each
from tests.support.imports import no_imports
from tests.support.practice import put

SECONDS = float(os.environ.get("PROOF_THREADS_SECONDS", "60"))
THREADS = 20
CLIENTS = 50
EXPECTED = (StorageBusy, CommitContended, Superseded)


def archive(table: Table, who: Client) -> None:
    at = datetime.now(UTC)
    archive_client(Tenant(table, PROVIDER_ID), who.client_id, cause=cause(), at=at, options=ArchiveOptions())


def activate(table: Table, who: Client) -> None:
    activate_client(Tenant(table, PROVIDER_ID), who.client_id, cause=cause(), at=datetime.now(UTC))


def restore(table: Table, who: Client) -> None:
    asked = (Restorable.CHATS, Restorable.REMINDERS, Restorable.FEED, Restorable.PAYMENTS)
    activate_client(Tenant(table, PROVIDER_ID), who.client_id, cause=cause(), at=datetime.now(UTC), asked=asked)


def book_one(table: Table, who: Client) -> None:
    at, name = datetime.now(UTC), str(uuid4())
    booking = Booking(
        event_id=name,
        provider_id=PROVIDER_ID,
        client_id=who.client_id,
        appointment=appointment(name, starts_at=at + DAY),
        booked_by=BookedBy.CLIENT,
    )
    assert book(Tenant(table, PROVIDER_ID), booking, at=at, through=Door.BOOKING_HOOK).refusal is None


VERBS: tuple[Callable[[Table, Client], None], ...] = (archive, archive, archive, activate, restore, book_one)
"""Archives as often as all that brings a client back, so that each finds something to do."""


@pytest.fixture
def people(local_aws: LocalAws) -> tuple[Table, list[Client]]:
    table = create_table(local_aws.dynamodb, f"clients-{uuid4()}")
    return table, [put(table, client(f"c-{number}"), one_of_each()) for number in range(CLIENTS)]


def test_twenty_threads_leave_no_client_half_archived(people: tuple[Table, list[Client]]) -> None:
    table, clients = people
    answers: Counter[str] = Counter()
    until = time.monotonic() + SECONDS

    def act(thread: int) -> Counter[str]:
        dice, met = random.Random(thread), Counter[str]()
        while time.monotonic() < until:
            verb, who = dice.choice(VERBS), dice.choice(clients)
            try:
                verb(table, who)
            except EXPECTED as answer:
                met[answer.name] += 1
            else:
                met[verb.__name__] += 1
        return met

    with ThreadPoolExecutor(THREADS) as threads:
        for met in threads.map(act, range(THREADS)):
            answers += met
    assert answers.keys() >= {verb.__name__ for verb in VERBS}
    later = datetime.now(UTC) + CHECK_ARCHIVE_AFTER
    for done in clean_up(table, LocalWorkflow().stand_in, no_imports(), now=lambda: later, has_time=lambda: True):
        assert done.fault is None
    flips = sum(hold_at_rest(table, who) for who in clients)
    tell(
        f"{THREADS} threads on {CLIENTS} clients, {SECONDS:g} s: {listed(answers)}; {flips:,} archives and returns; "
        "0 unexpected errors, 0 broken invariants"
    )


def hold_at_rest(table: Table, who: Client) -> int:
    """Hold every invariant there is at rest, and count a client's archives and returns."""
    partition = Keys(PROVIDER_ID).client_partition(who.client_id)
    look = ClientLook(
        {plain["sk"]: unpacked(plain) for plain in table.query(Query("pk = :pk", {":pk": partition}))},
        datetime.now(UTC),
    )
    for holds in invariants.AT_EVERY_MOMENT:
        holds(look)
    invariants.every_archive_is_carried_out([look])
    invariants.nothing_is_live_on_an_archived_client([look])
    invariants.records_are_the_sum_of_what_was_told(look)
    assert {name: look.client[name] for name in ("credit_cents", "owed_cents")} == {"credit_cents": 0, "owed_cents": 0}
    return len(look.flips)
