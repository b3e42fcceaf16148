"""The scheduled clean-up: finish what a crash left, propose and carry out what providers have planned.

It looks at what is due, over all providers, and at each item by itself. A fault of one item, or many items of one
provider, hold up no others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from client_lifecycle.domain.effects import ChangeSet
from client_lifecycle.domain.errors import Superseded
from client_lifecycle.domain.imports.run import IMPORT_IN_FLIGHT, ImportState
from client_lifecycle.domain.runs import IN_FLIGHT, Run, RunState
from client_lifecycle.storage import due
from client_lifecycle.storage.due import Due, Unconfirmed, Work
from client_lifecycle.storage.import_files import ImportWorkflow
from client_lifecycle.storage.imports import read_import
from client_lifecycle.storage.providers import read_settings
from client_lifecycle.storage.retries import patience
from client_lifecycle.storage.runs import read_run
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.workflow import Progress, Workflow
from client_lifecycle.use_cases.archive_effects import finish_archive, recheck
from client_lifecycle.use_cases.bulk.control import Confirmation, start_run
from client_lifecycle.use_cases.bulk.launch import launch
from client_lifecycle.use_cases.bulk.proposals import BY_THE_CLEAN_UP, propose, waiting_proposal
from client_lifecycle.use_cases.bulk.steps import finish_run
from client_lifecycle.use_cases.imports.control import launch_import
from client_lifecycle.use_cases.imports.finishing import finish_import
from client_lifecycle.use_cases.planned_archives import PlanResult, carry_out_plan
from client_lifecycle.use_cases.restore import finish_restore

WORKERS = 8
"""Items looked at side by side."""

LEASE = timedelta(minutes=15)
"""How long an item belongs to the clean-up that looks at it; after a fault it is due again by then."""

ITEM_SECONDS = 90
"""The time that the largest item may take, a proposal for ten thousand clients."""

HELD_UP_SECONDS = 30
"""How long AWS may hold up the work on one item, so that it is not in the way of the others."""

BETWEEN_CHECKS = timedelta(days=1)
"""How long after a look for quiet clients, or the end of a proposal, the next look comes."""


CONFIRMED_WITHIN = timedelta(days=1)
"""How long sources may take to confirm what an archive ended, before operators are told (I8)."""


class SweepResult(StrEnum):
    """What the clean-up did with an item; its values are in logs and metrics, so they stay when a name is bettered."""

    NOTHING = "nothing"
    FAILED = "failed"
    ARCHIVE_FINISHED = "archive_finished"
    ARCHIVE_SUPERSEDED = "archive_superseded"
    ARCHIVE_MADE_GOOD = "archive_made_good"
    RESTORE_FINISHED = "restore_finished"
    RUN_STILL_RUNNING = "run_at_work"
    RUN_STARTED = "run_started"
    RUN_RESUMED = "run_resumed"
    RUN_FINISHED = "run_finished"
    RUN_PROPOSED = "run_proposed"
    PLAN_CARRIED_OUT = "plan_carried_out"
    PLAN_PUT_OFF = "plan_put_off"
    PLAN_HELD_BACK = "plan_held_back"


class SweptItem(Struct, frozen=True):
    """What was done with one item, by its key, and the fault if there was one."""

    work: Work
    key: Mapping[str, str]
    result: SweepResult
    fault: Exception | None = None


class _Workflows(Struct, frozen=True):
    archives: Workflow
    imports: ImportWorkflow


def clean_up(
    table: Table,
    workflow: Workflow,
    imports: ImportWorkflow,
    *,
    now: Callable[[], datetime],
    has_time: Callable[[], bool],
) -> Iterator[SweptItem]:
    """Look at everything that is due, the providers in turn.

    Safe to run twice and side by side: each item is checked by the clean-up that first postpones it, and everything
    that is done with it is safe to repeat.

    Args:
        table: where everything is kept.
        workflow: what carries out runs.
        imports: what carries out imports.
        now: the present moment, UTC; each item is looked at as of its own, for many of them can take minutes.
        has_time: whether there is time for another item; what is not looked at stays due.

    Returns:
        What was done, item by item.
    """
    workflows = _Workflows(workflow, imports)

    def check(item: tuple[Work, Due]) -> SweptItem | None:
        return _handle(table, workflows, *item, now()) if has_time() else None

    with ThreadPoolExecutor(WORKERS) as workers:
        for work in Work:
            found = ((work, one) for one in in_turn(due.list_due(table, work, now())))
            yield from (done for done in workers.map(check, found) if done)


def unconfirmed_for_long(table: Table, at: datetime) -> Iterator[Unconfirmed]:
    """List the providers whose sources have not followed an archive for longer than ``CONFIRMED_WITHIN``."""
    return due.list_unconfirmed(table, at - CONFIRMED_WITHIN)


def in_turn(found: Iterable[Due]) -> Iterator[Due]:
    """Give every provider its turn: the first item of each, then the second of each, and so on."""
    waiting: dict[str, list[Due]] = defaultdict(list)
    for one in found:
        waiting[one.provider_id].append(one)
    for items in waiting.values():
        items.reverse()
    while waiting:
        for provider_id in list(waiting):
            yield waiting[provider_id].pop()
            if not waiting[provider_id]:
                del waiting[provider_id]


def _handle(table: Table, workflows: _Workflows, work: Work, found: Due, at: datetime) -> SweptItem | None:
    """Look at one item, unless another clean-up does."""
    try:
        with patience(HELD_UP_SECONDS, within_seconds=ITEM_SECONDS):
            mine = due.postpone(table, found, at + LEASE)
            if mine is None:
                return None
            result = HANDLERS[work](Tenant(table, mine.provider_id), workflows, mine, at)
            return SweptItem(work, found.key, result)
    except Exception as fault:
        return SweptItem(work, found.key, SweepResult.FAILED, fault)


def _finish_archive(tenant: Tenant, _: _Workflows, mine: Due, at: datetime) -> SweepResult:
    try:
        finish_archive(tenant, mine.client_id, mine.archive_id, at=at)
    except Superseded:
        due.forget(tenant.table, mine)
        return SweepResult.ARCHIVE_SUPERSEDED
    return SweepResult.ARCHIVE_FINISHED


def _recheck_left_alone(tenant: Tenant, _: _Workflows, mine: Due, at: datetime) -> SweepResult:
    """Make a client's archive good; a record that still has to be left alone was made due again by that."""
    try:
        done = recheck(tenant, mine.client_id, mine.archive_id, at=at)
    except Superseded:
        done = ChangeSet()
    if not any(mine.tells_of(left) for left in done.left_alone):
        due.forget(tenant.table, mine)
    return SweepResult.ARCHIVE_MADE_GOOD if done.changes else SweepResult.NOTHING


