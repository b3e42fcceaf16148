"""Moments that callers write lie between 1900 and 2200, in UTC and where they are written (T2)."""

from __future__ import annotations

from datetime import datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from client_lifecycle.edge.moments import Moment

MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


@pytest.mark.parametrize("text", ["1900-01-01T00:00:00Z", "2200-01-01T23:59:59Z", "2200-01-01T01:59:59-02:00"])
def test_t2_a_moment_at_the_ends_of_the_span_is_taken_as_utc(text: str) -> None:
    assert MOMENT.validate_python(text) == datetime.fromisoformat(text)


@pytest.mark.parametrize("text", ["1899-12-31T23:59:59Z", "2200-01-02T00:00:00Z"])
@pytest.mark.parametrize("zone", ["Z", "+14:00", "-12:00"])
def test_t2_a_moment_beyond_the_span_is_refused(text: str, zone: str) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(text.replace("Z", zone))


@pytest.mark.parametrize("text", ["1900-01-01T01:00:00+02:00", "2200-01-01T23:00:00-02:00"])
def test_t2_a_moment_within_the_span_there_and_beyond_it_in_utc_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(text)
