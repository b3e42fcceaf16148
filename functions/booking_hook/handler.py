"""POST /hooks/bookings: a signed request of the scheduling system -> use case -> accepted or refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.openapi.params import Header

from client_lifecycle.domain.bookings import BookingAnswer, BookingRefusal
from client_lifecycle.domain.client import Door
from client_lifecycle.domain.errors import BadSignature, EventIdReused
from client_lifecycle.edge import http, signature, wiring
from client_lifecycle.edge.bookings import BookingBody
from client_lifecycle.edge.id_forms import ID_PATTERN
from client_lifecycle.edge.reading import MAX_SIGNED_BODY_BYTES, raw_body
from client_lifecycle.edge.views.shared import View
from client_lifecycle.use_cases.book import book

SIGNED_BY = "signed_by"

SIGNED: list[dict[str, list[str]]] = [{"signature": []}]
"""The ``security`` of a route for other systems."""


class AnswerView(View):
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


def only_signed(app: APIGatewayRestResolver) -> None:
    """Let a request through whose signature fits its raw body; of any other, nothing is read.

    Raises:
        BadSignature: the signature is missing, does not fit, or is stale.
        RequestTooLarge: the body is larger than any booking.
        TooManyRequests: the provider's system calls too often, or too many call who are not known.
    """
    at, headers = wiring.now(), app.current_event.headers
    signed = signature.of_request(headers, at)
    provider_id, raw = headers.get("X-Provider", ""), raw_body(app.current_event, MAX_SIGNED_BODY_BYTES)
    signature.verify(signed, raw, _secrets(provider_id, at))
    wiring.hook_rate().count(provider_id, at)
    app.context[SIGNED_BY] = provider_id


app = http.resolver(only_signed)


@app.post(
    "/hooks/bookings",
    summary="Book an appointment",
    tags=["hooks"],
    security=SIGNED,
    responses={HTTPStatus.OK: {"description": "Accepted"}, HTTPStatus.CONFLICT: {"description": "Refused"}},
)
@http.may_fail_with(BadSignature, EventIdReused)
def bookings(
    body: Annotated[BookingBody, FromBody()],
    x_provider: Annotated[str, Header(description="The provider whose secret signed the request.", pattern=ID_PATTERN)],  # noqa: ARG001
) -> Response[AnswerView]:
    """Answer a booking; an archived client who books is active in the same moment."""
    if body.provider_id != app.context[SIGNED_BY]:
        raise BadSignature("The booking is not of the provider whose secret signed it.", "provider_id")
    at = wiring.now()
    answer = book(wiring.tenant(body.provider_id), body.booking(at), at=at, through=Door.BOOKING_HOOK)
    status = HTTPStatus.CONFLICT if answer.refusal else HTTPStatus.OK
    return Response(status_code=status.value, content_type="application/json", body=AnswerView.of(answer))


def _secrets(provider_id: str, at: datetime) -> Iterable[str]:
    return wiring.booking_secrets().of(provider_id, at) if re.fullmatch(ID_PATTERN, provider_id) else ()


lambda_handler = http.lambda_handler(app)
