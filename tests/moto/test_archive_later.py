"""PUT and DELETE /clients/{client_id}/archive-plan, and what becomes of a plan that is due."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.bookings import BookedBy, Booking
from client_lifecycle.domain.client import ArchiveOptions, ArchivePlan, Client, Door, PlanTerms, Status, Trigger
from client_lifecycle.domain.records import Appointment, AppointmentStatus, PaymentStatus, Record
from client_lifecycle.domain.settings import Level, PortalSettings, ProviderSettings, SafetyRule, SafetySettings
from client_lifecycle.storage import due, keys
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.book import book
from client_lifecycle.use_cases.planned_archives import PlanResult, carry_out_plan
from tests.moto.conftest import Clock, Log
from tests.support.builders import (
    DAY,
    GROUP_ID,
    HOUR,
    MOMENT,
    NOW,
    OTHER_PROVIDER_ID,
    PROVIDER_ID,
    STAFF_ID,
    appointment,
    cause,
    client,
    group,
    one_of_each,
    payment,
    plan,
    stamp,
    terms,
)
from tests.support.calls import MANAGER, READER, delete, get, invoke, patch, post, put
from tests.support.store import dump, store, store_group, store_settings

PLAN = "/clients/client-1/archive-plan"
WHEN = ["archive_on", "after_last_appointment", "after_last_payment"]
FRONT_DESK = READER
COLLEAGUE = MANAGER | {"sub": "staff-8"}
NOTE = "told us in confidence"


def due_ids(table: Table, clock: Clock) -> list[str]:
    return [keys.provider_and_client(one.key["pk"])[1] for one in due.list_due(table, keys.Work.PLAN, clock.at)]


def carry_out(table: Table, clock: Clock, client_id: str = "client-1") -> PlanResult:
    return carry_out_plan(Tenant(table, PROVIDER_ID), client_id, at=clock.at)


def told(client_id: str = "client-1") -> list[tuple[str, str]]:
    """A client's history, oldest first: what happened, and who did it."""
    entries = get(f"/clients/{client_id}/history?order=oldest").body["entries"]
    return [(entry["event"], entry["by"]["actor_id"]) for entry in entries]


def ask(table: Table, clock: Clock, booked: Appointment, booked_by: BookedBy = BookedBy.CLIENT) -> bool:
    """Book an appointment; tell whether it was accepted."""
    asked = Booking(
        event_id=f"event-{booked.record_id}",
        provider_id=PROVIDER_ID,
        client_id="client-1",
        appointment=booked,
        booked_by=booked_by,
    )
    return book(Tenant(table, PROVIDER_ID), asked, at=clock.at, through=Door.BOOKING_HOOK).refusal is None


# Planning


def test_a_plan_is_shown_on_the_client_and_in_the_list_as_it_was_asked_for(table: Table) -> None:
    store_group(table, group())
    store(table, client())
    how = {"reason": "finished", "note": NOTE, "group_id": GROUP_ID, "notify_client": True, "mute_email": True}
    answer = put(PLAN, {"archive_on": "2026-04-01", "acknowledge": ["owes_money"], **how})
    assert answer.status == 200
    assert answer.body["archive_plan"] == {
        "trigger": "archive_on",
        "archive_on": "2026-04-01",
        "options": how,
        "acknowledged": ["owes_money"],
        "planned_at": "2026-03-02T09:30:00Z",
        "planned_by": {"source": "staff", "actor_id": STAFF_ID, "run_id": None, "through": "api", "name": None},
        "held_back_by": [],
    }
    assert (answer.body["status"], answer.body["group_id"]) == ("active", None)
    assert get("/clients/client-1").body == answer.body
    [row] = get("/clients").body["clients"]
    assert row.items() >= answer.body.items()


def test_the_note_of_a_plan_is_in_the_history_and_not_with_the_client(table: Table) -> None:
    """Each index of clients would hold a copy of it, which every change of the client would write."""
    store(table, client())
    how = {"after_last_payment": True, "note": NOTE}
    put(PLAN, how)
    holding = [sort_key.partition("#")[0] for (_, sort_key), item in dump(table).items() if NOTE in str(item)]
    assert holding == ["HISTORY"]
    changed = patch("/clients/client-1", {"name": "Robin Elm"}).body
    assert changed["archive_plan"]["options"]["note"] == NOTE
    before = dump(table)
    assert put(PLAN, how).body == changed
    assert dump(table) == before


