"""What is counted for the dashboard of the business."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.domain.events import Event, EventName
from client_lifecycle.edge.metrics import Metric, counted
from tests.support.builders import NOW, PROVIDER_ID


def event(name: EventName, **detail: Any) -> Event:
    return Event(name=name, event_id="e-1", time=NOW, provider_id=PROVIDER_ID, correlation_id="e-1", detail=detail)


OF_A_RUN = {"counts": {"archived": 7, "failed": 2}}


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        (event(EventName.CLIENT_ARCHIVED), {"archived": 1}),
        (event(EventName.CLIENT_ACTIVATED, source="staff"), {"activated": 1}),
        (event(EventName.CLIENT_ACTIVATED, source="booking"), {"activated": 1, "returned_by_booking": 1}),
        (event(EventName.BOOKING_REFUSED), {"bookings_refused": 1}),
        (event(EventName.BOOKING_ACCEPTED), {}),
        (event(EventName.RUN_STARTED, **OF_A_RUN), {}),
        (event(EventName.RUN_COMPLETED, **OF_A_RUN), {}),
        (event(EventName.RUN_COMPLETED_WITH_FAILURES, **OF_A_RUN), {"failed": 2}),
        (event(EventName.RUN_STOPPED, **OF_A_RUN), {"failed": 2}),
        (
            event(EventName.RUN_COMPLETED_IN_PART, counts={"activated": 1}, not_restored={"slot_taken": 2, "x": 1}),
            {"not_restored": 3},
        ),
    ],
)
def test_each_event_is_counted_as_what_it_tells(told: Event, counts: dict[str, int]) -> None:
    assert counted([told]) == counts


def test_events_are_added_up() -> None:
    archived = event(EventName.CLIENT_ARCHIVED)
    assert counted([archived, archived]) == {Metric.ARCHIVED: 2}
