"""Rules E2 to E8: what an archive does to each kind of record, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from client_lifecycle.domain.effects import (
    Change,
    ChangeSet,
    Effect,
    LeftAlone,
    LeftAloneReason,
    all_effects,
    cancel_commitments,
    leave_chats,
    silence_notifications,
)
from client_lifecycle.domain.labels import label_of
from client_lifecycle.domain.records import (
    AppointmentStatus,
    ChatKind,
    PaymentStatus,
    RecipientStatus,
    Record,
    RecordKind,
    ReminderStatus,
)
from tests.support.builders import (
    DAY,
    MOMENT,
    NOW,
    appointment,
    balance,
    feed_entry,
    membership,
    one_of_each,
    payment,
    recipient,
    reminder,
)
from tests.support.strategies import record_sets, records

THE_THREE: list[Effect] = [cancel_commitments, leave_chats, silence_notifications]


def charging(number: int) -> list[Record]:
    """Payments that are being charged."""
    return [payment(f"charging-{place}", status=PaymentStatus.CHARGING) for place in range(number)]


def after(record: Record) -> Record:
    """The record as the archive at ``NOW`` leaves it."""
    for change in all_effects([record], NOW).changes:
        assert change.before == record
        return change.after
    return record


def applied(plan: ChangeSet, found: Iterable[Record]) -> list[Record]:
    """The records once every change of the plan is written."""
    outcome = {(change.before.kind, change.before.record_id): change.after for change in plan.changes}
    return [outcome.get((record.kind, record.record_id), record) for record in found]


# E2, E3: chats and blasts


def test_e2_the_client_leaves_live_group_chats_and_the_membership_is_kept() -> None:
    assert after(membership(chat_kind=ChatKind.GROUP)) == membership(chat_kind=ChatKind.GROUP, left_at=NOW)


def test_e2_a_chat_left_before_keeps_the_day_it_was_left() -> None:
    left = membership(left_at=NOW - DAY)
    assert after(left) == left


@pytest.mark.parametrize("kind", [ChatKind.COMMUNITY, ChatKind.DIRECT])
def test_e3_p2_p4_existing_community_and_direct_chats_keep_their_member(kind: ChatKind) -> None:
    assert after(membership(chat_kind=kind)) == membership(chat_kind=kind)


@pytest.mark.parametrize("send_at", [NOW - DAY, NOW, NOW + DAY], ids=["late", "now", "tomorrow"])
def test_e3_a_blast_not_yet_sent_is_withdrawn_even_one_that_is_late(send_at: object) -> None:
    assert after(recipient(send_at=send_at)) == recipient(send_at=send_at, status=RecipientStatus.WITHDRAWN)


@pytest.mark.parametrize("status", [RecipientStatus.SENT, RecipientStatus.WITHDRAWN])
def test_e3_a_blast_that_is_sent_or_withdrawn_stays(status: RecipientStatus) -> None:
    assert after(recipient(status=status)) == recipient(status=status)


# E4, E8: feed and reminders


def test_e4_feed_entries_are_hidden_not_erased() -> None:
    assert after(feed_entry()) == feed_entry(hidden_at=NOW)


def test_e4_an_entry_hidden_before_keeps_the_day_it_was_hidden() -> None:
    hidden = feed_entry(hidden_at=NOW - DAY)
    assert after(hidden) == hidden


@pytest.mark.parametrize("remind_at", [NOW - DAY, NOW + DAY], ids=["late", "tomorrow"])
def test_e8_pending_goal_reminders_are_suppressed_even_one_that_is_late(remind_at: object) -> None:
    pending = reminder(remind_at=remind_at)
    assert after(pending) == reminder(remind_at=remind_at, status=ReminderStatus.SUPPRESSED)


@pytest.mark.parametrize("status", [ReminderStatus.SENT, ReminderStatus.SUPPRESSED])
def test_e8_a_reminder_that_is_sent_or_suppressed_stays(status: ReminderStatus) -> None:
    assert after(reminder(status=status)) == reminder(status=status)


# E6: appointments


@pytest.mark.parametrize(
    ("starts_at", "is_cancelled"),
    [(NOW - DAY, False), (NOW - MOMENT, False), (NOW, False), (NOW + MOMENT, True), (NOW + 900 * DAY, True)],
    ids=["yesterday", "just started", "starts now", "starts in a moment", "in years"],
)
def test_e6_upcoming_appointments_are_cancelled_and_started_ones_stay(starts_at: object, is_cancelled: bool) -> None:
    booked = appointment(starts_at=starts_at)
    cancelled = replace(booked, status=AppointmentStatus.CANCELLED, cancelled_by="archive", cancelled_at=NOW)
    assert after(booked) == (cancelled if is_cancelled else booked)


def test_e6_every_coming_occurrence_of_a_series_is_cancelled() -> None:
    series = [
        appointment(f"appt-{week}", starts_at=NOW + week * 7 * DAY, series_id="series-1") for week in range(-2, 3)
    ]
    cancelled = [change.before.record_id for change in cancel_commitments(series, NOW).changes]
    assert cancelled == ["appt-1", "appt-2"]


@pytest.mark.parametrize("status", [AppointmentStatus.CANCELLED, AppointmentStatus.COMPLETED])
def test_e6_an_appointment_that_is_cancelled_or_completed_keeps_its_story(status: AppointmentStatus) -> None:
    closed = appointment(status=status, cancelled_by="client", cancelled_at=NOW - DAY)
    assert after(closed) == closed


# E7: payments


@pytest.mark.parametrize("due_at", [NOW - DAY, NOW, NOW + 300 * DAY], ids=["overdue", "due now", "next year"])
def test_e7_every_payment_not_yet_charged_is_cancelled_whenever_it_is_due(due_at: object) -> None:
    scheduled = payment(due_at=due_at)
    cancelled = replace(scheduled, status=PaymentStatus.CANCELLED, cancelled_by="archive", cancelled_at=NOW)
    assert after(scheduled) == cancelled


def test_e7_a_payment_already_charging_is_left_alone_and_reported() -> None:
    charging = payment("pay-9", status=PaymentStatus.CHARGING)
    plan, label, reason = all_effects([charging], NOW), label_of(charging), LeftAloneReason.ALREADY_CHARGING
    reported = LeftAlone(kind=RecordKind.PAYMENT, record_id="pay-9", reason=reason, label=label)
    assert plan == ChangeSet(changes=(), left_alone=(reported,))


@pytest.mark.parametrize("status", [PaymentStatus.CHARGED, PaymentStatus.CANCELLED])
def test_e7_a_payment_that_is_charged_or_cancelled_stays_without_a_word(status: PaymentStatus) -> None:
    assert all_effects([payment(status=status)], NOW) == ChangeSet()


# A5: one set of rules, two groupings


def test_a5_each_of_the_three_effects_does_its_own_share() -> None:
    shares = {effect: {change.before.kind for change in effect(one_of_each(), NOW).changes} for effect in THE_THREE}
    assert shares == {
        cancel_commitments: {RecordKind.APPOINTMENT, RecordKind.PAYMENT},
        leave_chats: {RecordKind.MEMBERSHIP, RecordKind.RECIPIENT},
        silence_notifications: {RecordKind.FEED_ENTRY, RecordKind.REMINDER},
    }


@given(record_sets)
def test_a5_the_single_archive_does_exactly_what_the_three_effects_do(found: list[Record]) -> None:
    joined = ChangeSet()
    for effect in THE_THREE:
        joined += effect(found, NOW)
    assert all_effects(found, NOW) == joined


@given(record_sets, st.permutations(THE_THREE))
def test_a5_the_effects_have_one_result_in_any_order(found: list[Record], order: list[Effect]) -> None:
    step_by_step = found
    for effect in order:
        step_by_step = applied(effect(step_by_step, NOW), step_by_step)
    assert step_by_step == applied(all_effects(found, NOW), found)


@given(record_sets, record_sets)
def test_a5_planning_for_some_records_at_a_time_has_the_same_result(some: list[Record], others: list[Record]) -> None:
    together = all_effects([*some, *others], NOW)
    apart = all_effects(some, NOW) + all_effects(others, NOW)
    assert set(together.changes) == set(apart.changes)
    assert set(together.left_alone) == set(apart.left_alone)


@given(record_sets)
def test_records_may_come_as_an_iterator(found: list[Record]) -> None:
    assert all_effects(iter(found), NOW) == all_effects(found, NOW)


# Of every plan


@given(record_sets)
def test_archiving_twice_changes_what_archiving_once_does(found: list[Record]) -> None:
    archived = applied(all_effects(found, NOW), found)
    assert all_effects(archived, NOW).changes == ()
    assert all_effects(archived, NOW + DAY).changes == ()


@given(record_sets)
def test_e1_nothing_is_deleted_and_no_record_becomes_another(found: list[Record]) -> None:
    archived = applied(all_effects(found, NOW), found)
    assert [(r.kind, r.record_id, type(r)) for r in archived] == [(r.kind, r.record_id, type(r)) for r in found]


FIELDS_AN_ARCHIVE_MAY_WRITE = {
    RecordKind.APPOINTMENT: {"status", "cancelled_by", "cancelled_at"},
    RecordKind.PAYMENT: {"status", "cancelled_by", "cancelled_at"},
    RecordKind.MEMBERSHIP: {"left_at"},
    RecordKind.RECIPIENT: {"status"},
    RecordKind.FEED_ENTRY: {"hidden_at"},
    RecordKind.REMINDER: {"status"},
}


@given(record_sets)
def test_only_the_fields_that_the_rules_name_are_written(found: list[Record]) -> None:
    for change in all_effects(found, NOW).changes:
        written = {
            field.name
            for field in fields(change.before)
            if getattr(change.before, field.name) != getattr(change.after, field.name)
        }
        assert written
        assert written <= FIELDS_AN_ARCHIVE_MAY_WRITE[change.before.kind]


@given(record_sets)
def test_e11_no_amount_and_no_currency_is_ever_changed(found: list[Record]) -> None:
    def money(record: Record) -> tuple[object, object]:
        return getattr(record, "amount_cents", None), getattr(record, "currency", None)

    assert not all_effects([balance(owed_cents=1)], NOW)

    assert all(money(change.before) == money(change.after) for change in all_effects(found, NOW).changes)


def is_an_archives_work(record: Record) -> bool:
    """Rules E2 to E8 again, told as a table of what is touched."""
    match record.kind:
        case RecordKind.APPOINTMENT:
            return record.status is AppointmentStatus.BOOKED and record.starts_at > NOW
        case RecordKind.PAYMENT:
            return record.status is PaymentStatus.SCHEDULED
        case RecordKind.MEMBERSHIP:
            return record.chat_kind is ChatKind.GROUP and record.left_at is None
        case RecordKind.RECIPIENT:
            return record.status is RecipientStatus.PENDING
        case RecordKind.FEED_ENTRY:
            return record.hidden_at is None
        case RecordKind.REMINDER:
            return record.status is ReminderStatus.PENDING
        case RecordKind.DOCUMENT | RecordKind.FORM | RecordKind.BALANCE:
            return False


@given(record_sets)
def test_exactly_what_the_rules_name_is_touched(found: list[Record]) -> None:
    touched = {change.before for change in all_effects(found, NOW).changes}
    assert touched == {record for record in found if is_an_archives_work(record)}


@given(records)
def test_after_its_change_a_record_lives_no_longer(record: Record) -> None:
    for change in all_effects([record], NOW).changes:
        assert change.before.lives_until is not None
        assert change.after.lives_until is None


def test_plans_add_up_in_order() -> None:
    first, second = Change(before=reminder("a"), after=reminder("a")), Change(before=reminder("b"), after=reminder("b"))
    assert ChangeSet((first,)) + ChangeSet((second,)) == ChangeSet((first, second))
    assert ChangeSet() + ChangeSet() == ChangeSet()


@given(record_sets, st.integers(0, 5), st.integers(1, 4))
def test_the_parts_of_a_plan_add_up_to_it_and_none_is_too_long(found: list[Record], left_alone: int, most: int) -> None:
    whole = all_effects([*found, *charging(left_alone)], NOW)
    done, left = ChangeSet(), whole
    while left:
        part = left.first(most)
        assert 0 < len(part) <= most
        done += part
        left = ChangeSet(left.changes[len(part.changes) :], left.left_alone[len(part.left_alone) :])
    assert done == whole
