"""A batch of a run's clients, step by step: mark or undo, carry out the effects, settle.

There is a bulkhead around each client: one whose work fails becomes a failure with a reason, and the batch continues.
Only a table that is too busy stops a batch: Step Functions then delivers it again, and what is done already is found
done. The values here are what the steps hand to each other, so they are in the workflow's state.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.effects import EFFECTS, EffectName, RecordKey
from client_lifecycle.domain.errors import StorageBusy, Superseded, UnreadableRecord
from client_lifecycle.domain.members import Member, awaits_outcome
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.runs import Run, RunState
from client_lifecycle.domain.settings import SafetyRule
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.commitments import Calendar
from client_lifecycle.storage.runs import member_at, read_members, read_run
from client_lifecycle.storage.settlements import Settlement, settle_members
from client_lifecycle.storage.table import side_by_side
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.archive_effects import apply_effect
from client_lifecycle.use_cases.bulk.steps import Result, failed, mark_archived, undo_archive
from client_lifecycle.use_cases.bulk.together import Look, apply_together, mark_together
from client_lifecycle.use_cases.bulkhead import INTERNAL_ERROR, reason_of

MOST_CARRIED = 5
"""Records of a client that cannot be read, and fields of a record, that the state of a batch names."""

MOST_BYTES_OF_KEYS = 4_000
"""What the keys of one client's records may take of the state of a batch; it has 256 KB for everybody."""


class BatchMember(Struct, frozen=True, kw_only=True):
    """A client's place in a run."""

    client_id: str
    position: int


class Marked(BatchMember, frozen=True, kw_only=True):
    """A client that the first step has marked, with the stamp it carries.

    ``work_for`` are the effects that have anything to do for it, ``None`` if all of them are to look. ``records`` are
    those that each of them is to look at, ``None`` if it is to look at all that live.
    """

    archive_id: str
    work_for: tuple[EffectName, ...] | None = None
    records: Mapping[EffectName, tuple[RecordKey, ...]] | None = None


class Failure(Struct, frozen=True, kw_only=True):
    """A client whose work failed; ``reason`` is a fault's name, ``unreadable`` the first records at fault."""

    client_id: str
    reason: str
    unreadable: list[Unreadable] = []


class Decided(Struct, frozen=True, kw_only=True):
    """A client that a first step gave its outcome."""

    client_id: str
    outcome: Outcome
    reason: str | None = None
    rules: list[SafetyRule] = []
    unreadable: list[Unreadable] = []


class FirstResult(Struct, frozen=True, kw_only=True):
    """The result of a first step: the clients whose effects are to follow, and those that have their outcome."""

    marked: list[Marked] = []
    outcomes: list[Decided] = []


class EffectResult(Struct, frozen=True, kw_only=True):
    """The result of an effect: the clients it failed for; or, from its Catch, the fault of all of them."""

    failures: list[Failure] = []
    error: str | None = None


class Batch(Struct, frozen=True, kw_only=True):
    """Clients of one attempt of a run."""

    run_id: str
    attempt: int
    members: list[BatchMember]


M = TypeVar("M", bound=BatchMember)

OnFailure = Callable[[str, Exception], None]
"""Told of each client whose work failed, and of its fault."""


def mark_batch(tenant: Tenant, batch: Batch, *, at: datetime, on_failure: OnFailure) -> FirstResult:
    """Mark every client of a batch archived; those that need no effects have their outcome at once.

    Args:
        tenant: the provider's part of the table.
        batch: the clients.
        at: the moment of the archive, UTC.
        on_failure: told of clients that could not be marked.

    Raises:
        RunNotFound: the provider has no such run.
        StorageBusy: the table kept throttling; the batch is to be delivered again.
    """
    run = read_run(tenant, batch.run_id)
    together = _marked_together(tenant, run, batch, at) if run.state is RunState.RUNNING else {}
    left = [one for one in batch.members if one.position not in together]

    def mark(member: Member) -> Result:
        return mark_archived(tenant, run, batch.attempt, member, at=at)

    alone = _each_alone(tenant, run, left, mark, on_failure)
    first = _first_result(batch.members, together)
    return FirstResult(marked=[*first.marked, *alone.marked], outcomes=[*first.outcomes, *alone.outcomes])


