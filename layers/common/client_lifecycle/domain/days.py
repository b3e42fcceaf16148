"""The days of a practice: when one begins there, and which one it is there (T1)."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta, tzinfo

BEGINS_SOMEWHERE = timedelta(hours=14)
"""How long before midnight in UTC a day has begun on the first islands."""


def day_of(moment: datetime, zone: tzinfo) -> date:
    """Return the day that it is in a time zone."""
    return moment.astimezone(zone).date()


def start_of(day: date, zone: tzinfo) -> datetime:
    """Return the first instant of a day in a time zone, UTC.

    Where clocks are put forward over midnight, the day begins at another time than 00:00; where they are put back over
    it, at the first of the two.
    """
    midnight = datetime.combine(day, time.min, zone)
    start, other = midnight.astimezone(UTC), midnight.replace(fold=1).astimezone(UTC)
    if other >= start:
        return start
    skipped = range(int((start - other).total_seconds()))
    return other + timedelta(seconds=bisect_left(skipped, day, key=lambda second: _day_after(other, second, zone)))


def _day_after(moment: datetime, seconds: int, zone: tzinfo) -> date:
    return day_of(moment + timedelta(seconds=seconds), zone)
