"""GET /clients/{client_id}/archive-preview: what it says is what an archive right after it does."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.records import PaymentStatus, Record
from client_lifecycle.domain.settings import Level, ProviderSettings, SafetySettings
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from tests.moto.conftest import Clock
from tests.support import strategies
from tests.support.builders import (
    DAY,
    NOW,
    PROVIDER_ID,
    appointment,
    client,
    feed_entry,
    one_of_each,
    payment,
    plan,
    stamp,
)
from tests.support.calls import READER, STRANGER, get, post
from tests.support.store import dump, store, store_settings

PREVIEW = "/clients/client-1/archive-preview"
ALL_WARN = SafetySettings(
    owes_money=Level.WARN, has_credits=Level.WARN, appointment_soon=Level.WARN, payment_charging=Level.WARN
)
levels = st.sampled_from(Level)
safety = st.builds(
    SafetySettings,
    owes_money=levels,
    has_credits=levels,
    appointment_soon=levels,
    payment_charging=levels,
    appointment_within_days=st.integers(min_value=0, max_value=3),
)
numbers = count()


def named(records: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    return {(one["kind"], one["record_id"]): one["label"] for one in records}


def rules(findings: list[dict[str, Any]]) -> list[str]:
    return [one["rule"] for one in findings]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    owed=st.sampled_from([0, 1]),
    credit=st.sampled_from([0, 1]),
    records=strategies.record_sets,
    said=safety,
    is_acknowledged=st.booleans(),
)
def test_what_the_preview_says_is_what_the_archive_does(
    table: Table, owed: int, credit: int, records: list[Record], said: SafetySettings, is_acknowledged: bool
) -> None:
    client_id = f"client-{next(numbers)}"
    store(table, client(client_id, email=f"{client_id}@example.org", owed_cents=owed, credit_cents=credit), *records)
    store_settings(table, PROVIDER_ID, ProviderSettings(safety=said))
    before = dump(table)
    shown = get(f"/clients/{client_id}/archive-preview").body
    assert dump(table) == before
    blocks, warnings = rules(shown["blocks"]), rules(shown["warnings"])
    archived = post(f"/clients/{client_id}/archive", {"acknowledge": warnings if is_acknowledged else []})
    if blocks:
        assert (archived.problem, archived.body["rules"]) == ("ArchiveBlocked", blocks)
        assert archived.body["findings"] == shown["blocks"]
    elif warnings and not is_acknowledged:
        assert (archived.problem, archived.body["rules"]) == ("AcknowledgementNeeded", warnings)
        assert archived.body["findings"] == shown["warnings"]
    else:
        receipt = archived.body["receipt"]
        assert named(receipt["changes"]) == named(shown["changes"])
        assert receipt["left_alone"] == shown["left_alone"]
        assert sum(shown["counts"].values()) == len(receipt["changes"])


def test_each_rule_comes_with_its_numbers(table: Table) -> None:
    store_settings(table, PROVIDER_ID, ProviderSettings(safety=ALL_WARN))
    charging = payment("pay-2", status=PaymentStatus.CHARGING, amount_cents=900, currency="EUR", due_at=NOW)
    store(table, client(owed_cents=250, credit_cents=500), appointment(starts_at=NOW + DAY, type="Check"), charging)
    assert get(PREVIEW).body["warnings"] == [
        {**NOTHING, "rule": "owes_money", "amount": {"currency": "USD", "cents": 250}},
        {**NOTHING, "rule": "has_credits", "amount": {"currency": "USD", "cents": 500}},
        {
            **NOTHING,
            "rule": "appointment_soon",
            "within_days": 7,
            "total": 1,
            "records": [
                {
                    "kind": "appointment",
                    "record_id": "appt-1",
                    "label": {"at": "2026-03-03T09:30:00Z", "title": "Check", "amount": None},
                }
            ],
        },
        {
            **NOTHING,
            "rule": "payment_charging",
            "total": 1,
            "records": [{"kind": "payment", "record_id": "pay-2", "label": CHARGING}],
        },
    ]


NOTHING: dict[str, Any] = {"level": "warn", "amount": None, "within_days": None, "records": [], "total": 0}
CHARGING = {"at": "2026-03-02T09:30:00Z", "title": None, "amount": {"currency": "EUR", "cents": 900}}


def test_records_are_counted_by_kind_and_payments_summed_per_currency(table: Table) -> None:
    others = [payment(f"pay-{currency}", amount_cents=100, currency=currency) for currency in ("CHF", "EUR", "EUR ")]
    store(table, client(), *one_of_each(), *others, payment("pay-9", status=PaymentStatus.CHARGING))
    shown = get(PREVIEW).body
    assert shown["counts"] == {
        "appointment": 1, "payment": 4, "membership": 1, "recipient": 1, "feed_entry": 1, "reminder": 1
    }  # fmt: skip
    assert {one["currency"]: one["cents"] for one in shown["scheduled"]}.items() >= {"CHF": 100, "EUR": 100}.items()
    assert [(one["record_id"], one["reason"]) for one in shown["left_alone"]] == [("pay-9", "already_charging")]
    assert (shown["left_alone_total"], shown["checked_at"]) == (1, "2026-03-02T09:30:00Z")


def test_of_many_records_the_first_hundred_are_named_and_all_are_counted(table: Table) -> None:
    store(table, client(), *(feed_entry(f"feed-{number:03}") for number in range(107)))
    shown = get(PREVIEW).body
    assert (len(shown["changes"]), shown["counts"]) == (100, {"feed_entry": 107})


@pytest.mark.parametrize("of", [client(), client(plan=plan())])
def test_the_client_is_shown_as_it_is_elsewhere(table: Table, of: Client) -> None:
    store(table, of)
    assert get(PREVIEW).body["client"] == get("/clients/client-1").body


def test_of_an_archived_client_it_tells_what_would_be_made_good(table: Table, clock: Clock) -> None:
    store_settings(table, PROVIDER_ID, ProviderSettings(safety=ALL_WARN))
    store(table, client(stamp=stamp(), owed_cents=1), payment())
    shown = get(PREVIEW).body
    assert (shown["client"]["status"], shown["warnings"], shown["counts"]) == ("archived", [], {"payment": 1})


def test_what_cannot_be_read_is_named_and_the_rest_is_shown(table: Table) -> None:
    store(table, client(), appointment(), payment())
    key = Keys(PROVIDER_ID).record("client-1", payment().kind, "pay-1")
    [damaged] = [item for (_, sk), item in dump(table).items() if sk == key["sk"]]
    table.put_many([{**damaged, "amount_cents": "much"}])
    shown = get(PREVIEW).body
    assert [one["id"] for one in shown["unreadable"]] == ["pay-1"]
    assert shown["counts"] == {"appointment": 1}
    assert post("/clients/client-1/archive", {}).problem == "UnreadableRecord"


def test_it_is_for_those_who_may_archive_the_practice_s_own_clients(table: Table) -> None:
    store(table, client())
    assert get(PREVIEW, claims=READER).status == 403
    assert get(PREVIEW, claims=STRANGER).problem == "ClientNotFound"
