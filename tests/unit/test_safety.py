"""What a provider wants to be asked, or kept from, before a client is archived."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from client_lifecycle.domain.records import AppointmentStatus, PaymentStatus, Record
from client_lifecycle.domain.safety import Finding, Findings, assess
from client_lifecycle.domain.settings import Level, ProviderSettings, SafetyRule, SafetySettings
from tests.support.builders import DAY, MOMENT, NOW, appointment, client, payment

EIGHT_DAYS_ON = datetime(2026, 3, 10, tzinfo=UTC)
"""When the day after the next seven begins."""


def guarded(time_zone: str = "UTC", **rules: Any) -> ProviderSettings:
    """A practice with these safety rules."""
    return ProviderSettings(safety=SafetySettings(**rules), time_zone=ZoneInfo(time_zone))


CASES: list[tuple[SafetyRule, dict[str, Any], list[Record], bool]] = [
    (SafetyRule.OWES_MONEY, {"owed_cents": 1}, [], True),
    (SafetyRule.OWES_MONEY, {"owed_cents": 0}, [], False),
    (SafetyRule.HAS_CREDITS, {"credit_cents": 1}, [], True),
    (SafetyRule.HAS_CREDITS, {"credit_cents": 0}, [], False),
    (SafetyRule.APPOINTMENT_SOON, {}, [appointment(starts_at=NOW + 7 * DAY)], True),
    (SafetyRule.APPOINTMENT_SOON, {}, [appointment(starts_at=EIGHT_DAYS_ON - MOMENT)], True),
    (SafetyRule.APPOINTMENT_SOON, {}, [appointment(starts_at=EIGHT_DAYS_ON)], False),
    (SafetyRule.APPOINTMENT_SOON, {}, [appointment(starts_at=NOW)], False),
    (SafetyRule.APPOINTMENT_SOON, {}, [appointment(status=AppointmentStatus.CANCELLED)], False),
    (SafetyRule.PAYMENT_CHARGING, {}, [payment(status=PaymentStatus.CHARGING)], True),
    (SafetyRule.PAYMENT_CHARGING, {}, [payment()], False),
]


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize(("rule", "fields", "records", "applies"), CASES)
def test_a_rule_warns_blocks_or_allows_as_the_provider_says(
    rule: SafetyRule, fields: dict[str, Any], records: list[Record], applies: bool, level: Level
) -> None:
    found = assess(client(**fields), records, guarded(**{rule.value: level}), NOW)
    expected = {Level.WARN: ((rule,), ()), Level.BLOCK: ((), (rule,)), Level.ALLOW: ((), ())}
    assert (found.warnings, found.blocks) == (expected[level] if applies else ((), ()))


def test_by_default_nothing_is_held_back() -> None:
    records: list[Record] = [appointment(), payment(status=PaymentStatus.CHARGING)]
    assert assess(client(owed_cents=1, credit_cents=1), records, ProviderSettings(), NOW) == Findings()


def test_every_rule_has_a_setting_of_its_name() -> None:
    assert all(isinstance(getattr(SafetySettings(), rule.value), Level) for rule in SafetyRule)


def test_how_soon_is_soon_is_the_provider_s_to_say() -> None:
    settings = guarded(appointment_soon=Level.WARN, appointment_within_days=30)
    found = assess(client(), [appointment(starts_at=NOW + 30 * DAY)], settings, NOW)
    assert found.warnings == (SafetyRule.APPOINTMENT_SOON,)


@pytest.mark.parametrize(
    ("time_zone", "applies"), [("UTC", False), ("America/Los_Angeles", True), ("Asia/Tokyo", False)]
)
def test_t1_a_near_appointment_is_near_in_days_of_the_practice(time_zone: str, applies: bool) -> None:
    tonight = appointment(starts_at=datetime(2026, 3, 3, 3, 0, tzinfo=UTC))
    settings = guarded(time_zone, appointment_soon=Level.WARN, appointment_within_days=0)
    assert bool(assess(client(), [tonight], settings, NOW).warnings) is applies


@pytest.mark.parametrize(("time_zone", "applies"), [("UTC", True), ("America/Los_Angeles", False)])
def test_t1_today_is_the_day_that_it_is_there(time_zone: str, applies: bool) -> None:
    """It is late on the second in Los Angeles, and on the third in UTC; the appointment is on the third in both."""
    at, appointed = (
        datetime(2026, 3, 3, 3, 0, tzinfo=UTC),
        appointment(starts_at=datetime(2026, 3, 3, 9, 0, tzinfo=UTC)),
    )
    settings = guarded(time_zone, appointment_soon=Level.WARN, appointment_within_days=0)
    assert bool(assess(client(), [appointed], settings, at).warnings) is applies


def test_s2_what_was_acknowledged_is_no_longer_asked_for_and_nothing_else() -> None:
    rules = (SafetyRule.OWES_MONEY, SafetyRule.HAS_CREDITS)
    found = Findings(tuple(Finding(rule=rule, level=Level.WARN) for rule in rules))
    assert found.unacknowledged([SafetyRule.OWES_MONEY, SafetyRule.APPOINTMENT_SOON]) == (SafetyRule.HAS_CREDITS,)
    assert found.unacknowledged(tuple(SafetyRule)) == ()
