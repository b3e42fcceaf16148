"""A booking that the scheduling system asks for, and the answer to it (P6, A2)."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from msgspec import Struct

from client_lifecycle.domain.errors import EventIdReused, InvalidRequest
from client_lifecycle.domain.policy import Refusal
from client_lifecycle.domain.records import Appointment

FARTHEST = timedelta(days=3_653)
"""Ten years: the farthest ahead that a booking starts (T2)."""


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
    CLIENT_ARCHIVED = "client_archived"
    NOT_FOR_THIS_ACTOR = "not_for_this_actor"


def refusal_for(refusal: Refusal) -> BookingRefusal:
    """Say why a booking is refused in its own words, whatever the policy's table refuses it for (P6)."""
    match refusal:
        case Refusal.NO_SELF_RETURN:
            return BookingRefusal.NO_SELF_RETURN
        case Refusal.CLIENT_ARCHIVED:
            return BookingRefusal.CLIENT_ARCHIVED
        case Refusal.NOT_FOR_THIS_ACTOR:
            return BookingRefusal.NOT_FOR_THIS_ACTOR
        case (
            Refusal.SCHEDULING_DISABLED
            | Refusal.CHAT_DISABLED
            | Refusal.COMMUNITY_CHATS_DISABLED
            | Refusal.EMAIL_DISABLED
        ):
            return BookingRefusal.SCHEDULING_DISABLED
        case _:
            assert_never(refusal)


class Booking(Struct, frozen=True, kw_only=True):
    """One request to book; ``event_id`` is the scheduling system's own, and is answered once."""

    event_id: str
    provider_id: str
    client_id: str
    appointment: Appointment
    booked_by: BookedBy

    @property
    def fingerprint(self) -> str:
        """What tells this booking from another: the same for the same content, however it is written or signed."""
        asked = self.appointment
        content = {
            "client_id": self.client_id,
            "appointment_id": asked.record_id,
            "starts_at": asked.starts_at.isoformat(),
            "duration_minutes": asked.duration_minutes,
            "type": asked.type,
            "booked_by": self.booked_by,
            "calendar_id": asked.calendar_id,
        }
        said = {name: value for name, value in content.items() if value is not None}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


class BookingAnswer(Struct, frozen=True, kw_only=True):
    """The answer to a booking: accepted, or refused with a reason. ``activated`` tells that the client came back.

    ``archive_id`` is the archive that the client was under, if it was under one. ``fingerprint`` is the booking's.
    """

    event_id: str
    client_id: str
    appointment_id: str
    booked_by: BookedBy
    answered_at: datetime
    archive_id: str | None = None
    activated: bool = False
    refusal: BookingRefusal | None = None
    fingerprint: str | None = None


def in_reach(booking: Booking, at: datetime) -> Booking:
    """Return a booking that starts within ten years.

    Raises:
        InvalidRequest: it starts later (T2).
    """
    if booking.appointment.starts_at > at + FARTHEST:
        raise InvalidRequest(
            "An appointment is booked at most ten years ahead.", "appointment.start", code="too_far_ahead"
        )
    return booking


def answer_again(answer: BookingAnswer, booking: Booking) -> BookingAnswer:
    """Return the answer that was given before, for a booking of the same content.

    Answers from before fingerprints were kept count for every content.

    Raises:
        EventIdReused: what was answered was another booking.
    """
    if answer.fingerprint not in (None, booking.fingerprint):
        raise EventIdReused("This event id was sent with another booking before.", "event_id")
    return answer


def acceptance(booking: Booking, archive_id: str | None, at: datetime) -> BookingAnswer:
    """Answer a booking with yes; a client under an archive comes back with it (A2)."""
    return _answer(booking, at, archive_id=archive_id, activated=archive_id is not None)


def refusal_of(booking: Booking, refusal: BookingRefusal, archive_id: str | None, at: datetime) -> BookingAnswer:
    """Answer a booking with no."""
    return _answer(booking, at, archive_id=archive_id, refusal=refusal)


def _answer(booking: Booking, at: datetime, **outcome: Any) -> BookingAnswer:
    return BookingAnswer(
        event_id=booking.event_id,
        client_id=booking.client_id,
        appointment_id=booking.appointment.record_id,
        booked_by=booking.booked_by,
        answered_at=at,
        fingerprint=booking.fingerprint,
        **outcome,
    )
