"""POST /hooks/bookings: a signed request of the scheduling system -> use case -> accepted or refused."""

from __future__ import annotations

import re
from datetime import UTC
from http import HTTPStatus
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.openapi.params import Header
from pydantic import AwareDatetime, BaseModel, Field

from client_lifecycle.domain.bookings import BookedBy, Booking, BookingAnswer, BookingRefusal
from client_lifecycle.domain.errors import BadSignature
from client_lifecycle.domain.records import Appointment
from client_lifecycle.edge import http, signature, wiring
from client_lifecycle.edge.views import Body, IdField
from client_lifecycle.use_cases.book import book

A_DAY_IN_MINUTES = 24 * 60

app = http.resolver()


class AppointmentBody(Body):
    """The appointment that was booked; the start has a time zone."""

    id: IdField
    start: Annotated[AwareDatetime, Field(strict=False)]
    duration_minutes: int = Field(ge=1, le=A_DAY_IN_MINUTES)
    type: str = Field(min_length=1, max_length=64)


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
            ),
            booked_by=self.booked_by,
        )


class AnswerView(BaseModel):
    """The answer to a booking."""

    event_id: str
    answer: Literal["accepted", "refused"]
    activated: bool
    reason: BookingRefusal | None

    @classmethod
    def of(cls, answer: BookingAnswer) -> AnswerView:
        """Show an answer."""
        return cls(
            event_id=answer.event_id,
            answer="refused" if answer.refusal else "accepted",
            activated=answer.activated,
            reason=answer.refusal,
        )


@app.post("/hooks/bookings", summary="Book an appointment", tags=["hooks"])
def bookings(
    body: Annotated[BookingBody, FromBody()],
    x_provider: Annotated[str, Header(description="The provider whose secret signed the request.")] = "",
    x_signature: Annotated[str, Header(description="t=<seconds since 1970>,v1=<hex digest>")] = "",
) -> Response[AnswerView]:
    """Answer a booking; an archived client who books is active in the same moment."""
    at = wiring.now()
    raw = app.current_event.decoded_body or ""
    signature.verify(x_signature, raw, _secrets(x_provider), at)
    if body.provider_id != x_provider:
        raise BadSignature("The booking is not of the provider whose secret signed it.", "provider_id")
    answer = book(wiring.table(), body.booking(), at=at)
    status = HTTPStatus.CONFLICT if answer.refusal else HTTPStatus.OK
    return Response(status_code=status.value, content_type="application/json", body=AnswerView.of(answer))


def _secrets(provider_id: str) -> list[str]:
    return wiring.booking_secrets().of(provider_id) if re.fullmatch(http.ID_PATTERN, provider_id) else []


lambda_handler = http.lambda_handler(app)
