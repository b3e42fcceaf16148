"""What a provider wants to be asked, or kept from, before a client is archived.

Imports ``client``, ``records`` and ``settings``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.records import Appointment, AppointmentStatus, Payment, PaymentStatus, Record
from client_lifecycle.domain.settings import Level, SafetyRule, SafetySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The rules that apply to a client: those that want a confirmation, and those that forbid the archive."""

    warnings: tuple[SafetyRule, ...] = ()
    blocks: tuple[SafetyRule, ...] = ()


def assess(client: Client, records: Iterable[Record], safety: SafetySettings, at: datetime) -> Findings:
    """Find the safety rules that apply to archiving a client now.

    Args:
        client: the client.
        records: its live records.
        safety: the provider's settings.
        at: the present moment, UTC.
    """
    applying = _applying(client, tuple(records), timedelta(days=safety.appointment_within_days), at)
    levels = [(rule, Level(getattr(safety, rule.value))) for rule in applying]
    return Findings(
        warnings=tuple(rule for rule, level in levels if level is Level.WARN),
        blocks=tuple(rule for rule, level in levels if level is Level.BLOCK),
    )


def _applying(client: Client, records: tuple[Record, ...], soon: timedelta, at: datetime) -> list[SafetyRule]:
    facts = {
        SafetyRule.OWES_MONEY: client.owed_cents > 0,
        SafetyRule.HAS_CREDITS: client.credit_cents > 0,
        SafetyRule.APPOINTMENT_SOON: any(_is_soon(record, soon, at) for record in records),
        SafetyRule.PAYMENT_CHARGING: any(_is_charging(record) for record in records),
    }
    return [rule for rule, applies in facts.items() if applies]


def _is_soon(record: Record, soon: timedelta, at: datetime) -> bool:
    return (
        isinstance(record, Appointment)
        and record.status is AppointmentStatus.BOOKED
        and at < record.starts_at <= at + soon
    )


def _is_charging(record: Record) -> bool:
    return isinstance(record, Payment) and record.status is PaymentStatus.CHARGING