def test_a_plan_of_before_has_its_note_in_its_terms(table: Table) -> None:
    terms = PlanTerms(trigger=Trigger.AFTER_LAST_PAYMENT, options=ArchiveOptions(note=NOTE))
    store(table, client(plan=ArchivePlan(terms=terms, planned_at=NOW, planned_by=cause(), check_at=NOW)))
    assert get("/clients/client-1").body["archive_plan"]["options"]["note"] == NOTE
    invoke("scheduled_cleanup.handler.lambda_handler", {})
    [receipt] = get("/clients/client-1/receipts").body["receipts"]
    assert receipt["note"] == NOTE


@pytest.mark.parametrize("trigger", WHEN[1:])
def test_each_other_trigger_is_asked_for_by_its_name(table: Table, trigger: str) -> None:
    store(table, client())
    shown = put(PLAN, {trigger: True, "archive_on": None}).body["archive_plan"]
    assert (shown["trigger"], shown["archive_on"]) == (trigger, None)


def test_a_plan_is_checked_when_its_day_begins_anywhere_and_due_there(table: Table, clock: Clock) -> None:
    store(table, client())
    put(PLAN, {"archive_on": "2026-03-04"})
    clock.at = NOW.replace(day=3, hour=10, minute=0) - MOMENT
    assert due_ids(table, clock) == []
    assert carry_out(table, clock) is PlanResult.NOTHING_DUE
    clock.pass_by(MOMENT)
    assert carry_out(table, clock) is PlanResult.PUT_OFF
    clock.at = NOW.replace(day=4, hour=0, minute=0) - MOMENT
    assert due_ids(table, clock) == []
    assert carry_out(table, clock) is PlanResult.NOTHING_DUE
    clock.pass_by(MOMENT)
    assert due_ids(table, clock) == ["client-1"]
    assert carry_out(table, clock) is PlanResult.ARCHIVED


def test_a_new_plan_replaces_the_one_before_and_the_history_has_both(table: Table) -> None:
    store(table, client())
    put(PLAN, {"archive_on": "2026-04-01"})
    put(PLAN, {"after_last_payment": True}, claims=COLLEAGUE)
    assert get("/clients/client-1").body["archive_plan"]["trigger"] == "after_last_payment"
    assert told() == [("client.archive_planned", STAFF_ID), ("client.archive_planned", "staff-8")]
    entries = get("/clients/client-1/history?order=oldest").body["entries"]
    assert [entry["plan"]["trigger"] for entry in entries] == ["archive_on", "after_last_payment"]


def test_the_same_plan_again_writes_nothing(table: Table, clock: Clock) -> None:
    store(table, client())
    first = put(PLAN, {"after_last_payment": True, "acknowledge": ["owes_money", "has_credits"]})
    written = dump(table)
    clock.pass_by(DAY)
    again = {"after_last_payment": True, "acknowledge": ["has_credits", "owes_money", "owes_money"]}
    assert put(PLAN, again, claims=COLLEAGUE).body == first.body
    assert dump(table) == written


def test_a_change_of_the_client_leaves_the_plan_alone(table: Table) -> None:
    store(table, client())
    planned = put(PLAN, {"after_last_payment": True}).body["archive_plan"]
    changed = patch("/clients/client-1", {"name": "Wren Underhay", "settings": {"chat": False}}).body
    assert (changed["name"], changed["archive_plan"]) == ("Wren Underhay", planned)


def test_an_archived_client_has_nothing_to_plan(table: Table) -> None:
    store(table, client(stamp=stamp()))
    before = dump(table)
    answer = put(PLAN, {"after_last_payment": True})
    assert (answer.status, answer.problem, answer.fields) == (409, "AlreadyArchived", ["client_id"])
    assert dump(table) == before


