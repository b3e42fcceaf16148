"""A1: what of an archive comes back when it is asked for, item by item."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from client_lifecycle.domain.client import activate
from client_lifecycle.domain.effects import Change, all_effects
from client_lifecycle.domain.labels import MAX_NAMED_RECORDS
from client_lifecycle.domain.records import PaymentStatus, Record, RecordKind
from client_lifecycle.domain.restore import (
    KINDS,
    Booked,
    Obstacles,
    Restorable,
    Restoration,
    RestoredItem,
    RestoreOutcome,
    RestoreState,
    begin_restore,
    may_continue,
    next_items,
    restore,
    superseded,
    taken_slots,
    wanted,
    with_outcomes,
)
from client_lifecycle.storage.values import to_plain
from tests.support.builders import (
    ARCHIVE_ID,
    DAY,
    HOUR,
    MOMENT,
    NOW,
    appointment,
    cause,
    client,
    feed_entry,
    membership,
    one_of_each,
    payment,
    recipient,
    reminder,
    stamp,
)
from tests.support.strategies import record_sets

LATER = NOW + DAY / 2
MUCH_LATER = NOW + 2 * DAY


def archived(record: Record) -> Change:
    [change] = all_effects([record], NOW).changes
    return change


@pytest.mark.parametrize("record", [one for one in one_of_each() if one.kind is not RecordKind.RECIPIENT])
def test_a1_a_record_as_the_archive_left_it_becomes_as_it_was(record: Record) -> None:
    change = archived(record)
    item = restore(change, change.after, Obstacles(), LATER)
    assert item.outcome is RestoreOutcome.RESTORED
    assert item.change == Change(before=change.after, after=record)


def test_a11_of_what_was_made_good_the_last_change_is_taken_back() -> None:
    first, other = archived(payment()), archived(payment("pay-2"))
    moved = payment(due_at=NOW + 3 * DAY)
    again = archived(moved)
    assert wanted([first, other, again], [Restorable.PAYMENTS]) == [again, other]
    assert restore(again, again.after, Obstacles(), LATER).change == Change(before=again.after, after=moved)


@pytest.mark.parametrize("record", one_of_each())
def test_a1_restoring_twice_changes_nothing(record: Record) -> None:
    item = restore(archived(record), record, Obstacles(), LATER)
    assert (item.outcome, item.change) == (RestoreOutcome.RESTORED, None)


REASONS: list[tuple[Record, Obstacles, object, RestoreOutcome]] = [
    (appointment(), Obstacles(), MUCH_LATER, RestoreOutcome.SLOT_PASSED),
    (appointment("a"), Obstacles(taken_appointments={"a"}), LATER, RestoreOutcome.SLOT_TAKEN),
    (appointment("a"), Obstacles(taken_appointments={"b"}), LATER, RestoreOutcome.RESTORED),
    (payment(), Obstacles(), MUCH_LATER, RestoreOutcome.PAYMENT_DATE_PASSED),
    (membership("c"), Obstacles(closed_chats={"c"}), LATER, RestoreOutcome.CHAT_CLOSED),
    (membership("c"), Obstacles(closed_chats={"d"}), LATER, RestoreOutcome.RESTORED),
    (reminder(), Obstacles(), MUCH_LATER, RestoreOutcome.RESTORED),
    (feed_entry(), Obstacles(), MUCH_LATER, RestoreOutcome.RESTORED),
]


@pytest.mark.parametrize(("record", "obstacles", "at", "outcome"), REASONS)
def test_a1_each_item_answers_restored_or_why_not(
    record: Record, obstacles: Obstacles, at: object, outcome: RestoreOutcome
) -> None:
    change = archived(record)
    item = restore(change, change.after, obstacles, at)  # type: ignore[arg-type]
    assert item.outcome is outcome
    assert (item.change is not None) is (outcome is RestoreOutcome.RESTORED)


def test_a1_what_somebody_changed_since_stays_as_it_is() -> None:
    change = archived(payment())
    since = replace(payment(), status=PaymentStatus.CHARGED)
    item = restore(change, since, Obstacles(), LATER)
    assert (item.outcome, item.change) == (RestoreOutcome.CHANGED_SINCE, None)


def test_a1_only_what_is_asked_for_comes_back() -> None:
    changes = all_effects(one_of_each(), NOW).changes
    for asked in Restorable:
        assert {change.before.kind for change in wanted(changes, [asked])} == {KINDS[asked]}
    assert wanted(changes, []) == []


def test_a_withdrawn_blast_never_comes_back() -> None:
    assert wanted([archived(recipient())], list(Restorable)) == []


@given(record_sets)
def test_a1_with_nothing_in_between_every_record_asked_back_is_as_it_was(records: list[Record]) -> None:
    for change in wanted(all_effects(records, NOW).changes, list(Restorable)):
        item = restore(change, change.after, Obstacles(), NOW)
        if item.outcome is RestoreOutcome.RESTORED:
            assert item.change
            assert item.change.after == change.before
        else:
            assert item.outcome is RestoreOutcome.PAYMENT_DATE_PASSED


ARCHIVED_AT = NOW
SLOT = appointment("mine", starts_at=NOW + DAY, duration_minutes=60)


def booked(record_id: str = "theirs", client_id: str = "other", **fields: Any) -> Booked:
    """Another client's appointment in the same slot, booked an hour after the archive."""
    values = {"starts_at": SLOT.starts_at, "duration_minutes": 60, "booked_at": NOW + HOUR}
    return Booked(client_id, appointment(record_id, **values | fields))


