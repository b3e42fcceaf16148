"""An archive planned for later: when it is due, and what becomes of the plan until then."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from msgspec.structs import replace

from client_lifecycle.domain.client import Client, PlanTerms, Trigger
from client_lifecycle.domain.days import start_of
from client_lifecycle.domain.errors import AlreadyArchived, InvalidRequest
from client_lifecycle.domain.plans import LONGEST_WAIT, next_check_at, planned, put_off, unplanned
from client_lifecycle.domain.records import Appointment, AppointmentStatus, Payment, PaymentStatus, Record
from client_lifecycle.domain.settings import SafetyRule
from tests.support.builders import (
    DAY,
    HOUR,
    MOMENT,
    NOW,
    STAFF_ID,
    appointment,
    cause,
    client,
    membership,
    payment,
    plan,
    reminder,
    stamp,
    terms,
)
from tests.support.strategies import clients, moments, plan_terms, record_sets

APPOINTMENT, PAYMENT = Trigger.AFTER_LAST_APPOINTMENT, Trigger.AFTER_LAST_PAYMENT
MINUTE = timedelta(minutes=1)


def on(day: date) -> PlanTerms:
    return terms(Trigger.ARCHIVE_ON, archive_on=day)


def ends_in(left: timedelta, record_id: str = "appt-1") -> Appointment:
    return appointment(record_id, starts_at=NOW + left - 45 * MINUTE, duration_minutes=45)


DUE: list[tuple[str, PlanTerms, list[Record]]] = [
    ("nothing is booked", terms(APPOINTMENT), []),
    ("the last appointment is just over", terms(APPOINTMENT), [ends_in(timedelta(0))]),
    ("what is ahead was cancelled", terms(APPOINTMENT), [appointment(status=AppointmentStatus.CANCELLED)]),
    ("what is ahead is no appointment", terms(APPOINTMENT), [payment(), membership(), reminder()]),
    ("nothing is to be paid", terms(PAYMENT), []),
    ("all is charged", terms(PAYMENT), [payment(status=PaymentStatus.CHARGED)]),
    ("the payment was cancelled", terms(PAYMENT), [payment(status=PaymentStatus.CANCELLED)]),
    ("what is ahead is no payment", terms(PAYMENT), [appointment()]),
    ("the day is today", on(date(2026, 3, 2)), [appointment(), payment()]),
    ("the day is past", on(date(2026, 1, 1)), []),
]


@pytest.mark.parametrize(("_", "asked", "records"), DUE, ids=[row[0] for row in DUE])
def test_it_is_due_once(_: str, asked: PlanTerms, records: list[Record]) -> None:
    assert next_check_at(asked, records, NOW, UTC) is None


WAITING: list[tuple[str, PlanTerms, list[Record], datetime]] = [
    ("an appointment is in progress", terms(APPOINTMENT), [ends_in(20 * MINUTE)], NOW + 20 * MINUTE),
    ("one is ahead", terms(APPOINTMENT), [ends_in(3 * HOUR)], NOW + 3 * HOUR),
    ("several are ahead", terms(APPOINTMENT), [ends_in(3 * HOUR), ends_in(2 * HOUR, "b")], NOW + 3 * HOUR),
    ("one is far ahead", terms(APPOINTMENT), [ends_in(90 * DAY)], NOW + DAY),
    ("a payment is scheduled", terms(PAYMENT), [payment(due_at=NOW + HOUR)], NOW + DAY),
    ("a payment is late", terms(PAYMENT), [payment(due_at=NOW - DAY)], NOW + DAY),
    ("a payment is charging", terms(PAYMENT), [payment(status=PaymentStatus.CHARGING)], NOW + DAY),
    ("the day is tomorrow", on(date(2026, 3, 3)), [], datetime(2026, 3, 3, tzinfo=UTC)),
]


@pytest.mark.parametrize(("_", "asked", "records", "check_at"), WAITING, ids=[row[0] for row in WAITING])
def test_it_waits_and_is_looked_at_again_while(
    _: str, asked: PlanTerms, records: list[Record], check_at: datetime
) -> None:
    assert next_check_at(asked, records, NOW, UTC) == check_at


@given(plan_terms, record_sets, moments)
def test_it_is_due_or_looked_at_again_within_a_day(asked: PlanTerms, records: list[Record], at: datetime) -> None:
    check_at = next_check_at(asked, records, at, UTC)
    assert check_at is None or at < check_at <= at + LONGEST_WAIT


@given(record_sets, moments)
def test_no_client_is_archived_before_its_last_appointment_is_over(records: list[Record], at: datetime) -> None:
    booked = [one for one in records if isinstance(one, Appointment) and one.status is AppointmentStatus.BOOKED]
    over = all(at - one.starts_at >= one.duration_minutes * MINUTE for one in booked)
    assert (next_check_at(terms(APPOINTMENT), records, at, UTC) is None) is over


@given(record_sets, moments)
def test_no_client_is_archived_before_its_last_payment_is_through(records: list[Record], at: datetime) -> None:
    through = (PaymentStatus.CHARGED, PaymentStatus.CANCELLED)
    done = all(one.status in through for one in records if isinstance(one, Payment))
    assert (next_check_at(terms(PAYMENT), records, at, UTC) is None) is done


@given(moments, moments)
def test_no_client_is_archived_before_its_day_has_begun(day: datetime, at: datetime) -> None:
    begun = at.date() >= day.date()
    assert (next_check_at(on(day.date()), [], at, UTC) is None) is begun


# What becomes of the plan


@pytest.mark.parametrize(
    ("asked", "check_at"),
    [
        (terms(APPOINTMENT), NOW),
        (terms(PAYMENT), NOW),
        (on(date(2026, 4, 1)), datetime(2026, 3, 31, 10, tzinfo=UTC)),
        (on(date(2026, 3, 3)), datetime(2026, 3, 2, 10, tzinfo=UTC)),
    ],
    ids=["after_last_appointment", "after_last_payment", "archive_on", "archive_on tomorrow"],
)
def test_a_plan_is_first_looked_at_when_its_day_begins_anywhere_or_at_once(
    asked: PlanTerms, check_at: datetime
) -> None:
    made = planned(client(), asked, cause(), NOW, UTC).plan
    assert made == plan(asked, planned_at=NOW, check_at=check_at)
    assert made.planned_by.actor_id == STAFF_ID


def test_a_plan_takes_the_place_of_the_one_before_and_of_what_held_it_back() -> None:
    before = client(plan=plan(held_back_by=(SafetyRule.OWES_MONEY,)))
    after = planned(before, terms(PAYMENT), cause(actor_id="staff-8"), NOW, UTC)
    expected = plan(terms(PAYMENT), planned_at=NOW, planned_by=cause(actor_id="staff-8"))
    assert after == replace(before, plan=expected, revision=before.revision + 1)


def test_the_same_plan_again_is_the_plan_there_is() -> None:
    before = client(plan=plan())
    assert planned(before, terms(), cause(actor_id="staff-8"), NOW + HOUR, UTC) is before


@pytest.mark.parametrize("day", [date(2026, 3, 2), date(2026, 3, 1), date(1, 1, 1)], ids=str)
def test_a_day_that_has_begun_cannot_be_planned_for(day: date) -> None:
    with pytest.raises(InvalidRequest) as refused:
        planned(client(), on(day), cause(), NOW, UTC)
    assert refused.value.fields == ("archive_on",)


def test_a_day_that_begins_in_a_moment_can() -> None:
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    assert planned(client(), on(midnight.date()), cause(), midnight - MOMENT, UTC).plan
    with pytest.raises(InvalidRequest):
        planned(client(), on(midnight.date()), cause(), midnight, UTC)


LOS_ANGELES = ZoneInfo("America/Los_Angeles")


def test_t1_a_day_begins_where_the_practice_is() -> None:
    asked, begins = on(date(2026, 3, 3)), datetime(2026, 3, 3, 8, tzinfo=UTC)
    assert next_check_at(asked, [], begins - MOMENT, LOS_ANGELES) == begins
    assert next_check_at(asked, [], begins, LOS_ANGELES) is None
    assert planned(client(), asked, cause(), begins - MOMENT, LOS_ANGELES).plan
    with pytest.raises(InvalidRequest):
        planned(client(), asked, cause(), begins, LOS_ANGELES)


def test_t1_a_plan_of_a_practice_that_moves_is_looked_at_in_time() -> None:
    made = planned(client(), on(date(2026, 4, 1)), cause(), NOW, LOS_ANGELES).plan
    assert made
    for zone in map(ZoneInfo, ("Pacific/Kiritimati", "Pacific/Niue", "UTC")):
        assert made.check_at <= start_of(date(2026, 4, 1), zone)


def test_an_archived_client_has_nothing_to_plan() -> None:
    with pytest.raises(AlreadyArchived):
        planned(client(stamp=stamp()), terms(), cause(), NOW, UTC)


def test_a_plan_that_is_put_off_says_what_holds_it_back_now() -> None:
    before = client(plan=plan(held_back_by=(SafetyRule.OWES_MONEY,)))
    assert before.plan
    held = put_off(before, before.plan, NOW + DAY, ("group_not_found",))
    assert held.plan == replace(before.plan, check_at=NOW + DAY, held_back_by=("group_not_found",))
    waiting = put_off(held, before.plan, NOW + HOUR)
    assert waiting.plan == replace(before.plan, check_at=NOW + HOUR, held_back_by=())


@given(clients)
def test_a_change_of_the_plan_raises_the_revision_and_nothing_else(before: Client) -> None:
    one = replace(before, stamp=None, plan=None)
    for after in (planned(one, terms(), cause(), NOW, UTC), put_off(one, plan(), NOW), unplanned(one)):
        assert replace(after, plan=None, revision=one.revision) == one
        assert after.revision == one.revision + 1
