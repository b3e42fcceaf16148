"""A bulk archive as a run, and its undo as another: states, attempts and verdict.

Each member has exactly one outcome at any moment, ``pending`` until the workflow has dealt with it, so the counts of a
run always add up to its size.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from msgspec import Struct, field, to_builtins
from msgspec.structs import replace

from client_lifecycle.domain.client import ArchiveOptions
from client_lifecycle.domain.errors import RunNotStarted, RunUndone
from client_lifecycle.domain.members import FIRST_ATTEMPT, Member, Totals
from client_lifecycle.domain.outcomes import TO_RETRY, Outcome, RunKind, counts_of
from client_lifecycle.domain.restore import RestoreOutcome
from client_lifecycle.domain.selection import ClientFilter
from client_lifecycle.domain.settings import SafetyRule, TidyUp
from client_lifecycle.domain.unreadable import Unreadable

MAX_CLIENTS = 10_000
PREVIEW_LIFETIME = timedelta(hours=1)
PROPOSAL_LIFETIME = timedelta(days=30)
"""The longest that a proposal waits; ``veto_days`` are no more."""


class RunState(StrEnum):
    """The stages of a run.

    ``proposed`` waits for staff like ``awaiting_confirmation``, but was made by the clean-up and may start by itself;
    ``preparing`` is a retry that is being set up; ``stopping`` lets running batches end. An undo is
    ``completed_in_part`` if no client failed, but some came back without all that the archive had taken.
    """

    AWAITING_CONFIRMATION = "awaiting_confirmation"
    PROPOSED = "proposed"
    PREPARING = "preparing"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    COMPLETED = "completed"
    COMPLETED_IN_PART = "completed_in_part"
    COMPLETED_WITH_FAILURES = "completed_with_failures"


WAITING = frozenset({RunState.AWAITING_CONFIRMATION, RunState.PROPOSED})

IN_FLIGHT = frozenset({RunState.PREPARING, RunState.RUNNING, RunState.STOPPING})
"""The stages of a run that is being carried out, or should be."""

FINISHED = frozenset(
    {RunState.STOPPED, RunState.COMPLETED, RunState.COMPLETED_IN_PART, RunState.COMPLETED_WITH_FAILURES}
)

TIDY_UP = "tidy-up"
"""Stands for the clean-up where a run names who made it, or started it."""


class Run(Struct, frozen=True, kw_only=True):
    """One bulk archive, or the undo of one.

    ``counts`` holds the number of members per outcome; its sum never changes. ``accept_changes`` tells that clients
    are to be archived although they are no longer as the preview showed them. ``attempt`` counts the first start and
    every retry; the present one began at ``attempt_started_at`` with ``attempt_clients`` to do. A proposed run starts
    by itself at ``starts_at`` if there is one. ``undone_by`` is the run that undoes this one, ``undo_of`` the run that
    this one undoes. ``group_id`` or ``filter`` is what the clients were selected by, if they were not named one by one;
    ``created_by`` previewed it, or asked for the undo; ``retried_by`` is who last tried its clients again.
    ``left_out`` counts those it found that staff took out. ``not_restored`` is how much an undo that has ended could
    not take back, over all its clients, by reason. ``unreadable`` names the first records that the preview, or
    the undo, had to skip. ``currency`` is that of amounts which an earlier version stored without one, in the run
    and its members.
    """

    provider_id: str
    run_id: str
    state: RunState
    created_at: datetime
    created_by: str
    expires_at: datetime
    token: str
    totals: Totals
    counts: Mapping[Outcome, int]
    group_id: str | None = None
    filter: ClientFilter | None = None
    left_out: int = 0
    options: ArchiveOptions = field(default_factory=ArchiveOptions)
    accept_changes: bool = False
    confirmed_by: str | None = None
    stopped_by: str | None = None
    retried_by: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    kind: RunKind = RunKind.ARCHIVE
    attempt: int = FIRST_ATTEMPT
    attempt_started_at: datetime | None = None
    attempt_clients: int = 0
    starts_at: datetime | None = None
    undo_of: str | None = None
    undone_by: str | None = None
    not_restored: Mapping[RestoreOutcome, int] = field(default_factory=dict)
    unreadable: tuple[Unreadable, ...] = ()
    currency: str | None = None


class ConfirmationTerms(Struct, frozen=True, kw_only=True):
    """How a new run waits: as what, until when it can be confirmed, and when it starts by itself, if it does."""

    state: RunState
    expires_at: datetime
    starts_at: datetime | None = None


def preview_terms(at: datetime) -> ConfirmationTerms:
    """Return how a run that staff asked for at this moment waits."""
    return ConfirmationTerms(state=RunState.AWAITING_CONFIRMATION, expires_at=at + PREVIEW_LIFETIME)


def proposal_terms(tidy_up: TidyUp, at: datetime) -> ConfirmationTerms:
    """Return how a run that is proposed at this moment waits; until it starts by itself, staff may say no."""
    if not tidy_up.starts_by_itself:
        return ConfirmationTerms(state=RunState.PROPOSED, expires_at=at + PROPOSAL_LIFETIME)
    starts_at = at + timedelta(days=tidy_up.veto_days)
    return ConfirmationTerms(state=RunState.PROPOSED, expires_at=starts_at, starts_at=starts_at)


def preview_token(run_id: str, members: Iterable[Member], expires_at: datetime) -> str:
    """Return the token that binds a confirmation to exactly what was shown: run, clients, facts and expiry."""
    shown = [run_id, expires_at.isoformat(), [[member.client_id, to_builtins(member.facts)] for member in members]]
    return hashlib.sha256(json.dumps(shown, separators=(",", ":")).encode()).hexdigest()


def with_all_outcomes(run: Run) -> Run:
    """Return a run that counts every outcome there is; one stored before some of them had nobody with those."""
    return replace(run, counts={**counts_of(run.kind, pending=0), **run.counts})


def start(run: Run, *, confirmed_by: str, accept_changes: bool, at: datetime) -> Run:
    """Return the run as confirmed by a staff user at ``at``."""
    confirmed = replace(run, confirmed_by=confirmed_by, accept_changes=accept_changes, started_at=at)
    return begin_attempt(confirmed, RunState.RUNNING, confirmed.counts[Outcome.PENDING], at)


def acknowledged(run: Run, member: Member) -> tuple[SafetyRule, ...]:
    """Return the rules whose warning a person has acknowledged for a member: those shown when it was confirmed (S2).

    A proposal that has started by itself has no such person.
    """
    return () if run.confirmed_by == TIDY_UP else member.facts.warnings


def moved_by(run: Run) -> str:
    """Return who moved a run to the state that it is in, or whose doing it carries out."""
    if run.state is RunState.STOPPED and run.stopped_by:
        return run.stopped_by
    return carried_out_for(run)


def carried_out_for(run: Run) -> str:
    """Return in whose name a run archives or brings back: who tried it again, or confirmed it, or asked for it."""
    return run.retried_by or run.confirmed_by or run.created_by


def stopping(run: Run, stopped_by: str, at: datetime) -> Run:
    """Return the run as one whose running batches end and whose other clients are not reached.

    One that waits to be confirmed is cancelled, its clients untouched. One that has ended, or is stopping, is returned
    as it is.
    """
    if run.state in WAITING:
        return replace(run, state=RunState.STOPPED, stopped_by=stopped_by, starts_at=None, finished_at=at)
    if run.state not in IN_FLIGHT or run.state is RunState.STOPPING:
        return run
    return replace(run, state=RunState.STOPPING, stopped_by=stopped_by)


def prepare_retry(run: Run, retried_by: str, at: datetime) -> Run:
    """Return a finished run as one whose failed and not reached clients are to be tried again.

    A run with nothing to retry, or that is being carried out, is returned as it is.

    Raises:
        RunNotStarted: it waits to be confirmed.
        RunUndone: it was undone; trying again would archive whom the undo brought back.
    """
    require_started(run)
    if run.undone_by:
        raise RunUndone("This bulk archive was undone.", "run_id", undone_by=run.undone_by)
    left = sum(run.counts[outcome] for outcome in TO_RETRY)
    if run.state not in FINISHED or not left:
        return run
    again = replace(run, attempt=run.attempt + 1, finished_at=None, retried_by=retried_by, stopped_by=None)
    return begin_attempt(again, RunState.PREPARING, left, at)


def prepared(run: Run) -> Run:
    """Return a run whose clients to be tried again are gathered, as running."""
    return replace(run, state=RunState.RUNNING)


def begin_attempt(run: Run, state: RunState, clients: int, at: datetime) -> Run:
    """Return a run whose attempt begins now, in this state, with so many clients to do."""
    return replace(run, state=state, attempt_started_at=at, attempt_clients=clients)


def finish(run: Run, at: datetime, not_restored: Mapping[RestoreOutcome, int] | None = None) -> Run:
    """Return the run with its verdict; one client failed, or never reached, is enough for failures.

    Args:
        run: the run, with nobody pending.
        at: the present moment, UTC.
        not_restored: what an undo could not take back, by reason.
    """
    return replace(run, state=_verdict(run), not_restored=not_restored or {}, finished_at=at)


def _verdict(run: Run) -> RunState:
    if run.state is RunState.STOPPING:
        return RunState.STOPPED
    if any(run.counts[outcome] for outcome in TO_RETRY):
        return RunState.COMPLETED_WITH_FAILURES
    return RunState.COMPLETED_IN_PART if run.counts.get(Outcome.ACTIVATED_IN_PART) else RunState.COMPLETED


def estimated_seconds_left(run: Run, at: datetime) -> int | None:
    """Estimate how long a run will still take, at the pace of its present attempt; ``None`` if nothing tells."""
    pending = run.counts[Outcome.PENDING]
    done = run.attempt_clients - pending
    if run.state not in (RunState.RUNNING, RunState.STOPPING) or run.attempt_started_at is None or done <= 0:
        return None
    return ceil((at - run.attempt_started_at).total_seconds() * pending / done)


def require_started(run: Run) -> None:
    """Hold back what needs a run that was started.

    Raises:
        RunNotStarted: it waits to be confirmed, or was cancelled before.
    """
    if run.started_at is None:
        raise RunNotStarted("This bulk archive was not started.", "run_id", state=run.state.value)
