"""Records appointments with the answers to the bookings they come from."""

from __future__ import annotations

from client_lifecycle.domain.bookings import Booking, BookingAnswer
from client_lifecycle.domain.client import Client
from client_lifecycle.domain.receipts import HistoryEntry
from client_lifecycle.domain.records import Appointment, AppointmentStatus
from client_lifecycle.storage import clients
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.items import put_new
from client_lifecycle.storage.table import ConditionsFailed, StaleRead
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain, to_plain

APPOINTMENT = 0
"""The index of the appointment in the transaction that records a booking."""


class AppointmentExists(Exception):
    """The client has an appointment of this id already; nothing was written."""


def read_answer_or_client(tenant: Tenant, booking: Booking) -> BookingAnswer | Client | None:
    """Read the answer that a booking was given before, or else the client it is for, ``None`` if there is neither.

    Both are read at once: an answer that is given in between is in the way of every other.

    Raises:
        UnreadableRecord: the answer, or else the client, cannot be read.
    """
    answer_key, client_key = tenant.keys.booking_answer(booking.event_id), tenant.keys.client(booking.client_id)
    found = {plain["pk"]: plain for plain in tenant.table.get_many([answer_key, client_key])}
    if answered := found.get(answer_key["pk"]):
        return from_plain(BookingAnswer, answered)
    client = found.get(client_key["pk"])
    return clients.client_from(client) if client else None


def commit_booking(tenant: Tenant, update: clients.ClientUpdate, booking: Booking, answer: BookingAnswer) -> None:
    """Record an appointment on the client as read, with the answer and the history, all or nothing (A2).

    An appointment of this id that was cancelled is booked again (A10).

    Args:
        tenant: the provider's part of the table.
        update: the client as active; its history has a line if the booking brings it back or cancels a plan.
        booking: what was asked for.
        answer: what is answered.

    Raises:
        AppointmentExists: the client has an appointment of this id already, which is not cancelled.
        StaleRead: the client is no longer as it was read, or the booking was answered meanwhile.
    """
    client_id, appointment = update.client_id, booking.appointment
    appointment_key = tenant.keys.record(client_id, appointment.kind, appointment.record_id)
    item = clients.record_item(tenant.keys, client_id, appointment)
    others = [
        *clients.update_writes(tenant, update),
        put_new(tenant.table.name, tenant.keys.booking_answer(booking.event_id), to_plain(answer)),
    ]
    try:
        tenant.table.transact([put_new(tenant.table.name, appointment_key, item), *others])
    except ConditionsFailed as failed:
        if set(failed.found) != {APPOINTMENT}:
            raise StaleRead from failed
        there = failed.found[APPOINTMENT] or {}
        _require_cancelled(there)
        tenant.table.transact_if_unchanged([clients.record_write(tenant, there, appointment), *others])


def _require_cancelled(found: Plain) -> None:
    """Require that the appointment that stands in a booking's way is one that was cancelled, or removed.

    Raises:
        AppointmentExists: it was not.
    """
    if found.get(clients.REMOVED):
        return
    there = clients.record_from(found)
    if not (isinstance(there, Appointment) and there.status is AppointmentStatus.CANCELLED):
        raise AppointmentExists


def commit_refusal(
    tenant: Tenant, booking: Booking, answer: BookingAnswer, client: Client | None, history: HistoryEntry | None
) -> None:
    """Keep the answer to a refused booking and, where there is one, the line for the client's history.

    Raises:
        StaleRead: the booking was answered meanwhile.
    """
    writes = [put_new(tenant.table.name, tenant.keys.booking_answer(booking.event_id), to_plain(answer))]
    if client and history:
        writes.append(clients.history_write(tenant, client, history))
    tenant.table.transact_if_unchanged(writes)
