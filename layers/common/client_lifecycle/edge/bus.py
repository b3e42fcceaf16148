"""Events that other systems put on the bus: read as a body is, and set aside where no other try would help."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import ValidationError

from client_lifecycle.domain.errors import EventIdReused, InvalidRequest, UnreadableRecord
from client_lifecycle.edge import unreadable_reports, wiring
from client_lifecycle.edge.reading import MAX_ERRORS, NotJson, known_place, path_of, read_object

BusEvent = Mapping[str, Any]

logger = Logger()


def detail_of(event: BusEvent) -> dict[str, Any]:
    """Read the detail of an event as the body of a call: it is JSON that other systems wrote.

    Raises:
        InvalidRequest: it is no JSON object.
    """
    try:
        return read_object(json.dumps(event["detail"]).encode())
    except (NotJson, InvalidRequest) as fault:
        raise InvalidRequest("The detail must be a JSON object.", "detail", code="not_an_object") from fault


def answer_or_set_aside(answer: Callable[[], None], event: BusEvent, metric: str) -> None:
    """Answer an event; one that can have no answer is set aside at once, whole, for it is kept nowhere else.

    That is one which is malformed, sent under the event id of another, or of a client that cannot be read.

    Args:
        answer: answers it.
        event: as EventBridge delivers it.
        metric: counts what is set aside, by reason.
    """
    try:
        answer()
    except ValidationError as fault:
        _set_aside(event, metric, InvalidRequest.__name__, *_fields(fault))
    except (InvalidRequest, EventIdReused) as fault:
        _set_aside(event, metric, fault.name, fault.fields, fault.fields)
    except UnreadableRecord as fault:
        unreadable_reports.report(fault.found)
        named = [str(one) for one in fault.found]
        _set_aside(event, metric, fault.name, named, named)


def _fields(fault: ValidationError) -> tuple[list[str], list[str]]:
    """Return the fields at fault, and how the log may call them."""
    found = fault.errors(include_url=False, include_context=False, include_input=False)[:MAX_ERRORS]
    fields = [path_of(one["loc"]) or "detail" for one in found]
    return fields, [path_of(known_place(one["type"], one["loc"])) or "detail" for one in found]


def _set_aside(event: BusEvent, metric: str, error: str, fields: Sequence[str], known: Sequence[str]) -> None:
    wiring.dead_letters().put({"error": error, "fields": list(fields), "request": event})
    with single_metric(name=metric, unit=MetricUnit.Count, value=1, namespace=unreadable_reports.NAMESPACE) as counted:
        counted.add_dimension(name="reason", value=error)
    logger.error("event set aside", extra={"reason": error, "source": event["source"], "fields": list(known)})
