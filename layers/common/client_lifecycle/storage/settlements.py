"""Moves members of a run from one outcome to another, exactly once and with the run's counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.members import Member, reopened
from client_lifecycle.domain.outcomes import OUTCOMES_WITHOUT_CHANGE, Outcome
from client_lifecycle.domain.practice_history import PracticeEntry
from client_lifecycle.domain.restore import NotRestored
from client_lifecycle.domain.runs import Run, RunState
from client_lifecycle.domain.settings import SafetyRule
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage import archives, clients, keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.items import conditional_update, move_counts
from client_lifecycle.storage.practice_history import practice_write
from client_lifecycle.storage.runs import member_fields, read_members, run_not_found
from client_lifecycle.storage.table import MAX_TRANSACTION_ITEMS, ConditionsFailed, StaleRead, Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import to_plain

SETTLEMENTS_PER_TRANSACTION = 33
"""Each takes up to three actions beside the one that moves the run's counts."""

MEMBERS_PER_TRANSACTION = MAX_TRANSACTION_ITEMS - 1
"""Members that fit beside the run's counts."""

COUNTS = 0
"""The index of the write to the run's counts in every transaction here."""


class Unfinished(Struct, frozen=True):
    """What a member was marked with before it failed, as stored, and from when on the clean-up finishes that."""

    client_id: Any
    archive_id: Any
    at: datetime


class Settlement(Struct, frozen=True, kw_only=True):
    """The result of an attempt of a run for one of its members.

    ``archive_id`` is the stamp that the client must still carry and the receipt that is settled; it is given for
    clients archived in full, and only for them. ``rules`` are those that held the client back, ``unreadable`` the
    records that the member failed for, ``unfinished`` what is left to the clean-up.
    """

    client_id: str
    position: int
    outcome: Outcome
    reason: str | None = None
    rules: tuple[SafetyRule, ...] = ()
    archive_id: str | None = None
    unreadable: tuple[Unreadable, ...] = ()
    unfinished: Unfinished | None = None


def mark_write(tenant: Tenant, run: Run, member: Member, archived: Client, archive_id: str) -> Write:
    """Record on a member under which stamp its client is archived; possible once per run, while it is owed."""
    marked = replace(member, archive_id=archive_id, archived_revision=archived.revision)
    return pending_write(tenant, run, member, marked)


def reactivation_write(tenant: Tenant, run: Run, member: Member) -> Write:
    """Record on a member of an undo that its client is brought back; possible once, while it is owed."""
    return pending_write(tenant, run, member, replace(member, archive_id=member.undoes))


def keep_not_restored(tenant: Tenant, run: Run, member: Member, not_restored: NotRestored) -> None:
    """Keep on a member of an undo what could not be taken back; keeping it twice changes nothing.

    Raises:
        StaleRead: the member is not pending any more.
    """
    after = replace(member, not_restored=not_restored)
    if after != member:
        tenant.table.transact_if_unchanged([pending_write(tenant, run, member, after)])


def pending_write(tenant: Tenant, run: Run, member: Member, after: Member) -> Write:
    """Keep on a member that is still pending what its run has done or found so far; its outcome follows (A11, S3)."""
    key = tenant.keys.member(run.run_id, member.position)
    expect = {"outcome", "attempt", "archive_id", "made_good"}
    return conditional_update(tenant.table.name, key, member_fields(member), member_fields(after), expect, shape=Member)


def settle_members(
    tenant: Tenant, run_id: str, attempt: int, settlements: Sequence[Settlement], *, at: datetime
) -> list[Settlement]:
    """Give members their outcomes, settle their receipts and move the run's counts, in one transaction each time.

    A member that is not pending under this attempt keeps the one it has and is not counted again, however often
    this is called. A client that no longer carries its stamp becomes ``superseded`` instead. An outcome which says that
    the run did nothing to the client is not given to one that it has marked in the meantime. The archive of one that
    has failed after it was marked is left to the clean-up in the same moment.

    Args:
        tenant: the provider's part of the table.
        run_id: the run.
        attempt: the attempt of the run.
        settlements: of members.
        at: the present moment, UTC.

    Returns:
        The settlements that were stored, as they were.

    Raises:
        RunNotFound: the provider has no such run.
    """
    target = _Attempt(tenant, run_id, attempt)
    told = _with_unfinished(tenant, run_id, settlements, at)
    stored: list[Settlement] = []
    for start in range(0, len(told), SETTLEMENTS_PER_TRANSACTION):
        try:
            stored += _settle(target, told[start : start + SETTLEMENTS_PER_TRANSACTION], expect={})
        except StaleRead as gone:
            raise run_not_found() from gone
    return stored


