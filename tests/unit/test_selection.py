"""Whom a filter finds: every condition that is set must hold, and each says exactly what it says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from client_lifecycle.domain.client import Client, Reactivation, Status
from client_lifecycle.domain.selection import (
    ClientFilter,
    FilteredClients,
    GroupMembers,
    conditions_of,
    matches,
    may_match,
)
from tests.support.builders import ARCHIVE_ID, DAY, GROUP_ID, MOMENT, cause, client, stamp
from tests.support.strategies import clients, moments

MARCH = date(2026, 3, 1)
MARCH_BEGINS = datetime(2026, 3, 1, tzinfo=UTC)
LONG_AGO = MARCH_BEGINS - 900 * DAY


def known(added_at: datetime = LONG_AGO, **fields: Any) -> Client:
    return client(added_at=added_at, **fields)


def newcomer(**fields: Any) -> Client:
    return client(added_at=MARCH_BEGINS, **fields)


def back(at: datetime) -> Reactivation:
    return Reactivation(archive_id=ARCHIVE_ID, returned_at=at, cause=cause())


EVERYBODY = ClientFilter()
IN_GROUP = ClientFilter(group_id=GROUP_ID)
INACTIVE = ClientFilter(inactive_since=MARCH)
UNBOOKED = ClientFilter(no_upcoming_appointment=True)
OWES_NOTHING = ClientFilter(owes_nothing=True)
ADDED_BEFORE = ClientFilter(added_before=MARCH)
STILL_FEBRUARY = datetime(2026, 2, 28, 17, tzinfo=timezone(timedelta(hours=-8)))
"""A moment of the first of March, UTC, where the last of February was not over."""

CASES: list[tuple[str, ClientFilter, Client, int, bool]] = [
    ("no condition, an active client", EVERYBODY, known(), 3, True),
    ("no condition, an archived client", EVERYBODY, known(stamp=stamp()), 0, False),
    ("group, a member", IN_GROUP, known(group_id=GROUP_ID), 0, True),
    ("group, another group's member", IN_GROUP, known(group_id="group-other"), 0, False),
    ("group, nobody's member", IN_GROUP, known(), 0, False),
    ("group, an archived member", IN_GROUP, known(group_id=GROUP_ID, stamp=stamp()), 0, False),
    ("inactive, never seen since added", INACTIVE, known(), 0, True),
    ("inactive, seen the moment before the day", INACTIVE, known(last_active_at=MARCH_BEGINS - MOMENT), 0, True),
    ("inactive, seen as the day began", INACTIVE, known(last_active_at=MARCH_BEGINS), 0, False),
    ("inactive, added that day", INACTIVE, newcomer(), 0, False),
    ("inactive, added that day and seen before", INACTIVE, newcomer(last_active_at=LONG_AGO), 0, False),
    ("inactive, back before the day", INACTIVE, known(last_return=back(MARCH_BEGINS - MOMENT)), 0, True),
    ("inactive, back that day", INACTIVE, known(last_return=back(MARCH_BEGINS)), 0, False),
    ("inactive, seen where it was still February", INACTIVE, known(last_active_at=STILL_FEBRUARY), 0, False),
    ("nothing booked, nothing booked", UNBOOKED, known(), 0, True),
    ("nothing booked, one booked", UNBOOKED, known(), 1, False),
    ("owes nothing, no debt", OWES_NOTHING, known(credit_cents=500), 0, True),
    ("owes nothing, a cent", OWES_NOTHING, known(owed_cents=1), 0, False),
    ("added before, the moment before the day", ADDED_BEFORE, known(added_at=MARCH_BEGINS - MOMENT), 0, True),
    ("added before, as the day began", ADDED_BEFORE, newcomer(), 0, False),
    ("added before, seen since", ADDED_BEFORE, known(last_active_at=MARCH_BEGINS), 0, True),
]  # fmt: skip


@pytest.mark.parametrize(("_", "conditions", "who", "upcoming", "found"), CASES, ids=[row[0] for row in CASES])
def test_a_filter_with(_: str, conditions: ClientFilter, who: Client, upcoming: int, found: bool) -> None:
    assert matches(conditions, who, upcoming, UTC) is found


def test_t1_the_days_of_a_filter_are_days_of_the_practice() -> None:
    los_angeles = ZoneInfo("America/Los_Angeles")
    for conditions in (INACTIVE, ADDED_BEFORE):
        assert not may_match(conditions, client(added_at=STILL_FEBRUARY), UTC)
        assert may_match(conditions, client(added_at=STILL_FEBRUARY), los_angeles)


days = st.dates(min_value=date(1900, 1, 2), max_value=date(9999, 12, 30))
filters = st.builds(
    ClientFilter,
    group_id=st.none() | st.just(GROUP_ID),
    inactive_since=st.none() | st.just(MARCH) | days,
    no_upcoming_appointment=st.booleans(),
    owes_nothing=st.booleans(),
    added_before=st.none() | st.just(MARCH) | days,
)
people = st.builds(replace, clients, group_id=st.none() | st.just(GROUP_ID), stamp=st.none())
upcomings = st.integers(0, 2)


@given(filters, people | clients, upcomings)
def test_all_conditions_together_find_whom_each_of_them_finds(
    conditions: ClientFilter, who: Client, upcoming: int
) -> None:
    alone = [
        ClientFilter(group_id=conditions.group_id),
        ClientFilter(inactive_since=conditions.inactive_since),
        ClientFilter(no_upcoming_appointment=conditions.no_upcoming_appointment),
        ClientFilter(owes_nothing=conditions.owes_nothing),
        ClientFilter(added_before=conditions.added_before),
    ]
    assert matches(conditions, who, upcoming, UTC) is all(matches(one, who, upcoming, UTC) for one in alone)


@given(filters, people | clients, upcomings)
def test_clients_found_are_active_and_may_be_found_by_their_own_record(
    conditions: ClientFilter, who: Client, upcoming: int
) -> None:
    if matches(conditions, who, upcoming, UTC):
        assert who.status is Status.ACTIVE
        assert may_match(conditions, who, UTC)


@given(people, days, moments)
def test_who_is_seen_later_is_not_found_by_more_filters(who: Client, day: date, later: datetime) -> None:
    seen_later = replace(who, last_active_at=max(who.last_active_at or later, later))
    conditions = ClientFilter(inactive_since=day)
    assert matches(conditions, who, 0, UTC) or not matches(conditions, seen_later, 0, UTC)


def test_a6_a_group_is_a_filter_by_the_group_alone() -> None:
    assert conditions_of(GroupMembers(group_id=GROUP_ID)) == ClientFilter(group_id=GROUP_ID)
    assert conditions_of(FilteredClients(filter=OWES_NOTHING)) == OWES_NOTHING
