"""A bulk archive's facts, totals, token, batches and verdict (A6, E11)."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_lifecycle.domain.client import Status
from client_lifecycle.domain.effects import cancel_commitments
from client_lifecycle.domain.records import AppointmentStatus, PaymentStatus, Record, RecordKind
from client_lifecycle.domain.runs import (
    CLIENTS_PER_BATCH,
    Facts,
    Member,
    Outcome,
    Run,
    RunState,
    Totals,
    batches,
    facts_of,
    finish,
    preview_token,
    start,
    totals_of,
)
from client_lifecycle.domain.settings import SafetyRule, SafetySettings
from tests.unit.builders import (
    DAY,
    HOUR,
    MOMENT,
    NOW,
    RUN_ID,
    appointment,
    client,
    facts,
    member,
    membership,
    payment,
    run,
    stamp,
)
from tests.unit.strategies import members, record_sets

# Facts and totals


def test_e11_facts_show_the_money_and_the_commitments_at_stake() -> None:
    records = [
        appointment("a-ahead"),
        appointment("a-next", starts_at=NOW + MOMENT),
        appointment("a-started", starts_at=NOW),
        appointment("a-cancelled", status=AppointmentStatus.CANCELLED),
        payment("p-scheduled", amount_cents=4_500),
        payment("p-overdue", amount_cents=100, due_at=NOW - DAY),
        payment("p-charging", amount_cents=9_000, status=PaymentStatus.CHARGING),
        payment("p-charged", amount_cents=9_000, status=PaymentStatus.CHARGED),
        membership(),
    ]
    assert facts_of(client(credit_cents=1_500, owed_cents=700), records, SafetySettings(), NOW) == Facts(
        status=Status.ACTIVE,
        credit_cents=1_500,
        owed_cents=700,
        upcoming_appointments=2,
        scheduled_payments=2,
        scheduled_payment_cents=4_600,
    )


def test_facts_say_when_a_client_is_archived_already() -> None:
    assert facts_of(client(stamp=stamp()), [], SafetySettings(), NOW).status is Status.ARCHIVED


@given(record_sets)
def test_e6_e7_the_panel_announces_exactly_what_the_archive_will_cancel(found: list[Record]) -> None:
    shown = facts_of(client(), found, SafetySettings(), NOW)
    cancelled = [change.before for change in cancel_commitments(found, NOW).changes]
    payments = [record.amount_cents for record in cancelled if record.kind is RecordKind.PAYMENT]
    assert shown.upcoming_appointments == sum(record.kind is RecordKind.APPOINTMENT for record in cancelled)
    assert shown.scheduled_payments == len(payments)
    assert shown.scheduled_payment_cents == sum(payments)


def test_totals_of_nobody_are_zero() -> None:
    assert totals_of([]) == Totals(
        clients=0,
        credit_cents=0,
        owed_cents=0,
        upcoming_appointments=0,
        scheduled_payments=0,
        scheduled_payment_cents=0,
    )


@given(st.lists(members, max_size=8))
def test_totals_add_up_every_fact_of_every_member(found: list[Member]) -> None:
    totals = totals_of(iter(found))
    assert totals.clients == len(found)
    for field in fields(Totals):
        if field.name != "clients":
            assert getattr(totals, field.name) == sum(getattr(one.facts, field.name) for one in found)


# The token

SHOWN = [member(0, "client-a"), member(1, "client-b")]
EXPIRES_AT = NOW + HOUR
TOKEN = preview_token(RUN_ID, SHOWN, EXPIRES_AT)

OTHER_FACTS: list[dict[str, Any]] = [
    {"status": Status.ARCHIVED},
    {"credit_cents": 1},
    {"owed_cents": 1},
    {"upcoming_appointments": 1},
    {"scheduled_payments": 1},
    {"scheduled_payment_cents": 1},
    {"group_id": "group-other"},
    {"warnings": (SafetyRule.OWES_MONEY,)},
    {"blocks": (SafetyRule.OWES_MONEY,)},
]


def test_every_fact_is_among_those_tried() -> None:
    assert {name for change in OTHER_FACTS for name in change} == {field.name for field in fields(Facts)}


@pytest.mark.parametrize("change", OTHER_FACTS, ids=lambda change: next(iter(change)))
def test_a_token_binds_every_fact_that_was_shown(change: dict[str, Any]) -> None:
    changed = [SHOWN[0], replace(SHOWN[1], facts=facts(**change))]
    assert preview_token(RUN_ID, changed, EXPIRES_AT) != TOKEN


@pytest.mark.parametrize(
    "others",
    [
        [],
        SHOWN[:1],
        [*SHOWN, member(2, "client-c")],
        SHOWN[::-1],
        [member(0, "client-a"), member(1, "client-x")],
        [member(0, 'client-a",[],"'), member(1, "client-b")],
    ],
    ids=["nobody", "one less", "one more", "another order", "another client", "a client id full of quotes"],
)
def test_a_token_binds_the_clients_that_were_shown(others: list[Member]) -> None:
    assert preview_token(RUN_ID, others, EXPIRES_AT) != TOKEN


def test_a_token_binds_the_run_and_the_expiry() -> None:
    assert preview_token("another-run", SHOWN, EXPIRES_AT) != TOKEN
    assert preview_token(RUN_ID, SHOWN, EXPIRES_AT + MOMENT) != TOKEN


@given(st.lists(members, max_size=4))
def test_a_token_stays_while_outcomes_come_in(found: list[Member]) -> None:
    done = [replace(one, outcome=Outcome.FAILED, reason="InternalError", archive_id="01K") for one in found]
    assert preview_token(RUN_ID, done, EXPIRES_AT) == preview_token(RUN_ID, found, EXPIRES_AT)


# Batches


@pytest.mark.parametrize(
    ("clients", "sizes"),
    [(0, []), (1, [1]), (24, [24]), (25, [25]), (26, [25, 1]), (60, [25, 25, 10])],
)
def test_batches_hold_25_clients_and_the_last_one_the_rest(clients: int, sizes: list[int]) -> None:
    assert CLIENTS_PER_BATCH == 25
    assert [len(batch) for batch in batches(member(position) for position in range(clients))] == sizes


@given(st.integers(min_value=0, max_value=300))
def test_batches_lose_nobody_and_keep_the_order(clients: int) -> None:
    everyone = [member(position) for position in range(clients)]
    assert [one for batch in batches(everyone) for one in batch] == everyone


# From start to verdict


def test_a_confirmed_run_is_running_and_says_who_confirmed_it_and_when() -> None:
    before = run(SHOWN)
    assert start(before, confirmed_by="staff-9", accept_changes=False, at=NOW) == replace(
        before,
        state=RunState.RUNNING,
        confirmed_by="staff-9",
        started_at=NOW,
        attempt_started_at=NOW,
        attempt_clients=2,
    )


def with_outcomes(*outcomes: Outcome) -> Run:
    everyone = [member(position, outcome=outcome) for position, outcome in enumerate(outcomes)]
    return run(everyone, state=RunState.RUNNING)


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([Outcome.ARCHIVED], RunState.COMPLETED),
        ([Outcome.ALREADY_ARCHIVED, Outcome.SUPERSEDED], RunState.COMPLETED),
        ([Outcome.FAILED], RunState.COMPLETED_WITH_FAILURES),
        ([Outcome.ARCHIVED] * 99 + [Outcome.FAILED], RunState.COMPLETED_WITH_FAILURES),
    ],
    ids=["all archived", "nothing to do", "all failed", "one of a hundred failed"],
)
def test_one_failed_client_is_enough_for_completed_with_failures(outcomes: list[Outcome], verdict: RunState) -> None:
    before = with_outcomes(*outcomes)
    assert finish(before, NOW) == replace(before, state=verdict, finished_at=NOW)