REFUSED: list[tuple[str, dict[str, Any], int, str, list[str]]] = [
    ("no trigger", {"body": {}}, 422, "InvalidRequest", WHEN),
    ("only triggers that are off", {"body": {"after_last_payment": False}}, 422, "InvalidRequest", WHEN),
    ("all triggers", {"body": {"archive_on": "2026-04-01", WHEN[1]: True, WHEN[2]: True}}, 422, "InvalidRequest", WHEN),
    ("two triggers", {"body": {WHEN[1]: True, WHEN[2]: True}}, 422, "InvalidRequest", WHEN[1:]),
    ("a past day", {"body": {"archive_on": "2026-03-01"}}, 422, "InvalidRequest", ["archive_on"]),
    ("today", {"body": {"archive_on": "2026-03-02"}}, 422, "InvalidRequest", ["archive_on"]),
    ("a moment", {"body": {"archive_on": "2026-04-01T10:00:00Z"}}, 422, "InvalidRequest", ["archive_on"]),
    ("midnight", {"body": {"archive_on": "2026-04-01T00:00:00"}}, 422, "InvalidRequest", ["archive_on"]),
    ("seconds since 1970", {"body": {"archive_on": 1775001600}}, 422, "InvalidRequest", ["archive_on"]),
    ("no day at all", {"body": {"archive_on": "soon"}}, 422, "InvalidRequest", ["archive_on"]),
    ("a trigger that is no switch", {"body": {WHEN[1]: "yes"}}, 422, "InvalidRequest", [WHEN[1]]),
    ("an unknown field", {"body": {WHEN[1]: True, "force": True}}, 422, "InvalidRequest", ["force"]),
    ("an unknown rule", {"body": {WHEN[1]: True, "acknowledge": ["x"]}}, 422, "InvalidRequest", ["acknowledge[0]"]),
    ("an unknown group", {"body": {WHEN[1]: True, "group_id": "nowhere"}}, 404, "GroupNotFound", ["group_id"]),
    ("no body", {}, 422, "InvalidRequest", ["body"]),
    ("staff who may not archive", {"body": {WHEN[1]: True}, "claims": FRONT_DESK}, 403, "NotPermitted", []),
    (
        "another provider's client",
        {"body": {WHEN[1]: True}, "claims": MANAGER | {"custom:provider_id": OTHER_PROVIDER_ID}},
        404,
        "ClientNotFound",
        ["client_id"],
    ),
]


