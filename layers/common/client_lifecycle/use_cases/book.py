"""Book an appointment; an archived client comes back in the same moment (A2)."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from client_lifecycle.domain.bookings import (
    BookedBy,
    Booking,
    BookingAnswer,
    BookingRefusal,
    acceptance,
    answer_again,
    refusal_for,
    refusal_of,
)
from client_lifecycle.domain.client import Cause, Client, Door, Source, with_last_active, with_next_revision
from client_lifecycle.domain.policy import Action, Actor, Refusal, decide
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.storage import bookings
from client_lifecycle.storage.clients import ClientUpdate
from client_lifecycle.storage.providers import portal_settings, read_settings
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.ids import new_id
from client_lifecycle.use_cases.optimistic import optimistic_on_client
from client_lifecycle.use_cases.planned_archives import plan_cancelled
from client_lifecycle.use_cases.restore import reactivated

ACTORS = {BookedBy.CLIENT: Actor.CLIENT, BookedBy.STAFF: Actor.STAFF}

POLICY_REFUSALS = frozenset(refusal_for(refusal) for refusal in Refusal)
"""The refusals that are a provider's decision; the others are between the client and the calendar."""


@optimistic_on_client
def book(tenant: Tenant, booking: Booking, *, at: datetime, through: Door) -> BookingAnswer:
    """Answer a booking: record the appointment and activate an archived client, in one transaction, or refuse it.

    For an active client too the appointment stands under the client's revision, so an archive in the same instant
    either sees it or is decided again. A client who books is not archived later as planned. A booking that was answered
    before gets the same answer, and nothing is written. A cancelled appointment is booked again like any other (A10).

    The answer is written with what it tells of, and is published from there.

    Args:
        tenant: the provider's part of the table.
        booking: what is asked for.
        at: the present moment, UTC.
        through: the way it came.

    Raises:
        EventIdReused: another booking was answered under this event id.
        CommitContended: the client kept changing.
        StorageBusy: the table kept throttling.
    """
    found = bookings.read_answer_or_client(tenant, booking)
    if isinstance(found, BookingAnswer):
        return answer_again(found, booking)
    cause = Cause(source=Source.BOOKING, actor_id=booking.event_id, through=through)
    return _answer(tenant, booking, found, cause, at)


def _answer(tenant: Tenant, booking: Booking, client: Client | None, cause: Cause, at: datetime) -> BookingAnswer:
    if client is None:
        return _refuse(tenant, booking, BookingRefusal.UNKNOWN_CLIENT, None, cause, at)
    if refusal := _refusal(tenant, client, booking, at):
        return _refuse(tenant, booking, refusal, client, cause, at)
    try:
        return _accept(tenant, booking, client, cause, at)
    except bookings.AppointmentExists:
        return _refuse(tenant, booking, BookingRefusal.APPOINTMENT_EXISTS, client, cause, at)


def _refusal(tenant: Tenant, client: Client, booking: Booking, at: datetime) -> BookingRefusal | None:
    if booking.appointment.starts_at <= at:
        return BookingRefusal.SLOT_IN_PAST
    provider = read_settings(tenant)
    settings = portal_settings(tenant, client, provider)
    actor = ACTORS[booking.booked_by]
    permission = decide(Action.BOOK_APPOINTMENT, actor, client, settings, provider.no_self_return)
    return refusal_for(permission.refusal) if permission.refusal else None


def _accept(tenant: Tenant, booking: Booking, client: Client, cause: Cause, at: datetime) -> BookingAnswer:
    answer = acceptance(booking, client.stamp.archive_id if client.stamp else None, at)
    booker = with_last_active(client, at) if booking.booked_by is BookedBy.CLIENT else client
    after, entry = _booked(booker, booking, cause, at)
    bookings.commit_booking(tenant, ClientUpdate(client, after, entry), _booked_at(booking, at), answer)
    return answer


def _booked_at(booking: Booking, at: datetime) -> Booking:
    """Return a booking with the moment at which its appointment is booked (A1)."""
    return replace(booking, appointment=replace(booking.appointment, booked_at=at))


def _booked(client: Client, booking: Booking, cause: Cause, at: datetime) -> tuple[Client, HistoryEntry | None]:
    """Return the client once the booking is accepted, and the line for its history: back, or no longer to be archived.

    Staff who book for a client do not say that it stays, so the plan does.
    """
    if client.stamp:
        return reactivated(client, client.stamp.archive_id, cause, at)
    if client.plan and booking.booked_by is BookedBy.CLIENT:
        return plan_cancelled(client, client.plan, cause, at)
    return with_next_revision(client), None


def _refuse(
    tenant: Tenant, booking: Booking, refusal: BookingRefusal, client: Client | None, cause: Cause, at: datetime
) -> BookingAnswer:
    answer = refusal_of(booking, refusal, client.stamp.archive_id if client and client.stamp else None, at)
    entry = _refused_entry(client, refusal, cause, at) if client and refusal in POLICY_REFUSALS else None
    bookings.commit_refusal(tenant, booking, answer, client, entry)
    return answer


def _refused_entry(client: Client, refusal: BookingRefusal, cause: Cause, at: datetime) -> HistoryEntry:
    """Return the line that tells the provider's staff of a client who wanted to come, and may not."""
    return HistoryEntry(
        history_id=new_id(at),
        at=at,
        event=HistoryEvent.BOOKING_REFUSED,
        cause=cause,
        archive_id=client.stamp.archive_id if client.stamp else None,
        reason=refusal.value,
    )
