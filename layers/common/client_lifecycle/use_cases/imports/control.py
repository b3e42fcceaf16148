"""Imports as staff control them: ask for an upload, check it, confirm, stop, retry."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from client_lifecycle.domain.client import Cause
from client_lifecycle.domain.errors import ImportExpired, ImportMismatch, ImportNotChecked
from client_lifecycle.domain.imports.columns import ClientField
from client_lifecycle.domain.imports.outcomes import ROWS_TO_RETRY, ImportKind
from client_lifecycle.domain.imports.run import (
    IMPORT_IN_FLIGHT,
    IMPORT_LIFETIME,
    Import,
    ImportFormat,
    ImportState,
    PartResult,
    begin_check,
    begin_import,
    begin_retry,
    stop_import,
)
from client_lifecycle.domain.practice_history import PracticeEntry, PracticeEvent
from client_lifecycle.storage import imports
from client_lifecycle.storage.import_files import ImportWorkflow, UploadForm
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.ids import new_id
from client_lifecycle.use_cases.optimistic import optimistic
from client_lifecycle.use_cases.practice_lines import practice_line


class Wanted(Struct, frozen=True, kw_only=True):
    """What staff want to bring in: what the rows are, how they are written, and the system whose ids they have."""

    kind: ImportKind
    format: ImportFormat
    source: str


optimistic_on_import = optimistic("The stages of this import")


def request_import(
    tenant: Tenant, workflow: ImportWorkflow, wanted: Wanted, *, cause: Cause, at: datetime
) -> tuple[Import, UploadForm]:
    """Make an import that waits for its upload.

    Returns:
        The import, and the form that uploads its file.

    Raises:
        StorageBusy: the table kept throttling.
    """
    run = Import(
        provider_id=tenant.provider_id,
        import_id=new_id(at),
        kind=wanted.kind,
        format=wanted.format,
        source=wanted.source,
        state=ImportState.AWAITING_UPLOAD,
        created_at=at,
        created_by=cause.actor_id,
        expires_at=at + IMPORT_LIFETIME,
    )
    imports.create_import(tenant, run, _line(PracticeEvent.IMPORT_REQUESTED, run, cause, at))
    return run, workflow.files.upload_form(run)


@optimistic_on_import
def check(
    tenant: Tenant,
    workflow: ImportWorkflow,
    import_id: str,
    mapping: Mapping[ClientField, str],
    *,
    cause: Cause,
    at: datetime,
) -> Import:
    """Begin to check what was uploaded; asking again with the same columns while that runs changes nothing.

    Raises:
        ImportNotFound: the provider has no such import.
        ImportNotChecked: nothing was uploaded for it.
        ImportStarted: it was confirmed, or is being checked by other columns.
        ImportExpired: what was uploaded is kept no longer.
        CommitContended: the import kept changing.
        StorageBusy: the table or the workflow kept throttling.
    """
    run = imports.read_import(tenant, import_id)
    if not (run.state is ImportState.CHECKING and run.mapping == mapping):
        checking = begin_check(run, mapping, at)
        _require_kept(run, at)
        if not workflow.files.has_upload(run):
            raise ImportNotChecked("Nothing was uploaded for this import yet.", "import_id")
        imports.replace_import(tenant, run, checking, _line(PracticeEvent.IMPORT_CHECK_ASKED, run, cause, at))
        run = checking
    return launch_import(workflow, run)


@optimistic_on_import
def confirm(
    tenant: Tenant,
    workflow: ImportWorkflow,
    import_id: str,
    token: str,
    *,
    overwrite: bool,
    cause: Cause,
    at: datetime,
) -> Import:
    """Start an import that was checked. Confirming it again changes nothing.

    Every row is judged again when its turn comes: the check was a prediction.

    Args:
        tenant: the provider's part of the table.
        workflow: what carries imports out.
        import_id: the import.
        token: of the check that staff have seen.
        overwrite: whether clients who differ get the values of their rows.
        cause: who confirms.
        at: the present moment, UTC.

    Raises:
        ImportNotFound: the provider has no such import.
        ImportNotChecked: it was not checked.
        ImportMismatch: the token is not that of its last check.
        ImportExpired: what was uploaded is kept no longer.
        CommitContended: the import kept changing.
        StorageBusy: the table or the workflow kept throttling.
    """
    run = imports.read_import(tenant, import_id)
    if run.token is None:
        raise ImportNotChecked("This import has to be checked first.", "import_id")
    if not hmac.compare_digest(run.token.encode(), token.encode()):
        raise ImportMismatch("This token does not belong to what the last check showed.", "token")
    if run.started_in is None:
        started = begin_import(run, confirmed_by=cause.actor_id, overwrite=overwrite, at=at)
        _require_kept(run, at)
        workflow.files.write_manifest(started, range(started.parts))
        imports.replace_import(tenant, run, started, _line(PracticeEvent.IMPORT_CONFIRMED, run, cause, at))
        run = started
    return launch_import(workflow, run)


@optimistic_on_import
def stop(tenant: Tenant, import_id: str, *, cause: Cause, at: datetime) -> Import:
    """Stop an import: parts that are being worked on end, all other rows are ``not_reached``.

    One that was not confirmed is cancelled instead. Stopping again changes nothing.

    Raises:
        ImportNotFound: the provider has no such import.
        CommitContended: the import kept changing.
        StorageBusy: the table kept throttling.
    """
    run = imports.read_import(tenant, import_id)
    stopped = stop_import(run, at)
    if stopped != run:
        imports.replace_import(tenant, run, stopped, _line(PracticeEvent.IMPORT_STOP_ASKED, run, cause, at))
    return stopped


@optimistic_on_import
def retry(tenant: Tenant, workflow: ImportWorkflow, import_id: str, *, cause: Cause, at: datetime) -> Import:
    """Try the failed and the not reached rows of an ended import again, and no others.

    Raises:
        ImportNotFound: the provider has no such import.
        ImportNotStarted: it was not confirmed.
        ImportExpired: what was uploaded is kept no longer.
        CommitContended: the import kept changing.
        StorageBusy: the table or the workflow kept throttling.
    """
    run = imports.read_import(tenant, import_id)
    retried = begin_retry(run, at)
    if retried != run:
        _require_kept(run, at)
        workflow.files.write_manifest(retried, _parts_left(run, imports.list_parts(tenant, run)))
        imports.replace_import(tenant, run, retried, _line(PracticeEvent.IMPORT_RETRIED, run, cause, at))
    return launch_import(workflow, retried)


def _line(event: PracticeEvent, run: Import, cause: Cause, at: datetime) -> PracticeEntry:
    return practice_line(event, cause, at, import_id=run.import_id)


def launch_import(workflow: ImportWorkflow, run: Import) -> Import:
    """Start the execution of an import's attempt, if it is in flight; starting it again changes nothing.

    Raises:
        StorageBusy: Step Functions kept throttling.
    """
    if run.state in IMPORT_IN_FLIGHT:
        workflow.start(run)
    return run


def _parts_left(run: Import, results: list[PartResult]) -> list[int]:
    done = {one.part for one in results if not any(one.counts.get(outcome) for outcome in ROWS_TO_RETRY)}
    return [number for number in range(run.parts) if number not in done]


def _require_kept(run: Import, at: datetime) -> None:
    if at >= run.expires_at:
        raise ImportExpired("What was uploaded for this import is not kept any more.", "import_id")