def _marked_together(tenant: Tenant, run: Run, batch: Batch, at: datetime) -> Mapping[int, Result]:
    stored = read_members(tenant, batch.run_id, [one.position for one in batch.members])
    members = [member for position in stored if (member := _readable_member(stored, run, position))]
    unmarked = [one for one in members if awaits_outcome(one, batch.attempt) and not one.archive_id]
    return mark_together(tenant, run, unmarked, at=at)


def _readable_member(stored: Mapping[int, Plain], run: Run, position: int) -> Member | None:
    try:
        return member_at(stored, run, position)
    except UnreadableRecord:
        return None


def undo_batch(tenant: Tenant, batch: Batch, *, at: datetime, on_failure: OnFailure) -> FirstResult:
    """Undo the archive of every client of a batch; each has its outcome at once.

    Args:
        tenant: the provider's part of the table.
        batch: the clients.
        at: the present moment, UTC.
        on_failure: told of clients that could not be brought back.

    Raises:
        RunNotFound: the provider has no such run.
        StorageBusy: the table kept throttling; the batch is to be delivered again.
    """
    run, calendar = read_run(tenant, batch.run_id), Calendar(tenant, at)

    def undo(member: Member) -> Result:
        return undo_archive(tenant, run, batch.attempt, member, calendar)

    return _each_alone(tenant, run, batch.members, undo, on_failure)


def _each_alone(
    tenant: Tenant,
    run: Run,
    members: Sequence[BatchMember],
    work: Callable[[Member], Result],
    on_failure: OnFailure,
) -> FirstResult:
    """Do the work on each member by itself, as it is by now."""
    stored = read_members(tenant, run.run_id, [one.position for one in members])
    results: dict[int, Result] = {}

    def do(one: BatchMember) -> None:
        results[one.position] = work(member_at(stored, run, one.position))

    failures = _each_client(tenant, members, do, on_failure)
    first = _first_result(members, results)
    first.outcomes.extend(
        Decided(client_id=one.client_id, outcome=Outcome.FAILED, reason=one.reason, unreadable=one.unreadable)
        for one in failures
    )
    return first


def _first_result(members: Sequence[BatchMember], results: Mapping[int, Result]) -> FirstResult:
    """Return the results of members, as the steps hand them on; some may have none."""
    first = FirstResult()
    for one in members:
        done = results.get(one.position, Result())
        if done.archive_id:
            first.marked.append(_marked(one, done.archive_id, done.work))
        elif done.outcome:
            first.outcomes.append(
                Decided(client_id=one.client_id, outcome=done.outcome, reason=done.reason, rules=list(done.rules))
            )
    return first


def _marked(member: BatchMember, archive_id: str, work: Mapping[EffectName, tuple[RecordKey, ...]] | None) -> Marked:
    marked = Marked(client_id=member.client_id, position=member.position, archive_id=archive_id)
    if work is None:
        return marked
    is_small = len(json.dumps(work)) <= MOST_BYTES_OF_KEYS
    return replace(marked, work_for=tuple(work), records=work if is_small else None)


def apply_to_batch(
    tenant: Tenant, name: EffectName, marked: Sequence[Marked], *, now: Callable[[], datetime], on_failure: OnFailure
) -> list[Failure]:
    """Carry out one effect for those marked clients of a batch that it has anything to do for.

    Args:
        tenant: the provider's part of the table.
        name: the effect.
        marked: the clients.
        now: the present moment, UTC, for each of them.
        on_failure: told of clients for which it failed.

    Returns:
        The clients it failed for, with reasons.

    Raises:
        StorageBusy: the table kept throttling; the batch is to be delivered again.
    """
    effect = EFFECTS[name]
    looks = {
        one.client_id: Look(one.archive_id, one.records[name] if one.records else None)
        for one in marked
        if one.work_for is None or name in one.work_for
    }
    done = apply_together(tenant, effect, looks, at=now())
    not_done = looks.keys() - done
    left = [one for one in marked if one.client_id in not_done]

    def apply(one: Marked) -> None:
        apply_effect(tenant, one.client_id, one.archive_id, effect, at=now())

    return _each_client(tenant, left, apply, on_failure)


