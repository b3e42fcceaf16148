"""What a provider wants to be asked, or kept from, before a client is archived."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.domain.records import AppointmentStatus, PaymentStatus, Record
from client_lifecycle.domain.safety import Findings, assess
from client_lifecycle.domain.settings import Level, SafetyRule, SafetySettings
from tests.unit.builders import DAY, MOMENT, NOW, appointment, client, payment

CASES: list[tuple[SafetyRule, dict[str, Any], list[Record], bool]] = [
    (SafetyRule.OWES_MONEY, {"owed_cents": 1}, [], True),
    (SafetyRule.OWES_MONEY, {"owed_cents": 0}, [], False),
    (SafetyRule.HAS_CREDITS, {"credit_cents": 1}, [], True),
    (SafetyRule.HAS_CREDITS, {"credit_cents": 0}, [], False),
    (SafetyRule.APPOINTMENT_SOON, {}, [appointment(starts_at=NOW + 7 * DAY)], True),
    (SafetyRule.APPOINTMENT_SOON, {}, [appointment(starts_at=NOW + 7 * DAY + MOMENT)], False),
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
    found = assess(client(**fields), records, SafetySettings(**{rule.value: level}), NOW)
    expected = {
        Level.WARN: Findings(warnings=(rule,)),
        Level.BLOCK: Findings(blocks=(rule,)),
        Level.ALLOW: Findings(),
    }
    assert found == (expected[level] if applies else Findings())


def test_by_default_nothing_is_held_back() -> None:
    records = [appointment(), payment(status=PaymentStatus.CHARGING)]
    assert assess(client(owed_cents=1, credit_cents=1), records, SafetySettings(), NOW) == Findings()


def test_every_rule_has_a_setting_of_its_name() -> None:
    assert all(isinstance(getattr(SafetySettings(), rule.value), Level) for rule in SafetyRule)


def test_how_soon_is_soon_is_the_provider_s_to_say() -> None:
    safety = SafetySettings(appointment_soon=Level.WARN, appointment_within_days=30)
    found = assess(client(), [appointment(starts_at=NOW + 30 * DAY)], safety, NOW)
    assert found.warnings == (SafetyRule.APPOINTMENT_SOON,)
