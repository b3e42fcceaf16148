"""What of an archive can be taken back once its client is back (A1, A9).

Only what that archive touched comes back, and only while it still is as the archive left it. A restore goes through the
archive's changes in the order of its receipt, in as many transactions as it takes, and counts what it could not take
back.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from client_lifecycle.domain.client import Cause, Client
from client_lifecycle.domain.effects import Change
from client_lifecycle.domain.labels import MAX_NAMED_RECORDS, Label, label_of
from client_lifecycle.domain.records import (
    LONGEST_APPOINTMENT,
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
    """``restored``, or why not; ``pending`` until it is known, ``superseded`` if another archive came first."""

    RESTORED = "restored"
    PENDING = "pending"
    SUPERSEDED = "superseded"
    SLOT_PASSED = "slot_passed"
    SLOT_TAKEN = "slot_taken"
    PAYMENT_DATE_PASSED = "payment_date_passed"
    CHAT_CLOSED = "chat_closed"
    RECORD_REMOVED = "record_removed"
    CHANGED_SINCE = "changed_since"


class RestoredItem(Struct, frozen=True, kw_only=True):
    """What became of one record that an archive had touched; ``change`` is what must be written for it, if anything.

    What was kept before labels were has none.
    """

    kind: RecordKind
    record_id: str
    outcome: RestoreOutcome
    label: Label | None = None
    change: Change | None = None


class Obstacles(Struct, frozen=True, kw_only=True):
    """What has come in the way since: appointments whose slot is taken, and chats that were closed, by id."""

    taken_appointments: Collection[str] = ()
    closed_chats: Collection[str] = ()


class Booked(Struct, frozen=True):
    """A booked appointment in the calendar, and whose it is."""

    client_id: str
    appointment: Appointment


def taken_slots(
    client_id: str, wanted: Iterable[Appointment], calendar: Collection[Booked], since: datetime
) -> set[str]:
    """Tell which appointments have lost their slot, by id (A1).

    A slot is taken by another appointment that overlaps, was booked or moved there after the archive, and is in the
    same calendar; appointments that name no calendar share one. One of which nobody said when it was booked was there
    before, as far as is known.

    Args:
        client_id: whose appointments they are.
        wanted: the appointments to be booked again.
        calendar: booked appointments of the provider.
        since: the moment of the archive, UTC.
    """
    later = sorted(
        (one for one in calendar if one.appointment.booked_at and one.appointment.booked_at > since),
        key=lambda one: one.appointment.starts_at,
    )
    starts = [one.appointment.starts_at for one in later]

    def is_taken(slot: Appointment) -> bool:
        first, end = bisect_left(starts, slot.starts_at - LONGEST_APPOINTMENT), bisect_left(starts, slot.ends_at)
        return any(
            one.appointment.ends_at > slot.starts_at
            and one.appointment.calendar_id == slot.calendar_id
            and (one.client_id, one.appointment.record_id) != (client_id, slot.record_id)
            for one in later[first:end]
        )

    return {slot.record_id for slot in wanted if is_taken(slot)}


def wanted(changes: Collection[Change], asked: Collection[Restorable]) -> list[Change]:
    """Return those of an archive's changes that were asked back.

    Of a record that had become live again and was made good (A11) that is the last change: what it was when it did.
    """
    kinds = {KINDS[one] for one in asked}
    last = {(change.before.kind, change.before.record_id): change for change in changes}
    return [change for (kind, _), change in last.items() if kind in kinds]


def restore(change: Change, current: Record | None, obstacles: Obstacles, at: datetime) -> RestoredItem:
    """Decide whether one change of an archive is taken back.

    Args:
        change: what the archive did, from its receipt.
        current: the record as it is, ``None`` if its source has removed it (I12).
        obstacles: what has come in the way since.
        at: the present moment, UTC.

    Returns:
        ``restored`` with the change to write, or without one if the record already is as before; or a reason why not.
    """
    if current is None:
        return _item(change, RestoreOutcome.RECORD_REMOVED)
    outcome = _outcome(change, current, obstacles, at)
    must_write = outcome is RestoreOutcome.RESTORED and current != change.before
    item = _item(change, outcome)
    return replace(item, change=Change(before=current, after=change.before) if must_write else None)


def _item(change: Change, outcome: RestoreOutcome) -> RestoredItem:
    before = change.before
    return RestoredItem(kind=before.kind, record_id=before.record_id, outcome=outcome, label=label_of(before))


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
        case Appointment() | Payment() | Membership() | Recipient() | FeedEntry() | Reminder():
            return None
        case Document() | Form() | Balance():
            return None
        case _:
            assert_never(current)


class RestoreState(StrEnum):
    """``restoring`` until each change that was asked back has its outcome."""

    RESTORING = "restoring"
    FINISHED = "finished"


class NotRestored(Struct, frozen=True, kw_only=True):
    """What could not be taken back: how much, by reason, and the first ``MAX_NAMED_RECORDS`` of it by name."""

    counts: Mapping[RestoreOutcome, int] = field(default_factory=dict)
    items: tuple[RestoredItem, ...] = ()


class Restoration(Struct, frozen=True, kw_only=True):
    """How far a restore has come.

    ``done`` counts the changes of the receipt, of the kinds that were ``asked`` back, that have their outcome;
    ``restored`` those that were taken back. ``returned_from`` is the archive that the client had last come back from
    when the restore began: once it is another one, the restore is over.
    """

    archive_id: str
    asked: tuple[Restorable, ...]
    cause: Cause
    began_at: datetime
    returned_from: str | None = None
    state: RestoreState = RestoreState.RESTORING
    done: int = 0
    restored: int = 0
    not_restored: NotRestored = field(default_factory=NotRestored)
    finished_at: datetime | None = None


def begin_restore(
    client: Client,
    archive_id: str,
    asked: Collection[Restorable],
    cause: Cause,
    at: datetime,
    before: Restoration | None,
) -> Restoration:
    """Return the restore that a caller asks for: the one that is not finished yet, or a new one.

    Args:
        client: as read; it comes back in the same moment, or is back.
        archive_id: the archive whose changes are asked back.
        asked: what is asked back; what an unfinished restore was asked for is too.
        cause: who asks, and through what.
        at: the present moment, UTC.
        before: the last restore from this archive, if there was one.
    """
    is_unfinished = before is not None and before.state is RestoreState.RESTORING
    if before and is_unfinished and may_continue(before, client) and set(asked) <= set(before.asked):
        return before
    also = before.asked if before and is_unfinished else ()
    return Restoration(
        archive_id=archive_id,
        asked=tuple(sorted({*asked, *also})),
        cause=cause,
        began_at=at,
        returned_from=archive_id if client.stamp else _last_returned_from(client),
    )


def may_continue(restoration: Restoration, client: Client) -> bool:
    """Tell whether a client is back, and was not archived again since the restore began."""
    return client.stamp is None and _last_returned_from(client) == restoration.returned_from


def next_items(items: Sequence[RestoredItem], most_changes: int) -> Sequence[RestoredItem]:
    """Return as many items, from the first on, as one transaction takes."""
    changes = 0
    for place, item in enumerate(items):
        changes += item.change is not None
        if changes > most_changes:
            return items[:place]
    return items


def with_outcomes(restoration: Restoration, items: Sequence[RestoredItem], *, of: int, at: datetime) -> Restoration:
    """Return a restore with the outcomes of its next items; it is finished with the last of all."""
    done = restoration.done + len(items)
    missing = [replace(item, change=None) for item in items if item.outcome is not RestoreOutcome.RESTORED]
    counts = Counter(restoration.not_restored.counts) + Counter(item.outcome for item in missing)
    named = (*restoration.not_restored.items, *missing)[:MAX_NAMED_RECORDS]
    has_ended = done == of
    return replace(
        restoration,
        done=done,
        restored=restoration.restored + len(items) - len(missing),
        not_restored=NotRestored(counts=dict(counts), items=named),
        state=RestoreState.FINISHED if has_ended else RestoreState.RESTORING,
        finished_at=at if has_ended else None,
    )


def superseded(changes: Iterable[Change]) -> list[RestoredItem]:
    """Return the outcomes of changes whose client was archived again before it was their turn."""
    return [_item(change, RestoreOutcome.SUPERSEDED) for change in changes]


def _last_returned_from(client: Client) -> str | None:
    return client.last_return.archive_id if client.last_return else None
