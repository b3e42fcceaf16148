"""What a provider wants to be asked, or kept from, before a client is archived."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.days import day_of, start_of
from client_lifecycle.domain.records import Appointment, Payment, PaymentStatus, Record
from client_lifecycle.domain.settings import Level, ProviderSettings, SafetyRule


class Findings(Struct, frozen=True, kw_only=True):
    """The rules that apply to a client: those that want a confirmation, and those that forbid the archive."""

    warnings: tuple[SafetyRule, ...] = ()
    blocks: tuple[SafetyRule, ...] = ()

    def unacknowledged(self, acknowledged: Collection[SafetyRule]) -> tuple[SafetyRule, ...]:
        """Return the rules that want a confirmation they do not have yet (S2)."""
        return tuple(rule for rule in self.warnings if rule not in acknowledged)


def assess(client: Client, records: Iterable[Record], settings: ProviderSettings, at: datetime) -> Findings:
    """Find the safety rules that apply to archiving a client now.

    Args:
        client: the client.
        records: its live records.
        settings: the provider's; a near appointment is one of the next days where the practice is (T1).
        at: the present moment, UTC.
    """
    applying = _applying(client, tuple(records), settings, at)
    levels = [(rule, Level(getattr(settings.safety, rule.value))) for rule in applying]
    return Findings(
        warnings=tuple(rule for rule, level in levels if level is Level.WARN),
        blocks=tuple(rule for rule, level in levels if level is Level.BLOCK),
    )


def _applying(
    client: Client, records: tuple[Record, ...], settings: ProviderSettings, at: datetime
) -> list[SafetyRule]:
    later = day_of(at, settings.time_zone) + timedelta(days=settings.safety.appointment_within_days + 1)
    soon_until = start_of(later, settings.time_zone)
    facts = {
        SafetyRule.OWES_MONEY: client.owed_cents > 0,
        SafetyRule.HAS_CREDITS: client.credit_cents > 0,
        SafetyRule.APPOINTMENT_SOON: any(_is_ahead(record, at, soon_until) for record in records),
        SafetyRule.PAYMENT_CHARGING: any(_is_charging(record) for record in records),
    }
    return [rule for rule, applies in facts.items() if applies]


def _is_ahead(record: Record, at: datetime, until: datetime) -> bool:
    return isinstance(record, Appointment) and record.is_upcoming(at) and record.starts_at < until


def _is_charging(record: Record) -> bool:
    return isinstance(record, Payment) and record.status is PaymentStatus.CHARGING
