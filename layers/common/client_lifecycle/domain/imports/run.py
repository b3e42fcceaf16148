"""An import as a run: an upload that is checked, confirmed, carried out part by part, stopped and tried again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from msgspec import Struct, field
from msgspec.structs import replace

from client_lifecycle.domain.errors import ImportNotChecked, ImportNotStarted, ImportStarted
from client_lifecycle.domain.imports.columns import ClientField
from client_lifecycle.domain.imports.outcomes import ROWS_TO_RETRY, ImportKind, RowOutcome, RowResult

MAX_ROWS = 100_000
MAX_UPLOAD_BYTES = 64 * 1024 * 1024
ROWS_PER_PART = 200
"""So many rows are read, and added one by one, within seconds."""

UPLOAD_LIFETIME = timedelta(hours=1)
"""How long the form for the upload is good."""

IMPORT_LIFETIME = timedelta(days=30)
"""How long what was uploaded is kept, and can be checked and confirmed."""

FIRST_SHOWN = 5
"""Rows of each outcome that are named in the answer; the report has them all."""


class ImportFormat(StrEnum):
    """How the rows are written."""

    CSV = "csv"
    JSON_LINES = "json_lines"


class ImportState(StrEnum):
    """The stages of an import. ``refused`` is a file that cannot be read as a whole; it can be checked again."""

    AWAITING_UPLOAD = "awaiting_upload"
    CHECKING = "checking"
    REFUSED = "refused"
    CHECKED = "checked"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    COMPLETED = "completed"
    COMPLETED_WITH_FAILURES = "completed_with_failures"


IMPORT_IN_FLIGHT = frozenset({ImportState.CHECKING, ImportState.RUNNING, ImportState.STOPPING})
IMPORT_FINISHED = frozenset({ImportState.STOPPED, ImportState.COMPLETED, ImportState.COMPLETED_WITH_FAILURES})
NOT_CONFIRMED = frozenset({ImportState.AWAITING_UPLOAD, ImportState.REFUSED, ImportState.CHECKED})


class Phase(StrEnum):
    """What an attempt does with the rows: it predicts their outcomes, or brings them in."""

    CHECK = "check"
    IMPORT = "import"


class Import(Struct, frozen=True, kw_only=True):
    """One import.

    ``attempt`` counts the checks, the first start and every retry; ``checked_in`` and ``started_in`` are the attempts
    of the last check, whose parts hold the rows, and of the first start. ``counts`` are those of the phase that has
    ended last, and ``first`` its first rows of each outcome that needs to be looked at. ``refused_for`` names what is
    wrong with a file that cannot be read, ``refused_field`` the field that no column was found for.
    """

    provider_id: str
    import_id: str
    kind: ImportKind
    format: ImportFormat
    source: str
    state: ImportState
    created_at: datetime
    created_by: str
    expires_at: datetime
    attempt: int = 0
    attempt_started_at: datetime | None = None
    attempt_rows: int = 0
    checked_in: int | None = None
    started_in: int | None = None
    mapping: Mapping[ClientField, str] = field(default_factory=dict)
    columns: Mapping[ClientField, str] = field(default_factory=dict)
    rows: int = 0
    parts: int = 0
    token: str | None = None
    counts: Mapping[RowOutcome, int] = field(default_factory=dict)
    first: Mapping[RowOutcome, tuple[RowResult, ...]] = field(default_factory=dict)
    refused_for: str | None = None
    refused_field: str | None = None
    overwrite: bool = False
    confirmed_by: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def phase(self) -> Phase:
        """What its present, or last, attempt does."""
        return Phase.IMPORT if self.started_in else Phase.CHECK

    @property
    def results_in(self) -> int:
        """The attempt that its present phase began with; results of all attempts since are its results."""
        return self.started_in or self.checked_in or 0


class Upload(Struct, frozen=True, kw_only=True):
    """What a read upload consists of: its columns, and how many rows in how many parts."""

    columns: Mapping[ClientField, str]
    rows: int
    parts: int


class PartResult(Struct, frozen=True, kw_only=True):
    """The counts of one part's rows by outcome, and the attempt that they are of."""

    part: int
    attempt: int
    counts: Mapping[RowOutcome, int]


def begin_check(run: Import, mapping: Mapping[ClientField, str], at: datetime) -> Import:
    """Return an import whose upload is checked from now on, by these columns.

    Raises:
        ImportStarted: it was confirmed, or is being checked.
    """
    if run.state not in NOT_CONFIRMED:
        raise ImportStarted("This import is being checked, or was confirmed.", "import_id")
    return replace(
        run,
        state=ImportState.CHECKING,
        attempt=run.attempt + 1,
        attempt_started_at=at,
        attempt_rows=0,
        checked_in=run.attempt + 1,
        mapping=mapping,
        columns={},
        rows=0,
        parts=0,
        token=None,
        counts={},
        first={},
        refused_for=None,
        refused_field=None,
    )


