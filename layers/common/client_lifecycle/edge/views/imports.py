"""Answers about imports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from client_lifecycle.domain.imports.columns import ClientField
from client_lifecycle.domain.imports.outcomes import ImportKind, RowOutcome, RowResult
from client_lifecycle.domain.imports.run import Import, ImportFormat, ImportState, Phase, seconds_left
from client_lifecycle.edge.views.shared import UnreadableField, View
from client_lifecycle.edge.views.value_models import Shown
from client_lifecycle.storage.import_files import UploadForm
from client_lifecycle.use_cases.queries.imports import Watched


class ImportView(View):
    """An import: its stage, its rows by outcome, and the first of those that need to be looked at.

    ``columns`` are the columns that were taken, by field, ``header`` all there are. ``refused_for`` is why a file
    cannot be read as a whole, like ``ColumnMissing``, and ``refused_field`` the field that no column was found for. The
    ``token`` of a check confirms what it showed. ``phase`` is what the counts are of: predictions, or outcomes.
    ``names`` are those of the staff behind ids, as far as they are known.
    """

    import_id: str
    kind: ImportKind
    format: ImportFormat
    source: str
    state: ImportState
    phase: Phase
    created_at: datetime
    created_by: str
    expires_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    confirmed_by: str | None
    overwrite: bool
    attempt: int
    columns: dict[ClientField, str]
    header: list[str]
    refused_for: str | None
    refused_field: str | None
    rows: int
    counts: dict[RowOutcome, int]
    first: dict[RowOutcome, list[Shown[RowResult]]]
    token: str | None
    percent_done: int
    seconds_left: int | None
    names: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def of(cls, watched: Watched, at: datetime) -> ImportView:
        """Show an import as it stands at this moment."""
        return cls(**_fields(watched, at))


class UploadFormView(View):
    """A form to send as ``multipart/form-data`` with ``POST``: these fields, then the file as ``file``."""

    url: str
    fields: dict[str, str]
    content_type: str
    most_bytes: int


class RequestedView(ImportView):
    """An import that waits for its file, with the form that uploads it."""

    upload: UploadFormView

    @classmethod
    def with_form(cls, watched: Watched, form: UploadForm, at: datetime) -> RequestedView:
        """Show a new import."""
        upload = UploadFormView(
            url=form.url, fields=dict(form.fields), content_type=form.content_type, most_bytes=form.most_bytes
        )
        return cls(**_fields(watched, at), upload=upload)


class ImportListView(View):
    """A page of a practice's imports, the newest first."""

    imports: list[ImportView]
    next_cursor: str | None
    unreadable: UnreadableField


class ReportView(View):
    """Where the report of an import is downloaded."""

    url: str


def _fields(watched: Watched, at: datetime) -> dict[str, Any]:
    run: Import = watched.run
    counts = run.counts if watched.counts is None else watched.counts
    pending = max(0, run.rows - sum(counts.values()))
    told = {name: getattr(run, name) for name in ImportView.model_fields if hasattr(run, name)}
    return {
        **told,
        "columns": dict(run.columns),
        "header": list(watched.header),
        "counts": dict(counts),
        "first": {outcome: list(results) for outcome, results in run.first.items()},
        "token": run.token if run.state is ImportState.CHECKED else None,
        "percent_done": 100 * (run.rows - pending) // run.rows if run.rows else 0,
        "seconds_left": seconds_left(run, pending, at),
    }
