"""What can be asked of the system, each as one entry of a table: interleaved, crashed and repeated by the proofs.

A new operation is a function and an entry in ``OPERATIONS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from msgspec.structs import replace

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.bookings import BookedBy, Booking, BookingAnswer
from client_lifecycle.domain.client import ArchiveOptions, Client, Door, Group, PlanTerms, Trigger, with_next_revision
from client_lifecycle.domain.effects import Change
from client_lifecycle.domain.errors import (
    AcknowledgementNeeded,
    AlreadyArchived,
    ArchiveBlocked,
    CommitContended,
    NothingToUndo,
    PreviewExpired,
    RunNotFinished,
    RunNotStarted,
    RunStarted,
    RunUndone,
    StillArchived,
    StorageBusy,
    Superseded,
)
from client_lifecycle.domain.intake import IncomingChange
from client_lifecycle.domain.intake_answers import Result
from client_lifecycle.domain.records import Payment, PaymentStatus, Record
from client_lifecycle.domain.restore import Restorable
from client_lifecycle.domain.runs import Run
from client_lifecycle.domain.settings import Level, ProviderSettings, SafetyRule
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import change_write, client_write, read_client, read_live, record_item
from client_lifecycle.storage.items import put_new
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import StaleRead
from client_lifecycle.storage.values import to_plain
from client_lifecycle.storage.workflow import Workflow
from client_lifecycle.use_cases import clean_up as cleaning
from client_lifecycle.use_cases import planned_archives
from client_lifecycle.use_cases.activate import activate_client
from client_lifecycle.use_cases.archive import Archived, archive_client
from client_lifecycle.use_cases.book import book
from client_lifecycle.use_cases.bulk import control
from client_lifecycle.use_cases.bulk import retry as retrying
from client_lifecycle.use_cases.bulk import undo as undoing
from client_lifecycle.use_cases.clients import change_client
from client_lifecycle.use_cases.practice import change_group, change_settings
from client_lifecycle.use_cases.record import Delivery, EventDelivery, Recorded, record, record_event
from client_lifecycle.use_cases.restore import restore_from_receipt
from tests.proof.answers import Asked, Span, is_answer_to, is_archived, was
from tests.proof.bulk import Work, preview
from tests.proof.invariants import hold
from tests.proof.looks import look_up
from tests.proof.world import OTHER_GROUP_ID, World
from tests.support.builders import (
    DAY,
    GROUP_ID,
    HOUR,
    PROVIDER_ID,
    appointment,
    cause,
    document,
    feed_entry,
    payment,
    reminder,
)
from tests.support.imports import no_imports

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Found = TypeVar("Found")
Operation: TypeAlias = "Callable[[World, Client, int], Work | None]"
"""Given a client and a free choice, returns the work to be done from now on, or ``None`` if there is none."""

EXPECTED = (
    AcknowledgementNeeded,
    AlreadyArchived,
    ArchiveBlocked,
    CommitContended,
    NothingToUndo,
    PreviewExpired,
    RunNotFinished,
    RunNotStarted,
    RunStarted,
    RunUndone,
    StillArchived,
    StorageBusy,
    Superseded,
)
"""The answers that a caller has to be ready for when many act at once, or late."""

EVERY_RULE = tuple(SafetyRule)
SEEN: Sequence[tuple[SafetyRule, ...]] = (EVERY_RULE, EVERY_RULE, (), (SafetyRule.HAS_CREDITS,))
"""The warnings that the person who archives has seen."""

LEVELS = (Level.ALLOW, Level.WARN, Level.ALLOW, Level.BLOCK, Level.ALLOW, Level.WARN)
AMOUNTS_CENTS = (0, 0, 2_500)
UNDECIDED: Plain = to_plain(ProviderSettings())

SAID = (
    ArchiveOptions(),
    ArchiveOptions(group_id=OTHER_GROUP_ID, mute_email=True),
    ArchiveOptions(reason=ArchiveReason.DISCHARGED, notify_client=True),
)


def archive(world: World, who: Client, choice: int) -> Work:
    """Staff archive a client."""
    at, options, seen = world.at, SAID[choice % len(SAID)], SEEN[choice // 3 % len(SEEN)]

    def work() -> Archived:
        unseen = _fallen_back(world, who)
        archived = archive_client(world.tenant, who.client_id, cause=cause(), at=at, options=options, acknowledged=seen)
        if world.looks[Keys(PROVIDER_ID).client_partition(who.client_id)].archive_id == archived.receipt.archive_id:
            left = unseen & _fallen_back(world, who)
            hold(not left, "an archive has left alive what had fallen back before it was asked for", *left)
        return archived

    return Asked(work, lambda done, span: was(done.client, span), frozenset(seen))


def _fallen_back(world: World, who: Client) -> set[tuple[str, int]]:
    """Return the payments of a client that fell back and were not seen since, and when they did."""
    return {(sk, moment) for (client_id, sk), moment in world.memory.fallen_back.items() if client_id == who.client_id}


def activate(world: World, who: Client, choice: int) -> Work:
    """Staff activate a client."""
    at = world.at
    return _client_asked(lambda: activate_client(world.tenant, who.client_id, cause=cause(), at=at).client)


def restore(world: World, who: Client, choice: int) -> Work:
    """Staff activate a client, or one who is back already, and want everything restored."""
    at, asked = world.at, tuple(Restorable)
    return _client_asked(lambda: activate_client(world.tenant, who.client_id, cause=cause(), at=at, asked=asked).client)


def restore_older(world: World, who: Client, choice: int) -> Work | None:
    """Staff restore an active client from one of its receipts, whichever."""
    at, asked = world.at, tuple(Restorable)
    archive_id = _any(sorted(world.looks[Keys(PROVIDER_ID).client_partition(who.client_id)].receipts), choice)
    if archive_id is None:
        return None

    def work() -> Client:
        return restore_from_receipt(world.tenant, who.client_id, archive_id, cause=cause(), at=at, asked=asked).client

    return _client_asked(work)


def change(world: World, who: Client, choice: int) -> Work:
    """Staff change a client, archived or not: its group, or what it may do."""

    def edit(client: Client) -> Client:
        if choice % 2:
            return replace(client, settings=replace(client.settings, email_notifications=choice % 4 == 1))
        return replace(client, group_id=OTHER_GROUP_ID if choice % 4 else GROUP_ID)

    at = world.at
    return _client_asked(lambda: change_client(world.tenant, who.client_id, edit, cause=cause(), at=at))


def book_by_client(world: World, who: Client, choice: int) -> Work:
    """A client books; every fourth event is one that was sent before."""
    return _book(world, who, choice, BookedBy.CLIENT)


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
        items = [record_item(Keys(PROVIDER_ID), who.client_id, one) for one in new]
        return [put_new(world.table.name, {"pk": item["pk"], "sk": item["sk"]}, item) for item in items]

    return lambda: _change_records(world, who, added)


def charge(world: World, who: Client, choice: int) -> Work:
    """Billing begins to charge a payment of an active client."""

    def charged(records: tuple[Record, ...]) -> list[TransactWriteItemTypeDef]:
        due = [one for one in records if isinstance(one, Payment) and one.status is PaymentStatus.SCHEDULED]
        changes = [Change(before=one, after=replace(one, status=PaymentStatus.CHARGING)) for one in due[:1]]
        return [change_write(world.tenant, who.client_id, change, ending=None) for change in changes]

    return lambda: _change_records(world, who, charged)


def bill(world: World, who: Client, choice: int) -> Work:
    """Billing tells what a client has to its credit, and what it owes, archived or not (I16)."""
    credit_cents, owed_cents = (AMOUNTS_CENTS[choice // part % len(AMOUNTS_CENTS)] for part in (1, 3))

    def work() -> None:
        before = read_client(world.tenant, who.client_id)
        after = with_next_revision(replace(before, credit_cents=credit_cents, owed_cents=owed_cents))
        with suppress(StaleRead):
            world.table.transact_if_unchanged([client_write(world.tenant, before, after)])

    return work


def charge_fails(world: World, who: Client, choice: int) -> Work:
    """The card for a payment in charge is declined, or not; billing writes so whatever became of the client."""
    status = PaymentStatus.SCHEDULED if choice % 4 else PaymentStatus.CHARGED

    def work() -> None:
        live = read_live(world.tenant, who.client_id, world.at)
        in_charge = [one for one in live.records if isinstance(one, Payment) and one.status is PaymentStatus.CHARGING]
        for one in in_charge[:1]:
            change = Change(before=one, after=replace(one, status=status))
            with suppress(StaleRead):
                world.table.transact_if_unchanged([change_write(world.tenant, who.client_id, change, ending=None)])

    return work


def share_document(world: World, who: Client, choice: int) -> Work:
    """A document service tells that it shares a document, and acts on the answer (I18)."""
    at, shared = world.at, document(f"shared-{world.number()}")
    incoming = IncomingChange(kind=shared.kind, record_id=shared.record_id, version=1, digest="shared", record=shared)
    delivery = Delivery(client_id=who.client_id, source="documents", changes=[incoming])

    def is_true(done: Recorded, span: Span) -> bool:
        [judgement] = done.judgements
        return span.ever(lambda state: is_archived(state, who) == (judgement.refusal is not None))

    return Asked(lambda: record(world.tenant, delivery, at=at, is_dry_run=False, through=Door.RECORD_HOOK), is_true)


def publish_document(world: World, who: Client, choice: int) -> Work:
    """A document service tells on the bus that it shares a document; every fourth event comes again."""
    at, sent = world.at, world.published.setdefault(who.client_id, [])
    is_new = not sent or choice % 4 > 0
    if is_new:
        shared = document(f"published-{world.number()}")
        incoming = IncomingChange(
            kind=shared.kind, record_id=shared.record_id, version=1, digest="shared", record=shared
        )
        delivery = Delivery(client_id=who.client_id, source="documents", changes=[incoming])
        sent.append(EventDelivery(event_id=shared.record_id, digest="shared", delivery=delivery, malformed=()))
    event = sent[-1]

    def is_true(refused: tuple[Result, ...], span: Span) -> bool:
        return span.ever(lambda state: is_archived(state, who) == bool(refused)) or not (is_new or refused)

    return Asked(lambda: record_event(world.tenant, event, at=at), is_true)


def change_rules(world: World, who: Client, choice: int) -> Work:
    """Staff change what a safety rule of the practice does: nothing, warn or block."""
    rule, level = EVERY_RULE[choice % len(EVERY_RULE)], LEVELS[choice // len(EVERY_RULE) % len(LEVELS)]

    def edit(settings: ProviderSettings) -> ProviderSettings:
        decided: dict[str, Any] = {rule.value: level}
        return replace(settings, safety=replace(settings.safety, **decided))

    def is_true(after: ProviderSettings, span: Span) -> bool:
        key, incoming = Keys(PROVIDER_ID).settings(), to_plain(after)["safety"]
        return span.ever(lambda state: incoming == (state.item(key) or UNDECIDED)["safety"])

    return Asked(lambda: change_settings(world.tenant, edit, cause=cause(), at=world.at), is_true)


def switch_group(world: World, who: Client, choice: int) -> Work:
    """Staff switch a group's scheduling off, or leave it to the practice."""
    is_on = False if choice % 4 == 0 else None

    def edit(group: Group) -> Group:
        return replace(group, settings=replace(group.settings, schedule_appointments=is_on))

    def is_true(after: Group, span: Span) -> bool:
        key, incoming = Keys(PROVIDER_ID).group(GROUP_ID), to_plain(after)
        return span.ever(lambda state: incoming.items() <= (state.item(key) or {}).items())

    return Asked(lambda: change_group(world.tenant, GROUP_ID, edit, cause=cause(), at=world.at), is_true)


