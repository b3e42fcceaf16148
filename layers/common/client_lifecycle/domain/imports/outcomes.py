"""The results that an import can have for one row, by what it brings in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct


class ImportKind(StrEnum):
    """What the rows of an import are."""

    CLIENTS = "clients"
    RECORDS = "records"


class RowOutcome(StrEnum):
    """The result of an import for one row.

    ``differs`` is a client that is there already with other values, which are overwritten (``changed``) only if that
    was asked for. ``stored``, ``stale`` and ``refused`` are what the door of records answers.
    """

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DIFFERS = "differs"
    EMAIL_IN_USE = "email_in_use"
    DUPLICATE_ROW = "duplicate_row"
    UNKNOWN_GROUP = "unknown_group"
    STORED = "stored"
    STALE = "stale"
    REFUSED = "refused"
    UNKNOWN_CLIENT = "unknown_client"
    INVALID = "invalid"
    NOT_REACHED = "not_reached"
    FAILED = "failed"


SHARED = (RowOutcome.UNCHANGED, RowOutcome.INVALID, RowOutcome.NOT_REACHED, RowOutcome.FAILED)
ROW_OUTCOMES: Mapping[ImportKind, tuple[RowOutcome, ...]] = {
    ImportKind.CLIENTS: (
        RowOutcome.ADDED,
        RowOutcome.CHANGED,
        RowOutcome.DIFFERS,
        RowOutcome.EMAIL_IN_USE,
        RowOutcome.DUPLICATE_ROW,
        RowOutcome.UNKNOWN_GROUP,
        *SHARED,
    ),
    ImportKind.RECORDS: (
        RowOutcome.STORED,
        RowOutcome.STALE,
        RowOutcome.REFUSED,
        RowOutcome.UNKNOWN_CLIENT,
        *SHARED,
    ),
}
"""The outcomes that rows of each kind can have."""

ROWS_TO_RETRY = frozenset({RowOutcome.FAILED, RowOutcome.NOT_REACHED})

AS_WISHED = frozenset({RowOutcome.ADDED, RowOutcome.CHANGED, RowOutcome.UNCHANGED, RowOutcome.STORED})
"""The outcomes of rows that nobody needs to look at."""


class RowResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The result for one row, with nothing of what the row says but its external id.

    ``field`` is the part of the row at fault. ``client_id`` is the client that was added, or is in the way. ``reason``
    is a fault's name, or why a record was refused. ``of_row`` is the earlier row that a duplicate repeats.
    """

    row: int
    outcome: RowOutcome
    external_id: str | None = None
    field: str | None = None
    client_id: str | None = None
    reason: str | None = None
    of_row: int | None = None


def counted(results: Iterable[RowResult]) -> dict[RowOutcome, int]:
    """Count results by outcome; outcomes that no row has are left out."""
    return dict(Counter(result.outcome for result in results))
