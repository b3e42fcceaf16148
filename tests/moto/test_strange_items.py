"""Items that should not be there, and records that are gone: a reader that meets one skips it and names it."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.edge import wiring
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.event_bus import EventBus
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from tests.moto.conftest import Executions
from tests.moto.test_publish_events import Bus
from tests.moto.workflow import Workflow, confirmed
from tests.support.builders import (
    ARCHIVE_ID,
    DAY,
    GROUP_ID,
    HOUR,
    NOW,
    PROVIDER_ID,
    appointment,
    client,
    group,
    one_of_each,
    payment,
    stamp,
)
from tests.support.calls import get, invoke, patch, post
from tests.support.recorded import delivered
from tests.support.store import dump, store, store_group

RESTORE = {"restore": ["appointments", "payments", "chats", "reminders", "feed"]}


@pytest.fixture(autouse=True)
def practice(table: Table, executions: Executions) -> Table:
    return table


def gone(table: Table, client_id: str, sk: str) -> None:
    """Delete a record, as no system should."""
    table.client.delete_item(
        TableName=table.name, Key={"pk": {"S": f"CLIENT#{PROVIDER_ID}#{client_id}"}, "sk": {"S": sk}}
    )


def test_a_record_that_is_gone_is_not_restored_and_all_others_are(practice: Table) -> None:
    store(practice, client(), appointment("appt-1"), appointment("appt-2"), payment())
    post("/clients/client-1/archive", {})
    gone(practice, "client-1", "APPOINTMENT#appt-1")
    answer = post("/clients/client-1/activate", RESTORE)
    assert answer.status == 200
    outcomes = {item["record_id"]: item["outcome"] for item in answer.body["restored"]}
    assert outcomes == {"appt-1": "record_removed", "appt-2": "restored", "pay-1": "restored"}


def test_an_undo_names_a_record_that_is_gone(practice: Table) -> None:
    store(practice, client(), *one_of_each())
    workflow = confirmed("client-1")
    workflow.whole("client-1")
    gone(practice, "client-1", "PAYMENT#pay-1")
    undo = Workflow(post(f"/bulk-archives/{workflow.run_id}/undo").body["run_id"], kind="undo")
    assert undo.whole("client-1") == "completed_in_part"
    [member] = get(f"/bulk-archives/{undo.run_id}/clients").body["clients"]
    label = {"at": "2026-03-03T09:30:00Z", "title": None, "amount": {"currency": "USD", "cents": 7500}}
    missing = {"kind": "payment", "record_id": "pay-1", "outcome": "record_removed", "label": label}
    assert member["not_restored"] == [missing]


@pytest.mark.parametrize("clients", [0, 10_001, 10**20])
def test_a_run_of_nobody_or_of_too_many_is_named_in_the_list(practice: Table, clients: int) -> None:
    store(practice, client())
    good, bad = (post("/bulk-archives", {"client_ids": ["client-1"]}).body["run_id"] for _ in range(2))
    spoil_run(practice, bad, clients)
    listed = get("/bulk-archives").body
    assert [run["run_id"] for run in listed["runs"]] == [good]
    assert [(one["id"], one["fields"]) for one in listed["unreadable"]] == [(bad, ["totals.clients"])]
    assert get(f"/bulk-archives/{bad}/clients").problem == "UnreadableRecord"


def spoil_run(table: Table, run_id: str, clients: int) -> None:
    plain = table.get(Keys(PROVIDER_ID).run(run_id)) or {}
    table.put_many([{**plain, "totals": {**plain["totals"], "clients": clients}}])


@pytest.mark.parametrize("pk", ["X", "X#1#2#3", f"GROUP#{PROVIDER_ID}#c"])
def test_an_appointment_of_nobody_harms_no_preview_and_takes_no_slot(practice: Table, pk: str) -> None:
    many = [f"client-{number}" for number in range(201)]
    for client_id in many:
        store(practice, client(client_id))
    store(practice, client("client-0"), appointment("appt-1", starts_at=NOW + 2 * DAY))
    post("/clients/client-0/archive", {})
    practice.put_many([nobody_s(pk)])
    [item] = post("/clients/client-0/activate", RESTORE).body["restored"]
    assert item["outcome"] == "restored"
    preview = post("/bulk-archives", {"client_ids": many})
    assert preview.status == 201
    assert [one["fields"] for one in preview.body["unreadable"]] == [["pk", "sk"]]


def nobody_s(pk: str) -> Plain:
    """Return an appointment in the calendar that belongs to no client."""
    starts_at = NOW + 2 * DAY
    return {
        "pk": pk,
        "sk": "APPOINTMENT#stray",
        "kind": "appointment",
        "record_id": "stray",
        "starts_at": starts_at.isoformat(),
        "duration_minutes": 45,
        "status": "booked",
        "booked_at": (NOW + HOUR).isoformat(),
        "commitment_key": f"{PROVIDER_ID}#APPOINTMENT",
        "live_key": f"{keys.sortable(starts_at)}#APPOINTMENT#stray",
    }


def test_a_run_s_place_in_the_list_that_is_no_id_does_not_end_the_list(practice: Table) -> None:
    store(practice, client())
    good = post("/bulk-archives", {"client_ids": ["client-1"]}).body["run_id"]
    practice.put_many([{"pk": f"PROVIDER#{PROVIDER_ID}", "sk": f"RUN#{place}"} for place in ("zz", "zz#b", "0")])
    assert sorted(listed("/bulk-archives?limit=1", "runs", "run_id")) == [good]


def listed(address: str, entries: str, name: str) -> list[Any]:
    """Read a list to its end, and return the ids in it."""
    found: list[Any] = []
    cursor = ""
    for _ in range(10):
        answer = get(f"{address}{cursor}")
        assert answer.status == 200
        found += [one[name] for one in answer.body[entries]]
        if answer.body["next_cursor"] is None:
            return found
        cursor = f"&cursor={answer.body['next_cursor']}"
    raise AssertionError("the list has no end")


@pytest.mark.parametrize("outcome", ["", "&outcome=pending"])
def test_what_lies_among_the_members_of_a_run_does_not_end_their_list(practice: Table, outcome: str) -> None:
    run_id = with_stray_member(practice)
    address = f"/bulk-archives/{run_id}/clients?limit=1{outcome}"
    assert listed(address, "clients", "client_id") == ["client-1", "client-2"]
    stray = get(f"/bulk-archives/{run_id}/clients?limit=3{outcome}")
    assert [one["kind"] for one in stray.body["unreadable"]] == ["item"]


def test_what_lies_among_the_members_of_a_run_does_not_keep_it_from_ending(practice: Table) -> None:
    workflow = Workflow(with_stray_member(practice))
    assert workflow.whole("client-1", "client-2") == "completed"


def with_stray_member(table: Table) -> str:
    """Confirm a run of two clients, and put something among its members that is none."""
    for client_id in ("client-1", "client-2"):
        store(table, client(client_id))
    workflow = confirmed("client-1", "client-2")
    stray = {"pk": f"RUN#{PROVIDER_ID}#{workflow.run_id}#0", "sk": "MEMBER#x", "outcome_key": "pending#x"}
    table.put_many([stray])
    return workflow.run_id


# What other systems write in their own way


def write_null(table: Table, partition: str, sk: str, *names: str) -> None:
    """Store null in attributes of an item, as many systems do for what has no value."""
    for name in names:
        table.client.update_item(
            TableName=table.name,
            Key={"pk": {"S": partition}, "sk": {"S": sk}},
            UpdateExpression="SET #name = :null",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":null": {"NULL": True}},
        )


def test_null_counts_as_absent_when_a_client_is_archived_and_restored(practice: Table) -> None:
    store(practice, client(), *one_of_each())
    partition = Keys(PROVIDER_ID).client_partition("client-1")
    write_null(practice, partition, "CLIENT", "archive_id", "stamp", "plan", "last_return")
    write_null(practice, partition, "APPOINTMENT#appt-1", "cancelled_by", "cancelled_at", "calendar_id")
    write_null(practice, partition, "MEMBERSHIP#chat-1", "left_at")
    write_null(practice, partition, "FEED_ENTRY#feed-1", "hidden_at")
    archived = post("/clients/client-1/archive", {})
    assert (archived.status, len(archived.body["receipt"]["changes"])) == (200, 6)
    restored = post("/clients/client-1/activate", RESTORE).body["restored"]
    assert {item["outcome"] for item in restored} == {"restored"}


def test_null_counts_as_absent_in_settings_and_runs(practice: Table) -> None:
    store(practice, client())
    patch("/settings", {"undo_window_days": 10})
    write_null(practice, Keys(PROVIDER_ID).partition(), "SETTINGS", "tidy_up")
    assert patch("/settings", {"undo_window_days": 20}).status == 200
    run = post("/bulk-archives", {"client_ids": ["client-1"]}).body
    partition = Keys(PROVIDER_ID).run_partition(run["run_id"])
    write_null(practice, partition, "RUN", "undone_by", "started_at")
    write_null(practice, f"{partition}#0", "MEMBER#00000", "archive_id", "reason")
    assert post(f"/bulk-archives/{run['run_id']}/confirm", {"token": run["token"]}).status == 202
    assert Workflow(run["run_id"]).whole("client-1") == "completed"


def test_a_group_with_unknown_switches_can_be_changed(practice: Table) -> None:
    store_group(practice, group())
    [item] = dump(practice).values()
    practice.put_many([{**item, "settings": {"chat": None, "video": True}}])
    answer = patch(f"/groups/{GROUP_ID}", {"name": "Sleep Well"})
    assert (answer.status, answer.body["name"]) == (200, "Sleep Well")


@pytest.mark.parametrize(
    ("is_archived", "archive_id"), [(True, "another"), (True, None), (False, ARCHIVE_ID), (True, {}), (False, "")]
)
def test_a_client_whose_stamp_is_not_the_one_that_writes_ask_for_is_named(
    practice: Table, is_archived: bool, archive_id: Any
) -> None:
    stored = store(practice, client(stamp=stamp() if is_archived else None))
    item = practice.get(Keys(PROVIDER_ID).client(stored.client_id)) or {}
    practice.put_many([{**item, "archive_id": archive_id}])
    answer = patch("/clients/client-1", {"name": "Robin"})
    assert answer.problem == "UnreadableRecord"
    assert answer.body["unreadable"] == [{"kind": "client", "id": "client-1", "fields": ["archive_id"]}]


def test_an_event_is_published_whatever_others_have_added_to_its_item(
    practice: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus: Any = Bus()
    monkeypatch.setattr(wiring, "event_bus", lambda: EventBus(bus, "client-archive"))
    monkeypatch.setattr(wiring, "dead_letters", lambda: None)
    store(practice, client())
    run_id = post("/bulk-archives", {"client_ids": ["client-1"]}).body["run_id"]
    write = delivered(practice.get(Keys(PROVIDER_ID).run(run_id)) or {}, 1)
    write["dynamodb"]["NewImage"] |= {"picture": {"B": "AP8="}, "pictures": {"BS": ["AP8=", "/w=="]}}
    assert invoke("publish_events.handler.lambda_handler", {"Records": [write]})["batchItemFailures"] == []
    assert bus.taken == [f"{run_id}:bulk_archive.previewed:1"]


# What is skipped is named, and turns nothing on


def test_an_undo_names_the_members_that_it_cannot_read(practice: Table) -> None:
    for client_id in ("client-1", "client-2"):
        store(practice, client(client_id))
    workflow = confirmed("client-1", "client-2")
    workflow.whole("client-1", "client-2")
    key = Keys(PROVIDER_ID).member(workflow.run_id, 1)
    practice.put_many([{**(practice.get(key) or {}), "facts": "none"}])
    undo = post(f"/bulk-archives/{workflow.run_id}/undo").body
    named = {"kind": "member", "id": f"{workflow.run_id}#1", "fields": ["facts"], "client_id": None}
    assert undo["unreadable"] == [named]
    assert get(f"/bulk-archives/{undo['run_id']}").body["unreadable"] == [named]
    assert undo["totals"]["clients"] == 1


def test_p6_a_bad_switch_does_not_turn_on_what_another_turns_off(practice: Table) -> None:
    store(practice, client(stamp=stamp()))
    patch("/settings", {"portal": {"schedule_appointments": False}})
    stored = practice.get(Keys(PROVIDER_ID).settings()) or {}
    practice.put_many([{**stored, "portal": {**stored["portal"], "chat": "maybe"}}])
    permissions = get("/clients/client-1/permissions").body["permissions"]
    [booking] = [one for one in permissions if (one["action"], one["actor"]) == ("book_appointment", "client")]
    assert (booking["allowed"], booking["reason"]) == (False, "scheduling_disabled")


def test_what_others_have_added_of_any_type_ends_no_list(practice: Table) -> None:
    store(practice, client(), *one_of_each())
    store_group(practice, group())
    run_id = post("/bulk-archives", {"client_ids": ["client-1"]}).body["run_id"]
    post("/clients/client-1/archive", {})
    added = {"picture": b"\x00\xff", "pictures": {b"\x00", b"\xff"}, "tags": {"a", "b"}, "more": {"x": [b"\xff", None]}}
    practice.put_many([{**item, **added} for item in dump(practice).values()])
    run = f"/bulk-archives/{run_id}"
    lists = ["/clients?status=archived", "/clients/client-1/history", "/clients/client-1/receipts", "/groups"]
    lists += ["/clients/client-1/records", "/records/unconfirmed?hours=0"]
    for address in [*lists, "/bulk-archives", run, f"{run}/clients", "/clients/client-1/permissions"]:
        answer = get(address)
        assert (answer.status, answer.body.get("unreadable", [])) == (200, []), address
    assert len(post("/clients/_search", {"q": "wren", "status": "archived"}).body["clients"]) == 1
    assert post("/clients/client-1/activate", RESTORE).status == 200


def test_a_client_with_a_damaged_group_harms_no_count_of_groups(practice: Table) -> None:
    store_group(practice, group())
    store(practice, client("client-1", group_id=GROUP_ID))
    damaged = store(practice, client("client-2", group_id=GROUP_ID))
    key = {"pk": {"S": f"CLIENT#{PROVIDER_ID}#{damaged.client_id}"}, "sk": {"S": "CLIENT"}}
    practice.client.update_item(
        TableName=practice.name,
        Key=key,
        UpdateExpression="SET group_id = :damaged",
        ExpressionAttributeValues={":damaged": {"L": [{"S": GROUP_ID}]}},
    )
    [shown] = get("/groups").body["groups"]
    assert shown["clients"]["active"] == 1
