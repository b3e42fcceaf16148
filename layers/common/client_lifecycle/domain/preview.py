"""What the side panel shows about a client before an archive is confirmed (E11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.effects import ChangeSet, all_effects
from client_lifecycle.domain.money import Amount, Money, per_currency
from client_lifecycle.domain.records import (
    Appointment,
    Balance,
    Document,
    FeedEntry,
    Form,
    Membership,
    Payment,
    PaymentStatus,
    Recipient,
    Record,
    RecordKind,
    Reminder,
)
from client_lifecycle.domain.safety import Findings, assess
from client_lifecycle.domain.settings import ProviderSettings, SafetyRule
from client_lifecycle.domain.unreadable import Unreadable


class PreviewFacts(Struct, frozen=True, kw_only=True):
    """What the side panel shows about one client before the archive is confirmed (E11).

    ``credits``, what is ``owed``, and the sum of payments not yet charged, ``scheduled``, are per currency (M1).
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


def preview_facts(client: Client, records: Iterable[Record], settings: ProviderSettings, at: datetime) -> PreviewFacts:
    """Sum up what archiving ``client`` would cancel, what money is at stake, and what the provider's rules say."""
    records = tuple(records)
    findings = assess(client, records, settings, at)
    appointments = 0
    payments: list[Amount] = []
    for record in records:
        match record:
            case Appointment() if record.is_upcoming(at):
                appointments += 1
            case Payment(status=PaymentStatus.SCHEDULED):
                payments.append(Amount(currency=record.currency, cents=record.amount_cents))
            case Appointment() | Payment() | Membership() | Recipient() | FeedEntry() | Reminder():
                pass
            case Document() | Form() | Balance():
                pass
            case _:
                assert_never(record)
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


class ArchivePreview(Struct, frozen=True, kw_only=True):
    """What archiving one client now would meet and do; of a client that is archived already, what it would make good.

    ``findings`` are the safety rules that apply; an archived client is past them. ``unreadable`` are live records that
    cannot be read: while there are any, nothing is archived.
    """

    client: Client
    at: datetime
    findings: Findings
    effects: ChangeSet
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def scheduled(self) -> Money:
        """The sum of the payments that would be cancelled, per currency (M1)."""
        payments = (change.before for change in self.effects.changes)
        return per_currency(
            Amount(currency=one.currency, cents=one.amount_cents) for one in payments if isinstance(one, Payment)
        )

    @property
    def counts(self) -> Mapping[RecordKind, int]:
        """How many records of each kind would be ended."""
        return Counter(change.before.kind for change in self.effects.changes)


def archive_preview(
    client: Client, records: Iterable[Record], settings: ProviderSettings, at: datetime
) -> ArchivePreview:
    """Tell what an archive of ``client`` would meet and do now, by the functions that the archive itself decides by."""
    records = tuple(records)
    findings = Findings() if client.stamp else assess(client, records, settings, at)
    return ArchivePreview(client=client, at=at, findings=findings, effects=all_effects(records, at))


def needs_attention(facts: PreviewFacts) -> bool:
    """Tell whether a safety rule warns of archiving a client, or forbids it."""
    return bool(facts.warnings or facts.blocks)


def has_changed(shown: PreviewFacts, now: PreviewFacts) -> bool:
    """Tell whether a client is no longer as it was shown; warnings are judged by themselves, as of the archive (S2)."""
    return replace(now, warnings=()) != replace(shown, warnings=())
