"""A bulk archive's facts, totals, token, batches and verdict (A6, E11)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from client_lifecycle.domain.client import Status
from client_lifecycle.domain.effects import cancel_commitments
from client_lifecycle.domain.errors import (
    LifecycleError,
    NothingToUndo,
    RunNotFinished,
    RunNotStarted,
    RunUndone,
    UndoExpired,
)
from client_lifecycle.domain.labels import MAX_NAMED_RECORDS
from client_lifecycle.domain.members import (
    CLIENTS_PER_BATCH,
    Member,
    Totals,
    awaits_outcome,
    batches,
    is_to_retry,
    made_good,
    reopened,
    totals_of,
    with_attention,
)
from client_lifecycle.domain.money import Amount, per_currency
from client_lifecycle.domain.outcomes import OUTCOMES, Outcome, RunKind, counts_of
from client_lifecycle.domain.preview import PreviewFacts, has_changed, preview_facts
from client_lifecycle.domain.records import AppointmentStatus, Payment, PaymentStatus, Record, RecordKind
from client_lifecycle.domain.runs import (
    FINISHED,
    IN_FLIGHT,
    WAITING,
    Run,
    RunState,
    carried_out_for,
    estimated_seconds_left,
    finish,
    moved_by,
    prepare_retry,
    prepared,
    preview_token,
    proposal_terms,
    start,
    stopping,
)
from client_lifecycle.domain.settings import Level, ProviderSettings, SafetyRule, TidyUp
from client_lifecycle.domain.undo import new_undo_run, require_undoable, undo_members
from tests.support.builders import (
    ARCHIVE_ID,
    DAY,
    HOUR,
    MOMENT,
    NOW,
    RUN_ID,
    STAFF_ID,
    appointment,
    client,
    facts,
    member,
    membership,
    money,
    payment,
    run,
    stamp,
)
from tests.support.strategies import members, record_sets

# Facts and totals


def test_e11_facts_show_the_money_and_the_commitments_at_stake() -> None:
    records: list[Record] = [
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
    assert preview_facts(client(credit_cents=1_500, owed_cents=700), records, ProviderSettings(), NOW) == PreviewFacts(
        status=Status.ACTIVE,
        credits=money(USD=1_500),
        owed=money(USD=700),
        upcoming_appointments=2,
        scheduled_payments=2,
        scheduled=money(USD=4_600),
    )


def test_facts_say_when_a_client_is_archived_already() -> None:
    assert preview_facts(client(stamp=stamp()), [], ProviderSettings(), NOW).status is Status.ARCHIVED


@given(record_sets)
def test_e6_e7_the_panel_announces_exactly_what_the_archive_will_cancel(found: list[Record]) -> None:
    shown = preview_facts(client(), found, ProviderSettings(), NOW)
    cancelled = [change.before for change in cancel_commitments(found, NOW).changes]
    payments = [record for record in cancelled if isinstance(record, Payment)]
    assert shown.upcoming_appointments == sum(record.kind is RecordKind.APPOINTMENT for record in cancelled)
    assert shown.scheduled_payments == len(payments)
    assert shown.scheduled == per_currency(Amount(currency=one.currency, cents=one.amount_cents) for one in payments)


def test_totals_of_nobody_are_zero() -> None:
    assert totals_of([]) == Totals(
        clients=0,
        credits=(),
        owed=(),
        upcoming_appointments=0,
        scheduled_payments=0,
        scheduled=(),
    )


@given(st.lists(members, max_size=8))
def test_totals_add_up_every_fact_of_every_member(found: list[Member]) -> None:
    totals = totals_of(iter(found))
    for name in ("upcoming_appointments", "scheduled_payments"):
        assert getattr(totals, name) == sum(getattr(one.facts, name) for one in found)


@given(st.lists(members, max_size=8))
def test_m1_totals_of_money_are_sums_per_currency_and_never_across(found: list[Member]) -> None:
    totals = totals_of(iter(found))
    for name in ("credits", "owed", "scheduled"):
        shown = [amount for one in found for amount in getattr(one.facts, name)]
        total = {amount.currency: amount.cents for amount in getattr(totals, name)}
        for currency in {amount.currency for amount in shown} | total.keys():
            assert total.get(currency, 0) == sum(one.cents for one in shown if one.currency == currency)


@given(st.lists(members, max_size=8))
def test_attention_counts_each_member_once_and_by_each_rule(found: list[Member]) -> None:
    totals = with_attention(totals_of(found), found)
    assert totals.attention == sum(bool(one.facts.warnings or one.facts.blocks) for one in found)
    for level, name in ((Level.WARN, "warnings"), (Level.BLOCK, "blocks")):
        counted = {one.rule: one.clients for one in totals.rules if one.level is level}
        assert counted == Counter(rule for one in found for rule in getattr(one.facts, name))


def test_every_total_is_tried() -> None:
    assert {field.name for field in fields(Totals)} == {
        *("clients", "upcoming_appointments", "scheduled_payments"),
        *("credits", "owed", "scheduled"),
        *("rules", "attention"),
    }


def test_m1_a_client_s_balance_and_each_payment_have_their_own_currency() -> None:
    records = [
        payment("p-1", amount_cents=100, currency="USD"),
        payment("p-2", amount_cents=20, currency="CHF"),
        payment("p-3", amount_cents=3, currency="USD"),
    ]
    shown = preview_facts(client(currency="EUR", credit_cents=1_500, owed_cents=700), records, ProviderSettings(), NOW)
    assert (shown.credits, shown.owed) == (money(EUR=1_500), money(EUR=700))
    assert (shown.scheduled_payments, shown.scheduled) == (3, money(CHF=20, USD=103))


def test_m1_a_client_whose_amounts_are_in_another_currency_now_has_changed() -> None:
    assert has_changed(facts(owed=money(EUR=700)), facts(owed=money(USD=700)))
    assert not has_changed(facts(owed=money(EUR=700)), facts(owed=money(EUR=700)))


# The token

SHOWN = [member(0, "client-a"), member(1, "client-b")]
EXPIRES_AT = NOW + HOUR
TOKEN = preview_token(RUN_ID, SHOWN, EXPIRES_AT)

OTHER_FACTS: list[dict[str, Any]] = [
    {"status": Status.ARCHIVED},
    {"credits": money(USD=1)},
    {"owed": money(USD=1)},
    {"upcoming_appointments": 1},
    {"scheduled_payments": 1},
    {"scheduled": money(USD=1)},
    {"group_id": "group-other"},
    {"warnings": (SafetyRule.OWES_MONEY,)},
    {"blocks": (SafetyRule.OWES_MONEY,)},
]


def test_every_fact_is_among_those_tried() -> None:
    assert {name for change in OTHER_FACTS for name in change} == {field.name for field in fields(PreviewFacts)}


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
    return run(everyone, state=RunState.RUNNING, counts={one: outcomes.count(one) for one in Outcome})


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([Outcome.ARCHIVED], RunState.COMPLETED),
        ([Outcome.ALREADY_ARCHIVED, Outcome.SUPERSEDED], RunState.COMPLETED),
        ([Outcome.FAILED], RunState.COMPLETED_WITH_FAILURES),
        ([Outcome.ARCHIVED] * 99 + [Outcome.FAILED], RunState.COMPLETED_WITH_FAILURES),
        ([Outcome.ACTIVATED] * 99 + [Outcome.ACTIVATED_IN_PART], RunState.COMPLETED_IN_PART),
        ([Outcome.ACTIVATED_IN_PART, Outcome.FAILED], RunState.COMPLETED_WITH_FAILURES),
    ],
    ids=["all archived", "nothing to do", "all failed", "one of a hundred failed", "one in part", "in part and failed"],
)
def test_one_failed_client_is_enough_for_completed_with_failures(outcomes: list[Outcome], verdict: RunState) -> None:
    before = with_outcomes(*outcomes)
    assert finish(before, NOW) == replace(before, state=verdict, finished_at=NOW)


# Stop, retry, undo

STARTED = start(run([member(0), member(1)]), confirmed_by="staff-9", accept_changes=False, at=NOW)
LATER = NOW + DAY


def in_state(state: RunState, **fields: Any) -> Run:
    return replace(STARTED, state=state, **fields)


@pytest.mark.parametrize(
    ("state", "then"),
    [
        (RunState.AWAITING_CONFIRMATION, RunState.STOPPED),
        (RunState.PROPOSED, RunState.STOPPED),
        (RunState.PREPARING, RunState.STOPPING),
        (RunState.RUNNING, RunState.STOPPING),
        (RunState.STOPPING, RunState.STOPPING),
        (RunState.STOPPED, RunState.STOPPED),
        (RunState.COMPLETED, RunState.COMPLETED),
        (RunState.COMPLETED_WITH_FAILURES, RunState.COMPLETED_WITH_FAILURES),
    ],
)
def test_stopping_cancels_a_waiting_run_and_ends_a_running_one(state: RunState, then: RunState) -> None:
    assert {RunState.STOPPED, RunState.STOPPING} | WAITING | IN_FLIGHT | FINISHED == set(RunState)
    stopped = stopping(in_state(state), STAFF_ID, LATER)
    assert stopped.state is then
    if state is then:
        assert stopped == in_state(state)
    else:
        assert stopped.stopped_by == STAFF_ID


def test_a_cancelled_run_no_longer_starts_by_itself() -> None:
    assert stopping(in_state(RunState.PROPOSED, starts_at=LATER), STAFF_ID, NOW).starts_at is None


def test_a_run_that_is_being_stopped_ends_as_stopped_whatever_its_outcomes() -> None:
    assert finish(in_state(RunState.STOPPING), LATER).state is RunState.STOPPED


def ended(**counts: int) -> Run:
    given = {Outcome(name): count for name, count in counts.items()}
    return in_state(
        RunState.COMPLETED_WITH_FAILURES, finished_at=NOW, counts=counts_of(RunKind.ARCHIVE, pending=0) | given
    )


def test_a_retry_is_the_next_attempt_of_the_failed_and_the_not_reached() -> None:
    again = prepare_retry(ended(failed=2, not_reached=3, archived=7), STAFF_ID, LATER)
    assert (again.state, again.attempt, again.attempt_clients) == (RunState.PREPARING, 2, 5)
    assert (again.attempt_started_at, again.finished_at, again.started_at) == (LATER, None, NOW)
    assert prepared(again).state is RunState.RUNNING
    assert (again.retried_by, carried_out_for(again)) == (STAFF_ID, STAFF_ID)


def test_a_run_tells_who_moved_it_and_for_whom_it_is_carried_out() -> None:
    confirmed = in_state(RunState.RUNNING, created_by="staff-1", confirmed_by="staff-2")
    assert moved_by(confirmed) == "staff-2"
    stopped = finish(stopping(confirmed, "staff-3", LATER), LATER)
    assert (moved_by(stopped), carried_out_for(stopped)) == ("staff-3", "staff-2")
    assert moved_by(in_state(RunState.AWAITING_CONFIRMATION, created_by="staff-1", confirmed_by=None)) == "staff-1"


@pytest.mark.parametrize(
    "one",
    [ended(archived=2), *(replace(ended(failed=1), state=state, finished_at=None) for state in IN_FLIGHT)],
    ids=["nothing to retry", *sorted(IN_FLIGHT)],
)
def test_a_retry_of_a_running_or_flawless_run_changes_nothing(one: Run) -> None:
    assert prepare_retry(one, STAFF_ID, LATER) == one


def test_a_run_that_was_undone_or_never_started_is_not_retried() -> None:
    with pytest.raises(RunUndone) as undone:
        prepare_retry(replace(ended(failed=1), undone_by="run-2"), STAFF_ID, LATER)
    assert undone.value.facts == {"undone_by": "run-2"}
    with pytest.raises(RunNotStarted):
        prepare_retry(run(), STAFF_ID, LATER)


@given(members, st.integers(min_value=1, max_value=9))
def test_one_attempt_at_most_gives_a_member_its_outcome(one: Member, attempt: int) -> None:
    assert not (awaits_outcome(one, attempt) and is_to_retry(one, attempt))
    again = reopened(one, attempt)
    assert awaits_outcome(again, attempt)
    assert not awaits_outcome(again, attempt + 1)
    assert not is_to_retry(again, attempt)


@given(st.lists(members, max_size=8))
def test_an_undo_takes_every_client_the_run_has_archived_in_full_or_not(found: list[Member]) -> None:
    undone = undo_members(found)
    archived = [one for one in found if one.archive_id and one.outcome in (Outcome.ARCHIVED, Outcome.FAILED)]
    assert [(one.client_id, one.undoes, one.undoes_revision, one.facts) for one in undone] == [
        (one.client_id, one.archive_id, one.archived_revision, one.facts) for one in archived
    ]
    assert [one.position for one in undone] == list(range(len(undone)))
    assert {(one.outcome, one.archive_id, one.attempt) for one in undone} <= {(Outcome.PENDING, None, 1)}


def test_an_undo_is_a_run_that_has_begun_with_everybody_pending() -> None:
    undo = new_undo_run(ended(archived=2), "run-2", [member(0), member(1)], asked_by="staff-5", at=LATER)
    assert (undo.kind, undo.undo_of, undo.state) == (RunKind.UNDO, RUN_ID, RunState.RUNNING)
    assert undo.counts == counts_of(RunKind.UNDO, pending=2)
    assert (undo.created_by, undo.started_at, undo.attempt_clients) == ("staff-5", LATER, 2)


def test_nobody_archived_is_nothing_to_undo() -> None:
    with pytest.raises(NothingToUndo):
        new_undo_run(ended(failed=2), "run-2", [], asked_by="staff-5", at=LATER)


@pytest.mark.parametrize(
    ("one", "at", "fault"),
    [
        (run(), NOW, RunNotStarted),
        (STARTED, NOW, RunNotFinished),
        (replace(ended(archived=1), kind=RunKind.UNDO), NOW, NothingToUndo),
        (ended(archived=1), NOW + 3 * DAY, UndoExpired),
    ],
    ids=["waits", "at work", "an undo", "too late"],
)
def test_an_undo_is_held_back(one: Run, at: datetime, fault: type[LifecycleError]) -> None:
    with pytest.raises(fault):
        require_undoable(one, 3, at)


def test_an_undo_is_possible_until_the_last_moment_of_the_window() -> None:
    require_undoable(ended(archived=1), 3, NOW + 3 * DAY - MOMENT)


@pytest.mark.parametrize("kind", RunKind)
def test_the_counts_of_a_new_run_have_exactly_the_outcomes_of_its_kind(kind: RunKind) -> None:
    counts = counts_of(kind, pending=5)
    assert set(counts) == set(OUTCOMES[kind])
    assert sum(counts.values()) == counts[Outcome.PENDING] == 5


def test_every_outcome_is_one_of_some_kind_of_run() -> None:
    assert {outcome for outcomes in OUTCOMES.values() for outcome in outcomes} == set(Outcome)


# How long it takes, and how it waits


@pytest.mark.parametrize(
    ("state", "pending", "after_seconds", "expected"),
    [
        (RunState.RUNNING, 75, 10, 30),
        (RunState.STOPPING, 75, 10, 30),
        (RunState.RUNNING, 1, 10, 1),
        (RunState.RUNNING, 100, 10, None),
        (RunState.COMPLETED, 0, 10, None),
    ],
    ids=["a quarter done", "stopping", "rounded up", "nothing done yet", "ended"],
)
def test_the_time_left_is_estimated_from_the_pace_of_the_attempt(
    state: RunState, pending: int, after_seconds: int, expected: int | None
) -> None:
    counts = counts_of(RunKind.ARCHIVE, pending=pending) | {Outcome.ARCHIVED: 100 - pending}
    one = in_state(state, attempt_started_at=NOW, attempt_clients=100, counts=counts)
    assert estimated_seconds_left(one, NOW + timedelta(seconds=after_seconds)) == expected


def test_a_proposal_waits_for_a_month_or_starts_after_its_veto() -> None:
    waits = proposal_terms(TidyUp(inactive_days=90), NOW)
    assert (waits.state, waits.expires_at, waits.starts_at) == (RunState.PROPOSED, NOW + 30 * DAY, None)
    starts = proposal_terms(TidyUp(inactive_days=90, starts_by_itself=True, veto_days=5), NOW)
    assert starts.starts_at == starts.expires_at == NOW + 5 * DAY


def test_a11_a_member_counts_what_was_made_good_and_names_the_first_of_it() -> None:
    changes = cancel_commitments([payment(f"pay-{number:03}") for number in range(MAX_NAMED_RECORDS + 7)], NOW).changes
    one = made_good(member(), ARCHIVE_ID, changes[:60])
    both = made_good(one, ARCHIVE_ID, changes[60:])
    assert one.made_good is not None
    assert both.made_good is not None
    assert (one.made_good.total, len(one.made_good.items)) == (60, 60)
    assert (both.made_good.total, len(both.made_good.items)) == (len(changes), MAX_NAMED_RECORDS)
    assert [item.record_id for item in both.made_good.items] == [
        f"pay-{number:03}" for number in range(MAX_NAMED_RECORDS)
    ]
    assert both == replace(member(), made_good=both.made_good)
