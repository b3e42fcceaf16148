"""How long each record lives: until when an archive still has to look at it."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given

from client_lifecycle.domain.effects import all_effects
from client_lifecycle.domain.records import (
    FOREVER,
    AppointmentStatus,
    ChatKind,
    PaymentStatus,
    RecipientStatus,
    Record,
    ReminderStatus,
)
from tests.support.builders import (
    DAY,
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
from tests.support.strategies import records

TOMORROW = NOW + DAY

LIVES_UNTIL: list[tuple[str, Record, datetime | None]] = [
    ("booked appointment", appointment(starts_at=TOMORROW), TOMORROW),
    ("completed appointment", appointment(status=AppointmentStatus.COMPLETED), None),
    ("cancelled appointment", appointment(status=AppointmentStatus.CANCELLED), None),
    ("scheduled payment", payment(due_at=TOMORROW), FOREVER),
    ("charging payment", payment(status=PaymentStatus.CHARGING), FOREVER),
    ("charged payment", payment(status=PaymentStatus.CHARGED), None),
    ("cancelled payment", payment(status=PaymentStatus.CANCELLED), None),
    ("group chat", membership(chat_kind=ChatKind.GROUP), FOREVER),
    ("group chat that was left", membership(chat_kind=ChatKind.GROUP, left_at=NOW), None),
    ("community chat", membership(chat_kind=ChatKind.COMMUNITY), None),
    ("direct chat", membership(chat_kind=ChatKind.DIRECT), None),
    ("blast to come", recipient(send_at=TOMORROW), FOREVER),
    ("blast that was sent", recipient(status=RecipientStatus.SENT), None),
    ("withdrawn blast", recipient(status=RecipientStatus.WITHDRAWN), None),
    ("feed entry shown", feed_entry(), FOREVER),
    ("hidden feed entry", feed_entry(hidden_at=NOW), None),
    ("pending reminder", reminder(remind_at=TOMORROW), FOREVER),
    ("sent reminder", reminder(status=ReminderStatus.SENT), None),
    ("suppressed reminder", reminder(status=ReminderStatus.SUPPRESSED), None),
    ("shared document", document(), None),
    ("requested form", form(), None),
    ("balance", balance(owed_cents=1), None),
]


@pytest.mark.parametrize(("_", "record", "until"), LIVES_UNTIL, ids=[row[0] for row in LIVES_UNTIL])
def test_lives_until(_: str, record: Record, until: datetime | None) -> None:
    assert record.lives_until == until


@given(records)
def test_whatever_an_archive_touches_or_reports_lives_beyond_that_archive(record: Record) -> None:
    plan = all_effects([record], NOW)
    if plan.changes or plan.left_alone:
        assert record.lives_until is not None
        assert record.lives_until > NOW
