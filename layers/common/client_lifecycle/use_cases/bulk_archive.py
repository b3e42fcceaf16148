"""Bulk archive once it was previewed: confirm. Imports the domain and storage."""

from __future__ import annotations

import hmac
from datetime import datetime

from client_lifecycle.domain.errors import PreviewExpired, PreviewMismatch
from client_lifecycle.domain.runs import Run, RunState, start
from client_lifecycle.storage import runs
from client_lifecycle.storage.table import ReadingOutdated, Table
from client_lifecycle.storage.workflow import Workflow


def confirm(
    table: Table,
    workflow: Workflow,
    provider_id: str,
    run_id: str,
    token: str,
    *,
    confirmed_by: str,
    accept_changes: bool,
    at: datetime,
) -> Run:
    """Start a run that was previewed. Confirming it once more changes nothing.

    A client that is no longer as the preview showed it (a new debt, a new appointment, another group, archived by
    someone else) is left alone, unless ``accept_changes`` is true.

    The manifest is written before the run's state moves, and the execution is named after the run: whatever a crash
    leaves behind, confirming again picks it up.

    Raises:
        RunNotFound: the provider has no such run.
        PreviewMismatch: the token is not the one that this run showed.
        PreviewExpired: the run was not confirmed in time.
    """
    run = runs.read_run(table, provider_id, run_id)
    if not hmac.compare_digest(run.token.encode(), token.encode()):
        raise PreviewMismatch("This token does not belong to what the bulk archive showed.", "token")
    if run.state is RunState.AWAITING_CONFIRMATION:
        if at >= run.expires_at:
            raise PreviewExpired("This preview has expired. Please make a new one.", "token")
        started = start(run, confirmed_by=confirmed_by, accept_changes=accept_changes, at=at)
        run = _start(table, workflow, run, started)
    if run.state is RunState.RUNNING:
        workflow.start(run)
    return run


def _start(table: Table, workflow: Workflow, run: Run, started: Run) -> Run:
    workflow.write_manifest(run, list(runs.all_members(table, run.provider_id, run.run_id)))
    try:
        runs.replace_run(table, run, started)
    except ReadingOutdated:
        return runs.read_run(table, run.provider_id, run.run_id)
    return started
