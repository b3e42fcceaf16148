"""The days of a practice: when one begins there, whatever its clocks do at midnight (T1)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_lifecycle.domain.days import BEGINS_SOMEWHERE, day_of, start_of
from tests.support.builders import MOMENT


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


DAYS = [
    ("UTC", date(2026, 3, 2), utc(2026, 3, 2)),
    ("America/Los_Angeles", date(2026, 3, 2), utc(2026, 3, 2, 8)),
    ("America/Los_Angeles", date(2026, 7, 1), utc(2026, 7, 1, 7)),
    ("Asia/Kathmandu", date(2026, 3, 2), utc(2026, 3, 1, 18, 15)),
    ("Africa/Cairo", date(2024, 4, 26), utc(2024, 4, 25, 22)),
    ("America/Toronto", date(1919, 3, 31), utc(1919, 3, 31, 4, 30)),
    ("America/Havana", date(2024, 11, 3), utc(2024, 11, 3, 4)),
    ("Pacific/Apia", date(2011, 12, 30), utc(2011, 12, 30, 10)),
    ("Pacific/Apia", date(2011, 12, 31), utc(2011, 12, 30, 10)),
]
IDS = [
    "utc",
    "winter",
    "summer",
    "a quarter",
    "no 00:00",
    "no 00:00 to 00:30",
    "00:00 twice",
    "no such day",
    "after it",
]


@pytest.mark.parametrize(("zone", "day", "begins"), DAYS, ids=IDS)
def test_t1_a_day_begins_at_its_first_instant_there(zone: str, day: date, begins: datetime) -> None:
    assert start_of(day, ZoneInfo(zone)) == begins


ZONES = ["America/Los_Angeles", "America/Sao_Paulo", "America/Toronto", "Africa/Cairo", "Asia/Beirut", "Pacific/Apia"]


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.sampled_from(ZONES).map(ZoneInfo))
def test_t1_before_its_first_instant_it_is_another_day(day: date, zone: ZoneInfo) -> None:
    begins = start_of(day, zone)
    assert day_of(begins - MOMENT, zone) < day <= day_of(begins, zone) <= day + timedelta(days=1)
    assert begins >= start_of(day, UTC) - BEGINS_SOMEWHERE
