"""POST /hooks/bookings: a signed request of the scheduling system -> use case -> accepted or refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.openapi.params import Header
from pydantic import BaseModel

from client_lifecycle.domain.bookings import BookingAnswer, BookingRefusal
from client_lifecycle.domain.errors import BadSignature, InvalidRequest
from client_lifecycle.edge import http, signature, wiring
from client_lifecycle.edge.bookings import BookingBody
from client_lifecycle.edge.ids import ID_PATTERN
from client_lifecycle.use_cases.book import book

SIGNED_BY = "signed_by"

app = http.resolver()


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


def only_signed(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Let a request through whose signature fits its raw body; of any other, nothing is read.

    Raises:
        BadSignature: the signature is missing, does not fit, or is stale.
        InvalidRequest: what was signed is no text.
    """
    at = wiring.now()
    headers = app.current_event.headers
    provider_id, raw = headers.get("X-Provider", ""), http.raw_body(app.current_event)
    signature.verify(headers.get("X-Signature", ""), raw, _secrets(provider_id, at), at)
    if not _is_text(raw):
        raise InvalidRequest("The body is not UTF-8.", "body")
    app.context[SIGNED_BY] = provider_id
    return next_middleware(app)


@app.post(
    "/hooks/bookings",
    summary="Book an appointment",
    tags=["hooks"],
    enable_validation=False,
    middlewares=[only_signed, *http.validation()],
)
def bookings(
    body: Annotated[BookingBody, FromBody()],
    x_provider: Annotated[str, Header(description="The provider whose secret signed the request.")] = "",  # noqa: ARG001
    x_signature: Annotated[str, Header(description="t=<seconds since 1970>,v1=<hex digest>")] = "",  # noqa: ARG001
) -> Response[AnswerView]:
    """Answer a booking; an archived client who books is active in the same moment."""
    if body.provider_id != app.context[SIGNED_BY]:
        raise BadSignature("The booking is not of the provider whose secret signed it.", "provider_id")
    answer = book(wiring.table(), body.booking(), at=wiring.now())
    status = HTTPStatus.CONFLICT if answer.refusal else HTTPStatus.OK
    return Response(status_code=status.value, content_type="application/json", body=AnswerView.of(answer))


def _secrets(provider_id: str, at: datetime) -> Iterable[str]:
    return wiring.booking_secrets().of(provider_id, at) if re.fullmatch(ID_PATTERN, provider_id) else ()


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


lambda_handler = http.lambda_handler(app)
