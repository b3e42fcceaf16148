"""A bulk archive as a run, and its undo as another: preview, outcomes, attempts and verdict.

The members are frozen when the run is made (A6). Each member has exactly one outcome at any moment, ``pending``
until the workflow has dealt with it, so the counts of a run always add up to its size. Imports ``client``,
``effects``, ``money``, ``records``, ``restore``, ``errors``, ``safety``, ``selection``, ``settings`` and
``unreadable``.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from client_lifecycle.domain.client import ArchiveOptions, Client, Status
from client_lifecycle.domain.effects import Change
from client_lifecycle.domain.errors import NothingToUndo, RunNotFinished, RunNotStarted, RunUndone, UndoExpired
from client_lifecycle.domain.money import Amount, Money, per_currency
from client_lifecycle.domain.records import Appointment, AppointmentStatus, Payment, PaymentStatus, Record, RecordKind
from client_lifecycle.domain.restore import NotRestored, RestoreOutcome
from client_lifecycle.domain.safety import assess
from client_lifecycle.domain.selection import ClientFilter
from client_lifecycle.domain.settings import ProviderSettings, SafetyRule, TidyUp
from client_lifecycle.domain.unreadable import Unreadable

MAX_CLIENTS = 10_000
PREVIEW_LIFETIME = timedelta(hours=1)
PROPOSAL_LIFETIME = timedelta(days=30)
CLIENTS_PER_BATCH = 25


class RunKind(StrEnum):
    """What a run does to its clients."""

    ARCHIVE = "archive"
    UNDO = "undo"


class RunState(StrEnum):
    """The stages of a run.

    ``proposed`` waits for staff like ``awaiting_confirmation``, but was made by the clean-up and may start by itself;
    ``preparing`` is a retry that is being set up; ``stopping`` lets running batches end. An undo is
    ``completed_in_part`` if it brought everybody back, but not all that the archive had taken.
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
"""The stages of a run that something is at work on, or should be."""

FINISHED = frozenset(
    {RunState.STOPPED, RunState.COMPLETED, RunState.COMPLETED_IN_PART, RunState.COMPLETED_WITH_FAILURES}
)


class Outcome(StrEnum):
    """What a run came to for one client; the last three are an undo's own.

    ``activated_in_part`` is a client who is back, but not with all that the archive had taken.
    """

    PENDING = "pending"
    ARCHIVED = "archived"
    ALREADY_ARCHIVED = "already_archived"
    CHANGED_SINCE_PREVIEW = "changed_since_preview"
    SUPERSEDED = "superseded"
    BLOCKED = "blocked"
    NEEDS_ACKNOWLEDGEMENT = "needs_acknowledgement"
    FAILED = "failed"
    NOT_REACHED = "not_reached"
    EXCLUDED = "excluded"
    ACTIVATED = "activated"
    ACTIVATED_IN_PART = "activated_in_part"
    LEFT_ALONE = "left_alone"


SHARED_OUTCOMES = (Outcome.PENDING, Outcome.FAILED, Outcome.NOT_REACHED)
OUTCOMES: Mapping[RunKind, tuple[Outcome, ...]] = {
    RunKind.ARCHIVE: (
        *SHARED_OUTCOMES,
        Outcome.ARCHIVED,
        Outcome.ALREADY_ARCHIVED,
        Outcome.CHANGED_SINCE_PREVIEW,
        Outcome.SUPERSEDED,
        Outcome.BLOCKED,
        Outcome.NEEDS_ACKNOWLEDGEMENT,
        Outcome.EXCLUDED,
    ),
    RunKind.UNDO: (*SHARED_OUTCOMES, Outcome.ACTIVATED, Outcome.ACTIVATED_IN_PART, Outcome.LEFT_ALONE),
}
"""The outcomes that a run of each kind can have."""

OUTCOMES_WITHOUT_CHANGE = frozenset(
    {
        Outcome.ALREADY_ARCHIVED,
        Outcome.CHANGED_SINCE_PREVIEW,
        Outcome.BLOCKED,
        Outcome.NEEDS_ACKNOWLEDGEMENT,
        Outcome.EXCLUDED,
        Outcome.NOT_REACHED,
        Outcome.LEFT_ALONE,
    }
)
"""The outcomes of clients that a run has neither archived nor, as an undo, brought back."""

