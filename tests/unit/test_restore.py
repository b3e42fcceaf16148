"""A1: what of an archive comes back when it is asked for, item by item."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from client_lifecycle.domain.effects import Change, all_effects
from client_lifecycle.domain.records import PaymentStatus, Record, RecordKind
from client_lifecycle.domain.restore import KINDS, Obstacles, Restorable, RestoreOutcome, restore, wanted
from tests.unit.builders import (
    DAY,
    NOW,
    appointment,
    feed_entry,
    membership,
    one_of_each,
    payment,
    recipient,
    reminder,
)
from tests.unit.strategies import record_sets

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
