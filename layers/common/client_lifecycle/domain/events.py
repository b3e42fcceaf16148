"""What the rest of the platform is told: versioned envelopes of ids, codes and flags, never of what people wrote.

The same write always gives the same events with the same ids, so a system that receives one twice can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

from msgspec import Struct

from client_lifecycle.domain.bookings import BookingAnswer
from client_lifecycle.domain.client import Cause, Source
from client_lifecycle.domain.effects import Change, LeftAlone
from client_lifecycle.domain.intake_answers import RefusedOnTheBus
from client_lifecycle.domain.practice_history import PracticeEntry, PracticeEvent
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.domain.records import (
    Appointment,
    AppointmentStatus,
    Balance,
    Document,
    FeedEntry,
    Form,
    Membership,
    Payment,
    PaymentStatus,
    Recipient,
    RecipientStatus,
    Record,
    Reminder,
    ReminderStatus,
)
from client_lifecycle.domain.runs import Run, RunState, moved_by

ENVELOPE_VERSION = 1


class EventName(StrEnum):
    """Every event there is. Those of a client's history have the names of ``HistoryEvent``."""

    CLIENT_ADDED = "client.added"
    CLIENT_CHANGED = "client.changed"
    CLIENT_ARCHIVED = "client.archived"
    CLIENT_ACTIVATED = "client.activated"
    ARCHIVE_PLANNED = "client.archive_planned"
    ARCHIVE_PLAN_CANCELLED = "client.archive_plan_cancelled"
    ARCHIVE_MADE_GOOD = "client.archive_made_good"
    BOOKING_ACCEPTED = "booking.accepted"
    BOOKING_REFUSED = "booking.refused"
    RECORDS_REFUSED = "records.refused"
    APPOINTMENT_CANCELLED = "appointment.cancelled"
    APPOINTMENT_RESTORED = "appointment.restored"
    PAYMENT_CANCELLED = "payment.cancelled"
    PAYMENT_RESTORED = "payment.restored"
    PAYMENT_LEFT_ALONE = "payment.left_alone"
    PAYMENT_CHARGED_ANYWAY = "payment.charged_anyway"
    CHAT_LEFT = "chat.left"
    CHAT_REJOINED = "chat.rejoined"
    REMINDER_SUPPRESSED = "reminder.suppressed"
    REMINDER_RESTORED = "reminder.restored"
    BLAST_WITHDRAWN = "blast.withdrawn"
    SETTINGS_CHANGED = "settings.changed"
    GROUP_ADDED = "group.added"
    GROUP_CHANGED = "group.changed"
    GROUP_DELETED = "group.deleted"
    RUN_PREVIEWED = "bulk_archive.previewed"
    RUN_PROPOSED = "bulk_archive.proposed"
    RUN_EXCLUDED = "bulk_archive.clients_excluded"
    RUN_CONFIRMED = "bulk_archive.confirmed"
    RUN_STOP_ASKED = "bulk_archive.stop_asked"
    RUN_RETRIED = "bulk_archive.retried"
    RUN_UNDONE = "bulk_archive.undone"
    IMPORT_REQUESTED = "import.requested"
    IMPORT_CHECK_ASKED = "import.check_asked"
    IMPORT_CONFIRMED = "import.confirmed"
    IMPORT_STOP_ASKED = "import.stop_asked"
    IMPORT_RETRIED = "import.retried"
    RUN_STARTED = "bulk_archive.started"
    RUN_STOPPED = "bulk_archive.stopped"
    RUN_COMPLETED = "bulk_archive.completed"
    RUN_COMPLETED_IN_PART = "bulk_archive.completed_in_part"
    RUN_COMPLETED_WITH_FAILURES = "bulk_archive.completed_with_failures"


RUN_EVENTS: Mapping[RunState, EventName] = {
    RunState.AWAITING_CONFIRMATION: EventName.RUN_PREVIEWED,
    RunState.PROPOSED: EventName.RUN_PROPOSED,
    RunState.RUNNING: EventName.RUN_STARTED,
    RunState.STOPPED: EventName.RUN_STOPPED,
    RunState.COMPLETED: EventName.RUN_COMPLETED,
    RunState.COMPLETED_IN_PART: EventName.RUN_COMPLETED_IN_PART,
    RunState.COMPLETED_WITH_FAILURES: EventName.RUN_COMPLETED_WITH_FAILURES,
}
"""The event of a run that enters a state; the stages in between have none."""


class Event(Struct, frozen=True, kw_only=True):
    """An envelope. ``event_id`` is the same for every delivery; ``correlation_id`` joins what one request caused."""

    name: EventName
    version: int = ENVELOPE_VERSION
    event_id: str
    time: datetime
    provider_id: str
    client_id: str | None = None
    run_id: str | None = None
    archive_id: str | None = None
    correlation_id: str
    detail: Mapping[str, Any]