@pytest.mark.parametrize(
    ("other", "takes_it"),
    [
        (booked(), True),
        (booked(booked_at=ARCHIVED_AT - HOUR), False),
        (booked(booked_at=ARCHIVED_AT), False),
        (booked(booked_at=None), False),
        (booked(calendar_id="room-2"), False),
        (booked("mine"), True),
        (booked("mine", "me"), False),
        (booked("another of mine", "me"), True),
        (booked(starts_at=SLOT.starts_at + HOUR), False),
        (booked(starts_at=SLOT.starts_at + HOUR - MOMENT), True),
        (booked(starts_at=SLOT.starts_at - HOUR), False),
        (booked(starts_at=SLOT.starts_at - HOUR + MOMENT), True),
        (booked(starts_at=SLOT.starts_at - 20 * HOUR, duration_minutes=24 * 60), True),
    ],
)
def test_a1_a_slot_is_taken_only_by_what_was_booked_after(other: Booked, takes_it: bool) -> None:
    assert taken_slots("me", [SLOT], [other], ARCHIVED_AT) == ({"mine"} if takes_it else set())


@pytest.mark.parametrize(("mine", "theirs"), [("a", "a"), ("a", "b"), (None, "a"), ("a", None), (None, None)])
def test_a1_a_slot_is_lost_in_its_own_calendar_only(mine: str | None, theirs: str | None) -> None:
    slot = replace(SLOT, calendar_id=mine)
    taken = taken_slots("me", [slot], [booked(calendar_id=theirs)], ARCHIVED_AT)
    assert taken == ({"mine"} if mine == theirs else set())


@given(st.lists(st.tuples(st.integers(-40, 40), st.integers(1, 24 * 60), st.booleans()), max_size=30))
def test_a1_slots_are_judged_as_if_each_were_compared_with_all(others: list[tuple[int, int, bool]]) -> None:
    calendar = [
        booked(
            f"o-{number}",
            starts_at=SLOT.starts_at + hours * HOUR,
            duration_minutes=minutes,
            booked_at=NOW + (HOUR if later else -HOUR),
        )
        for number, (hours, minutes, later) in enumerate(others)
    ]
    in_the_way = [
        one.appointment
        for one in calendar
        if one.appointment.booked_at
        and one.appointment.booked_at > NOW
        and one.appointment.starts_at < SLOT.ends_at
        and one.appointment.ends_at > SLOT.starts_at
    ]
    assert bool(taken_slots("me", [SLOT], calendar, NOW)) is bool(in_the_way)


