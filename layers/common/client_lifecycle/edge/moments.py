"""Moments and days as callers write them, between 1900 and 2200 (T2).

Within that span nothing that is computed from one, in any time zone, leaves the calendar.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from client_lifecycle.edge.field_errors import Misfit

FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2200, 1, 1)

DATE_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
MOMENT_PATTERN = DATE_PATTERN + r"T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})"


def _written_day(text: object) -> object:
    if not isinstance(text, str) or not re.fullmatch(DATE_PATTERN, text):
        raise Misfit("not_a_date", "a date is written like 2026-03-31")
    return text


def _written_moment(text: object) -> object:
    if not isinstance(text, str) or not re.fullmatch(MOMENT_PATTERN, text):
        raise Misfit("not_a_moment", "a moment is written like 2026-03-31T09:30:00+02:00")
    return text


def _within_the_span(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Misfit(
            "out_of_time", f"must lie between {FIRST_DAY} and {LAST_DAY}", first=str(FIRST_DAY), last=str(LAST_DAY)
        )
    return day


def _in_utc(moment: datetime) -> datetime:
    _within_the_span(moment.date())
    in_utc = moment.astimezone(UTC)
    _within_the_span(in_utc.date())
    return in_utc


WITHIN_THE_SPAN: dict[str, Any] = {"pattern": "^(19|20|21)[0-9]{2}-"}
"""The span, as the API's description tells it."""

Day = Annotated[
    date,
    Field(strict=False, json_schema_extra=WITHIN_THE_SPAN),
    BeforeValidator(_written_day),
    AfterValidator(_within_the_span),
]
"""A day of the calendar, inside a body."""

DayParameter = Annotated[date, BeforeValidator(_written_day), AfterValidator(_within_the_span)]
"""A day of the calendar, beside a ``Query``."""

Moment = Annotated[
    AwareDatetime,
    Field(strict=False, json_schema_extra=WITHIN_THE_SPAN),
    BeforeValidator(_written_moment),
    AfterValidator(_in_utc),
]
"""A moment with its time zone, inside a body; it is read as UTC."""