class Origin(Struct, frozen=True, kw_only=True):
    """Where changes come from: whose records they are of, under which archive, through which run, and since when.

    Nobody may tell the client of them unless ``notify_client`` is true (E9). ``part_id`` is the transaction that made
    them, where the same can happen to a record more than once: it is taken back (A9), or made good (A11).
    """

    provider_id: str
    client_id: str
    archive_id: str
    at: datetime
    run_id: str | None = None
    notify_client: bool = False
    part_id: str | None = None


def history_event(provider_id: str, client_id: str, entry: HistoryEntry) -> Event | None:
    """Return the event of a new line in a client's history; that of a refused booking is its answer's."""
    if entry.event is HistoryEvent.BOOKING_REFUSED:
        return None
    run_id = entry.cause.run_id
    return Event(
        name=EventName(entry.event.value),
        event_id=entry.history_id,
        time=entry.at,
        provider_id=provider_id,
        client_id=client_id,
        run_id=run_id,
        archive_id=entry.archive_id,
        correlation_id=run_id or entry.archive_id or entry.history_id,
        detail=_history_detail(entry),
    )


TOLD_BY_THE_RUN = frozenset({PracticeEvent.RUN_PREVIEWED, PracticeEvent.RUN_PROPOSED})
"""Lines of a practice's history whose event is that of the run that they tell of."""


def practice_event(provider_id: str, entry: PracticeEntry) -> Event | None:
    """Return the event of a new line in a practice's history, unless the run that it tells of has the same."""
    if entry.event in TOLD_BY_THE_RUN:
        return None
    return Event(
        name=EventName(entry.event.value),
        event_id=entry.history_id,
        time=entry.at,
        provider_id=provider_id,
        run_id=entry.run_id,
        correlation_id=entry.run_id or entry.import_id or entry.history_id,
        detail=_given(
            **_who(entry.cause),
            group_id=entry.group_id,
            undone_by=entry.undone_by,
            import_id=entry.import_id,
            client_ids=list(entry.client_ids) or None,
            changed=[edit.field for edit in entry.edits] or None,
        ),
    )


def answer_event(provider_id: str, answer: BookingAnswer) -> Event:
    """Return the event of an answer to a booking, whichever way the booking came (P6, A2)."""
    name = EventName.BOOKING_REFUSED if answer.refusal else EventName.BOOKING_ACCEPTED
    return Event(
        name=name,
        event_id=f"{provider_id}:{answer.event_id}:{name}",
        time=answer.answered_at,
        provider_id=provider_id,
        client_id=answer.client_id,
        archive_id=answer.archive_id,
        correlation_id=answer.archive_id or answer.event_id,
        detail=_given(
            **_who(Cause(source=Source.BOOKING, actor_id=answer.event_id)),
            appointment_id=answer.appointment_id,
            booked_by=answer.booked_by,
            activated=None if answer.refusal else answer.activated,
            reason=answer.refusal,
        ),
    )


def records_refused_event(provider_id: str, answer: RefusedOnTheBus) -> Event:
    """Return the event of an answer to a source, of whose changes some were refused or could not be read (I19)."""
    return Event(
        name=EventName.RECORDS_REFUSED,
        event_id=f"{provider_id}:{answer.source}:{answer.event_id}:{EventName.RECORDS_REFUSED}",
        time=answer.answered_at,
        provider_id=provider_id,
        client_id=answer.client_id,
        correlation_id=answer.event_id,
        detail={
            **_who(Cause(source=Source.RECORDS, actor_id=answer.source)),
            **_given(client_external_id=answer.external_id),
            "source_event_id": answer.event_id,
            "results": answer.results,
        },
    )


def change_events(changes: Iterable[Change], origin: Origin) -> tuple[Event, ...]:
    """Return an event for each change that another system has to follow, in their order."""
    again = f":{origin.part_id}" if origin.part_id else ""
    return tuple(
        _record_event(name, origin, f"{change.after.record_id}{again}", _record_ids(change.after))
        for change in changes
        if (name := change_name(change))
    )


def left_alone_events(left_alone: Iterable[LeftAlone], origin: Origin) -> tuple[Event, ...]:
    """Return an event for each payment that an archive had to leave alone (E7), in their order."""
    name = EventName.PAYMENT_LEFT_ALONE
    return tuple(
        _record_event(name, origin, left.record_id, {"payment_id": left.record_id, "reason": left.reason})
        for left in left_alone
    )