def _with_unfinished(tenant: Tenant, run_id: str, settlements: Sequence[Settlement], at: datetime) -> list[Settlement]:
    """Add to those that have failed what they were marked with; the rest of a member may be what cannot be read."""
    failed = [settlement.position for settlement in settlements if settlement.outcome is Outcome.FAILED]
    marks = {
        position: Unfinished(plain.get("client_id"), plain["archive_id"], at)
        for position, plain in (read_members(tenant, run_id, failed) if failed else {}).items()
        if plain.get("archive_id")
    }
    return [replace(settlement, unfinished=marks.get(settlement.position)) for settlement in settlements]


def exclude_members(
    tenant: Tenant, run: Run, members: Sequence[Member], line_of: Callable[[Sequence[str]], PracticeEntry]
) -> None:
    """Take members out of a run that waits; one who is out already stays so.

    Args:
        tenant: the provider's part of the table.
        run: the run, as read.
        members: as read.
        line_of: the line for the practice's history, of those taken out in one transaction.

    Raises:
        StaleRead: the run does not wait any more; members taken out before stay so.
    """
    attempt = _Attempt(tenant, run.run_id, run.attempt)
    for start in range(0, len(members), SETTLEMENTS_PER_TRANSACTION):
        excluded = [
            Settlement(client_id=member.client_id, position=member.position, outcome=Outcome.EXCLUDED)
            for member in members[start : start + SETTLEMENTS_PER_TRANSACTION]
        ]
        _settle(attempt, excluded, expect={"state": run.state.value}, line_of=line_of)


def reopen_members(tenant: Tenant, run: Run, members: Sequence[Member]) -> None:
    """Make members pending again under the run's attempt; one that is so already stays as it is.

    Each transaction takes members of all partitions alike, so that none has more than its share of the writes. Side by
    side, transactions would be in conflict about the run's counts.

    Args:
        tenant: the provider's part of the table.
        run: the run, being prepared.
        members: as read.

    Raises:
        StaleRead: the run is no longer being prepared; members reopened before stay so.
    """
    spread = sorted(members, key=lambda member: member.position % keys.MEMBERS_PER_PARTITION)
    for start in range(0, len(spread), MEMBERS_PER_TRANSACTION):
        _reopen(tenant, run, spread[start : start + MEMBERS_PER_TRANSACTION])


def _reopen(tenant: Tenant, run: Run, left: list[Member]) -> None:
    attempt = _Attempt(tenant, run.run_id, run.attempt)
    while left:
        lost = Counter(member.outcome for member in left)
        preparing = {"state": RunState.PREPARING.value, "attempt": run.attempt}
        counts = _count_write(attempt, gained={Outcome.PENDING: len(left)}, lost=lost, expect=preparing)
        try:
            tenant.table.transact([counts, *(_reopening(tenant, run, member) for member in left)])
        except ConditionsFailed as failed:
            if COUNTS in failed.found:
                raise StaleRead from failed
            left = [member for index, member in enumerate(left, start=1) if index not in failed.found]
        else:
            return


def _reopening(tenant: Tenant, run: Run, member: Member) -> Write:
    key = tenant.keys.member(run.run_id, member.position)
    after = reopened(member, run.attempt)
    expect = {"outcome", "attempt"}
    return conditional_update(tenant.table.name, key, member_fields(member), member_fields(after), expect, shape=Member)


class _Attempt(Struct, frozen=True):
    """Where settlements belong: a run of a provider, and an attempt of it."""

    tenant: Tenant
    run_id: str
    attempt: int


