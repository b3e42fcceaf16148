"""What scheduling systems send: a booking, the same whether they call or publish. Imports the domain and pydantic."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated

from pydantic import AwareDatetime, Field

from client_lifecycle.domain.bookings import BookedBy, Booking
from client_lifecycle.domain.records import Appointment
from client_lifecycle.edge.views import Body, IdField

A_DAY_IN_MINUTES = 24 * 60


class AppointmentBody(Body):
    """The appointment that was booked; the start has a time zone.

    ``calendar_id`` is the calendar whose slot it takes; appointments that name none share one.
    """

    id: IdField
    start: Annotated[AwareDatetime, Field(strict=False)]
    duration_minutes: int = Field(ge=1, le=A_DAY_IN_MINUTES)
    type: str = Field(min_length=1, max_length=64)
    calendar_id: IdField | None = None


class BookingBody(Body):
    """A booking; the event id is the scheduling system's own, and is answered once."""

    event_id: IdField
    provider_id: IdField
    client_id: IdField
    appointment: AppointmentBody
    booked_by: Annotated[BookedBy, Field(strict=False)]

    def booking(self) -> Booking:
        """Return what is asked for."""
        return Booking(
            event_id=self.event_id,
            provider_id=self.provider_id,
            client_id=self.client_id,
            appointment=Appointment(
                record_id=self.appointment.id,
                starts_at=self.appointment.start.astimezone(UTC),
                duration_minutes=self.appointment.duration_minutes,
                type=self.appointment.type,
                calendar_id=self.appointment.calendar_id,
            ),
            booked_by=self.booked_by,
        )