def _record_event(name: EventName, origin: Origin, of: str, told: Mapping[str, Any]) -> Event:
    return Event(
        name=name,
        event_id=f"{origin.archive_id}:{name}:{of}",
        time=origin.at,
        provider_id=origin.provider_id,
        client_id=origin.client_id,
        run_id=origin.run_id,
        archive_id=origin.archive_id,
        correlation_id=origin.run_id or origin.archive_id,
        detail={**told, "notify_client": origin.notify_client},
    )


def change_name(change: Change) -> EventName | None:
    """Name what happened to a record; feed entries are this system's own affair, so theirs has no name.

    Neither has what no archive touches: documents, forms and balances.
    """
    match change.after:
        case Appointment() | Payment():
            return _commitment_name(change)
        case Membership() | Reminder() | Recipient():
            return _message_name(change)
        case FeedEntry() | Document() | Form() | Balance():
            return None
        case _:
            assert_never(change.after)


def _commitment_name(change: Change) -> EventName | None:
    match change.before, change.after:
        case Appointment(), Appointment(status=AppointmentStatus.CANCELLED):
            return EventName.APPOINTMENT_CANCELLED
        case Appointment(status=AppointmentStatus.CANCELLED), Appointment(status=AppointmentStatus.BOOKED):
            return EventName.APPOINTMENT_RESTORED
        case Payment(), Payment(status=PaymentStatus.CANCELLED):
            return EventName.PAYMENT_CANCELLED
        case Payment(status=PaymentStatus.CANCELLED), Payment(status=PaymentStatus.SCHEDULED):
            return EventName.PAYMENT_RESTORED
        case _:
            return None


def _message_name(change: Change) -> EventName | None:
    match change.before, change.after:
        case Membership(left_at=None), Membership(left_at=left_at) if left_at:
            return EventName.CHAT_LEFT
        case Membership(left_at=left_at), Membership(left_at=None) if left_at:
            return EventName.CHAT_REJOINED
        case Reminder(), Reminder(status=ReminderStatus.SUPPRESSED):
            return EventName.REMINDER_SUPPRESSED
        case Reminder(status=ReminderStatus.SUPPRESSED), Reminder(status=ReminderStatus.PENDING):
            return EventName.REMINDER_RESTORED
        case Recipient(), Recipient(status=RecipientStatus.WITHDRAWN):
            return EventName.BLAST_WITHDRAWN
        case _:
            return None


def run_event(before: Run | None, after: Run) -> Event | None:
    """Return the event of a run that has entered a state; while the state stays, counts may move without one.

    Args:
        before: the run as it was, ``None`` if it is new.
        after: the run as it is.
    """
    name = RUN_EVENTS.get(after.state)
    if name is None or (before and before.state is after.state):
        return None
    return Event(
        name=name,
        event_id=f"{after.run_id}:{name}:{after.attempt}",
        time=after.finished_at or after.attempt_started_at or after.created_at,
        provider_id=after.provider_id,
        run_id=after.run_id,
        correlation_id=after.run_id,
        detail=_given(
            kind=after.kind,
            attempt=after.attempt,
            undo_of=after.undo_of,
            actor_id=moved_by(after),
            group_id=after.group_id,
            reason=after.options.reason,
            notify_client=after.options.notify_client,
            clients=after.totals.clients,
            counts={outcome.value: count for outcome, count in after.counts.items()},
            not_restored={reason.value: count for reason, count in after.not_restored.items()} or None,
        ),
    )


def _history_detail(entry: HistoryEntry) -> dict[str, Any]:
    detail = _who(entry.cause)
    if entry.options:
        detail |= _given(
            reason=entry.options.reason,
            notify_client=entry.options.notify_client,
            mute_email=entry.options.mute_email,
            group_id=entry.options.group_id,
        )
    if entry.edits:
        detail["changed"] = [edit.field for edit in entry.edits]
    if entry.payment_ids:
        detail["payment_ids"] = list(entry.payment_ids)
    if entry.plan:
        detail |= _given(trigger=entry.plan.trigger, archive_on=entry.plan.archive_on)
    return detail


def _who(cause: Cause) -> dict[str, Any]:
    return _given(source=cause.source, actor_id=cause.actor_id, through=cause.through)


def _record_ids(record: Record) -> dict[str, Any]:
    match record:
        case Appointment():
            return _given(appointment_id=record.record_id, series_id=record.series_id)
        case Payment():
            return {"payment_id": record.record_id}
        case Membership():
            return {"chat_id": record.record_id}
        case Reminder():
            return {"reminder_id": record.record_id, "goal_id": record.goal_id}
        case Recipient():
            return {"blast_id": record.record_id}
        case FeedEntry() | Document() | Form() | Balance():
            return {}
        case _:
            assert_never(record)


def _given(**fields: Any) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
