"""Whom a filter finds: every condition that is set must hold, and each says exactly what it says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import Client, Reactivation, Status
from client_lifecycle.domain.selection import (
    EVERYBODY,
    NEVER,
    ClientFilter,
    FilteredClients,
    GroupMembers,
    Sort,
    conditions_of,
    matches,
    may_match,
    meets,
    moment_sorted_by,
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


IN_GROUP = ClientFilter(group_id=GROUP_ID)
INACTIVE = ClientFilter(inactive_since=MARCH)
UNBOOKED = ClientFilter(no_upcoming_appointment=True)
OWES_NOTHING = ClientFilter(owes_nothing=True)
ADDED_BEFORE = ClientFilter(added_before=MARCH)
IN_NO_GROUP = ClientFilter(no_group=True)
OWES = ClientFilter(owes=True)
OWES_NOT = ClientFilter(owes=False)
HAS_CREDIT = ClientFilter(has_credit=True)
HAS_NO_CREDIT = ClientFilter(has_credit=False)
BY_STAFF = ClientFilter(archived_by="staff-7")
SINCE_MARCH = ClientFilter(archived_since=MARCH)
BEFORE_MARCH = ClientFilter(archived_before=MARCH)
FINISHED = ClientFilter(archive_reason=ArchiveReason.FINISHED)
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
    ("no group, nobody's member", IN_NO_GROUP, known(), 0, True),
    ("no group, a member", IN_NO_GROUP, known(group_id=GROUP_ID), 0, False),
    ("owes, a cent", OWES, known(owed_cents=1), 0, True),
    ("owes, no debt", OWES, known(credit_cents=500), 0, False),
    ("owes not, a cent", OWES_NOT, known(owed_cents=1), 0, False),
    ("owes not, no debt", OWES_NOT, known(), 0, True),
    ("credit, a cent", HAS_CREDIT, known(credit_cents=1), 0, True),
    ("credit, none", HAS_CREDIT, known(owed_cents=1), 0, False),
    ("no credit, a cent", HAS_NO_CREDIT, known(credit_cents=1), 0, False),
    ("no credit, none", HAS_NO_CREDIT, known(), 0, True),
    ("archived by, an active client", BY_STAFF, known(), 0, False),
]  # fmt: skip


@pytest.mark.parametrize(("_", "conditions", "who", "upcoming", "found"), CASES, ids=[row[0] for row in CASES])
def test_a_filter_with(_: str, conditions: ClientFilter, who: Client, upcoming: int, found: bool) -> None:
    assert matches(conditions, who, upcoming, UTC) is found


def gone(at: datetime = MARCH_BEGINS, **fields: Any) -> Client:
    return known(stamp=stamp(archived_at=at, **fields))


OF_ARCHIVES: list[tuple[str, ClientFilter, Client, bool]] = [
    ("no condition", EVERYBODY, gone(), True),
    ("by, that person", BY_STAFF, gone(cause=cause(actor_id="staff-7")), True),
    ("by, another", BY_STAFF, gone(cause=cause(actor_id="staff-8")), False),
    ("since, as the day began", SINCE_MARCH, gone(), True),
    ("since, the moment before", SINCE_MARCH, gone(MARCH_BEGINS - MOMENT), False),
    ("since, an active client", SINCE_MARCH, known(), False),
    ("before, the moment before", BEFORE_MARCH, gone(MARCH_BEGINS - MOMENT), True),
    ("before, as the day began", BEFORE_MARCH, gone(), False),
    ("before, an active client", BEFORE_MARCH, known(), False),
    ("reason, that one", FINISHED, gone(reason=ArchiveReason.FINISHED), True),
    ("reason, another", FINISHED, gone(reason=ArchiveReason.OTHER), False),
    ("reason, none", FINISHED, gone(), False),
    ("reason, an active client", FINISHED, known(), False),
]  # fmt: skip


@pytest.mark.parametrize(("_", "conditions", "who", "found"), OF_ARCHIVES, ids=[row[0] for row in OF_ARCHIVES])
def test_an_archive_is_found_by(_: str, conditions: ClientFilter, who: Client, found: bool) -> None:
    assert meets(conditions, who, UTC) is found


def test_an_order_by_moments_has_one_for_each_client() -> None:
    seen, archived = known(last_active_at=MARCH_BEGINS), gone()
    assert [moment_sorted_by(sort, seen) for sort in Sort] == [None, None, *2 * [MARCH_BEGINS], *2 * [NEVER]]
    assert moment_sorted_by(Sort.BY_ARCHIVE, archived) == MARCH_BEGINS
    assert {sort for sort in Sort if sort.is_descending} == {sort for sort in Sort if sort.value.startswith("-")}


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
    no_group=st.booleans(),
    owes=st.none() | st.booleans(),
    has_credit=st.none() | st.booleans(),
    archived_by=st.none() | st.just("staff-7"),
    archived_since=st.none() | days,
    archived_before=st.none() | days,
    archive_reason=st.none() | st.sampled_from(ArchiveReason),
)
people = st.builds(replace, clients, group_id=st.none() | st.just(GROUP_ID), stamp=st.none())
upcomings = st.integers(0, 2)


@given(filters, people | clients, upcomings)
def test_all_conditions_together_find_whom_each_of_them_finds(
    conditions: ClientFilter, who: Client, upcoming: int
) -> None:
    given = {name: getattr(conditions, name) for name in ClientFilter.__struct_fields__}
    alone = [ClientFilter(), *(ClientFilter(**{name: value}) for name, value in given.items())]
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
