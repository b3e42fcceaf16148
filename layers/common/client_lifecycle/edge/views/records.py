"""Answers about records: those of a client, and those that no source has confirmed."""

from __future__ import annotations

from datetime import datetime

from client_lifecycle.domain.intake import status_of
from client_lifecycle.domain.records import RecordKind
from client_lifecycle.edge.views.shared import UnreadableField, View
from client_lifecycle.storage.record_pages import ListedRecord


class RecordView(View):
    """A record as it is kept here: whose it is, what its source said last, and which archive has ended it."""

    kind: RecordKind
    id: str
    version: int | None
    source: str | None
    status: str
    live: bool
    cancelled_by: str | None
    archive_id: str | None
    confirmed: bool | None

    @classmethod
    def of(cls, record: ListedRecord) -> RecordView:
        """Show a record."""
        kept = record.kept
        return cls(
            kind=record.kind,
            id=record.record_id,
            version=kept.version,
            source=kept.source,
            status=status_of(kept.record),
            live=record.is_live,
            cancelled_by=getattr(kept.record, "cancelled_by", None),
            archive_id=kept.ended_by,
            confirmed=record.is_confirmed,
        )


class RecordListView(View):
    """A page of a client's records."""

    records: list[RecordView]
    next_cursor: str | None
    unreadable: UnreadableField


class UnconfirmedView(View):
    """A record that an archive has ended, and whose source has not said so yet, with the name of whose it is."""

    client_id: str
    client_name: str | None
    kind: RecordKind
    id: str
    version: int | None
    source: str | None
    status: str
    archive_id: str | None
    ended_at: datetime | None

    @classmethod
    def of(cls, record: ListedRecord, client_name: str | None) -> UnconfirmedView:
        """Show a record of a client; of one that cannot be read there is no name."""
        kept = record.kept
        return cls(
            client_id=record.client_id,
            client_name=client_name,
            kind=record.kind,
            id=record.record_id,
            version=kept.version,
            source=kept.source,
            status=status_of(kept.record),
            archive_id=kept.ended_by,
            ended_at=record.ended_at,
        )


class UnconfirmedListView(View):
    """A page of what no source has confirmed, the oldest first."""

    records: list[UnconfirmedView]
    next_cursor: str | None
    unreadable: UnreadableField