def _finish_restore(tenant: Tenant, _: _Workflows, mine: Due, at: datetime) -> SweepResult:
    finish_restore(tenant, mine.client_id, mine.archive_id, at=at)
    return SweepResult.RESTORE_FINISHED


def _check_run(tenant: Tenant, workflows: _Workflows, mine: Due, at: datetime) -> SweepResult:
    workflow = workflows.archives
    run = read_run(tenant, mine.run_id)
    if run.state is RunState.PROPOSED:
        return _start_proposal(tenant, workflow, mine, run, at)
    if run.state not in IN_FLIGHT:
        due.forget(tenant.table, mine)
        return SweepResult.NOTHING
    match workflow.progress(run):
        case Progress.RUNNING:
            return SweepResult.RUN_STILL_RUNNING
        case Progress.NOT_STARTED if run.state is not RunState.STOPPING:
            launch(workflow, run)
            return SweepResult.RUN_RESUMED
        case _:
            finish_run(tenant, run.run_id, run.attempt, at=at)
            return SweepResult.RUN_FINISHED


def _check_import(tenant: Tenant, workflows: _Workflows, mine: Due, at: datetime) -> SweepResult:
    workflow, run = workflows.imports, read_import(tenant, mine.run_id)
    if run.state not in IMPORT_IN_FLIGHT:
        due.forget(tenant.table, mine)
        return SweepResult.NOTHING
    match workflow.progress(run):
        case Progress.RUNNING:
            return SweepResult.RUN_STILL_RUNNING
        case Progress.NOT_STARTED if run.state is not ImportState.STOPPING:
            launch_import(workflow, run)
            return SweepResult.RUN_RESUMED
        case _:
            finish_import(tenant, workflow, run.import_id, run.attempt, at=at)
            return SweepResult.RUN_FINISHED


def _start_proposal(tenant: Tenant, workflow: Workflow, mine: Due, run: Run, at: datetime) -> SweepResult:
    """Start a proposal that nobody has stopped, if the practice still wants proposals to start by themselves."""
    tidy_up = read_settings(tenant).tidy_up
    if tidy_up is None or not tidy_up.starts_by_itself:
        due.forget(tenant.table, mine)
        return SweepResult.NOTHING
    start_run(tenant, workflow, run, Confirmation(cause=BY_THE_CLEAN_UP, accept_changes=False, at=at))
    return SweepResult.RUN_STARTED


def _propose(tenant: Tenant, _: _Workflows, mine: Due, at: datetime) -> SweepResult:
    """Propose what a practice has asked for, one proposal at a time."""
    settings = read_settings(tenant)
    if settings.tidy_up is None:
        due.forget(tenant.table, mine)
        return SweepResult.NOTHING
    waiting = waiting_proposal(tenant, at)
    proposed = waiting or propose(tenant, settings.tidy_up, settings.time_zone, at=at)
    due.postpone(tenant.table, mine, (proposed.expires_at if proposed else at) + BETWEEN_CHECKS)
    return SweepResult.RUN_PROPOSED if proposed and not waiting else SweepResult.NOTHING


def _carry_out_plan(tenant: Tenant, _: _Workflows, mine: Due, at: datetime) -> SweepResult:
    return RESULT_OF_PLAN[carry_out_plan(tenant, mine.client_id, at=at)]


RESULT_OF_PLAN: Mapping[PlanResult, SweepResult] = {
    PlanResult.ARCHIVED: SweepResult.PLAN_CARRIED_OUT,
    PlanResult.PUT_OFF: SweepResult.PLAN_PUT_OFF,
    PlanResult.HELD_BACK: SweepResult.PLAN_HELD_BACK,
    PlanResult.NOTHING_DUE: SweepResult.NOTHING,
}

HANDLERS: Mapping[Work, Callable[[Tenant, _Workflows, Due, datetime], SweepResult]] = {
    Work.SETTLING: _finish_archive,
    Work.LEFT_ALONE: _recheck_left_alone,
    Work.RESTORING: _finish_restore,
    Work.PLAN: _carry_out_plan,
    Work.TIDY_UP: _propose,
    Work.RUN: _check_run,
    Work.IMPORT: _check_import,
}
