"""What tells a person which record is meant: when it is, what it is called, and how much it is about."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from msgspec import Struct

from client_lifecycle.domain.money import Amount
from client_lifecycle.domain.records import (
    Appointment,
    Balance,
    Document,
    FeedEntry,
    Form,
    Membership,
    Payment,
    Recipient,
    Record,
    RecordKind,
    Reminder,
)

MAX_NAMED_RECORDS = 100
"""Records that are kept or told by name; of any more, only the number is."""


class Label(Struct, frozen=True, kw_only=True):
    """What a record is to people, in parts that each reader's language puts together.

    ``at`` is when an appointment starts, a payment is due, a chat was joined, a message or reminder is to be sent, or
    a feed entry was made; ``title`` is the type of an appointment, ``amount`` that of a payment.
    """

    at: datetime | None = None
    title: str | None = None
    amount: Amount | None = None


class RecordName(Struct, frozen=True, kw_only=True):
    """Which of a client's records is meant; what was kept before labels were has none."""

    kind: RecordKind
    record_id: str
    label: Label | None = None


def label_of(record: Record) -> Label:
    """Return what a record is to people; texts that may tell of the client are left out."""
    match record:
        case Appointment():
            return Label(at=record.starts_at, title=record.type)
        case Payment():
            return Label(at=record.due_at, amount=Amount(currency=record.currency, cents=record.amount_cents))
        case Membership():
            return Label(at=record.joined_at)
        case Recipient():
            return Label(at=record.send_at)
        case FeedEntry():
            return Label(at=record.created_at)
        case Reminder():
            return Label(at=record.remind_at)
        case Document() | Form() | Balance():
            return Label()
        case _:
            assert_never(record)


def name_of(record: Record) -> RecordName:
    """Name a record, with its label."""
    return RecordName(kind=record.kind, record_id=record.record_id, label=label_of(record))
