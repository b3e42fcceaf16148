"""A booking that the scheduling system asks for, and the answer to it (P6, A2). Imports ``records``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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
    """The answer to a booking: accepted, or refused with a reason. ``activated`` tells that the client came back."""

    event_id: str
    answered_at: datetime
    activated: bool = False
    refusal: BookingRefusal | None = None