def uploaded(run: Import, upload: Upload) -> Import:
    """Return an import whose upload was read."""
    return replace(
        run,
        columns=upload.columns,
        rows=upload.rows,
        parts=upload.parts,
        attempt_rows=upload.rows,
    )


def refuse(run: Import, reason: str, field_name: str | None) -> Import:
    """Return an import whose upload cannot be read as a whole."""
    return replace(run, state=ImportState.REFUSED, refused_for=reason, refused_field=field_name)


def begin_import(run: Import, *, confirmed_by: str, overwrite: bool, at: datetime) -> Import:
    """Return a checked import as confirmed.

    Raises:
        ImportNotChecked: it was not checked.
    """
    if run.state is not ImportState.CHECKED:
        raise ImportNotChecked("This import has to be checked first.", "import_id")
    return replace(
        run,
        state=ImportState.RUNNING,
        attempt=run.attempt + 1,
        attempt_started_at=at,
        attempt_rows=run.rows,
        started_in=run.attempt + 1,
        started_at=at,
        overwrite=overwrite,
        confirmed_by=confirmed_by,
        counts={},
        first={},
    )


def begin_retry(run: Import, at: datetime) -> Import:
    """Return an ended import whose failed and not reached rows are tried again; one without any as it is.

    Raises:
        ImportNotStarted: it was not confirmed.
    """
    if run.started_in is None:
        raise ImportNotStarted("This import was not started.", "import_id")
    left = sum(run.counts.get(outcome, 0) for outcome in ROWS_TO_RETRY)
    if run.state not in IMPORT_FINISHED or not left:
        return run
    return replace(
        run,
        state=ImportState.RUNNING,
        attempt=run.attempt + 1,
        attempt_started_at=at,
        attempt_rows=left,
        finished_at=None,
    )


def stop_import(run: Import, at: datetime) -> Import:
    """Return an import as one that reaches no more rows; one that was not confirmed is cancelled."""
    if run.state in NOT_CONFIRMED:
        return replace(run, state=ImportState.STOPPED, finished_at=at)
    return replace(run, state=ImportState.STOPPING) if run.state in IMPORT_IN_FLIGHT else run


def close(
    run: Import, counts: Mapping[RowOutcome, int], first: Mapping[RowOutcome, tuple[RowResult, ...]], at: datetime
) -> Import:
    """Return an import whose attempt has ended, checked or with its verdict.

    Args:
        run: the import.
        counts: all its rows by outcome.
        first: the first rows of each outcome that needs to be looked at.
        at: the present moment, UTC.
    """
    ended = replace(run, counts=counts, first=first)
    if run.state is ImportState.STOPPING:
        return replace(ended, state=ImportState.STOPPED, finished_at=at)
    failures = any(counts.get(outcome) for outcome in ROWS_TO_RETRY)
    if run.phase is Phase.CHECK:
        checked = replace(ended, state=ImportState.CHECKED, token=_token(ended))
        return refuse(ended, "CheckIncomplete", None) if failures else checked
    state = ImportState.COMPLETED_WITH_FAILURES if failures else ImportState.COMPLETED
    return replace(ended, state=state, finished_at=at)


def counts_of_rows(run: Import, results: Sequence[PartResult]) -> dict[RowOutcome, int]:
    """Add up the rows that have a result; those that the present attempt is to try again have none."""
    total: dict[RowOutcome, int] = {}
    for result in results:
        for outcome, count in result.counts.items():
            if not (run.state in IMPORT_IN_FLIGHT and outcome in ROWS_TO_RETRY and result.attempt < run.attempt):
                total[outcome] = total.get(outcome, 0) + count
    return total


def seconds_left(run: Import, pending: int, at: datetime) -> int | None:
    """Estimate how long an import will still take, at the pace of its present attempt; ``None`` if nothing tells."""
    done = run.attempt_rows - pending
    if run.state not in IMPORT_IN_FLIGHT or run.attempt_started_at is None or done <= 0:
        return None
    return ceil((at - run.attempt_started_at).total_seconds() * pending / done)


def _token(run: Import) -> str:
    """Return the token that binds a confirmation to what the check has shown."""
    shown = [run.import_id, run.attempt, run.rows, sorted(run.counts.items())]
    return hashlib.sha256(json.dumps(shown, separators=(",", ":")).encode()).hexdigest()
