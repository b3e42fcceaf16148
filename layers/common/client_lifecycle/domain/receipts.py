"""Receipts and history: what an archive did, record by record. Imports ``client`` and ``effects``.

A receipt is never a bare count. It lists every record touched with its state before, which is what a later
restore reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from client_lifecycle.domain.client import Cause
from client_lifecycle.domain.effects import Change, LeftAlone


class ReceiptState(StrEnum):
    """``settling`` until every effect is committed; ``superseded`` if the client came back before that."""

    SETTLING = "settling"
    SETTLED = "settled"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """All that one archive changed.

    ``notify_client`` records whether the caller asked for the client to be told; by default nobody is (E9).
    """

    archive_id: str
    archived_at: datetime
    cause: Cause
    state: ReceiptState
    notify_client: bool = False
    changes: tuple[Change, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()


class HistoryEvent(StrEnum):
    """The changes of a client's status; also the names under which they are published."""

    ARCHIVED = "client.archived"
    ACTIVATED = "client.activated"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One line of a client's history: what happened, when, by whom, under which archive."""

    history_id: str
    at: datetime
    event: HistoryEvent
    archive_id: str
    cause: Cause
