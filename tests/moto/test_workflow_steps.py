"""The workflow's handlers: mark, the three effects, settle, finish."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from client_lifecycle.domain.errors import RunNotFound, StorageBusy
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.records import PaymentStatus
from client_lifecycle.domain.runs import Run
from client_lifecycle.domain.settings import Level, ProviderSettings, SafetySettings
from client_lifecycle.storage import runs, settlements
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from tests.moto.conftest import Clock, Executions, Log
from tests.moto.workflow import EFFECTS, Workflow, confirmed
from tests.support.builders import (
    DAY,
    HOUR,
    MOMENT,
    NOW,
    OTHER_PROVIDER_ID,
    PROVIDER_ID,
    STAFF_ID,
    appointment,
    client,
    group,
    one_of_each,
    payment,
    reminder,
    stamp,
)
from tests.support.calls import get, post
from tests.support.store import Dump, dump, statuses, store, store_group, store_settings

EVERYONE = ["c-1", "c-2", "c-3"]


@pytest.fixture(autouse=True)
def practice(table: Table, executions: Executions) -> Table:
    """Three active clients with one record of every kind, and one client who is archived already."""
    for client_id in EVERYONE:
        store(table, client(client_id), *one_of_each())
    store(table, client("c-archived", stamp=stamp()))
    return table


def of_client(found: Dump, client_id: str) -> Dump:
    return {key: item for key, item in found.items() if key[0].endswith(f"#{client_id}")}


def receipt_of(client_id: str) -> Any:
    """The receipt of the archive that a client is under, as staff read it."""
    archive_id = get(f"/clients/{client_id}").body["archive_id"]
    [receipt] = [
        one for one in get(f"/clients/{client_id}/receipts").body["receipts"] if one["archive_id"] == archive_id
    ]
    return receipt


# The whole of it


def test_a5_a_bulk_archive_does_to_each_client_what_a_single_one_does(table: Table, clock: Clock) -> None:
    workflow = confirmed("c-1", "c-2")
    assert workflow.whole("c-1", "c-2") == "completed"
    post("/clients/c-3/archive", {})
    assert statuses(table, "c-1").items() >= {
        ("CLIENT", "archived"),
        ("APPOINTMENT#appt-1", "cancelled"),
        ("PAYMENT#pay-1", "cancelled"),
        ("RECIPIENT#blast-1", "withdrawn"),
        ("REMINDER#reminder-1", "suppressed"),
    }
    found = dump(table)

    def records(client_id: str) -> dict[str, Any]:
        kinds = ("APPOINTMENT", "PAYMENT", "MEMBERSHIP", "RECIPIENT", "FEED_ENTRY", "REMINDER")
        mine = of_client(found, client_id).items()
        return {sk: {**item, "pk": "", "ended_by": ""} for (_, sk), item in mine if sk.split("#")[0] in kinds}

    for (_, sk), item in of_client(found, "c-1").items():
        assert item.get("ended_by", receipt_of("c-1")["archive_id"]) == receipt_of("c-1")["archive_id"], sk
    assert len(records("c-1")) == 6
    assert records("c-1") == records("c-2") == records("c-3")


def test_a5_the_receipt_of_a_bulk_archive_lists_what_the_single_one_s_does(table: Table) -> None:
    confirmed("c-1").whole("c-1")
    single = post("/clients/c-2/archive", {}).body["receipt"]
    bulk = receipt_of("c-1")

    def by_kind(receipt: Any) -> Any:
        return sorted(receipt["changes"], key=lambda change: str(change["kind"]))

    assert by_kind(bulk) == by_kind(single)
    assert bulk["state"] == single["state"] == "settled"
    assert bulk["left_alone"] == single["left_alone"]


def test_the_receipt_names_the_run_and_who_confirmed_it(table: Table) -> None:
    workflow = confirmed("c-1")
    workflow.whole("c-1")
    cause = {"source": "bulk_archive", "actor_id": STAFF_ID, "run_id": workflow.run_id, "through": "api", "name": None}
    assert receipt_of("c-1")["archived_by"] == cause
    assert get("/clients/c-1").body["archived_by"] == cause


def test_everyone_has_an_outcome_and_the_run_a_verdict() -> None:
    workflow = confirmed(*EVERYONE, "c-archived")
    assert workflow.whole(*EVERYONE, "c-archived") == "completed"
    assert workflow.counts == {"archived": 3, "already_archived": 1}
    assert workflow.outcomes == {
        **dict.fromkeys(EVERYONE, ("archived", None)),
        "c-archived": ("already_archived", None),
    }
    run = get(f"/bulk-archives/{workflow.run_id}").body
    assert (run["state"], run["percent_done"], run["finished_at"]) == ("completed", 100, "2026-03-02T09:30:00Z")


def test_a_client_that_is_archived_already_is_not_touched(table: Table) -> None:
    before = of_client(dump(table), "c-archived")
    confirmed("c-archived").whole("c-archived")
    assert of_client(dump(table), "c-archived") == before


def test_a_client_with_more_records_than_a_transaction_is_archived_in_full(table: Table) -> None:
    store(table, client("c-large"), *(reminder(f"reminder-{number:03d}") for number in range(99)))
    workflow = confirmed("c-large")
    assert workflow.whole("c-large") == "completed"
    receipt = receipt_of("c-large")
    assert (len(receipt["changes"]), receipt["state"]) == (99, "settled")


def test_a_client_without_records_is_archived_with_an_empty_receipt(table: Table) -> None:
    store(table, client("c-new"))
    confirmed("c-new").whole("c-new")
    receipt = receipt_of("c-new")
    assert (receipt["changes"], receipt["state"]) == ([], "settled")


def test_e7_a_charging_payment_is_reported_once_by_a_repeated_step(table: Table) -> None:
    store(table, client("c-paying"), payment("pay-9", status=PaymentStatus.CHARGING))
    confirmed("c-paying", deliveries=3).whole("c-paying")
    [left] = receipt_of("c-paying")["left_alone"]
    assert (left["record_id"], left["reason"]) == ("pay-9", "already_charging")


def test_two_batches_add_up() -> None:
    workflow = confirmed(*EVERYONE)
    workflow.settle(workflow.effects(workflow.mark(workflow.batch("c-1", "c-2"))))
    assert workflow.counts == {"archived": 2, "pending": 1}
    workflow.settle(workflow.effects(workflow.mark(workflow.batch("c-3", first=2))))
    assert workflow.counts == {"archived": 3}
    assert workflow.finish() == "completed"


# Delivered twice


def test_delivering_every_step_twice_changes_nothing() -> None:
    workflow = confirmed(*EVERYONE, "c-archived", deliveries=2)
    assert workflow.whole(*EVERYONE, "c-archived") == "completed"
    assert workflow.counts == {"archived": 3, "already_archived": 1}


@pytest.mark.parametrize("step", ["mark", *EFFECTS, "settle", "finish"])
def test_a_second_delivery_writes_nothing(table: Table, step: str, clock: Clock) -> None:
    workflow = confirmed(*EVERYONE)
    state = workflow.mark(workflow.batch(*EVERYONE))
    if step != "mark":
        state = workflow.effects(state)
    if step in ("settle", "finish"):
        workflow.settle(state)
    if step == "finish":
        workflow.finish()
    before = dump(table)
    clock.pass_by(MOMENT)
    match step:
        case "mark":
            first = state["first"]
            again = {**first, "marked": [{**one, "work_for": None, "records": None} for one in first["marked"]]}
            assert workflow.mark(state)["first"] == again, "all three effects are to look"
        case "settle":
            workflow.settle(state)
        case "finish":
            workflow.finish()
        case effect:
            assert workflow.effect(effect, state) == {"failures": []}
    assert dump(table) == before


def test_a_whole_batch_delivered_again_after_the_end_moves_no_count(clock: Clock) -> None:
    workflow = confirmed(*EVERYONE)
    workflow.whole(*EVERYONE)
    clock.pass_by(HOUR)
    assert workflow.whole(*EVERYONE) == "completed"
    assert workflow.counts == {"archived": 3}
    assert get(f"/bulk-archives/{workflow.run_id}").body["finished_at"] == "2026-03-02T09:30:00Z"


# A client that comes back in the middle


@pytest.mark.parametrize("done", range(4))
def test_a_client_activated_in_the_middle_is_superseded_and_left_as_it_is(
    table: Table, done: int, clock: Clock
) -> None:
    workflow = confirmed("c-1", "c-2")
    state = workflow.mark(workflow.batch("c-1", "c-2"))
    results = [workflow.effect(name, state) for name in EFFECTS[:done]]
    clock.pass_by(MOMENT)
    post("/clients/c-1/activate", {})
    activated = of_client(dump(table), "c-1")

    results += [workflow.effect(name, state) for name in EFFECTS[done:]]
    workflow.settle({**state, "effects": results})

    assert workflow.finish() == "completed"
    assert workflow.outcomes == {"c-1": ("superseded", None), "c-2": ("archived", None)}
    assert of_client(dump(table), "c-1") == activated


def test_a_second_delivery_does_not_archive_a_client_that_came_back(tenant: Tenant, clock: Clock) -> None:
    workflow = confirmed("c-1")
    workflow.mark(workflow.batch("c-1"))
    clock.pass_by(MOMENT)
    post("/clients/c-1/activate", {})
    assert workflow.whole("c-1") == "completed"
    assert workflow.outcomes == {"c-1": ("superseded", None)}
    assert read_client(tenant, "c-1").stamp is None


def test_a_mark_that_comes_after_the_outcome_archives_nobody(table: Table) -> None:
    workflow = confirmed("c-1")
    batch = workflow.batch("c-1")
    workflow.settle({**batch, "first_error": {"Error": "StorageBusy", "Cause": "..."}})
    before = dump(table)
    assert workflow.mark(batch)["first"] == {"marked": [], "outcomes": []}
    assert dump(table) == before


def test_a_client_archived_again_by_staff_keeps_the_newer_archive(table: Table, clock: Clock) -> None:
    workflow = confirmed("c-1")
    state = workflow.mark(workflow.batch("c-1"))
    clock.pass_by(MOMENT)
    post("/clients/c-1/activate", {})
    clock.pass_by(HOUR)
    by_hand = post("/clients/c-1/archive", {}).body["receipt"]
    workflow.settle(workflow.effects(state))
    assert workflow.outcomes == {"c-1": ("superseded", None)}
    assert receipt_of("c-1") == by_hand


# A client that fails


def spoil(table: Table, client_id: str) -> None:
    """Leave a live record with the client that no code of ours can read."""
    key = {"pk": f"CLIENT#{PROVIDER_ID}#{client_id}", "sk": "APPOINTMENT#appt-1"}
    spoiled = table.get(key)
    assert spoiled is not None
    table.put_many([spoiled | {"status": "postponed"}])


def test_a_failing_client_is_failed_with_a_reason_and_others_are_archived(table: Table) -> None:
    workflow = confirmed(*EVERYONE)
    spoil(table, "c-2")
    assert workflow.whole(*EVERYONE) == "completed_with_failures"
    assert workflow.outcomes == {
        "c-1": ("archived", None),
        "c-2": ("failed", "UnreadableRecord"),
        "c-3": ("archived", None),
    }
    [failed] = get(f"/bulk-archives/{workflow.run_id}/clients?outcome=failed").body["clients"]
    named = {"kind": "appointment", "id": "appt-1", "fields": ["status"], "client_id": "c-2"}
    assert failed["unreadable"] == [named]
    assert workflow.counts == {"archived": 2, "failed": 1}
    assert get(f"/bulk-archives/{workflow.run_id}").body["state"] == "completed_with_failures"


def test_a_client_that_cannot_be_read_fails_alone(table: Table) -> None:
    workflow = confirmed(*EVERYONE)
    key = {"pk": f"CLIENT#{PROVIDER_ID}#c-2", "sk": "CLIENT"}
    readable = table.get(key)
    assert readable is not None
    table.put_many([readable | {"added_at": "long ago"}])
    assert workflow.whole(*EVERYONE) == "completed_with_failures"
    table.put_many([readable])
    assert workflow.outcomes["c-2"] == ("failed", "UnreadableRecord")
    assert workflow.counts == {"archived": 2, "failed": 1}


@pytest.mark.parametrize("effect", EFFECTS)
def test_one_effect_that_fails_is_enough_and_the_other_two_are_carried_out(
    table: Table, effect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = confirmed("c-1")
    state = workflow.mark(workflow.batch("c-1"))
    results = []
    for name in EFFECTS:
        with monkeypatch.context() as patch:
            if name == effect:
                patch.setattr("client_lifecycle.storage.archives.effects_writes", broken)
            results.append(workflow.effect(name, state))
    workflow.settle({**state, "effects": results})
    assert workflow.outcomes == {"c-1": ("failed", "InternalError")}
    assert len(receipt_of("c-1")["changes"]) == 4


def broken(*_: object, **__: object) -> None:
    raise RuntimeError("no such luck")


def test_a_client_that_fails_to_be_marked_stays_as_it_is(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = confirmed(*EVERYONE)
    before = of_client(dump(table), "c-2")

    def fail_for_one(tenant: Tenant, run: Run, member: Member, *more: Any) -> Any:
        if member.client_id == "c-2":
            broken()
        return mark_write(tenant, run, member, *more)

    mark_write = settlements.mark_write
    monkeypatch.setattr(settlements, "mark_write", fail_for_one)
    assert workflow.whole(*EVERYONE) == "completed_with_failures"
    assert workflow.outcomes["c-2"] == ("failed", "InternalError")
    assert workflow.counts == {"archived": 2, "failed": 1}
    assert of_client(dump(table), "c-2") == before


def test_a_busy_table_stops_a_mark_so_that_it_is_delivered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = confirmed("c-1")
    monkeypatch.setattr("client_lifecycle.use_cases.bulk.steps.read_live", busy)
    with pytest.raises(StorageBusy):
        workflow.mark(workflow.batch("c-1"))


@pytest.mark.parametrize("effect", EFFECTS)
def test_a_busy_table_stops_an_effect_so_that_it_is_delivered_again(
    monkeypatch: pytest.MonkeyPatch, effect: str
) -> None:
    workflow = confirmed("c-1")
    state = workflow.mark(workflow.batch("c-1"))
    monkeypatch.setattr("client_lifecycle.use_cases.bulk.together.read_named", busy)
    with pytest.raises(StorageBusy):
        workflow.effect(effect, state)


def busy(*_: object, **__: object) -> None:
    raise StorageBusy("The records are busy at the moment. Please try again.")


def test_an_effect_that_failed_for_good_fails_the_clients_of_its_batch() -> None:
    workflow = confirmed(*EVERYONE, "c-archived")
    state = workflow.mark(workflow.batch(*EVERYONE, "c-archived"))
    workflow.settle({**state, "effects": [{"failures": []}, {"error": "StorageBusy"}, {"failures": []}]})
    assert workflow.outcomes == {
        **dict.fromkeys(EVERYONE, ("failed", "StorageBusy")),
        "c-archived": ("already_archived", None),
    }
    assert workflow.finish() == "completed_with_failures"


def test_a_mark_that_failed_for_good_fails_every_client_of_the_batch(table: Table) -> None:
    workflow = confirmed(*EVERYONE)
    before = {client_id: of_client(dump(table), client_id) for client_id in EVERYONE}
    fault = {"Error": "StorageBusy", "Cause": '{"errorMessage": "The records are busy"}'}
    workflow.settle({**workflow.batch(*EVERYONE), "first_error": fault})
    assert workflow.outcomes == dict.fromkeys(EVERYONE, ("failed", "StorageBusy"))
    assert {client_id: of_client(dump(table), client_id) for client_id in EVERYONE} == before


def test_the_receipt_of_a_failed_client_stays_open(table: Table) -> None:
    workflow = confirmed("c-1")
    state = workflow.mark(workflow.batch("c-1"))
    workflow.settle({**state, "effects": [{"error": "States.Timeout"}]})
    assert receipt_of("c-1")["state"] == "settling"


# Finish


def test_clients_of_a_lost_batch_are_failed_so_that_all_have_an_outcome() -> None:
    workflow = confirmed(*EVERYONE)
    workflow.settle(workflow.effects(workflow.mark(workflow.batch("c-1"))))
    assert workflow.finish() == "completed_with_failures"
    assert workflow.outcomes == {
        "c-1": ("archived", None),
        "c-2": ("not_reached", None),
        "c-3": ("not_reached", None),
    }
    assert workflow.counts == {"archived": 1, "not_reached": 2}


def test_more_lost_clients_than_one_transaction_takes_are_accounted_for(table: Table) -> None:
    everyone = [f"c-many-{number}" for number in range(70)]
    for client_id in everyone:
        store(table, client(client_id))
    workflow = confirmed(*everyone)
    assert workflow.finish() == "completed_with_failures"
    assert workflow.counts == {"not_reached": 70}


def test_a_batch_settled_after_the_end_changes_no_verdict() -> None:
    workflow = confirmed("c-1")
    state = workflow.effects(workflow.mark(workflow.batch("c-1")))
    workflow.finish()
    workflow.settle(state)
    assert workflow.outcomes == {"c-1": ("failed", "BatchNotSettled")}
    assert workflow.finish() == "completed_with_failures"


def test_a_run_that_is_not_there_cannot_be_finished() -> None:
    with pytest.raises(RunNotFound):
        Workflow("01K404").finish()


def test_a_batch_of_a_run_that_is_not_there_cannot_be_settled() -> None:
    lost = Workflow("01K404")
    with pytest.raises(RunNotFound):
        lost.settle({**lost.batch("c-1"), "first_error": {"Error": "StorageBusy"}})


# What the steps take and give


def test_the_state_holds_ids_and_reasons_only() -> None:
    workflow = confirmed(*EVERYONE, "c-archived")
    state = workflow.effects(workflow.mark(workflow.batch(*EVERYONE, "c-archived")))
    assert state["first"].keys() == {"marked", "outcomes"}
    names = {"client_id", "position", "archive_id", "work_for", "records"}
    assert all(marked.keys() == names and marked["work_for"] == list(EFFECTS) for marked in state["first"]["marked"])
    assert state["first"]["outcomes"] == [
        {"client_id": "c-archived", "outcome": "already_archived", "reason": None, "rules": [], "unreadable": []}
    ]
    assert state["effects"] == [{"failures": []}] * 3


def test_a_step_ignores_what_it_does_not_need() -> None:
    workflow = confirmed("c-1")
    assert workflow.mark({**workflow.batch("c-1"), "added_later": True})["first"]["marked"]


def test_the_same_client_id_of_another_provider_is_never_touched(table: Table) -> None:
    store(table, client("c-1", provider_id=OTHER_PROVIDER_ID), *one_of_each())
    theirs = {key: item for key, item in dump(table).items() if OTHER_PROVIDER_ID in key[0]}
    confirmed("c-1").whole("c-1")
    assert {key: item for key, item in dump(table).items() if OTHER_PROVIDER_ID in key[0]} == theirs


def test_each_settled_client_is_logged_with_its_run_and_outcome(log: Log) -> None:
    workflow = confirmed("c-1")
    workflow.whole("c-1")
    [line] = [line for line in log.lines if line["message"] == "client settled"]
    assert (line["run_id"], line["client_id"], line["outcome"]) == (workflow.run_id, "c-1", "archived")


def test_an_outcome_given_while_the_run_closes_counts_for_its_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workflow, list_members = confirmed("c-1"), runs.list_members

    def settled_before(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(runs, "list_members", list_members)
        workflow.settle({**workflow.batch("c-1"), "first_error": {"Error": "StorageBusy"}})
        return list_members(*arguments, **options)

    monkeypatch.setattr(runs, "list_members", settled_before)
    assert workflow.finish() == "completed_with_failures"


# The provider's rules and what is said once for all


def test_a5_a_client_that_a_rule_blocks_is_held_back_and_says_so(table: Table) -> None:
    store_settings(table, PROVIDER_ID, ProviderSettings(safety=SafetySettings(owes_money=Level.BLOCK)))
    store(table, client("c-debtor", owed_cents=1), *one_of_each())
    workflow = confirmed("c-1", "c-debtor")
    before = of_client(dump(table), "c-debtor")
    [shown, _] = get(f"/bulk-archives/{workflow.run_id}/clients").body["clients"]
    assert shown["client_id"] == "c-debtor"
    assert shown["blocks"] == ["owes_money"]
    assert workflow.whole("c-debtor", "c-1") == "completed"
    assert workflow.outcomes == {"c-1": ("archived", None), "c-debtor": ("blocked", None)}
    assert of_client(dump(table), "c-debtor") == before


def test_a5_a_debt_made_after_the_preview_blocks_too(table: Table) -> None:
    store_settings(table, PROVIDER_ID, ProviderSettings(safety=SafetySettings(owes_money=Level.BLOCK)))
    workflow = confirmed("c-1", accept_changes=True)
    edited(table, "c-1", owed_cents=1)
    workflow.whole("c-1")
    assert workflow.outcomes == {"c-1": ("blocked", None)}


def test_a5_an_appointment_that_is_soon_by_the_run_s_turn_blocks_too(table: Table, clock: Clock) -> None:
    store_settings(table, PROVIDER_ID, ProviderSettings(safety=SafetySettings(appointment_soon=Level.BLOCK)))
    store(table, client("c-later"), appointment("a-later", starts_at=NOW + 9 * DAY))
    workflow = confirmed("c-later")
    [shown] = get(f"/bulk-archives/{workflow.run_id}/clients").body["clients"]
    assert shown["blocks"] == []
    clock.pass_by(3 * DAY)
    workflow.whole("c-later")
    assert workflow.outcomes == {"c-later": ("blocked", None)}


def test_a_warning_is_shown_and_confirming_acknowledges_it(table: Table) -> None:
    store_settings(table, PROVIDER_ID, ProviderSettings(safety=SafetySettings(appointment_soon=Level.WARN)))
    workflow = confirmed("c-1")
    [shown] = get(f"/bulk-archives/{workflow.run_id}/clients").body["clients"]
    assert (shown["warnings"], shown["blocks"]) == (["appointment_soon"], [])
    workflow.whole("c-1")
    assert workflow.outcomes == {"c-1": ("archived", None)}


def test_e9_e10_p11_options_of_a_run_apply_to_each_client_and_its_receipt(table: Table, tenant: Tenant) -> None:
    store_group(table, group("group-former"))
    said = {"reason": "finished", "note": "Ended in spring.", "group_id": "group-former", "mute_email": True}
    shown = post("/bulk-archives", {"client_ids": ["c-1", "c-2"], "options": {**said, "notify_client": True}}).body
    post(f"/bulk-archives/{shown['run_id']}/confirm", {"token": shown["token"]})
    Workflow(shown["run_id"]).whole("c-1", "c-2")
    for client_id in ("c-1", "c-2"):
        stored = read_client(tenant, client_id)
        assert (stored.group_id, stored.settings.email_notifications) == ("group-former", False)
        receipt = post(f"/clients/{client_id}/archive").body["receipt"]
        assert (receipt["reason"], receipt["note"], receipt["notify_client"]) == ("finished", "Ended in spring.", True)


# Clients that are no longer as the preview showed them


def edited(table: Table, client_id: str, **fields: Any) -> None:
    """Change a client as another writer does: at its next revision."""
    now = read_client(Tenant(table, PROVIDER_ID), client_id)
    store(table, replace(now, revision=now.revision + 1, **fields))


CHANGES: dict[str, dict[str, Any]] = {
    "a new debt": {"owed_cents": 1},
    "spent credits": {"credit_cents": 1},
    "another group": {"group_id": "group-other"},
    "archived by someone else": {"stamp": stamp("01KSOMEONE")},
}


@pytest.mark.parametrize("fields", CHANGES.values(), ids=CHANGES.keys())
def test_a_client_that_has_changed_since_the_preview_is_left_alone(table: Table, fields: dict[str, Any]) -> None:
    workflow = confirmed("c-1", "c-2")
    edited(table, "c-1", **fields)
    before = of_client(dump(table), "c-1")
    assert workflow.whole("c-1", "c-2") == "completed"
    assert workflow.outcomes == {"c-1": ("changed_since_preview", None), "c-2": ("archived", None)}
    assert of_client(dump(table), "c-1") == before


def test_an_appointment_booked_since_the_preview_is_a_change(table: Table, tenant: Tenant) -> None:
    workflow = confirmed("c-1")
    edited(table, "c-1")
    store(table, read_client(tenant, "c-1"), appointment("booked-since"))
    workflow.whole("c-1")
    assert workflow.outcomes == {"c-1": ("changed_since_preview", None)}


def test_a_change_of_what_the_preview_does_not_show_is_none(table: Table) -> None:
    workflow = confirmed("c-1")
    edited(table, "c-1", name="Wren Quill")
    workflow.whole("c-1")
    assert workflow.outcomes == {"c-1": ("archived", None)}


def test_an_appointment_that_began_since_the_preview_is_no_change(table: Table, clock: Clock) -> None:
    store(table, client("c-soon"), appointment("soon", starts_at=NOW + HOUR / 2))
    workflow = confirmed("c-soon")
    edited(table, "c-soon")
    clock.pass_by(HOUR)
    workflow.whole("c-soon")
    assert workflow.outcomes == {"c-soon": ("archived", None)}


@pytest.mark.parametrize("what", ["a new debt", "another group"])
def test_changes_that_are_accepted_beforehand_hold_nobody_back(table: Table, what: str) -> None:
    workflow = confirmed("c-1", accept_changes=True)
    edited(table, "c-1", **CHANGES[what])
    workflow.whole("c-1")
    assert workflow.outcomes == {"c-1": ("archived", None)}
