"""Days are days where the practice is (T1): a planned day, the days of a filter, and how long somebody was quiet."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from client_lifecycle.storage.table import Table
from tests.moto.conftest import Clock, Executions
from tests.moto.test_scheduled_cleanup import clean_up
from tests.support.builders import DAY, MOMENT, NOW, appointment, client
from tests.support.calls import get, patch, post, put
from tests.support.store import statuses, store

TENTH_BEGINS = datetime(2026, 3, 10, 7, tzinfo=UTC)
"""In Los Angeles, two days after its clocks were put forward."""

EVENING_OF_THE_NINTH = datetime(2026, 3, 10, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def practice(table: Table, executions: Executions) -> Table:
    patch("/settings", {"time_zone": "America/Los_Angeles"})
    return table


def status_of_client() -> Any:
    return get("/clients/client-1").body["status"]


def plan_for_the_tenth(table: Table) -> None:
    store(
        table,
        client(),
        appointment("evening", starts_at=EVENING_OF_THE_NINTH),
        appointment("next", starts_at=NOW + 30 * DAY),
    )
    assert put("/clients/client-1/archive-plan", {"archive_on": "2026-03-10"}).status == 200


def test_t1_a_planned_archive_waits_for_the_start_of_the_day_there(table: Table, clock: Clock) -> None:
    plan_for_the_tenth(table)
    clock.pass_by(datetime(2026, 3, 10, tzinfo=UTC) - clock.at)
    assert clean_up() == {"plan_put_off": 1}
    clock.pass_by(TENTH_BEGINS - MOMENT - clock.at)
    assert clean_up() == {}
    clock.pass_by(MOMENT)
    assert clean_up() == {"plan_carried_out": 1}
    found = statuses(table, "client-1")
    assert (found["APPOINTMENT#evening"], found["APPOINTMENT#next"]) == ("booked", "cancelled")


@pytest.mark.parametrize(
    ("time_zone", "begins"),
    [
        ("Pacific/Kiritimati", datetime(2026, 3, 9, 10, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2026, 3, 9, 15, tzinfo=UTC)),
    ],
)
def test_t1_the_plan_of_a_practice_that_has_moved_goes_by_the_new_place(
    table: Table, clock: Clock, time_zone: str, begins: datetime
) -> None:
    plan_for_the_tenth(table)
    patch("/settings", {"time_zone": time_zone})
    clock.pass_by(begins - MOMENT - clock.at)
    clean_up()
    assert status_of_client() == "active"
    clock.pass_by(MOMENT)
    clean_up()
    assert status_of_client() == "archived"


def test_t1_a_day_that_has_begun_there_cannot_be_planned_for(table: Table, clock: Clock) -> None:
    store(table, client())
    clock.pass_by(datetime(2026, 3, 3, 5, tzinfo=UTC) - clock.at)
    assert put("/clients/client-1/archive-plan", {"archive_on": "2026-03-03"}).status == 200
    refused = put("/clients/client-1/archive-plan", {"archive_on": "2026-03-02"})
    assert (refused.status, refused.fields) == (422, ["archive_on"])


@pytest.mark.parametrize(("day", "found"), [("2026-03-01", 409), ("2026-03-02", 201)])
def test_t1_a_filter_by_a_day_means_the_day_there(table: Table, day: str, found: int) -> None:
    store(table, client(added_at=datetime(2026, 3, 2, 7, tzinfo=UTC)))
    assert post("/bulk-archives", {"filter": {"added_before": day}}).status == found


def test_t1_who_is_quiet_is_counted_in_days_there(table: Table, clock: Clock) -> None:
    clock.pass_by(datetime(2026, 3, 3, 5, tzinfo=UTC) - clock.at)
    store(table, client(last_active_at=NOW - 100 * DAY))
    patch("/settings", {"tidy_up": {"inactive_days": 90}})
    assert clean_up() == {"run_proposed": 1}
    [proposal] = get("/bulk-archives").body["runs"]
    assert proposal["filter"]["inactive_since"] == "2025-12-02"


def test_t1_an_appointment_is_near_by_days_there(table: Table) -> None:
    patch("/settings", {"safety": {"appointment_soon": "warn", "appointment_within_days": 0}})
    store(table, client(), appointment(starts_at=datetime(2026, 3, 3, 4, tzinfo=UTC)))
    assert post("/clients/client-1/archive", {}).status == 409
    patch("/settings", {"time_zone": "UTC"})
    assert post("/clients/client-1/archive", {}).status == 200