def _settle(
    attempt: _Attempt,
    settlements: Sequence[Settlement],
    *,
    expect: Plain,
    line_of: Callable[[Sequence[str]], PracticeEntry] | None = None,
) -> list[Settlement]:
    """Settle members in one transaction, while the run is there and its fields are as expected.

    Where a person settles them, ``line_of`` tells who; the workflow carries out what was told when it began.

    Returns:
        The settlements that were stored, as they were.

    Raises:
        StaleRead: the run is not so.
    """
    left = list(settlements)
    settled_receipts: set[str] = set()
    while left:
        plan = _settlement_writes(attempt, left, settled_receipts)
        gained = Counter(settlement.outcome for settlement in left)
        counts = _count_write(attempt, gained=gained, lost={Outcome.PENDING: len(left)}, expect=expect)
        told = line_of([settlement.client_id for settlement in left]) if line_of else None
        lines = [practice_write(attempt.tenant, told)] if told else []
        try:
            attempt.tenant.table.transact([counts, *(write for _, _, write in plan), *lines])
        except ConditionsFailed as failed:
            if COUNTS in failed.found:
                raise StaleRead from failed
            left = _without_surprises(left, [plan[index - 1] for index in failed.found], settled_receipts)
        else:
            return left
    return []


_SettlementWrite = tuple[Settlement, str, Write]


def _settlement_writes(
    attempt: _Attempt, settlements: Sequence[Settlement], settled_receipts: set[str]
) -> list[_SettlementWrite]:
    tenant = attempt.tenant
    writes: list[_SettlementWrite] = []
    for settlement in settlements:
        writes.append((settlement, "member", _outcome_write(attempt, settlement)))
        left = settlement.unfinished
        if left and left.archive_id not in settled_receipts:
            due = archives.due_write(tenant, str(left.client_id), str(left.archive_id), left.at)
            writes.append((settlement, "unfinished", due))
        if settlement.archive_id is None:
            continue
        client_id, archive_id = settlement.client_id, settlement.archive_id
        writes.append((settlement, "stamp", clients.stamp_check(tenant, client_id, archive_id)))
        if archive_id not in settled_receipts:
            receipt = archives.settled_write(tenant, client_id, archive_id)
            writes.append((settlement, "receipt", receipt))
    return writes


def _without_surprises(
    settlements: list[Settlement], refused: list[_SettlementWrite], settled_receipts: set[str]
) -> list[Settlement]:
    """Take back what the table refused: outcomes given before, stamps that are gone, receipts settled before."""
    surprises = {(settlement.position, what) for settlement, what, _ in refused}
    settled_receipts |= {
        settlement.archive_id for settlement, what, _ in refused if what == "receipt" and settlement.archive_id
    }
    settled_receipts |= {
        settlement.unfinished.archive_id
        for settlement, what, _ in refused
        if what == "unfinished" and settlement.unfinished
    }
    return [
        replace(settlement, outcome=Outcome.SUPERSEDED, archive_id=None)
        if (settlement.position, "stamp") in surprises
        else settlement
        for settlement in settlements
        if (settlement.position, "member") not in surprises
    ]


def _outcome_write(attempt: _Attempt, settlement: Settlement) -> Write:
    """Give a member its outcome; one that needs no mark, or has failed with one, is to be as it was then."""
    key = attempt.tenant.keys.member(attempt.run_id, settlement.position)
    mark = {"archive_id": settlement.unfinished.archive_id} if settlement.unfinished else {}
    before: Plain = {
        "outcome": Outcome.PENDING.value,
        "attempt": attempt.attempt,
        **mark,
    }
    after: Plain = {
        "outcome": settlement.outcome.value,
        "outcome_key": keys.outcome_key(settlement.outcome, settlement.position),
        "attempt": attempt.attempt,
        "reason": settlement.reason,
        "rules": [rule.value for rule in settlement.rules] or None,
        "unreadable": [to_plain(one) for one in settlement.unreadable] or None,
        **mark,
    }
    is_by_mark = settlement.outcome in {*OUTCOMES_WITHOUT_CHANGE, Outcome.FAILED}
    expect = {"outcome", "attempt"} | ({"archive_id"} if is_by_mark else set())
    return conditional_update(attempt.tenant.table.name, key, before, after, expect, shape=Member)


def _count_write(
    attempt: _Attempt, *, gained: Mapping[Outcome, int], lost: Mapping[Outcome, int], expect: Plain
) -> Write:
    """Move the run's counts while the run is there, and its fields are as expected."""
    moves = Counter({outcome.value: count for outcome, count in gained.items()})
    moves.subtract({outcome.value: count for outcome, count in lost.items()})
    return move_counts(attempt.tenant.table.name, attempt.tenant.keys.run(attempt.run_id), moves, expect)
