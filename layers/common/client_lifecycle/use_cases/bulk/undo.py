"""Undo a bulk archive: bring back the clients still under it, by a run of its own."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from client_lifecycle.domain.client import Cause
from client_lifecycle.domain.practice_history import PracticeEvent
from client_lifecycle.domain.runs import Run, RunState
from client_lifecycle.domain.undo import new_undo_run, require_undoable, undo_members
from client_lifecycle.domain.unreadable import MOST_NAMED
from client_lifecycle.storage import runs
from client_lifecycle.storage.providers import read_settings
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.workflow import Workflow
from client_lifecycle.use_cases.ids import new_id
from client_lifecycle.use_cases.optimistic import optimistic_on_run
from client_lifecycle.use_cases.practice_lines import practice_line


def start_undo(tenant: Tenant, workflow: Workflow, run_id: str, *, cause: Cause, at: datetime) -> Run:
    """Start the run that undoes a bulk archive; a second call answers with the same one.

    It activates, with everything restored that still can be, those clients that still are as the bulk archive left
    them. A client who booked or was changed since is left alone.

    Members, manifest and run are stored in this order, and the run together with the mark on the bulk archive: of
    several undos at once, and of an undo and a retry, one wins.

    Args:
        tenant: the provider's part of the table.
        workflow: what carries it out.
        run_id: the bulk archive.
        cause: who asks, and through what.
        at: the present moment, UTC.

    Raises:
        RunNotFound: the provider has no such run.
        RunNotStarted: it waits to be confirmed, or was cancelled.
        RunNotFinished: it still runs.
        UndoExpired: it finished longer ago than the provider's ``undo_window_days``.
        NothingToUndo: it has archived nobody, or is an undo itself.
        CommitContended: the run kept changing.
        StorageBusy: the table kept throttling.
    """
    begun = _begun(tenant, workflow, run_id, cause, at)
    if begun.state is RunState.RUNNING:
        workflow.start(begun)
    return begun


@optimistic_on_run
def _begun(tenant: Tenant, workflow: Workflow, run_id: str, cause: Cause, at: datetime) -> Run:
    """Return the run that undoes a bulk archive: the one that was begun before, or a new one."""
    run = runs.read_run(tenant, run_id)
    if run.undone_by:
        return runs.read_run(tenant, run.undone_by)
    require_undoable(run, read_settings(tenant).undo_window_days, at)
    return _begin(tenant, workflow, run, cause, at)


def _begin(tenant: Tenant, workflow: Workflow, run: Run, cause: Cause, at: datetime) -> Run:
    archived, unreadable = runs.read_all_members(tenant, run)
    members = undo_members(archived)
    begun = new_undo_run(run, new_id(at), members, asked_by=cause.actor_id, at=at)
    begun = replace(begun, unreadable=tuple(unreadable[:MOST_NAMED]))
    runs.store_members(tenant, begun, members)
    workflow.write_manifest(begun, members)
    line = practice_line(PracticeEvent.RUN_UNDONE, cause, at, run_id=run.run_id, undone_by=begun.run_id)
    runs.create_undo(tenant, run, replace(run, undone_by=begun.run_id), begun, line)
    return begun