def _each_client(
    tenant: Tenant, members: Sequence[M], work: Callable[[M], None], on_failure: OnFailure
) -> list[Failure]:
    """Do the work of each client, several side by side; one client's fault is its own."""

    def failure_of(one: M) -> Failure | None:
        try:
            work(one)
        except StorageBusy:
            raise
        except Exception as fault:
            on_failure(one.client_id, fault)
            return Failure(client_id=one.client_id, reason=reason_of(fault), unreadable=_at_fault(tenant, fault))
        return None

    return [failure for failure in side_by_side(failure_of, members) if failure]


def _at_fault(tenant: Tenant, fault: Exception) -> list[Unreadable]:
    """Return the first records that a fault is about, so few that the state of a batch stays small."""
    if not isinstance(fault, UnreadableRecord):
        return []
    tenant.table.report(fault.found)
    return [replace(one, fields=one.fields[:MOST_CARRIED]) for one in fault.found[:MOST_CARRIED]]


class BatchReport(Struct, frozen=True, kw_only=True):
    """What the steps before report of a batch: what the first one did, or the fault for which it failed for good."""

    first: FirstResult | None = None
    first_error: str = INTERNAL_ERROR
    effects: list[EffectResult] = []


def settle_batch(tenant: Tenant, batch: Batch, report: BatchReport, *, at: datetime) -> list[Settlement]:
    """Give every client of a batch its outcome, settle the receipts, move the run's counts.

    Args:
        tenant: the provider's part of the table.
        batch: the clients.
        report: what the steps before report.
        at: the present moment, UTC.

    Returns:
        The outcomes that were stored: without clients that had theirs, and ``superseded`` where the stamp was gone.

    Raises:
        RunNotFound: the provider has no such run.
        StorageBusy: the table kept throttling; the batch is to be delivered again.
    """
    return settle_members(tenant, batch.run_id, batch.attempt, list(_settlements(batch, report)), at=at)


def _settlements(batch: Batch, report: BatchReport) -> Iterable[Settlement]:
    if report.first is None:
        return [failed(one.client_id, one.position, report.first_error) for one in batch.members]
    positions = {one.client_id: one.position for one in batch.members}
    failures = _failures(report.first.marked, report.effects)
    return [
        *(judge(one, failures.get(one.client_id)) for one in report.first.marked),
        *(_settlement(one, positions[one.client_id]) for one in report.first.outcomes),
    ]


def _settlement(decided: Decided, position: int) -> Settlement:
    return Settlement(
        client_id=decided.client_id,
        position=position,
        outcome=decided.outcome,
        reason=decided.reason,
        rules=tuple(decided.rules),
        unreadable=tuple(decided.unreadable),
    )


def _failures(marked: Sequence[Marked], effects: Sequence[EffectResult]) -> dict[str, Failure]:
    """Gather the failures of all effects by client; an effect that failed as a whole failed for every client."""
    failures: dict[str, Failure] = {}
    for effect in effects:
        if effect.error:
            failures |= {one.client_id: Failure(client_id=one.client_id, reason=effect.error) for one in marked}
        failures |= {one.client_id: one for one in effect.failures}
    return failures


def judge(marked: Marked, failure: Failure | None) -> Settlement:
    """Return the outcome of a marked client, with the last failure that an effect reported of it, if one did."""
    if failure is None:
        return Settlement(
            client_id=marked.client_id,
            position=marked.position,
            outcome=Outcome.ARCHIVED,
            archive_id=marked.archive_id,
        )
    if failure.reason == Superseded.__name__:
        return Settlement(client_id=marked.client_id, position=marked.position, outcome=Outcome.SUPERSEDED)
    return failed(marked.client_id, marked.position, failure.reason, failure.unreadable)
