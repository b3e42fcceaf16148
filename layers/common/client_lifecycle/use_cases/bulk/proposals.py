"""Propose to a practice to archive the clients who went quiet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import ArchiveOptions, Cause, Door, Source
from client_lifecycle.domain.days import day_of
from client_lifecycle.domain.errors import NothingSelected
from client_lifecycle.domain.runs import MAX_CLIENTS, PROPOSAL_LIFETIME, TIDY_UP, Run, RunState, proposal_terms
from client_lifecycle.domain.selection import quiet_clients
from client_lifecycle.domain.settings import TidyUp
from client_lifecycle.storage.runs import list_runs
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.bulk.preview import preview

RUNS_PER_READ = 50

BY_THE_CLEAN_UP = Cause(source=Source.SCHEDULE, actor_id=TIDY_UP, through=Door.SCHEDULE)
"""The author of what the clean-up proposes and starts by itself."""


def waiting_proposal(tenant: Tenant, at: datetime) -> Run | None:
    """Return the proposal of a practice that staff can still confirm, if there is one."""
    young = _runs_since(tenant, at - PROPOSAL_LIFETIME)
    return next((run for run in young if run.state is RunState.PROPOSED and run.expires_at > at), None)


def _runs_since(tenant: Tenant, since: datetime) -> Iterator[Run]:
    after: str | None = None
    while True:
        page = list_runs(tenant, limit=RUNS_PER_READ, after=after)
        for run in page.runs:
            if run.created_at < since:
                return
            yield run
        after = page.next_after
        if after is None:
            return


def propose(tenant: Tenant, tidy_up: TidyUp, zone: tzinfo, *, at: datetime) -> Run | None:
    """Make the proposed run that a practice has asked for; nobody is archived by it yet.

    Args:
        tenant: the provider's part of the table.
        tidy_up: who counts as quiet, and whether the run starts by itself.
        zone: the practice's time zone (T1).
        at: the present moment, UTC.

    Returns:
        The run, or ``None`` if nobody has gone quiet.

    Raises:
        StorageBusy: the table kept throttling.
    """
    last_active_before = day_of(at, zone) - timedelta(days=tidy_up.inactive_days)
    try:
        shown = preview(
            tenant,
            quiet_clients(last_active_before, at_most=MAX_CLIENTS),
            proposal_terms(tidy_up, at),
            cause=BY_THE_CLEAN_UP,
            at=at,
            options=ArchiveOptions(reason=ArchiveReason.INACTIVE),
        )
    except NothingSelected:
        return None
    return shown.run
