"""A booking that the scheduling system asks for, and the answer to it (P6, A2). Imports ``records``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from client_lifecycle.domain.records import Appointment


class BookedBy(StrEnum):
    """Who booked; staff are not subject to the client's own switch (P6)."""

    CLIENT = "client"
    STAFF = "staff"


class BookingRefusal(StrEnum):
    """Why a booking is refused."""

    UNKNOWN_CLIENT = "unknown_client"
    SLOT_IN_PAST = "slot_in_past"
    SCHEDULING_DISABLED = "scheduling_disabled"
    NO_SELF_RETURN = "no_self_return"
    APPOINTMENT_EXISTS = "appointment_exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One request to book; ``event_id`` is the scheduling system's own, and is answered once."""

    event_id: str
    provider_id: str
    client_id: str
    appointment: Appointment
    booked_by: BookedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingAnswer:
    """The answer to a booking: accepted, or refused with a reason. ``activated`` tells that the client came back.

    ``archive_id`` is the archive that the client was under, if it was under one.
    """

    event_id: str
    client_id: str
    appointment_id: str
    booked_by: BookedBy
    answered_at: datetime
    archive_id: str | None = None
    activated: bool = False
    refusal: BookingRefusal | None = None


def accepted(booking: Booking, archive_id: str | None, at: datetime) -> BookingAnswer:
    """Answer a booking with yes; a client under an archive comes back with it (A2)."""
    return _answer(booking, at, archive_id=archive_id, activated=archive_id is not None)


def refused(booking: Booking, refusal: BookingRefusal, archive_id: str | None, at: datetime) -> BookingAnswer:
    """Answer a booking with no."""
    return _answer(booking, at, archive_id=archive_id, refusal=refusal)


def _answer(booking: Booking, at: datetime, **outcome: Any) -> BookingAnswer:
    return BookingAnswer(
        event_id=booking.event_id,
        client_id=booking.client_id,
        appointment_id=booking.appointment.record_id,
        booked_by=booking.booked_by,
        answered_at=at,
        **outcome,
    )
