"""What tells a person which record is meant, in parts that each language puts together."""

from __future__ import annotations

import pytest
from hypothesis import given

from client_lifecycle.domain.effects import all_effects
from client_lifecycle.domain.labels import Label, label_of, name_of
from client_lifecycle.domain.money import Amount
from client_lifecycle.domain.records import Record
from tests.support import strategies
from tests.support.builders import (
    NOW,
    appointment,
    balance,
    document,
    feed_entry,
    form,
    membership,
    payment,
    recipient,
    reminder,
)

CASES: list[tuple[Record, Label]] = [
    (appointment(starts_at=NOW, type="Follow-up"), Label(at=NOW, title="Follow-up")),
    (
        payment(due_at=NOW, amount_cents=4_200, currency="EUR"),
        Label(at=NOW, amount=Amount(currency="EUR", cents=4_200)),
    ),
    (membership(joined_at=NOW), Label(at=NOW)),
    (recipient(send_at=NOW), Label(at=NOW)),
    (feed_entry(created_at=NOW, subject="Ada Lee has reached her goal"), Label(at=NOW)),
    (reminder(remind_at=NOW), Label(at=NOW)),
    (document(), Label()),
    (form(), Label()),
    (balance(), Label()),
]


@pytest.mark.parametrize(("record", "label"), CASES, ids=[record.kind.value for record, _ in CASES])
def test_a_label_tells_when_and_what_and_how_much(record: Record, label: Label) -> None:
    assert label_of(record) == label


@given(strategies.records)
def test_an_archive_changes_no_label(record: Record) -> None:
    """So that receipts, runs and restores name a record alike, whichever state of it they look at."""
    assert all(name_of(change.before) == name_of(change.after) for change in all_effects([record], NOW).changes)
