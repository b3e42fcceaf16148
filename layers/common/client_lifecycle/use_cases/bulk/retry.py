"""Retry a bulk archive: ask for it, and, in the workflow, gather whom it is about."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from client_lifecycle.domain.client import Cause
from client_lifecycle.domain.members import is_to_retry
from client_lifecycle.domain.practice_history import PracticeEvent
from client_lifecycle.domain.runs import Run, RunState, prepare_retry, prepared
from client_lifecycle.storage import runs
from client_lifecycle.storage.settlements import reopen_members
from client_lifecycle.storage.table import StaleRead
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.workflow import Workflow
from client_lifecycle.use_cases.bulk.launch import launch, pending_members, replace_or_reread
from client_lifecycle.use_cases.practice_lines import practice_line


def retry(tenant: Tenant, workflow: Workflow, run_id: str, *, cause: Cause, at: datetime) -> Run:
    """Try the failed and not reached clients of a finished run again, and nobody else.

    It is answered at once, however many they are: the workflow gathers them. Retrying again while that runs
    changes nothing; it picks up what a crash left behind.

    Raises:
        RunNotFound: the provider has no such run.
        RunNotStarted: it waits to be confirmed, or was stopped before.
        RunUndone: it was undone.
        StorageBusy: the table or the workflow kept throttling.
    """
    run = runs.read_run(tenant, run_id)
    while (preparing := prepare_retry(run, cause.actor_id, at)) != run:
        line = practice_line(PracticeEvent.RUN_RETRIED, cause, at, run_id=run_id)
        run = replace_or_reread(tenant, run, preparing, line)
    return launch(workflow, run)


def gather(tenant: Tenant, workflow: Workflow, run_id: str, attempt: int) -> bool:
    """Make the clients of a retry pending in this attempt, and write its manifest. Safe to repeat.

    Args:
        tenant: the provider's part of the table.
        workflow: where its manifest is.
        run_id: the run.
        attempt: the attempt of the run that is a retry.

    Returns:
        Whether batches follow; they do not once the run is stopped, or another attempt has begun.

    Raises:
        RunNotFound: the provider has no such run.
        StorageBusy: the table or the bucket kept throttling.
    """
    run = runs.read_run(tenant, run_id)
    if run.attempt == attempt and run.state is RunState.PREPARING:
        with suppress(StaleRead):
            reopen_members(tenant, run, [one for one in runs.all_members(tenant, run) if is_to_retry(one, attempt)])
        workflow.write_manifest(run, pending_members(tenant, run))
        run = replace_or_reread(tenant, run, prepared(run))
    return run.attempt == attempt and run.state is RunState.RUNNING
