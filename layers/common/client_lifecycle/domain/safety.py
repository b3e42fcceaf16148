"""What a provider wants to be asked, or kept from, before a client is archived."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.days import day_of, start_of
from client_lifecycle.domain.labels import MAX_NAMED_RECORDS, RecordName, name_of
from client_lifecycle.domain.money import Amount
from client_lifecycle.domain.records import Appointment, Payment, PaymentStatus, Record
from client_lifecycle.domain.settings import Level, ProviderSettings, SafetyRule


class Finding(Struct, frozen=True, kw_only=True):
    """A rule that applies to a client, with all that a person has to be told about it.

    ``amount`` is what the client owes or has to its credit. ``records`` are the appointments that are near, which is
    within ``within_days`` days, or the payments that are being charged, the first hundred of ``total``.
    """

    rule: SafetyRule
    level: Level
    amount: Amount | None = None
    within_days: int | None = None
    records: tuple[RecordName, ...] = ()
    total: int = 0


class Findings(Struct, frozen=True):
    """The rules that apply to a client: those that want a confirmation, and those that forbid the archive."""

    found: tuple[Finding, ...] = ()

    @property
    def warnings(self) -> tuple[SafetyRule, ...]:
        """The rules that want a confirmation."""
        return tuple(one.rule for one in self.found if one.level is Level.WARN)

    @property
    def blocks(self) -> tuple[SafetyRule, ...]:
        """The rules that forbid the archive."""
        return tuple(one.rule for one in self.found if one.level is Level.BLOCK)

    def unacknowledged(self, acknowledged: Collection[SafetyRule]) -> tuple[SafetyRule, ...]:
        """Return the rules that want a confirmation they do not have yet (S2)."""
        return tuple(rule for rule in self.warnings if rule not in acknowledged)

    def of(self, rules: Collection[SafetyRule]) -> tuple[Finding, ...]:
        """Return what was found by these rules."""
        return tuple(one for one in self.found if one.rule in rules)


def assess(client: Client, records: Iterable[Record], settings: ProviderSettings, at: datetime) -> Findings:
    """Find the safety rules that apply to archiving a client now; one that is set to ``allow`` never does.

    Args:
        client: the client.
        records: its live records.
        settings: the provider's; a near appointment is one of the next days where the practice is (T1).
        at: the present moment, UTC.
    """
    found = _applying(client, tuple(records), settings, at)
    return Findings(tuple(one for one in found if one.level is not Level.ALLOW))


def _applying(
    client: Client, records: tuple[Record, ...], settings: ProviderSettings, at: datetime
) -> Iterator[Finding]:
    levels = settings.safety
    if client.owed_cents > 0:
        owed = Amount(currency=client.currency, cents=client.owed_cents)
        yield Finding(rule=SafetyRule.OWES_MONEY, level=levels.owes_money, amount=owed)
    if client.credit_cents > 0:
        credit = Amount(currency=client.currency, cents=client.credit_cents)
        yield Finding(rule=SafetyRule.HAS_CREDITS, level=levels.has_credits, amount=credit)
    if near := _near(records, settings, at):
        finding = Finding(rule=SafetyRule.APPOINTMENT_SOON, level=levels.appointment_soon)
        yield replace(_with_records(finding, near), within_days=levels.appointment_within_days)
    if charging := [record for record in records if _is_charging(record)]:
        yield _with_records(Finding(rule=SafetyRule.PAYMENT_CHARGING, level=levels.payment_charging), charging)


def _with_records(finding: Finding, records: Sequence[Record]) -> Finding:
    return replace(finding, records=tuple(map(name_of, records[:MAX_NAMED_RECORDS])), total=len(records))


def _near(records: Iterable[Record], settings: ProviderSettings, at: datetime) -> list[Record]:
    later = day_of(at, settings.time_zone) + timedelta(days=settings.safety.appointment_within_days + 1)
    soon_until = start_of(later, settings.time_zone)
    return [record for record in records if _is_ahead(record, at, soon_until)]


def _is_ahead(record: Record, at: datetime, until: datetime) -> bool:
    return isinstance(record, Appointment) and record.is_upcoming(at) and record.starts_at < until


def _is_charging(record: Record) -> bool:
    return isinstance(record, Payment) and record.status is PaymentStatus.CHARGING
