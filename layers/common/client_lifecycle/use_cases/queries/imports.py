"""What staff ask about imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from client_lifecycle.domain.imports.outcomes import RowOutcome
from client_lifecycle.domain.imports.run import IMPORT_IN_FLIGHT, Import, ImportFormat, ImportState, counts_of_rows
from client_lifecycle.storage import imports
from client_lifecycle.storage.import_files import ImportWorkflow
from client_lifecycle.storage.imports import ImportPage, list_imports
from client_lifecycle.storage.tenant import Tenant

__all__ = ["ImportPage", "Watched", "list_imports", "report_link", "watch_import"]

WITH_HEADER = frozenset({ImportState.REFUSED, ImportState.CHECKED})
"""The stages in which staff say, or may correct, which column is which field."""


class Watched(Struct, frozen=True):
    """An import, with its counts while it is being carried out, and the names of its file's columns where they help."""

    run: Import
    counts: Mapping[RowOutcome, int] | None = None
    header: Sequence[str] = ()


def watch_import(tenant: Tenant, workflow: ImportWorkflow, import_id: str) -> Watched:
    """Tell how far an import is.

    Raises:
        ImportNotFound: the provider has no such import.
        StorageBusy: the table or the bucket kept throttling.
    """
    run = imports.read_import(tenant, import_id)
    if run.state in IMPORT_IN_FLIGHT:
        return Watched(run, counts_of_rows(run, imports.list_parts(tenant, run)))
    has_header = run.state in WITH_HEADER and run.format is ImportFormat.CSV
    return Watched(run, run.counts, workflow.files.read_header(run) if has_header else ())


def report_link(tenant: Tenant, workflow: ImportWorkflow, import_id: str) -> str:
    """Return an address that downloads the report of an import's last attempt.

    Raises:
        ImportNotFound: the provider has no such import, or it has no report.
        StorageBusy: the table or the bucket kept throttling.
    """
    return workflow.files.report_link(imports.read_import(tenant, import_id))
