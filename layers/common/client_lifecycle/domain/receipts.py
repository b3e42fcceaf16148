"""Receipts and history: what an archive did, record by record.

A receipt is never a bare count. It lists every record touched with its state before, which is what a later restore
reads.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field

from client_lifecycle.domain.client import ArchiveOptions, Cause, PlanTerms
from client_lifecycle.domain.edits import Edit
from client_lifecycle.domain.effects import Change, LeftAlone


class ReceiptState(StrEnum):
    """``settling`` until every effect is committed; it stays so when the client comes back before that."""

    SETTLING = "settling"
    SETTLED = "settled"


class Receipt(Struct, frozen=True, kw_only=True):
    """All that one archive changed.

    ``moved_from_group_id`` is the group that ``options`` moved the client out of, if it did (E10).
    """

    archive_id: str
    archived_at: datetime
    cause: Cause
    state: ReceiptState
    options: ArchiveOptions = field(default_factory=ArchiveOptions)
    moved_from_group_id: str | None = None
    changes: tuple[Change, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()

    @property
    def may_grow(self) -> bool:
        """Whether more is to be expected until the client is back: the rest of the archive, or what it left alone."""
        return self.state is ReceiptState.SETTLING or bool(self.left_alone)


FIRST_CHECK_AFTER = timedelta(minutes=10)
LONGEST_WAIT = timedelta(days=1)


def left_alone_check_at(archived_at: datetime, at: datetime) -> datetime:
    """Return when to look again at what an archive left alone: after as long as it has been, a day at the most (A11).

    A card is declined within minutes or within days; whichever it is, it is soon known and looking costs little.

    Args:
        archived_at: the moment of the archive, UTC.
        at: the present moment, UTC.
    """
    return at + min(max(at - archived_at, FIRST_CHECK_AFTER), LONGEST_WAIT)


class HistoryEvent(StrEnum):
    """What a client's history tells; also the names under which it is published, except a refused booking."""

    ADDED = "client.added"
    CHANGED = "client.changed"
    ARCHIVED = "client.archived"
    ACTIVATED = "client.activated"
    ARCHIVE_PLANNED = "client.archive_planned"
    ARCHIVE_PLAN_CANCELLED = "client.archive_plan_cancelled"
    MADE_GOOD = "client.archive_made_good"
    BOOKING_REFUSED = "booking.refused"
    CHARGED_ANYWAY = "payment.charged_anyway"


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """One line of a client's history: what happened, when, by whom, and under which archive.

    ``options`` is what was said when archiving; ``reason`` is why a booking was refused; ``plan`` is
    what was planned for later, or no longer is; ``payment_ids`` are those that are charged although an archive
    cancelled them (I11); ``edits`` are the fields that were given or changed.
    """

    history_id: str
    at: datetime
    event: HistoryEvent
    cause: Cause
    archive_id: str | None = None
    options: ArchiveOptions | None = None
    reason: str | None = None
    plan: PlanTerms | None = None
    payment_ids: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