def plan(world: World, who: Client, choice: int) -> Work:
    """Staff plan a client's archive, for tomorrow or after the last appointment or payment."""
    at, trigger = world.at, tuple(Trigger)[choice % len(Trigger)]
    tomorrow = (at + DAY).date() if trigger is Trigger.ARCHIVE_ON else None
    options, seen = SAID[choice // 3 % len(SAID)], SEEN[choice // 9 % len(SEEN)]
    terms = PlanTerms(trigger=trigger, archive_on=tomorrow, options=options, acknowledged=seen)
    return _client_asked(
        lambda: planned_archives.plan_archive(world.tenant, who.client_id, terms, cause=cause(), at=at)
    )


def cancel_plan(world: World, who: Client, choice: int) -> Work:
    """Staff cancel the plan to archive a client."""
    at = world.at
    return _client_asked(lambda: planned_archives.cancel_plan(world.tenant, who.client_id, cause=cause(), at=at))


def carry_out_plan(world: World, who: Client, choice: int) -> Work:
    """A client's plan is looked at, by a clean-up that has found it due."""
    at = world.at
    return lambda: planned_archives.carry_out_plan(world.tenant, who.client_id, at=at)


def clean_up(world: World, who: Client, choice: int) -> Work:
    """The clean-up looks at all that is due."""
    return partial(clean_up_everything, world, world.workflow)


def clean_up_everything(world: World, workflow: Workflow) -> None:
    """Have the clean-up look at all that is due.

    Raises:
        Exception: looking at an item has failed, and not as it may when many act at once.
    """
    at = world.at
    for done in cleaning.clean_up(world.table, workflow, no_imports(), now=lambda: at, has_time=lambda: True):
        if done.fault and not isinstance(done.fault, EXPECTED):
            raise done.fault


def begin_run(world: World, who: Client, choice: int) -> Work:
    """Staff preview the bulk archive of some clients and confirm it; every second one accepts changes."""
    clients = [person.client_id for place, person in enumerate(world.people) if choice >> place & 1]
    client_ids = clients or [who.client_id]

    def work() -> None:
        confirm(world, preview(world, client_ids), accept_changes=choice % 2 == 0, workflow=world.workflow)

    return work


def confirm_again(world: World, who: Client, choice: int) -> Work | None:
    """Staff confirm a run, perhaps not for the first time."""
    run = _any(world.runs, choice)
    return partial(confirm, world, run, accept_changes=False, workflow=world.workflow) if run else None


def confirm(world: World, run: Run, *, accept_changes: bool, workflow: Workflow) -> Run:
    """Confirm a run that was previewed."""
    return control.confirm(
        world.tenant,
        workflow,
        run.run_id,
        run.token,
        control.Confirmation(cause=cause(), accept_changes=accept_changes, at=world.at),
    )


def exclude(world: World, who: Client, choice: int) -> Work | None:
    """Staff take clients out of a run that waits, or waited a moment ago."""
    run = _any(world.runs, choice)
    if run is None:
        return None
    members = world.run_looks[Keys(PROVIDER_ID).run_partition(run.run_id)].members.values()
    client_ids = [member["client_id"] for member in members][choice % 2 :: 2]
    at = world.at
    return lambda: control.exclude(world.tenant, run.run_id, client_ids, cause=cause(), at=at)


def stop(world: World, who: Client, choice: int) -> Work | None:
    """Staff stop a run, whatever it is doing."""
    at, run = world.at, _any(world.runs, choice)
    return (lambda: control.stop(world.tenant, run.run_id, cause=cause(), at=at)) if run else None


def retry(world: World, who: Client, choice: int) -> Work | None:
    """Staff try the clients again that a run has failed for, or has not reached."""
    run = _any([one for one in world.runs if one.finished_at], choice) or _any(world.runs, choice)
    return partial(retry_of, world, run, world.workflow) if run else None


def retry_of(world: World, run: Run, workflow: Workflow) -> Run:
    """Try this run's clients again."""
    return retrying.retry(world.tenant, workflow, run.run_id, cause=cause(), at=world.at)


def undo(world: World, who: Client, choice: int) -> Work | None:
    """Staff undo a run."""
    run = _any([one for one in world.runs if one.finished_at], choice) or _any(world.runs, choice)
    return partial(undo_of, world, run, world.workflow) if run else None


def undo_of(world: World, run: Run, workflow: Workflow) -> Run:
    """Undo this run."""
    return undoing.start_undo(world.tenant, workflow, run.run_id, cause=cause(), at=world.at)


def execution_dies(world: World, who: Client, choice: int) -> Work | None:
    """Somebody stops an execution of the workflow, or it fails for a reason of its own; what it began may go on."""
    execution = _any([one for one in world.local.executions.values() if not one.has_ended], choice)
    return execution.die if execution else None


def bulk_step(world: World, who: Client, choice: int) -> Work | None:
    """Deliver a step of a run, perhaps not for the first time."""
    delivery = _any(world.local.ready(again=choice % 3 == 0), choice)
    return delivery.begin() if delivery else None


def _any(found: Sequence[Found], choice: int) -> Found | None:
    return found[choice % len(found)] if found else None


OPERATIONS: Mapping[str, Operation] = {
    operation.__name__: operation
    for operation in (
        archive,
        activate,
        restore,
        restore_older,
        change,
        book_by_client,
        book_by_staff,
        add_records,
        charge,
        bill,
        share_document,
        publish_document,
        change_rules,
        switch_group,
        charge_fails,
        plan,
        cancel_plan,
        carry_out_plan,
        clean_up,
        begin_run,
        confirm_again,
        exclude,
        stop,
        retry,
        undo,
        execution_dies,
        bulk_step,
        look_up,
    )
}


def _client_asked(work: Callable[[], Client]) -> Work:
    """Have a client that is answered be as it was at a moment of the call."""
    return Asked(work, was)


def _book(world: World, who: Client, choice: int, booked_by: BookedBy) -> Work:
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
        if booked_by is BookedBy.CLIENT:
            world.memory.own_bookings.add(booking.appointment.record_id)
    booking = sent[-1]
    first_sent = world.first_sent.setdefault(booking.event_id, world.past.moment)

    def is_true(answer: BookingAnswer, span: Span) -> bool:
        return is_answer_to(booking, answer, span, first_sent)

    return Asked(lambda: book(world.tenant, booking, at=at, through=Door.BOOKING_HOOK), is_true)


def _change_records(
    world: World, who: Client, change: Callable[[tuple[Record, ...]], list[TransactWriteItemTypeDef]]
) -> None:
    """Write records of an active client together with its next revision; if it changes meanwhile, leave it."""
    live = read_live(world.tenant, who.client_id, world.at)
    writes = change(live.records)
    if live.client.stamp or not writes:
        return
    with suppress(StaleRead):
        world.table.transact_if_unchanged(
            [client_write(world.tenant, live.client, with_next_revision(live.client)), *writes]
        )
