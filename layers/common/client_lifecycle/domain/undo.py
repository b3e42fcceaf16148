"""The undo of a bulk archive: when it is possible, whom it brings back, and what it could not restore."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.errors import NothingToUndo, RunNotFinished, UndoExpired
from client_lifecycle.domain.members import Member, totals_of
from client_lifecycle.domain.outcomes import TO_UNDO, RunKind, counts_of
from client_lifecycle.domain.restore import RestoreOutcome
from client_lifecycle.domain.runs import Run, RunState, begin_attempt, require_started


class UndoSkipReason(StrEnum):
    """Why an undo left a client alone: it is no longer as the run that is undone left it."""

    CAME_BACK = "came_back"
    ARCHIVED_ANEW = "archived_anew"
    CHANGED_SINCE = "changed_since"


def skip_reason(member: Member, client: Client) -> UndoSkipReason | None:
    """Tell why a client that an undo has not brought back yet is left alone, if it is."""
    if member.archive_id:
        return None
    if client.stamp is None:
        return UndoSkipReason.CAME_BACK
    if client.stamp.archive_id != member.undoes:
        return UndoSkipReason.ARCHIVED_ANEW
    return UndoSkipReason.CHANGED_SINCE if client.revision != member.undoes_revision else None


def require_undoable(run: Run, undo_window_days: int, at: datetime) -> None:
    """Hold back an undo that is not possible, or no longer.

    Raises:
        NothingToUndo: the run is an undo itself.
        RunNotStarted: it waits to be confirmed.
        RunNotFinished: it still runs; stop it first or wait.
        UndoExpired: it finished more than ``undo_window_days`` ago.
    """
    if run.kind is RunKind.UNDO:
        raise NothingToUndo("This is an undo itself. Archive its clients again instead.", "run_id")
    require_started(run)
    if run.finished_at is None:
        message = "This bulk archive still runs. Stop it, or wait until it has ended."
        raise RunNotFinished(message, "run_id", state=run.state.value)
    if at >= run.finished_at + timedelta(days=undo_window_days):
        message = f"A bulk archive can be undone for {undo_window_days} days after it ended."
        ended_at = run.finished_at.isoformat()
        raise UndoExpired(message, "run_id", undo_window_days=undo_window_days, ended_at=ended_at)


def undo_members(members: Iterable[Member]) -> list[Member]:
    """Return the members of the undo of a run: all clients that the run has archived, in full or not."""
    archived = (member for member in members if member.archive_id and member.outcome in TO_UNDO)
    return [
        Member(
            client_id=member.client_id,
            position=position,
            facts=member.facts,
            undoes=member.archive_id,
            undoes_revision=member.archived_revision,
        )
        for position, member in enumerate(archived)
    ]


def new_undo_run(run: Run, run_id: str, members: Sequence[Member], *, asked_by: str, at: datetime) -> Run:
    """Return the run that undoes another.

    Args:
        run: the finished run.
        run_id: the id of the new run.
        members: those of the undo.
        asked_by: the staff user.
        at: the present moment, UTC.

    Raises:
        NothingToUndo: ``run`` has archived nobody.
    """
    if not members:
        raise NothingToUndo("This bulk archive has archived nobody.", "run_id")
    totals = totals_of(members)
    begun = Run(
        provider_id=run.provider_id,
        run_id=run_id,
        kind=RunKind.UNDO,
        undo_of=run.run_id,
        state=RunState.RUNNING,
        created_at=at,
        created_by=asked_by,
        confirmed_by=asked_by,
        expires_at=at,
        started_at=at,
        token="",
        totals=totals,
        counts=counts_of(RunKind.UNDO, pending=totals.clients),
        group_id=run.group_id,
    )
    return begin_attempt(begun, RunState.RUNNING, totals.clients, at)


def not_restored_of(members: Iterable[Member]) -> dict[RestoreOutcome, int]:
    """Add up what could not be taken back for these members of an undo, by reason."""
    total: Counter[RestoreOutcome] = Counter()
    for member in members:
        total.update(member.not_restored.counts if member.not_restored else {})
    return dict(total)
