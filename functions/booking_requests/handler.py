"""Bookings that are asked for on the bus: booking.requested -> use case; the answer is an event of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from client_lifecycle.domain.bookings import Booking
from client_lifecycle.domain.errors import EventIdReused, InvalidRequest, UnreadableRecord
from client_lifecycle.edge import patience, unreadable_reports, wiring
from client_lifecycle.edge.bookings import BookingBody
from client_lifecycle.edge.reading import MAX_ERRORS, NotJson, known_place, path_of, read_object
from client_lifecycle.use_cases.book import book

logger = Logger()

SET_ASIDE = "bookings_set_aside"


@logger.inject_lambda_context(correlation_id_path=correlation_paths.EVENT_BRIDGE, clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001
    """Answer a booking; one that can have no answer is set aside at once, for no other try would help.

    That is one which is malformed, sent under the event id of another, or of a client that cannot be read.

    Raises:
        CommitContended, StorageBusy: the booking is to be delivered again.
    """
    at = wiring.now()
    try:
        booking = _booking(event, at)
        answer = book(wiring.tenant(booking.provider_id), booking, at=at)
    except ValidationError as fault:
        _set_aside(event, InvalidRequest.__name__, *_fields(fault))
        return
    except (InvalidRequest, EventIdReused) as fault:
        _set_aside(event, fault.name, fault.fields, fault.fields)
        return
    except UnreadableRecord as fault:
        unreadable_reports.report(fault.found)
        named = [str(one) for one in fault.found]
        _set_aside(event, fault.name, named, named)
        return
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


def _booking(event: dict[str, Any], at: datetime) -> Booking:
    """Read what is asked for, as the hook would: the detail is JSON that other systems wrote."""
    try:
        detail = read_object(json.dumps(event["detail"]).encode())
    except (NotJson, InvalidRequest) as fault:
        raise InvalidRequest("The detail must be a JSON object.", "detail") from fault
    return BookingBody.model_validate(detail).booking(at)


def _fields(fault: ValidationError) -> tuple[list[str], list[str]]:
    """Return the fields at fault, and how the log may call them."""
    found = fault.errors(include_url=False, include_context=False, include_input=False)[:MAX_ERRORS]
    fields = [path_of(one["loc"]) or "detail" for one in found]
    return fields, [path_of(known_place(one["type"], one["loc"])) or "detail" for one in found]


def _set_aside(event: dict[str, Any], error: str, fields: Sequence[str], known: Sequence[str]) -> None:
    """Keep a request whole, for it is kept nowhere else; the log is told the fields only."""
    wiring.dead_letters().put({"error": error, "fields": list(fields), "request": event})
    with single_metric(name=SET_ASIDE, unit=MetricUnit.Count, value=1, namespace="ClientArchive") as metric:
        metric.add_dimension(name="reason", value=error)
    logger.error("booking set aside", extra={"reason": error, "source": event["source"], "fields": list(known)})
