"""Counts what the practices do, for the dashboard of the business.

Events are delivered at least once, so a number may be a little too high; it shows a trend and is no book-keeping.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from client_lifecycle.domain.client import Source
from client_lifecycle.domain.events import Event, EventName
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.edge.unreadable_reports import NAMESPACE


class Metric(StrEnum):
    """What is counted."""

    ARCHIVED = "archived"
    ACTIVATED = "activated"
    RETURNED_BY_BOOKING = "returned_by_booking"
    BOOKINGS_REFUSED = "bookings_refused"
    NOT_RESTORED = "not_restored"
    FAILED = "failed"


def counted(events: Iterable[Event]) -> Counter[Metric]:
    """Count what events tell of; an undo's ``not_restored`` is among it, a single restore's is not in any event."""
    counts: Counter[Metric] = Counter()
    for event in events:
        match event.name:
            case EventName.CLIENT_ARCHIVED:
                counts[Metric.ARCHIVED] += 1
            case EventName.CLIENT_ACTIVATED:
                counts[Metric.ACTIVATED] += 1
                counts[Metric.RETURNED_BY_BOOKING] += event.detail["source"] == Source.BOOKING
            case EventName.BOOKING_REFUSED:
                counts[Metric.BOOKINGS_REFUSED] += 1
            case EventName.RUN_COMPLETED_IN_PART | EventName.RUN_COMPLETED_WITH_FAILURES | EventName.RUN_STOPPED:
                counts[Metric.FAILED] += event.detail["counts"].get(Outcome.FAILED, 0)
                counts[Metric.NOT_RESTORED] += sum(event.detail.get("not_restored", {}).values())
    return +counts


def publish(counts: Mapping[Metric, int]) -> None:
    """Put counts into the log, from where CloudWatch takes them as metrics."""
    if not counts:
        return
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    for metric, count in counts.items():
        with single_metric(name=metric, unit=MetricUnit.Count, value=count, namespace=NAMESPACE):
            pass