TO_RETRY = (Outcome.FAILED, Outcome.NOT_REACHED)
TO_UNDO = (Outcome.ARCHIVED, Outcome.FAILED)
FIRST_ATTEMPT = 1

TIDY_UP = "tidy-up"
"""Stands for the clean-up where a run names who made it, or started it."""


class UndoSkipReason(StrEnum):
    """Why an undo left a client alone: it is no longer as the run that is undone left it."""

    CAME_BACK = "came_back"
    ARCHIVED_ANEW = "archived_anew"
    CHANGED_SINCE = "changed_since"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewFacts:
    """What the side panel shows about one client before the archive is confirmed (E11).

    ``credits``, what is ``owed`` and what the payments not yet charged come to, ``scheduled``, are per currency (M1).
    """

    status: Status
    credits: Money
    owed: Money
    upcoming_appointments: int
    scheduled_payments: int
    scheduled: Money
    group_id: str | None = None
    warnings: tuple[SafetyRule, ...] = ()
    blocks: tuple[SafetyRule, ...] = ()


MAX_NAMED_RECORDS = 100
"""Records made good on a client that are kept or told by name; of any more, only the number is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordName:
    """Which of a client's records is meant."""

    kind: RecordKind
    record_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeGood:
    """What a run has ended on a client that was archived already (A11): how much, and the first of it by name.

    All of it is in the receipt of the archive that the client is under, ``archive_id``.
    """

    archive_id: str
    total: int = 0
    items: tuple[RecordName, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One client's place in a run.

    ``archive_id`` and ``archived_revision`` are set in the same write that marks the client archived: its stamp, and
    the client's revision then; the member of an undo has them as ``undoes`` and ``undoes_revision``, and gets its
    ``archive_id`` in the write that brings the client back, and ``not_restored`` once all is done, if something could
    not be taken back. ``attempt`` is the run's attempt that owes this member its outcome, or gave it. ``rules`` are
    those that held the client back (S3), ``unreadable`` the records that a member failed for, if its reason is that.
    ``made_good`` is what had come alive on a client that was archived already, if anything had.
    """

    client_id: str
    position: int
    facts: PreviewFacts
    outcome: Outcome = Outcome.PENDING
    reason: str | None = None
    rules: tuple[SafetyRule, ...] = ()
    archive_id: str | None = None
    archived_revision: int | None = None
    attempt: int = FIRST_ATTEMPT
    undoes: str | None = None
    undoes_revision: int | None = None
    not_restored: NotRestored | None = None
    unreadable: tuple[Unreadable, ...] = ()
    made_good: MadeGood | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The sums over all members; money is added up per currency (M1)."""

    clients: int
    credits: Money
    owed: Money
    upcoming_appointments: int
    scheduled_payments: int
    scheduled: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One bulk archive, or the undo of one.

    ``counts`` holds the number of members per outcome; its sum never changes. ``accept_changes`` tells that clients
    are to be archived although they are no longer as the preview showed them. ``attempt`` counts the first start and
    every retry; the present one began at ``attempt_started_at`` with ``attempt_clients`` to do. A proposed run starts
    by itself at ``starts_at`` if there is one. ``undone_by`` is the run that undoes this one, ``undo_of`` the run that
    this one undoes. ``group_id`` or ``filter`` is what the clients were selected by, if they were not named one by one;
    ``left_out`` counts those it found that staff took out. ``not_restored`` is how much an undo that has ended could
    not take back, over all its clients, by reason. ``unreadable`` names the first records that the preview, or
    the undo, had to pass over. ``currency`` is that of amounts which an earlier version stored without one, in the run
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


def preview_facts(client: Client, records: Iterable[Record], settings: ProviderSettings, at: datetime) -> PreviewFacts:
    """Sum up what archiving ``client`` would cancel, what money is at stake, and what the provider's rules say."""
    records = tuple(records)
    findings = assess(client, records, settings, at)
    appointments = 0
    payments: list[Amount] = []
    for record in records:
        match record:
            case Appointment(status=AppointmentStatus.BOOKED) if record.starts_at > at:
                appointments += 1
            case Payment(status=PaymentStatus.SCHEDULED):
                payments.append(Amount(currency=record.currency, cents=record.amount_cents))
            case _:
                pass
    return PreviewFacts(
        status=client.status,
        group_id=client.group_id,
        credits=per_currency([Amount(currency=client.currency, cents=client.credit_cents)]),
        owed=per_currency([Amount(currency=client.currency, cents=client.owed_cents)]),
        upcoming_appointments=appointments,
        scheduled_payments=len(payments),
        scheduled=per_currency(payments),
        warnings=findings.warnings,
        blocks=findings.blocks,
    )


def has_changed(shown: PreviewFacts, now: PreviewFacts) -> bool:
    """Tell whether a client is no longer as it was shown; warnings are judged by themselves, as of the archive (S2)."""
    return replace(now, warnings=()) != replace(shown, warnings=())


def totals_of(members: Iterable[Member]) -> Totals:
    """Add up the facts of all members, money per currency (M1)."""
    facts = [member.facts for member in members]
    return Totals(
        clients=len(facts),
        credits=per_currency(amount for fact in facts for amount in fact.credits),
        owed=per_currency(amount for fact in facts for amount in fact.owed),
        upcoming_appointments=sum(fact.upcoming_appointments for fact in facts),
        scheduled_payments=sum(fact.scheduled_payments for fact in facts),
        scheduled=per_currency(amount for fact in facts for amount in fact.scheduled),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationTerms:
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
    shown = [run_id, expires_at.isoformat(), [[member.client_id, asdict(member.facts)] for member in members]]
    return hashlib.sha256(json.dumps(shown, separators=(",", ":")).encode()).hexdigest()


def batches(members: Iterable[Member]) -> list[list[Member]]:
    """Cut the members, in order, into the batches that the workflow works on one at a time."""
    ordered = list(members)
    return [ordered[start : start + CLIENTS_PER_BATCH] for start in range(0, len(ordered), CLIENTS_PER_BATCH)]


def counts_of(kind: RunKind, *, pending: int) -> dict[Outcome, int]:
    """Return the counts of a run nobody has dealt with yet."""
    return {outcome: pending if outcome is Outcome.PENDING else 0 for outcome in OUTCOMES[kind]}


def with_all_outcomes(run: Run) -> Run:
    """Return a run that counts every outcome there is; one stored before some of them had nobody with those."""
    return replace(run, counts={**counts_of(run.kind, pending=0), **run.counts})


def start(run: Run, *, confirmed_by: str, accept_changes: bool, at: datetime) -> Run:
    """Return the run as confirmed by a staff user at ``at``."""
    confirmed = replace(run, confirmed_by=confirmed_by, accept_changes=accept_changes, started_at=at)
    return _begun(confirmed, RunState.RUNNING, confirmed.counts[Outcome.PENDING], at)


def acknowledged(run: Run, member: Member) -> tuple[SafetyRule, ...]:
    """Return the rules whose warning a person has acknowledged for a member: those shown when it was confirmed (S2).

    A proposal that has started by itself has no such person.
    """
    return () if run.confirmed_by == TIDY_UP else member.facts.warnings


def stopping(run: Run, at: datetime) -> Run:
    """Return the run as one whose running batches end and whose other clients are not reached.

    One that waits to be confirmed is given up, its clients untouched. One that has ended, or is stopping, is returned
    as it is.
    """
    if run.state in WAITING:
        return replace(run, state=RunState.STOPPED, starts_at=None, finished_at=at)
    return replace(run, state=RunState.STOPPING) if run.state in IN_FLIGHT else run


def prepare_retry(run: Run, at: datetime) -> Run:
    """Return a finished run as one whose failed and not reached clients are to be tried again.

    A run with nothing to retry, or on which something is at work, is returned as it is.

    Raises:
        RunNotStarted: it waits to be confirmed.
        RunUndone: it was undone; trying again would archive whom the undo brought back.
    """
    _require_started(run)
    if run.undone_by:
        raise RunUndone("This bulk archive was undone.", "run_id", undone_by=run.undone_by)
    left = sum(run.counts[outcome] for outcome in TO_RETRY)
    if run.state not in FINISHED or not left:
        return run
    return _begun(replace(run, attempt=run.attempt + 1, finished_at=None), RunState.PREPARING, left, at)


def prepared(run: Run) -> Run:
    """Return a run whose clients to be tried again are gathered, as running."""
    return replace(run, state=RunState.RUNNING)


def reopened(member: Member, attempt: int) -> Member:
    """Return a member as owed its outcome by this attempt."""
    return replace(member, outcome=Outcome.PENDING, reason=None, rules=(), unreadable=(), attempt=attempt)


def record_names(changes: Iterable[Change]) -> list[RecordName]:
    """Name the records that were changed."""
    return [RecordName(kind=change.after.kind, record_id=change.after.record_id) for change in changes]


def made_good(member: Member, archive_id: str, changes: Sequence[Change]) -> Member:
    """Return a member of a run that has made these changes to its client, who was archived already (A11)."""
    before = member.made_good or MadeGood(archive_id=archive_id)
    after = MadeGood(
        archive_id=archive_id,
        total=before.total + len(changes),
        items=(*before.items, *record_names(changes))[:MAX_NAMED_RECORDS],
    )
    return replace(member, made_good=after)


def _begun(run: Run, state: RunState, clients: int, at: datetime) -> Run:
    return replace(run, state=state, attempt_started_at=at, attempt_clients=clients)


def is_to_retry(member: Member, attempt: int) -> bool:
    """Tell whether a member was left over by the attempts before this one."""
    return member.outcome in TO_RETRY and member.attempt < attempt


def awaits_outcome(member: Member, attempt: int) -> bool:
    """Tell whether this attempt of the run still owes a member its outcome."""
    return member.outcome is Outcome.PENDING and member.attempt == attempt


def require_undoable(run: Run, undo_window_days: int, at: datetime) -> None:
    """Hold back an undo that is not possible, or no longer.

    Raises:
        NothingToUndo: the run is an undo itself.
        RunNotStarted: it waits to be confirmed.
        RunNotFinished: it is still at work; stop it first or wait.
        UndoExpired: it finished more than ``undo_window_days`` ago.
    """
    if run.kind is RunKind.UNDO:
        raise NothingToUndo("This is an undo itself. Archive its clients again instead.", "run_id")
    _require_started(run)
    if run.finished_at is None:
        raise RunNotFinished("This bulk archive is still at work. Stop it, or wait until it has ended.", "run_id")
    if at >= run.finished_at + timedelta(days=undo_window_days):
        raise UndoExpired(f"A bulk archive can be undone for {undo_window_days} days after it ended.", "run_id")


def undo_members(members: Iterable[Member]) -> list[Member]:
    """Return the members of the undo of a run with these members: whoever the run has archived, in full or not."""
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
    return _begun(begun, RunState.RUNNING, totals.clients, at)


def finish(run: Run, at: datetime, not_restored: Mapping[RestoreOutcome, int] | None = None) -> Run:
    """Return the run with its verdict; one client failed, or never reached, is enough for failures.

    Args:
        run: the run, with nobody pending.
        at: the present moment, UTC.
        not_restored: what an undo could not take back, by reason.
    """
    return replace(run, state=_verdict(run), not_restored=not_restored or {}, finished_at=at)


def not_restored_of(members: Iterable[Member]) -> dict[RestoreOutcome, int]:
    """Add up what could not be taken back for these members of an undo, by reason."""
    total: Counter[RestoreOutcome] = Counter()
    for member in members:
        total.update(member.not_restored.counts if member.not_restored else {})
    return dict(total)


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


def _require_started(run: Run) -> None:
    if run.started_at is None:
        raise RunNotStarted("This bulk archive waits to be confirmed.", "run_id")
