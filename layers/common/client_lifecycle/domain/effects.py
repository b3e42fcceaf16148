"""What an archive does to a client's records: rules E2 to E8 as pure functions.

Each effect reads records and answers with a change set; it writes nothing. The single archive commits the three change
sets together, the workflow's handlers commit one each: the same functions in two groupings (A5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.labels import Label, label_of
from client_lifecycle.domain.records import (
    Appointment,
    AppointmentStatus,
    Balance,
    ChatKind,
    Document,
    FeedEntry,
    Form,
    Membership,
    Payment,
    PaymentStatus,
    Recipient,
    RecipientStatus,
    Record,
    RecordKind,
    Reminder,
    ReminderStatus,
)

CANCELLED_BY_ARCHIVE = "archive"

RecordKey: TypeAlias = tuple[RecordKind, str]
"""The kind and the id of one of a client's records."""


class Change(Struct, frozen=True, kw_only=True):
    """One record before and after; storage commits it only while the record still is as ``before`` says."""

    before: Record
    after: Record


class LeftAloneReason(StrEnum):
    """Why an archive could not touch a record that it would have touched."""

    ALREADY_CHARGING = "already_charging"


class LeftAlone(Struct, frozen=True, kw_only=True):
    """A record that stays as it is although the client is archived, and why; older entries have no label."""

    kind: RecordKind
    record_id: str
    reason: LeftAloneReason
    label: Label | None = None


class ChangeSet(Struct, frozen=True):
    """The changes an archive makes to one client's records, and what it must leave alone."""

    changes: tuple[Change, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()

    def __add__(self, other: ChangeSet) -> ChangeSet:
        return ChangeSet(self.changes + other.changes, self.left_alone + other.left_alone)

    def __len__(self) -> int:
        return len(self.changes) + len(self.left_alone)

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        """The records that it is about."""
        changed = ((change.before.kind, change.before.record_id) for change in self.changes)
        return (*changed, *((left.kind, left.record_id) for left in self.left_alone))

    def first(self, most: int) -> ChangeSet:
        """Return as much of a plan as one transaction takes, what is left alone before what is changed."""
        left_alone = self.left_alone[:most]
        return ChangeSet(self.changes[: most - len(left_alone)], left_alone)


Effect = Callable[[Iterable[Record], datetime], ChangeSet]


class EffectName(StrEnum):
    """The effects that a bulk archive hands to one handler each."""

    CANCEL_COMMITMENTS = "cancel_commitments"
    LEAVE_CHATS = "leave_chats"
    SILENCE_NOTIFICATIONS = "silence_notifications"


def cancel_commitments(records: Iterable[Record], at: datetime) -> ChangeSet:
    """Cancel upcoming appointments (E6) and payments not yet charged (E7).

    Args:
        records: the client's records; those of other kinds are ignored.
        at: the moment of the archive, UTC; an appointment that has started by then stays.

    Returns:
        The cancellations; a payment that is being charged is left alone and named.
    """
    changes: list[Change] = []
    left_alone: list[LeftAlone] = []
    for record in records:
        match record:
            case Appointment() if record.is_upcoming(at):
                cancelled: Record = replace(
                    record,
                    status=AppointmentStatus.CANCELLED,
                    cancelled_by=CANCELLED_BY_ARCHIVE,
                    cancelled_at=at,
                )
                changes.append(Change(before=record, after=cancelled))
            case Payment(status=PaymentStatus.SCHEDULED):
                cancelled = replace(
                    record, status=PaymentStatus.CANCELLED, cancelled_by=CANCELLED_BY_ARCHIVE, cancelled_at=at
                )
                changes.append(Change(before=record, after=cancelled))
            case Payment(status=PaymentStatus.CHARGING):
                left_alone.append(
                    LeftAlone(
                        kind=record.kind,
                        record_id=record.record_id,
                        reason=LeftAloneReason.ALREADY_CHARGING,
                        label=label_of(record),
                    )
                )
            case Appointment() | Payment() | Membership() | Recipient() | FeedEntry() | Reminder():
                pass
            case Document() | Form() | Balance():
                pass
            case _:
                assert_never(record)
    return ChangeSet(tuple(changes), tuple(left_alone))


def leave_chats(records: Iterable[Record], at: datetime) -> ChangeSet:
    """Leave live group chats (E2) and be withdrawn from blasts not yet sent (E3); community chats stay (P4)."""
    changes: list[Change] = []
    for record in records:
        match record:
            case Membership(chat_kind=ChatKind.GROUP, left_at=None):
                changes.append(Change(before=record, after=replace(record, left_at=at)))
            case Recipient(status=RecipientStatus.PENDING):
                withdrawn = replace(record, status=RecipientStatus.WITHDRAWN)
                changes.append(Change(before=record, after=withdrawn))
            case Appointment() | Payment() | Membership() | Recipient() | FeedEntry() | Reminder():
                pass
            case Document() | Form() | Balance():
                pass
            case _:
                assert_never(record)
    return ChangeSet(tuple(changes))


def silence_notifications(records: Iterable[Record], at: datetime) -> ChangeSet:
    """Hide the client's feed entries (E4) and suppress pending goal reminders (E8)."""
    changes: list[Change] = []
    for record in records:
        match record:
            case FeedEntry(hidden_at=None):
                changes.append(Change(before=record, after=replace(record, hidden_at=at)))
            case Reminder(status=ReminderStatus.PENDING):
                suppressed = replace(record, status=ReminderStatus.SUPPRESSED)
                changes.append(Change(before=record, after=suppressed))
            case Appointment() | Payment() | Membership() | Recipient() | FeedEntry() | Reminder():
                pass
            case Document() | Form() | Balance():
                pass
            case _:
                assert_never(record)
    return ChangeSet(tuple(changes))


def all_effects(records: Iterable[Record], at: datetime) -> ChangeSet:
    """Everything an archive does to a client's records: the three plans joined (E2-E8)."""
    frozen = tuple(records)
    return cancel_commitments(frozen, at) + leave_chats(frozen, at) + silence_notifications(frozen, at)


EFFECTS: Mapping[EffectName, Effect] = {
    EffectName.CANCEL_COMMITMENTS: cancel_commitments,
    EffectName.LEAVE_CHATS: leave_chats,
    EffectName.SILENCE_NOTIFICATIONS: silence_notifications,
}


def work_of_effects(records: Iterable[Record], at: datetime) -> dict[EffectName, tuple[RecordKey, ...]]:
    """Name the effects that have anything to do with a client's records, and those records."""
    frozen = tuple(records)
    plans = {name: effect(frozen, at) for name, effect in EFFECTS.items()}
    return {name: plan.record_keys for name, plan in plans.items() if plan}
