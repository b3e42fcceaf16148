"""A due plan against whatever lands in the same instant: one of the two is decided on the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from client_lifecycle.domain.bookings import BookedBy, Booking, BookingAnswer
from client_lifecycle.domain.client import ArchiveOptions, Client, Door, PlanTerms, Status, Trigger
from client_lifecycle.domain.effects import all_effects
from client_lifecycle.domain.receipts import ReceiptState
from client_lifecycle.domain.records import LONGEST_APPOINTMENT
from client_lifecycle.storage import archives, due, keys
from client_lifecycle.storage.clients import read_client, read_live
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.archive import archive_client
from client_lifecycle.use_cases.archive_effects import apply_effect
from client_lifecycle.use_cases.book import book
from client_lifecycle.use_cases.planned_archives import PlanResult, cancel_plan, carry_out_plan, plan_archive
from tests.support.builders import DAY, NOW, appointment, cause, client, one_of_each, plan, reminder, terms
from tests.support.made_up_answers import answering
from tests.support.practice import count, everything, put

ROUNDS = 30
Act = Callable[[Table, Client], object]


def carry_out(table: Table, who: Client) -> PlanResult:
    return carry_out_plan(Tenant(table, who.provider_id), who.client_id, at=NOW)


def ask(table: Table, who: Client, booked_by: BookedBy = BookedBy.CLIENT) -> BookingAnswer:
    asked = Booking(
        event_id="event-1",
        provider_id=who.provider_id,
        client_id=who.client_id,
        appointment=appointment("asked-for", starts_at=NOW + DAY),
        booked_by=booked_by,
    )
    return book(Tenant(table, asked.provider_id), asked, at=NOW, through=Door.BOOKING_HOOK)


def ask_as_staff(table: Table, who: Client) -> BookingAnswer:
    return ask(table, who, BookedBy.STAFF)


def cancel(table: Table, who: Client) -> None:
    cancel_plan(Tenant(table, who.provider_id), who.client_id, cause=cause(), at=NOW)


def plan_anew(table: Table, who: Client, asked: PlanTerms | None = None) -> None:
    asked = asked or terms(Trigger.ARCHIVE_ON, archive_on=date(2026, 4, 1))
    plan_archive(Tenant(table, who.provider_id), who.client_id, asked, cause=cause(), at=NOW)


def archive(table: Table, who: Client) -> None:
    archive_client(Tenant(table, who.provider_id), who.client_id, cause=cause(), at=NOW, options=ArchiveOptions())


def told(table: Table, who: Client) -> Counter[str]:
    return Counter(plain["event"] for plain in everything(table, who) if plain["sk"].startswith(keys.HISTORY_PREFIX))


def is_due(table: Table, who: Client) -> bool:
    found = [one.key for one in due.list_due(table, keys.Work.PLAN, NOW + DAY)]
    return Keys(who.provider_id).client(who.client_id) in found


def in_between(table: Table, first: Act, then: Act, who: Client) -> Any:
    """Begin one act, let another land between its reading and its writing, and return the result of the first one."""

    def land(_: dict[str, Any]) -> None:
        if len(requests) == 1:
            then(table, who)

    with answering(table, "TransactWriteItems", land) as requests:
        return first(table, who)


LANDING: list[tuple[Act, PlanResult, Status, bool, dict[str, int]]] = [
    (ask, PlanResult.NOTHING_DUE, Status.ACTIVE, False, {"client.archive_plan_cancelled": 1}),
    (cancel, PlanResult.NOTHING_DUE, Status.ACTIVE, False, {"client.archive_plan_cancelled": 1}),
    (plan_anew, PlanResult.NOTHING_DUE, Status.ACTIVE, True, {"client.archive_planned": 1}),
    (ask_as_staff, PlanResult.PUT_OFF, Status.ACTIVE, True, {}),
    (archive, PlanResult.NOTHING_DUE, Status.ARCHIVED, False, {"client.archived": 1}),
    (carry_out, PlanResult.NOTHING_DUE, Status.ARCHIVED, False, {"client.archived": 1}),
]


@pytest.mark.parametrize(
    ("then", "done", "status", "has_plan", "history"), LANDING, ids=[row[0].__name__ for row in LANDING]
)
def test_what_lands_while_a_due_plan_is_decided_wins(
    table: Table, tenant: Tenant, then: Act, done: PlanResult, status: Status, has_plan: bool, history: dict[str, int]
) -> None:
    who = put(table, client(plan=plan()), [reminder()])
    assert in_between(table, carry_out, then, who) is done
    after = read_client(tenant, who.client_id)
    assert (after.status, after.plan is not None) == (status, has_plan)
    assert told(table, who) == history


def test_what_a_client_books_while_its_plan_is_decided_stays_booked(table: Table, tenant: Tenant) -> None:
    who = put(table, client(plan=plan()))
    assert is_due(table, who)
    in_between(table, carry_out, ask, who)
    [booked] = read_live(tenant, who.client_id, NOW).records
    assert booked.record_id == "asked-for"
    assert not is_due(table, who)


def test_a_plan_carried_out_while_a_client_books_is_undone_by_the_booking(table: Table, tenant: Tenant) -> None:
    who = put(table, client(plan=plan()))
    answer = in_between(table, ask, carry_out, who)
    assert answer.activated
    live = read_live(tenant, who.client_id, NOW)
    assert (live.client.status, live.client.plan) == (Status.ACTIVE, None)
    assert [record.record_id for record in live.records] == ["asked-for"]
    assert told(table, who) == {"client.archived": 1, "client.activated": 1}
    assert carry_out(table, who) is PlanResult.NOTHING_DUE


LATE: list[tuple[Act, dict[str, int]]] = [
    (cancel, {"client.archived": 1}),
    (ask, {"client.archived": 1, "client.activated": 1}),
]


@pytest.mark.parametrize(("first", "history"), LATE, ids=[row[0].__name__ for row in LATE])
def test_what_is_late_finds_the_plan_carried_out(table: Table, first: Act, history: dict[str, int]) -> None:
    who = put(table, client(plan=plan()))
    in_between(table, first, carry_out, who)
    assert told(table, who) == history


def test_a_plan_held_back_while_it_is_cancelled_stays_cancelled(table: Table, tenant: Tenant) -> None:
    who = put(table, client(plan=plan(terms(options=ArchiveOptions(group_id="gone")))))
    assert in_between(table, carry_out, cancel, who) is PlanResult.NOTHING_DUE
    assert read_client(tenant, who.client_id).plan is None


def test_a_due_plan_and_a_booking_at_once_never_half_archive_a_client(table: Table) -> None:
    for number in range(ROUNDS):
        who = put(table, client(provider_id=f"prov-{number}", plan=plan()), [reminder()])
        with ThreadPoolExecutor(4) as pool:
            plans = [pool.submit(carry_out, table, who) for _ in range(3)]
            booking = pool.submit(ask, table, who)
        live = read_live(Tenant(table, who.provider_id), who.client_id, NOW)
        assert (live.client.status, live.client.plan) == (Status.ACTIVE, None)
        assert "asked-for" in {record.record_id for record in live.records}
        archived = [one.result() for one in plans].count(PlanResult.ARCHIVED)
        assert archived == booking.result().activated == told(table, who)["client.archived"]
        assert told(table, who)["client.archive_plan_cancelled"] == 1 - archived


def test_of_eight_clean_ups_at_once_one_archives(table: Table) -> None:
    who = put(table, client(plan=plan()), one_of_each()[1:])
    assert is_due(table, who)
    with ThreadPoolExecutor(8) as pool:
        done = Counter(pool.map(lambda _: carry_out(table, who), range(8)))
    assert done == {PlanResult.ARCHIVED: 1, PlanResult.NOTHING_DUE: 7}
    assert told(table, who) == {"client.archived": 1}
    assert count(table, who, keys.RECEIPT_PREFIX) == 1
    assert not is_due(table, who)


def test_s1_a_plan_costs_one_query_then_the_settings_and_one_transaction(table: Table) -> None:
    who = put(table, client(plan=plan()), one_of_each()[1:])
    calls: list[str] = []
    table.client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    carry_out(table, who)
    assert calls == ["Query", "GetItem", "TransactWriteItems"]


class TestManyRecords:
    """A planned client whose records exceed one transaction."""

    RECORDS = 250

    @pytest.fixture
    def who(self, table: Table) -> Client:
        return put(table, client(plan=plan()), [reminder(f"r-{n:03}") for n in range(self.RECORDS)])

    def test_is_archived_in_chunks_with_one_complete_receipt(self, table: Table, tenant: Tenant, who: Client) -> None:
        assert carry_out(table, who) is PlanResult.ARCHIVED
        stamp = read_client(tenant, who.client_id).stamp
        assert stamp
        receipt = archives.read_receipt(tenant, who.client_id, stamp.archive_id)
        assert receipt.state is ReceiptState.SETTLED
        assert len({change.before.record_id for change in receipt.changes}) == len(receipt.changes) == self.RECORDS
        assert read_live(tenant, who.client_id, NOW - LONGEST_APPOINTMENT).records == ()

    def test_a_crash_leaves_no_plan_behind_but_an_archive_to_settle(
        self, table: Table, tenant: Tenant, who: Client
    ) -> None:
        def crash_later(_: dict[str, Any]) -> None:
            if len(requests) == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), answering(table, "TransactWriteItems", crash_later) as requests:
            carry_out(table, who)
        assert carry_out(table, who) is PlanResult.NOTHING_DUE
        after = read_client(tenant, who.client_id)
        assert (after.status, after.plan) == (Status.ARCHIVED, None)
        assert not is_due(table, who)

    def test_a_receipt_settled_by_another_is_done(self, table: Table, tenant: Tenant, who: Client) -> None:
        def settle_first(request: dict[str, Any]) -> None:
            if "ConditionCheck" in request["TransactItems"][0] and len(request["TransactItems"]) == 2:
                stamp = read_client(tenant, who.client_id).stamp
                if stamp and not settled:
                    settled.append(stamp.archive_id)
                    apply_effect(tenant, who.client_id, stamp.archive_id, all_effects, at=NOW)
                    archives.settle_receipt(tenant, who.client_id, stamp.archive_id)

        settled: list[str] = []
        with answering(table, "TransactWriteItems", settle_first):
            archive(table, who)
        assert len(settled) == 1
        receipt = archives.read_receipt(tenant, who.client_id, settled[0])
        assert (receipt.state, len(receipt.changes)) == (ReceiptState.SETTLED, self.RECORDS)
