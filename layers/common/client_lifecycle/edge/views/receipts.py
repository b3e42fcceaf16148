"""Answers about receipts, and about what was restored from them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.effects import Change, LeftAlone
from client_lifecycle.domain.labels import Label, label_of
from client_lifecycle.domain.receipts import Receipt, ReceiptState
from client_lifecycle.domain.records import RecordKind
from client_lifecycle.domain.restore import (
    Restorable,
    Restoration,
    RestoredItem,
    RestoreOutcome,
    RestoreState,
)
from client_lifecycle.edge.views.shared import CauseView, UnreadableField, View
from client_lifecycle.edge.views.value_models import Shown
from client_lifecycle.storage.values import to_plain


class ChangeView(View):
    """One record that an archive touched, with its fields before and after."""

    kind: RecordKind
    record_id: str
    label: Shown[Label]
    before: dict[str, Any]
    after: dict[str, Any]

    @classmethod
    def of(cls, change: Change) -> ChangeView:
        """Show a change."""
        return cls(
            kind=change.before.kind,
            record_id=change.before.record_id,
            label=label_of(change.before),
            before=to_plain(change.before),
            after=to_plain(change.after),
        )


class ReceiptView(View):
    """All that one archive changed, by pages if that is much.

    ``next_cursor`` asks ``GET /clients/{client_id}/receipts/{archive_id}`` for the changes that follow. What was left
    alone is told with the changes it was met among, sometimes on two pages.
    """

    archive_id: str
    archived_at: datetime
    archived_by: CauseView
    state: ReceiptState
    reason: ArchiveReason | None
    note: str | None
    notify_client: bool
    mute_email: bool
    moved_to_group_id: str | None
    moved_from_group_id: str | None
    changes: list[ChangeView]
    left_alone: list[Shown[LeftAlone]]
    next_cursor: str | None

    @classmethod
    def of(cls, receipt: Receipt, next_cursor: str | None) -> ReceiptView:
        """Show a page of a receipt, with the cursor of the page that follows."""
        return cls(
            archive_id=receipt.archive_id,
            archived_at=receipt.archived_at,
            archived_by=CauseView.of(receipt.cause),
            state=receipt.state,
            reason=receipt.options.reason,
            note=receipt.options.note,
            notify_client=receipt.options.notify_client,
            mute_email=receipt.options.mute_email,
            moved_to_group_id=receipt.options.group_id,
            moved_from_group_id=receipt.moved_from_group_id,
            changes=[ChangeView.of(change) for change in receipt.changes],
            left_alone=list(receipt.left_alone),
            next_cursor=next_cursor,
        )


class RestoredItemView(View):
    """What became of one record that was asked back."""

    kind: RecordKind
    record_id: str
    outcome: RestoreOutcome
    label: Shown[Label] | None

    @classmethod
    def of(cls, item: RestoredItem) -> RestoredItemView:
        """Show an item."""
        return cls(kind=item.kind, record_id=item.record_id, outcome=item.outcome, label=item.label)


class RestorationView(View):
    """How far a restore from a receipt has come.

    ``restored`` counts what was taken back and ``counts`` what could not be, by reason; ``not_restored`` names the
    first hundred of that.
    """

    archive_id: str
    state: RestoreState
    asked: list[Restorable]
    asked_by: CauseView
    began_at: datetime
    finished_at: datetime | None
    restored: int
    counts: dict[RestoreOutcome, int]
    not_restored: list[RestoredItemView]

    @classmethod
    def of(cls, restoration: Restoration) -> RestorationView:
        """Show a restore."""
        return cls(
            archive_id=restoration.archive_id,
            state=restoration.state,
            asked=list(restoration.asked),
            asked_by=CauseView.of(restoration.cause),
            began_at=restoration.began_at,
            finished_at=restoration.finished_at,
            restored=restoration.restored,
            counts=dict(restoration.not_restored.counts),
            not_restored=[RestoredItemView.of(item) for item in restoration.not_restored.items],
        )


class ReceiptListView(View):
    """A page of a client's receipts."""

    receipts: list[ReceiptView]
    next_cursor: str | None
    unreadable: UnreadableField
