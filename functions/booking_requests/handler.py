"""Bookings that are asked for on the bus: booking.requested -> use case; the answer is an event of its own."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.domain.client import Door
from client_lifecycle.edge import patience, wiring
from client_lifecycle.edge.bookings import BookingBody
from client_lifecycle.edge.bus import BusEvent, answer_or_set_aside, detail_of
from client_lifecycle.use_cases.book import book

logger = Logger()

SET_ASIDE = "bookings_set_aside"


@logger.inject_lambda_context(correlation_id_path=correlation_paths.EVENT_BRIDGE, clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001
    """Answer a booking, or set it aside.

    Raises:
        CommitContended, StorageBusy: the booking is to be delivered again.
    """
    answer_or_set_aside(lambda: _answer(event), event, SET_ASIDE)


def _answer(event: BusEvent) -> None:
    at = wiring.now()
    booking = BookingBody.model_validate(detail_of(event)).booking(at)
    answer = book(wiring.tenant(booking.provider_id), booking, at=at, through=Door.BUS)
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
