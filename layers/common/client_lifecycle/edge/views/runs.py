"""Answers about bulk archives and their undos."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from client_lifecycle.domain.client import (
    ArchiveOptions,
    Client,
    Status,
)
from client_lifecycle.domain.members import MadeGood, Member, Totals, told_findings
from client_lifecycle.domain.money import Amount
from client_lifecycle.domain.outcomes import Outcome, RunKind
from client_lifecycle.domain.preview import PreviewFacts
from client_lifecycle.domain.restore import (
    NotRestored,
    RestoreOutcome,
)
from client_lifecycle.domain.runs import WAITING, Run, RunState, estimated_seconds_left
from client_lifecycle.domain.safety import Finding
from client_lifecycle.domain.selection import ClientFilter
from client_lifecycle.domain.settings import SafetyRule
from client_lifecycle.edge.views.receipts import RestoredItemView
from client_lifecycle.edge.views.shared import UnreadableField, View
from client_lifecycle.edge.views.value_models import Shown


class MemberView(View):
    """One client of a bulk archive: what was shown before it was confirmed, and its outcome.

    ``email`` is told where two clients in the answer have one name.
    ``credits``, what is ``owed``, and the sum of payments not yet charged, ``scheduled``, are per currency.
    ``warnings`` and ``blocks`` are the safety rules that were shown, ``rules`` those that held the client back when its
    turn came, and ``findings`` what they found then, with the first five records of each. ``archive_id`` is the archive
    that the run made or, in an undo, the one that is undone. ``not_restored`` names what an undo could not take back,
    the first hundred records; ``not_restored_total`` tells how many they are.
    ``made_good`` is what had become live on a client that was archived already and was ended by this run, if anything
    had: the first hundred records, how many they are, and the archive whose receipt has them all.
    ``unreadable`` names what it failed for, if that is the reason.
    """

    client_id: str
    name: str | None
    email: str | None
    status: Status
    credits: list[Shown[Amount]]
    owed: list[Shown[Amount]]
    upcoming_appointments: int
    scheduled_payments: int
    scheduled: list[Shown[Amount]]
    warnings: list[SafetyRule]
    blocks: list[SafetyRule]
    outcome: Outcome
    reason: str | None
    rules: list[SafetyRule]
    findings: list[Shown[Finding]]
    archive_id: str | None
    not_restored: list[RestoredItemView]
    not_restored_total: int
    made_good: Shown[MadeGood] | None
    unreadable: UnreadableField

    @classmethod
    def of(cls, member: Member, client: Client | None, *, is_ambiguous: bool) -> MemberView:
        """Show a member with the name of its client, runs hold ids only; ``None`` if the client cannot be read.

        The address tells apart clients of one name.
        """
        facts: PreviewFacts = member.facts
        missing = member.not_restored or NotRestored()
        return cls(
            client_id=member.client_id,
            name=client.name if client else None,
            email=client.email if client and is_ambiguous else None,
            status=facts.status,
            credits=list(facts.credits),
            owed=list(facts.owed),
            upcoming_appointments=facts.upcoming_appointments,
            scheduled_payments=facts.scheduled_payments,
            scheduled=list(facts.scheduled),
            warnings=list(facts.warnings),
            blocks=list(facts.blocks),
            outcome=member.outcome,
            reason=member.reason,
            rules=list(member.rules),
            findings=told_findings(member),
            archive_id=member.archive_id or member.undoes,
            not_restored=[RestoredItemView.of(item) for item in missing.items],
            not_restored_total=sum(missing.counts.values()),
            made_good=member.made_good,
            unreadable=list(member.unreadable),
        )


class MemberListView(View):
    """A page of a bulk archive's clients."""

    clients: list[MemberView]
    next_cursor: str | None
    unreadable: UnreadableField


class RunView(View):
    """A bulk archive or the undo of one: its stage, its counts by outcome, and what is at stake.

    ``created_by`` previewed it, or asked for the undo; ``retried_by`` is who last tried its clients again; ``tidy-up``
    stands for the clean-up. One that waits has the ``token`` to confirm it with. ``attempt`` counts the first start and
    every retry. A proposed one starts by itself at ``starts_at``, if there is such a moment. ``seconds_left`` is
    estimated from the pace of the present attempt. ``names`` are those of the staff behind
    these ids, as far as they are known. ``not_restored`` counts what an undo that has ended could not take back, by
    reason.
    """

    run_id: str
    kind: RunKind
    state: RunState
    group_id: str | None
    filter: Shown[ClientFilter] | None
    left_out: int
    options: Shown[ArchiveOptions]
    created_at: datetime
    created_by: str
    confirmed_by: str | None
    stopped_by: str | None
    retried_by: str | None
    expires_at: datetime
    token: str | None
    starts_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    attempt: int
    undo_of: str | None
    undone_by: str | None
    totals: Shown[Totals]
    counts: dict[Outcome, int]
    not_restored: dict[RestoreOutcome, int]
    not_restored_total: int
    percent_done: int
    seconds_left: int | None
    names: dict[str, str] = Field(default_factory=dict)
    unreadable: UnreadableField

    @classmethod
    def of(cls, run: Run, at: datetime) -> RunView:
        """Show a run as it stands at this moment."""
        return cls(**_run_fields(run, at))


class RunListView(View):
    """A page of a provider's bulk archives and undos, the newest first."""

    runs: list[RunView]
    next_cursor: str | None
    unreadable: UnreadableField


class PreviewView(RunView):
    """A bulk archive that waits to be confirmed, with the first page of its clients."""

    clients: list[MemberView]
    next_cursor: str | None

    @classmethod
    def with_first_page(cls, run: Run, page: MemberListView, at: datetime) -> PreviewView:
        """Show a run as the side panel does."""
        return cls(**_run_fields(run, at), clients=page.clients, next_cursor=page.next_cursor)


def _run_fields(run: Run, at: datetime) -> dict[str, Any]:
    clients = run.totals.clients
    told = {name: getattr(run, name) for name in RunView.model_fields if hasattr(run, name)}
    return {
        **told,
        "token": run.token if run.state in WAITING else None,
        "counts": dict(run.counts),
        "not_restored": dict(run.not_restored),
        "not_restored_total": sum(run.not_restored.values()),
        "unreadable": list(run.unreadable),
        "percent_done": 100 * (clients - run.counts[Outcome.PENDING]) // clients,
        "seconds_left": estimated_seconds_left(run, at),
    }