class TestRestoration:
    """How far a restore has come, and what it could not take back."""

    def items(self, outcomes: str) -> list[RestoredItem]:
        """Items in a row: r is taken back, d was already as before, p is a payment whose date has passed."""
        change = archived(payment())
        kinds = {
            "r": (RestoreOutcome.RESTORED, change),
            "d": (RestoreOutcome.RESTORED, None),
            "p": (RestoreOutcome.PAYMENT_DATE_PASSED, None),
        }
        return [
            RestoredItem(kind=RecordKind.PAYMENT, record_id=f"p-{place}", outcome=kinds[one][0], change=kinds[one][1])
            for place, one in enumerate(outcomes)
        ]

    def begun(self, **fields: Any) -> Restoration:
        back = activate(client(stamp=stamp()), cause(), NOW)
        return replace(begin_restore(back, ARCHIVE_ID, [Restorable.PAYMENTS], cause(), NOW, None), **fields)

    @pytest.mark.parametrize(
        ("outcomes", "taken"), [("", 0), ("rrr", 2), ("rdrdr", 4), ("ppprpprppp", 10), ("rr", 2), ("pppp", 4)]
    )
    def test_a_transaction_takes_as_many_items_as_it_can_write(self, outcomes: str, taken: int) -> None:
        assert len(next_items(self.items(outcomes), 2)) == taken

    def test_a1_each_item_is_counted_once_and_what_is_missing_is_named(self) -> None:
        items = self.items("rprdp")
        half = with_outcomes(self.begun(), items[:2], of=5, at=NOW)
        whole = with_outcomes(half, items[2:], of=5, at=LATER)
        assert (half.state, half.done, half.restored, half.finished_at) == (RestoreState.RESTORING, 2, 1, None)
        assert (whole.state, whole.done, whole.restored, whole.finished_at) == (RestoreState.FINISHED, 5, 3, LATER)
        assert whole.not_restored.counts == {RestoreOutcome.PAYMENT_DATE_PASSED: 2}
        assert [item.record_id for item in whole.not_restored.items] == ["p-1", "p-4"]

    def test_a1_a_hundred_are_named_and_all_are_counted(self) -> None:
        whole = with_outcomes(self.begun(), self.items("p" * 1_300), of=1_300, at=NOW)
        assert len(whole.not_restored.items) == MAX_NAMED_RECORDS
        assert whole.not_restored.counts == {RestoreOutcome.PAYMENT_DATE_PASSED: 1_300}
        assert len(json.dumps(to_plain(whole))) < 20_000

    def test_a_restore_that_is_not_finished_is_gone_on_with(self) -> None:
        back = activate(client(stamp=stamp()), cause(), NOW)
        begun = self.begun(done=3)
        assert begin_restore(back, ARCHIVE_ID, [Restorable.PAYMENTS], cause(), LATER, begun) is begun
        wider = begin_restore(back, ARCHIVE_ID, [Restorable.CHATS], cause(), LATER, begun)
        assert (wider.done, wider.asked) == (0, (Restorable.CHATS, Restorable.PAYMENTS))
        finished = replace(begun, state=RestoreState.FINISHED)
        assert begin_restore(back, ARCHIVE_ID, [Restorable.CHATS], cause(), LATER, finished).asked == (
            Restorable.CHATS,
        )

    def test_a_restore_ends_with_the_next_archive(self) -> None:
        begun, archived_client = self.begun(), client(stamp=stamp())
        back = activate(archived_client, cause(), NOW)
        again = activate(replace(back, stamp=stamp("01KJPZ0000ARCHVE0000000002")), cause(), LATER)
        assert [may_continue(begun, one) for one in (archived_client, back, again)] == [False, True, False]

    def test_what_a_new_archive_came_before_is_told_too(self) -> None:
        left = [archived(payment(f"p-{number}")) for number in range(2)]
        ended = with_outcomes(self.begun(done=1, restored=1), superseded(left), of=3, at=LATER)
        assert (ended.state, ended.not_restored.counts) == (RestoreState.FINISHED, {RestoreOutcome.SUPERSEDED: 2})


def test_a9_a_receipt_gives_back_only_what_still_is_as_its_archive_left_it() -> None:
    [first] = all_effects([appointment(starts_at=NOW + 9 * DAY)], NOW).changes
    [second] = all_effects([first.before], NOW + DAY).changes
    at = NOW + 2 * DAY
    assert restore(first, first.after, Obstacles(), at).outcome is RestoreOutcome.RESTORED
    assert restore(first, second.after, Obstacles(), at).outcome is RestoreOutcome.CHANGED_SINCE
    assert restore(second, second.after, Obstacles(), at).outcome is RestoreOutcome.RESTORED
