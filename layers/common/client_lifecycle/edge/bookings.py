"""What scheduling systems send: a booking, the same whether they call or publish."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from client_lifecycle.domain.bookings import BookedBy, Booking, in_reach
from client_lifecycle.domain.records import Appointment
from client_lifecycle.edge.bodies import Body, IdField, Text, Whole
from client_lifecycle.edge.id_forms import FOREIGN_ID_PATTERN
from client_lifecycle.edge.moments import Moment

A_DAY_IN_MINUTES = 24 * 60

ForeignId = Annotated[str, Field(pattern=FOREIGN_ID_PATTERN)]
"""An id of the scheduling system's own."""


class AppointmentBody(Body):
    """The appointment that was booked; the start has a time zone and lies within ten years.

    ``calendar_id`` is the calendar whose slot it takes; appointments that name none share one.
    """

    id: ForeignId
    start: Moment
    duration_minutes: Whole = Field(ge=1, le=A_DAY_IN_MINUTES)
    type: Annotated[Text, Field(min_length=1, max_length=64)]
    calendar_id: ForeignId | None = None


class BookingBody(Body):
    """A booking; the event id is the scheduling system's own, and is answered once."""

    event_id: ForeignId
    provider_id: IdField
    client_id: IdField
    appointment: AppointmentBody
    booked_by: Annotated[BookedBy, Field(strict=False)]

    def booking(self, at: datetime) -> Booking:
        """Return what is asked for.

        Args:
            at: the present moment, UTC.

        Raises:
            InvalidRequest: the appointment starts in more than ten years (T2).
        """
        return in_reach(self._booking(), at)

    def _booking(self) -> Booking:
        return Booking(
            event_id=self.event_id,
            provider_id=self.provider_id,
            client_id=self.client_id,
            appointment=Appointment(
                record_id=self.appointment.id,
                starts_at=self.appointment.start,
                duration_minutes=self.appointment.duration_minutes,
                type=self.appointment.type,
                calendar_id=self.appointment.calendar_id,
            ),
            booked_by=self.booked_by,
        )
