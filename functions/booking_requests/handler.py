"""Bookings that are asked for on the bus: booking.requested -> use case; the answer is an event of its own."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from client_lifecycle.edge import wiring
from client_lifecycle.edge.bookings import BookingBody
from client_lifecycle.use_cases.book import book

logger = Logger()


@logger.inject_lambda_context(correlation_id_path=correlation_paths.EVENT_BRIDGE, clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001
    """Answer a booking; a malformed one can have no answer, and is set aside at once, for no other try would help.

    Raises:
        CommitContended, StorageBusy: the booking is to be delivered again.
    """
    try:
        booking = BookingBody.model_validate(event["detail"]).booking()
    except ValidationError as fault:
        _set_aside(event, fault)
        return
    answer = book(wiring.table(), booking, at=wiring.now())
    logger.info(
        "booking answered",
        extra={
            "provider_id": booking.provider_id,
            "client_id": booking.client_id,
            "booking_event_id": booking.event_id,
            "activated": answer.activated,
            "reason": answer.refusal,
        },
    )


def _set_aside(event: dict[str, Any], fault: ValidationError) -> None:
    """Keep a malformed request whole, for it is kept nowhere else; the log is told the fields only."""
    found = fault.errors(include_url=False, include_context=False, include_input=False)
    fields = [".".join(map(str, one["loc"])) or "detail" for one in found]
    wiring.dead_letters().put({"error": "InvalidRequest", "fields": fields, "request": event})
    logger.error("booking set aside", extra={"source": event["source"], "fields": fields})
