"""What can be asked of the system, each as one entry of a table: interleaved, crashed and repeated by the proofs.

A new operation is a function and an entry in ``OPERATIONS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from client_lifecycle.domain.bookings import BookedBy, Booking, BookingAnswer
from client_lifecycle.domain.client import ArchiveOptions, Client, touched
from client_lifecycle.domain.effects import Change, all_effects
from client_lifecycle.domain.errors import CommitContended, PreviewExpired, StorageBusy, Superseded
from client_lifecycle.domain.reasons import ArchiveReason
from client_lifecycle.domain.receipts import ReceiptState
from client_lifecycle.domain.records import Payment, PaymentStatus, Record
from client_lifecycle.domain.restore import Restorable
from client_lifecycle.storage import archives
from client_lifecycle.storage.clients import change_write, client_write, read_live, record_item
from client_lifecycle.storage.items import put_new
from client_lifecycle.storage.table import ReadingOutdated
from client_lifecycle.use_cases.activate import activate_client
from client_lifecycle.use_cases.archive import apply_effect, archive_client
from client_lifecycle.use_cases.book import book
from tests.proof.bulk import Batches, Work, preview
from tests.proof.invariants import hold
from tests.proof.world import NO_SCHEDULING, OTHER_GROUP_ID, World
from tests.unit.builders import HOUR, PROVIDER_ID, appointment, cause, feed_entry, payment, reminder

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Operation: TypeAlias = "Callable[[World, Client, int], Work | None]"
"""Given a client and a free choice, returns the work to be done from now on, or ``None`` if there is none."""

EXPECTED = (StorageBusy, CommitContended, Superseded, PreviewExpired)
"""The answers that a caller has to be ready for when many act at once, or late."""

SAID = (
    ArchiveOptions(),
    ArchiveOptions(group_id=OTHER_GROUP_ID, mute_email=True),
    ArchiveOptions(reason=ArchiveReason.DISCHARGED, notify_client=True),
)


def archive(world: World, who: Client, choice: int) -> Work:
    """Staff archive a client."""
    at, options = world.at, SAID[choice % len(SAID)]
    return lambda: archive_client(world.table, PROVIDER_ID, who.client_id, cause=cause(), at=at, options=options)


def activate(world: World, who: Client, choice: int) -> Work:
    """Staff activate a client."""
    at = world.at
    return lambda: activate_client(world.table, PROVIDER_ID, who.client_id, cause=cause(), at=at)


def restore(world: World, who: Client, choice: int) -> Work:
    """Staff activate a client, or one who is back already, and want everything restored."""
    at, asked = world.at, tuple(Restorable)
    return lambda: activate_client(world.table, PROVIDER_ID, who.client_id, cause=cause(), at=at, asked=asked)


def book_by_client(world: World, who: Client, choice: int) -> Work:
    """A client books; every fourth event is one that was sent before."""
    work = _book(world, who, choice, BookedBy.CLIENT)

    def checked() -> BookingAnswer:
        answer = work()
        hold(not answer.activated or who.client_id != NO_SCHEDULING, "a client came back who may not book")
        return answer

    return checked


def book_by_staff(world: World, who: Client, choice: int) -> Work:
    """Staff book for a client; every fourth event is one that was sent before."""
    return _book(world, who, choice, BookedBy.STAFF)


def add_records(world: World, who: Client, choice: int) -> Work:
    """Another system adds records to an active client, as the README asks of it."""
    at, number = world.at, world.number()
    new: list[Record] = [
        payment(f"added-{number}", due_at=at + HOUR),
        reminder(f"added-{number}"),
        feed_entry(f"added-{number}"),
    ]

    def added(records: tuple[Record, ...]) -> list[TransactWriteItemTypeDef]:
        items = [record_item(PROVIDER_ID, who.client_id, one) for one in new]
        return [put_new(world.table.name, {"pk": item["pk"], "sk": item["sk"]}, item) for item in items]

    return lambda: _change_records(world, who, added)


def charge(world: World, who: Client, choice: int) -> Work:
    """Billing begins to charge a payment of an active client."""

    def charged(records: tuple[Record, ...]) -> list[TransactWriteItemTypeDef]:
        due = [one for one in records if isinstance(one, Payment) and one.status is PaymentStatus.SCHEDULED]
        changes = [Change(before=one, after=replace(one, status=PaymentStatus.CHARGING)) for one in due[:1]]
        return [change_write(world.table, PROVIDER_ID, who.client_id, change) for change in changes]

    return lambda: _change_records(world, who, charged)


def clean_up(world: World, who: Client, choice: int) -> Work:
    """The clean-up carries out what a crash has left of a client's archive."""
    at = world.at

    def work() -> None:
        client = read_live(world.table, PROVIDER_ID, who.client_id, at).client
        if client.stamp is None:
            return
        archive_id = client.stamp.archive_id
        receipt = archives.read_receipt(world.table, PROVIDER_ID, who.client_id, archive_id)
        if receipt.state is ReceiptState.SETTLING:
            apply_effect(world.table, PROVIDER_ID, who.client_id, archive_id, all_effects, at=at)
            archives.settle_receipt(world.table, client, archive_id)

    return work


def begin_run(world: World, who: Client, choice: int) -> Work:
    """Staff preview the bulk archive of some clients and confirm it; every second one accepts changes."""
    clients = [person.client_id for place, person in enumerate(world.people) if choice >> place & 1]
    client_ids = clients or [who.client_id]

    def work() -> None:
        run = Batches.of(preview(world, client_ids), client_ids, accept_changes=choice % 2 == 0)
        world.runs.append(run)
        run.confirm(world)

    return work


def bulk_step(world: World, who: Client, choice: int) -> Work | None:
    """Deliver a step of a run, perhaps not for the first time."""
    ready = [delivery for run in world.runs for delivery in run.ready(again=choice % 3 == 0)]
    return ready[choice % len(ready)].begin() if ready else None


OPERATIONS: Mapping[str, Operation] = {
    operation.__name__: operation
    for operation in (
        archive,
        activate,
        restore,
        book_by_client,
        book_by_staff,
        add_records,
        charge,
        clean_up,
        begin_run,
        bulk_step,
    )
}


def _book(world: World, who: Client, choice: int, booked_by: BookedBy) -> Callable[[], BookingAnswer]:
    at, sent = world.at, world.bookings.setdefault((who.client_id, booked_by), [])
    if not sent or choice % 4:
        number = world.number()
        starts_at = at + timedelta(minutes=20 * (choice % 50) - 20)
        booking = Booking(
            event_id=f"event-{number}",
            provider_id=PROVIDER_ID,
            client_id=who.client_id,
            appointment=appointment(f"booked-{number}", starts_at=starts_at),
            booked_by=booked_by,
        )
        sent.append(booking)
    booking = sent[-1]
    return lambda: book(world.table, booking, at=at)


def _change_records(
    world: World, who: Client, change: Callable[[tuple[Record, ...]], list[TransactWriteItemTypeDef]]
) -> None:
    """Write records of an active client together with its next revision; if it changes meanwhile, leave it."""
    live = read_live(world.table, PROVIDER_ID, who.client_id, world.at)
    writes = change(live.records)
    if live.client.stamp or not writes:
        return
    with suppress(ReadingOutdated):
        world.table.transact_on_reading([client_write(world.table, live.client, touched(live.client)), *writes])
