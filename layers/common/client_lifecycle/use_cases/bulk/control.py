"""Bulk archive once it was previewed: confirm, exclude, stop."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from client_lifecycle.domain.client import Cause
from client_lifecycle.domain.errors import ClientNotFound, PreviewExpired, PreviewMismatch, RunNotStarted, RunStarted
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.practice_history import PracticeEntry, PracticeEvent
from client_lifecycle.domain.runs import WAITING, Run, start, stopping
from client_lifecycle.storage import runs
from client_lifecycle.storage.settlements import exclude_members
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.workflow import Workflow
from client_lifecycle.use_cases.bulk.launch import launch, pending_members, replace_or_reread
from client_lifecycle.use_cases.optimistic import optimistic_on_run
from client_lifecycle.use_cases.practice_lines import practice_line


class Confirmation(Struct, frozen=True, kw_only=True):
    """Who confirms a run, and when; ``accept_changes`` archives also clients who have changed since the preview."""

    cause: Cause
    accept_changes: bool
    at: datetime


def confirm(tenant: Tenant, workflow: Workflow, run_id: str, token: str, confirmation: Confirmation) -> Run:
    """Start a run that was previewed. Confirming it again changes nothing.

    A client that is no longer as the preview showed it (a new debt, a new appointment, another group, archived by
    someone else) is left alone, unless ``accept_changes`` is true.

    The manifest is written before the run's state moves, and each attempt's execution is named after the run and the
    attempt: whatever a crash leaves behind, confirming again or the clean-up picks it up.

    Raises:
        RunNotFound: the provider has no such run.
        PreviewMismatch: the token is not the one that this run showed.
        PreviewExpired: the run was not confirmed in time.
        RunNotStarted: the run was cancelled.
        StorageBusy: the table kept throttling.
    """
    run = runs.read_run(tenant, run_id)
    if not hmac.compare_digest(run.token.encode(), token.encode()):
        raise PreviewMismatch("This token does not belong to what the bulk archive showed.", "token")
    if run.state in WAITING and confirmation.at >= run.expires_at:
        message = "This preview has expired. Please make a new one."
        raise PreviewExpired(message, "token", expired_at=run.expires_at.isoformat())
    if run.finished_at and run.started_at is None:
        message = "This bulk archive was cancelled. Please make a new one."
        raise RunNotStarted(message, "run_id", state=run.state.value)
    return start_run(tenant, workflow, run, confirmation)


def start_run(tenant: Tenant, workflow: Workflow, run: Run, confirmation: Confirmation) -> Run:
    """Start a run that waits; one that runs is started no second time.

    Raises:
        StorageBusy: the table kept throttling.
    """
    while run.state in WAITING:
        workflow.write_manifest(run, pending_members(tenant, run))
        cause, at = confirmation.cause, confirmation.at
        started = start(run, confirmed_by=cause.actor_id, accept_changes=confirmation.accept_changes, at=at)
        line = practice_line(PracticeEvent.RUN_CONFIRMED, cause, at, run_id=run.run_id)
        run = replace_or_reread(tenant, run, started, line)
    return launch(workflow, run)


@optimistic_on_run
def exclude(tenant: Tenant, run_id: str, client_ids: Sequence[str], *, cause: Cause, at: datetime) -> Run:
    """Take clients out of a run that waits; they have the outcome ``excluded``, and no other can follow.

    The token of the preview stays good: fewer clients are archived than were shown, never others.

    Raises:
        RunNotFound: the provider has no such run.
        RunStarted: it does not wait to be confirmed any more.
        ClientNotFound: ids that are not among the clients of the run; nobody is taken out.
        CommitContended: the run kept changing.
        StorageBusy: the table kept throttling.
    """
    run = runs.read_run(tenant, run_id)
    if run.state not in WAITING:
        message = "This bulk archive does not wait to be confirmed any more."
        raise RunStarted(message, "run_id", state=run.state.value)

    def line_of(excluded: Sequence[str]) -> PracticeEntry:
        return practice_line(PracticeEvent.RUN_EXCLUDED, cause, at, run_id=run_id, client_ids=tuple(excluded))

    exclude_members(tenant, run, _named(runs.all_members(tenant, run), client_ids), line_of)
    return runs.read_run(tenant, run_id)


def _named(members: Iterable[Member], client_ids: Sequence[str]) -> list[Member]:
    by_id = {member.client_id: member for member in members}
    if unknown := [f"client_ids[{index}]" for index, client_id in enumerate(client_ids) if client_id not in by_id]:
        raise ClientNotFound("This client is not among those of the bulk archive.", *unknown)
    return [by_id[client_id] for client_id in dict.fromkeys(client_ids)]


@optimistic_on_run
def stop(tenant: Tenant, run_id: str, *, cause: Cause, at: datetime) -> Run:
    """Stop a run: running batches end, all other clients are ``not_reached``. Stopping again changes nothing.

    A run that waits to be confirmed is cancelled instead.

    Raises:
        RunNotFound: the provider has no such run.
        CommitContended: the run kept changing.
        StorageBusy: the table kept throttling.
    """
    run = runs.read_run(tenant, run_id)
    stopped = stopping(run, cause.actor_id, at)
    if stopped != run:
        line = practice_line(PracticeEvent.RUN_STOP_ASKED, cause, at, run_id=run_id)
        runs.replace_run(tenant, run, stopped, line)
    return stopped
