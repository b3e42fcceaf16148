"""What of an archive can be taken back when its client returns (A1). Imports ``effects`` and ``records``.

Only what that archive touched comes back, and only while it still is as the archive left it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from client_lifecycle.domain.effects import Change
from client_lifecycle.domain.records import Appointment, Membership, Payment, Record, RecordKind


class Restorable(StrEnum):
    """What a provider can ask to have back."""

    CHATS = "chats"
    REMINDERS = "reminders"
    FEED = "feed"
    APPOINTMENTS = "appointments"
    PAYMENTS = "payments"


KINDS: Mapping[Restorable, RecordKind] = {
    Restorable.CHATS: RecordKind.MEMBERSHIP,
    Restorable.REMINDERS: RecordKind.REMINDER,
    Restorable.FEED: RecordKind.FEED_ENTRY,
    Restorable.APPOINTMENTS: RecordKind.APPOINTMENT,
    Restorable.PAYMENTS: RecordKind.PAYMENT,
}
"""A withdrawn copy of a message blast is not among them: it does not come back."""


class RestoreOutcome(StrEnum):
    """``restored``, or why not."""

    RESTORED = "restored"
    SLOT_PASSED = "slot_passed"
    SLOT_TAKEN = "slot_taken"
    PAYMENT_DATE_PASSED = "payment_date_passed"
    CHAT_CLOSED = "chat_closed"
    CHANGED_SINCE = "changed_since"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredItem:
    """What became of one record that an archive had touched; ``change`` is what must be written for it, if anything."""

    kind: RecordKind
    record_id: str
    outcome: RestoreOutcome
    change: Change | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacles:
    """What has come in the way since: appointments whose slot is taken, and chats that were closed, by id."""

    taken_appointments: Collection[str] = ()
    closed_chats: Collection[str] = ()


def wanted(changes: Collection[Change], asked: Collection[Restorable]) -> list[Change]:
    """Return those of an archive's changes that were asked back."""
    kinds = {KINDS[one] for one in asked}
    return [change for change in changes if change.before.kind in kinds]


def restore(change: Change, current: Record, obstacles: Obstacles, at: datetime) -> RestoredItem:
    """Decide whether one change of an archive is taken back.

    Args:
        change: what the archive did, from its receipt.
        current: the record as it is.
        obstacles: what has come in the way since.
        at: the present moment, UTC.

    Returns:
        ``restored`` with the change to write, or without one if the record already is as before; or a reason why not.
    """
    outcome = _outcome(change, current, obstacles, at)
    must_write = outcome is RestoreOutcome.RESTORED and current != change.before
    return RestoredItem(
        kind=current.kind,
        record_id=current.record_id,
        outcome=outcome,
        change=Change(before=current, after=change.before) if must_write else None,
    )


def _outcome(change: Change, current: Record, obstacles: Obstacles, at: datetime) -> RestoreOutcome:
    if current == change.before:
        return RestoreOutcome.RESTORED
    if current != change.after:
        return RestoreOutcome.CHANGED_SINCE
    return _obstacle(current, obstacles, at) or RestoreOutcome.RESTORED


def _obstacle(current: Record, obstacles: Obstacles, at: datetime) -> RestoreOutcome | None:
    match current:
        case Appointment() if current.starts_at <= at:
            return RestoreOutcome.SLOT_PASSED
        case Appointment() if current.record_id in obstacles.taken_appointments:
            return RestoreOutcome.SLOT_TAKEN
        case Payment() if current.due_at <= at:
            return RestoreOutcome.PAYMENT_DATE_PASSED
        case Membership() if current.record_id in obstacles.closed_chats:
            return RestoreOutcome.CHAT_CLOSED
        case _:
            return None
