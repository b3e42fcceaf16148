"""The members of a run: each client's outcome, attempt and facts. They are frozen when the run is made (A6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.effects import Change
from client_lifecycle.domain.labels import MAX_NAMED_RECORDS, RecordName, name_of
from client_lifecycle.domain.money import Money, per_currency
from client_lifecycle.domain.outcomes import TO_RETRY, Outcome
from client_lifecycle.domain.preview import PreviewFacts, needs_attention
from client_lifecycle.domain.restore import NotRestored
from client_lifecycle.domain.safety import Finding
from client_lifecycle.domain.settings import Level, SafetyRule
from client_lifecycle.domain.unreadable import Unreadable

CLIENTS_PER_BATCH = 25
FIRST_ATTEMPT = 1
FEW_RECORDS = 5
"""The records that a member keeps of each rule that held its client back; the finding tells how many they are."""


class MadeGood(Struct, frozen=True, kw_only=True):
    """What a run has ended on a client that was archived already (A11): how much, and the first of it by name.

    All of it is in the receipt of the archive that the client is under, ``archive_id``.
    """

    archive_id: str
    total: int = 0
    items: tuple[RecordName, ...] = ()


class Member(Struct, frozen=True, kw_only=True):
    """One client's place in a run.

    ``archive_id`` and ``archived_revision`` are set in the same write that marks the client archived: its stamp, and
    the client's revision then; the member of an undo has them as ``undoes`` and ``undoes_revision``, and gets its
    ``archive_id`` in the write that brings the client back, and ``not_restored`` once all is done, if something could
    not be taken back. ``attempt`` is the run's attempt that owes this member its outcome, or gave it. ``rules`` are
    those that held the client back (S3), and ``findings`` what they found then; ``unreadable`` are the records that a
    member failed for, if its reason is that.
    ``made_good`` is what had become live on a client that was archived already, if anything had.
    """

    client_id: str
    position: int
    facts: PreviewFacts
    outcome: Outcome = Outcome.PENDING
    reason: str | None = None
    rules: tuple[SafetyRule, ...] = ()
    findings: tuple[Finding, ...] | None = None
    archive_id: str | None = None
    archived_revision: int | None = None
    attempt: int = FIRST_ATTEMPT
    undoes: str | None = None
    undoes_revision: int | None = None
    not_restored: NotRestored | None = None
    unreadable: tuple[Unreadable, ...] = ()
    made_good: MadeGood | None = None


class RuleCount(Struct, frozen=True, kw_only=True):
    """How many members of a run a safety rule applies to, and what it does there."""

    rule: SafetyRule
    level: Level
    clients: int


class Totals(Struct, frozen=True, kw_only=True):
    """The sums over all members; money is added up per currency (M1).

    ``rules`` counts the members that each safety rule warned of or held back when the run was previewed. ``attention``
    is how many need attention because of any; they are the first in the run. It is not known of an undo.
    """

    clients: int
    credits: Money
    owed: Money
    upcoming_appointments: int
    scheduled_payments: int
    scheduled: Money
    rules: tuple[RuleCount, ...] = ()
    attention: int | None = None


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


def with_attention(totals: Totals, members: Sequence[Member]) -> Totals:
    """Count the members that need attention, all and by rule; they are the first of a run's members."""
    found = Counter[tuple[SafetyRule, Level]]()
    for member in members:
        found.update((rule, Level.BLOCK) for rule in member.facts.blocks)
        found.update((rule, Level.WARN) for rule in member.facts.warnings)
    rules = [RuleCount(rule=rule, level=level, clients=clients) for (rule, level), clients in sorted(found.items())]
    attention = sum(needs_attention(member.facts) for member in members)
    return replace(totals, rules=tuple(rules), attention=attention)


def batches(members: Iterable[Member]) -> list[list[Member]]:
    """Cut the members, in order, into the batches that the workflow works on one at a time."""
    ordered = list(members)
    return [ordered[start : start + CLIENTS_PER_BATCH] for start in range(0, len(ordered), CLIENTS_PER_BATCH)]


def reopened(member: Member, attempt: int) -> Member:
    """Return a member as pending under this attempt."""
    return replace(member, outcome=Outcome.PENDING, reason=None, rules=(), unreadable=(), attempt=attempt)


def held_back(member: Member, findings: Iterable[Finding]) -> Member:
    """Return a member whose client is held back by what was found just now, with the first records of each."""
    few = tuple(replace(one, records=one.records[:FEW_RECORDS]) for one in findings)
    return replace(member, findings=few)


def told_findings(member: Member) -> list[Finding]:
    """Return what held the client of a member back; a finding of a delivery without effect is not among it."""
    return [one for one in member.findings or () if one.rule in member.rules]


def record_names(changes: Iterable[Change]) -> list[RecordName]:
    """Name the records that were changed."""
    return [name_of(change.before) for change in changes]


def made_good(member: Member, archive_id: str, changes: Sequence[Change]) -> Member:
    """Return a member of a run that has made these changes to its client, who was archived already (A11)."""
    before = member.made_good or MadeGood(archive_id=archive_id)
    after = MadeGood(
        archive_id=archive_id,
        total=before.total + len(changes),
        items=(*before.items, *record_names(changes))[:MAX_NAMED_RECORDS],
    )
    return replace(member, made_good=after)


def is_to_retry(member: Member, attempt: int) -> bool:
    """Tell whether a member was left over by the attempts before this one."""
    return member.outcome in TO_RETRY and member.attempt < attempt


def awaits_outcome(member: Member, attempt: int) -> bool:
    """Tell whether a member is pending under this attempt of the run."""
    return member.outcome is Outcome.PENDING and member.attempt == attempt
