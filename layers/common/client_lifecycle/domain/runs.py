"""A bulk archive as a run: its selection, preview, outcomes and verdict. Imports ``client``, ``records``, ``errors``.

The members are frozen when the run is made (A6). Each member has exactly one outcome at any moment, ``pending``
until the workflow has dealt with it, so the counts of a run always add up to its size.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from client_lifecycle.domain.client import ArchiveOptions, Client, Status
from client_lifecycle.domain.records import Appointment, AppointmentStatus, Payment, PaymentStatus, Record
from client_lifecycle.domain.safety import SafetyRule, assess
from client_lifecycle.domain.settings import SafetySettings

MAX_CLIENTS = 10_000
PREVIEW_LIFETIME = timedelta(hours=1)
CLIENTS_PER_BATCH = 25


class RunState(StrEnum):
    """The stages of a bulk archive; the two ``completed`` ones are its verdict."""

    AWAITING_CONFIRMATION = "awaiting_confirmation"
    RUNNING = "running"
    COMPLETED = "completed"
    COMPLETED_WITH_FAILURES = "completed_with_failures"


class Outcome(StrEnum):
    """What a bulk archive came to for one client."""

    PENDING = "pending"
    ARCHIVED = "archived"
    ALREADY_ARCHIVED = "already_archived"
    CHANGED_SINCE_PREVIEW = "changed_since_preview"
    SUPERSEDED = "superseded"
    BLOCKED = "blocked"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the side panel shows about one client before the archive is confirmed (E11)."""

    status: Status
    credit_cents: int
    owed_cents: int
    upcoming_appointments: int
    scheduled_payments: int
    scheduled_payment_cents: int
    group_id: str | None = None
    warnings: tuple[SafetyRule, ...] = ()
    blocks: tuple[SafetyRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One client's place in a run.

    ``revision`` is the client's at the preview: while it is the same, the facts are. ``archive_id`` is set in the same
    write that marks the client archived.
    """

    client_id: str
    position: int
    facts: Facts
    revision: int
    outcome: Outcome = Outcome.PENDING
    reason: str | None = None
    archive_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The sums over all members, in the practice's currency."""

    clients: int
    credit_cents: int
    owed_cents: int
    upcoming_appointments: int
    scheduled_payments: int
    scheduled_payment_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One bulk archive.

    ``counts`` holds the number of members per outcome; its sum never changes. ``accept_changes`` tells that clients
    are to be archived although they are no longer as the preview showed them.
    """

    provider_id: str
    run_id: str
    state: RunState
    created_at: datetime
    created_by: str
    expires_at: datetime
    token: str
    currency: str
    totals: Totals
    counts: Mapping[Outcome, int]
    group_id: str | None = None
    options: ArchiveOptions = field(default_factory=ArchiveOptions)
    accept_changes: bool = False
    confirmed_by: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


def facts_of(client: Client, records: Iterable[Record], safety: SafetySettings, at: datetime) -> Facts:
    """Sum up what archiving ``client`` would cancel, what money is at stake, and what the provider's rules say."""
    records = tuple(records)
    findings = assess(client, records, safety, at)
    appointments = 0
    payments = 0
    payment_cents = 0
    for record in records:
        match record:
            case Appointment(status=AppointmentStatus.BOOKED) if record.starts_at > at:
                appointments += 1
            case Payment(status=PaymentStatus.SCHEDULED):
                payments += 1
                payment_cents += record.amount_cents
            case _:
                pass
    return Facts(
        status=client.status,
        group_id=client.group_id,
        credit_cents=client.credit_cents,
        owed_cents=client.owed_cents,
        upcoming_appointments=appointments,
        scheduled_payments=payments,
        scheduled_payment_cents=payment_cents,
        warnings=findings.warnings,
        blocks=findings.blocks,
    )


def totals_of(members: Iterable[Member]) -> Totals:
    """Add up the facts of all members."""
    facts = [member.facts for member in members]
    return Totals(
        clients=len(facts),
        credit_cents=sum(fact.credit_cents for fact in facts),
        owed_cents=sum(fact.owed_cents for fact in facts),
        upcoming_appointments=sum(fact.upcoming_appointments for fact in facts),
        scheduled_payments=sum(fact.scheduled_payments for fact in facts),
        scheduled_payment_cents=sum(fact.scheduled_payment_cents for fact in facts),
    )


def preview_token(run_id: str, members: Iterable[Member], expires_at: datetime) -> str:
    """Return the token that binds a confirmation to exactly what was shown: run, clients, facts and expiry."""
    shown = [run_id, expires_at.isoformat(), [[member.client_id, asdict(member.facts)] for member in members]]
    return hashlib.sha256(json.dumps(shown, separators=(",", ":")).encode()).hexdigest()


def batches(members: Iterable[Member]) -> list[list[Member]]:
    """Cut the members, in order, into the batches that the workflow works on one at a time."""
    ordered = list(members)
    return [ordered[start : start + CLIENTS_PER_BATCH] for start in range(0, len(ordered), CLIENTS_PER_BATCH)]


def start(run: Run, *, confirmed_by: str, accept_changes: bool, at: datetime) -> Run:
    """Return the run as confirmed by a staff user at ``at``."""
    return replace(run, state=RunState.RUNNING, confirmed_by=confirmed_by, accept_changes=accept_changes, started_at=at)


def finish(run: Run, at: datetime) -> Run:
    """Return the run with its verdict; one failed client is enough for ``completed_with_failures``."""
    verdict = RunState.COMPLETED_WITH_FAILURES if run.counts.get(Outcome.FAILED) else RunState.COMPLETED
    return replace(run, state=verdict, finished_at=at)