@pytest.mark.parametrize(("_", "call", "status", "name", "fields"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused_with_a_problem_and_nothing_written(
    table: Table, _: str, call: dict[str, Any], status: int, name: str, fields: list[str]
) -> None:
    store(table, client())
    before = dump(table)
    answer = put(PLAN, **call)
    assert (answer.status, answer.problem, answer.fields) == (status, name, fields)
    assert dump(table) == before


def test_the_note_of_a_plan_is_not_logged(table: Table, log: Log) -> None:
    store(table, client(stamp=stamp()))
    put(PLAN, {"after_last_payment": True, "note": NOTE})
    assert "AlreadyArchived" in log.text
    assert NOTE not in log.text


# Cancelling


def test_a_cancelled_plan_is_gone_and_the_history_tells_who_cancelled_it(
    table: Table, tenant: Tenant, clock: Clock
) -> None:
    before = store(table, client())
    put(PLAN, {"after_last_payment": True})
    answer = delete(PLAN, claims=COLLEAGUE)
    assert (answer.status, answer.body["archive_plan"]) == (200, None)
    assert told() == [("client.archive_planned", STAFF_ID), ("client.archive_plan_cancelled", "staff-8")]
    assert replace(read_client(tenant, "client-1"), revision=before.revision) == before
    assert due_ids(table, clock) == []
    assert carry_out(table, clock) is PlanResult.NOTHING_DUE


@pytest.mark.parametrize("who", [client(), client(stamp=stamp())], ids=lambda who: str(who.status))
def test_cancelling_where_nothing_is_planned_changes_nothing(table: Table, who: Client) -> None:
    store(table, who)
    before = dump(table)
    assert delete(PLAN).status == 200
    assert dump(table) == before


@pytest.mark.parametrize(
    ("claims", "status", "name"),
    [
        (FRONT_DESK, 403, "NotPermitted"),
        (MANAGER | {"custom:provider_id": OTHER_PROVIDER_ID}, 404, "ClientNotFound"),
    ],
)
def test_nobody_else_cancels_a_plan(table: Table, claims: dict[str, Any], status: int, name: str) -> None:
    store(table, client(plan=plan()))
    before = dump(table)
    answer = delete(PLAN, claims=claims)
    assert (answer.status, answer.problem) == (status, name)
    assert dump(table) == before


def test_an_archive_by_hand_fulfils_the_plan(table: Table, clock: Clock) -> None:
    store(table, client(plan=plan()))
    assert post("/clients/client-1/archive", {}).body["client"]["archive_plan"] is None
    assert due_ids(table, clock) == []
    assert told() == [("client.archived", STAFF_ID)]


# Booking


def test_a_client_who_books_is_no_longer_archived_later(table: Table, tenant: Tenant, clock: Clock) -> None:
    store(table, client(plan=plan(terms(Trigger.AFTER_LAST_PAYMENT))))
    assert ask(table, clock, appointment())
    assert read_client(tenant, "client-1").plan is None
    [entry] = get("/clients/client-1/history").body["entries"]
    assert (entry["event"], entry["by"]["source"], entry["by"]["actor_id"]) == (
        "client.archive_plan_cancelled",
        "booking",
        "event-appt-1",
    )
    assert entry["plan"]["trigger"] == "after_last_payment"
    assert due_ids(table, clock) == []


def test_a_booking_by_staff_leaves_the_plan_and_moves_the_last_appointment(
    table: Table, tenant: Tenant, clock: Clock
) -> None:
    before = store(table, client(plan=plan()))
    assert ask(table, clock, appointment(starts_at=NOW + HOUR), BookedBy.STAFF)
    assert read_client(tenant, "client-1").plan == before.plan
    assert told() == []
    assert carry_out(table, clock) is PlanResult.PUT_OFF
    clock.pass_by(2 * HOUR)
    assert carry_out(table, clock) is PlanResult.ARCHIVED


def test_a_refused_booking_leaves_the_plan(table: Table, tenant: Tenant, clock: Clock) -> None:
    before = store(table, client(plan=plan(), settings=PortalSettings(schedule_appointments=False)))
    assert not ask(table, clock, appointment())
    assert read_client(tenant, "client-1") == before


# Carrying out


def test_a5_a_plan_does_all_that_the_single_archive_does(table: Table, clock: Clock) -> None:
    store_group(table, group())
    charging = payment("charging", status=PaymentStatus.CHARGING)
    how = ArchiveOptions(
        reason=ArchiveReason.FINISHED, note=NOTE, group_id=GROUP_ID, notify_client=True, mute_email=True
    )
    by_plan = PlanTerms(trigger=Trigger.AFTER_LAST_APPOINTMENT, options=how)
    records: list[Record] = [charging, *one_of_each()[1:]]
    store(table, client("client-1", plan=plan(by_plan)), *records)
    store(table, client("client-2"), *records)
    by_hand = {"reason": "finished", "note": NOTE, "group_id": GROUP_ID, "notify_client": True, "mute_email": True}

    assert carry_out(table, clock) is PlanResult.ARCHIVED
    post("/clients/client-2/archive", by_hand)

    [receipt], [other] = (get(f"/clients/{one}/receipts").body["receipts"] for one in ("client-1", "client-2"))
    assert receipt.pop("archived_by") == {
        "source": "schedule",
        "actor_id": STAFF_ID,
        "run_id": None,
        "through": "schedule",
        "name": None,
    }
    own = {"archive_id", "archived_by"}
    assert {name: receipt[name] for name in receipt.keys() - own} == {name: other[name] for name in other.keys() - own}
    assert len(receipt["changes"]) == 5
    archived = get("/clients/client-1").body
    assert (archived["status"], archived["group_id"], archived["archive_plan"]) == ("archived", GROUP_ID, None)
    assert told() == [("client.archived", STAFF_ID)]
    assert due_ids(table, clock) == []


def test_a_plan_is_carried_out_once(table: Table, clock: Clock) -> None:
    store(table, client(plan=plan()), *one_of_each()[1:])
    assert carry_out(table, clock) is PlanResult.ARCHIVED
    written = dump(table)
    assert carry_out(table, clock) is PlanResult.NOTHING_DUE
    assert dump(table) == written


def test_a_client_that_came_back_is_not_archived_by_the_plan_it_had(table: Table, tenant: Tenant, clock: Clock) -> None:
    store(table, client(plan=plan()))
    carry_out(table, clock)
    post("/clients/client-1/activate", {})
    clock.pass_by(DAY)
    assert carry_out(table, clock) is PlanResult.NOTHING_DUE
    assert read_client(tenant, "client-1").status is Status.ACTIVE


def test_an_appointment_in_progress_is_waited_for_however_long_it_is(table: Table, clock: Clock) -> None:
    begun = appointment(starts_at=NOW - 23 * HOUR, duration_minutes=24 * 60)
    store(table, client(plan=plan()), begun)
    assert carry_out(table, clock) is PlanResult.PUT_OFF
    clock.pass_by(HOUR - MOMENT)
    assert due_ids(table, clock) == []
    clock.pass_by(MOMENT)
    assert due_ids(table, clock) == ["client-1"]
    assert carry_out(table, clock) is PlanResult.ARCHIVED


def test_a_plan_is_due_soon_after_its_last_appointment_is_cancelled(table: Table, tenant: Tenant, clock: Clock) -> None:
    ahead = appointment(starts_at=NOW + 90 * DAY)
    store(table, client(plan=plan()), ahead)
    assert carry_out(table, clock) is PlanResult.PUT_OFF
    store(table, read_client(tenant, "client-1"), replace(ahead, status=AppointmentStatus.CANCELLED))
    clock.pass_by(DAY)
    assert due_ids(table, clock) == ["client-1"]
    assert carry_out(table, clock) is PlanResult.ARCHIVED


def test_a_plan_waits_for_the_last_payment(table: Table, tenant: Tenant, clock: Clock) -> None:
    store(table, client(plan=plan(terms(Trigger.AFTER_LAST_PAYMENT))), payment(), appointment())
    assert carry_out(table, clock) is PlanResult.PUT_OFF
    clock.pass_by(DAY)
    store(table, read_client(tenant, "client-1"), payment(status=PaymentStatus.CHARGED))
    assert carry_out(table, clock) is PlanResult.ARCHIVED


RULES = SafetySettings(owes_money=Level.BLOCK, has_credits=Level.WARN)
HELD_BACK: list[tuple[str, dict[str, Any], PlanTerms, list[str]]] = [
    ("a rule forbids it", {"owed_cents": 1}, terms(acknowledged=(SafetyRule.OWES_MONEY,)), ["owes_money"]),
    ("a warning was not acknowledged", {"credit_cents": 1}, terms(), ["has_credits"]),
    ("the group is gone", {}, terms(options=ArchiveOptions(group_id="gone")), ["group_not_found"]),
]


@pytest.mark.parametrize(("_", "fields", "asked", "by"), HELD_BACK, ids=[row[0] for row in HELD_BACK])
def test_a5_a_plan_held_back_says_why_and_is_checked_again_a_day_later(
    table: Table, tenant: Tenant, clock: Clock, _: str, fields: dict[str, Any], asked: PlanTerms, by: list[str]
) -> None:
    store_settings(table, PROVIDER_ID, ProviderSettings(safety=RULES))
    store(table, client(plan=plan(asked), **fields))
    assert carry_out(table, clock) is PlanResult.HELD_BACK
    shown = get("/clients/client-1").body
    assert (shown["status"], shown["archive_plan"]["held_back_by"]) == ("active", by)
    assert told() == []
    assert carry_out(table, clock) is PlanResult.NOTHING_DUE
    clock.pass_by(DAY - MOMENT)
    assert due_ids(table, clock) == []
    clock.pass_by(MOMENT)
    assert carry_out(table, clock) is PlanResult.HELD_BACK

    clock.pass_by(DAY)
    store_group(table, group("gone"))
    store(table, replace(read_client(tenant, "client-1"), owed_cents=0, credit_cents=0))
    assert carry_out(table, clock) is PlanResult.ARCHIVED


def test_a_warning_that_was_acknowledged_beforehand_holds_nothing_back(table: Table, clock: Clock) -> None:
    store_settings(table, PROVIDER_ID, ProviderSettings(safety=RULES))
    store(table, client(credit_cents=1))
    put(PLAN, {"after_last_payment": True, "acknowledge": ["has_credits"]})
    assert carry_out(table, clock) is PlanResult.ARCHIVED


def test_a_plan_that_waits_again_is_no_longer_held_back(table: Table, clock: Clock) -> None:
    store(table, client(plan=plan(held_back_by=(SafetyRule.OWES_MONEY,))), appointment())
    assert carry_out(table, clock) is PlanResult.PUT_OFF
    assert get("/clients/client-1").body["archive_plan"]["held_back_by"] == []
