"""Items that should not be there, and records that are gone: whoever meets one passes over it, and names it."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.storage import keys
from client_lifecycle.storage.items import Plain
from client_lifecycle.storage.table import Table
from tests.moto.calls import get, post
from tests.moto.conftest import Executions
from tests.moto.store import store
from tests.moto.workflow import Workflow, confirmed
from tests.unit.builders import DAY, HOUR, NOW, PROVIDER_ID, appointment, client, one_of_each, payment

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
    assert outcomes == {"appt-1": "changed_since", "appt-2": "restored", "pay-1": "restored"}


def test_an_undo_names_a_record_that_is_gone(practice: Table) -> None:
    store(practice, client(), *one_of_each())
    workflow = confirmed("client-1")
    workflow.whole("client-1")
    gone(practice, "client-1", "PAYMENT#pay-1")
    undo = Workflow(post(f"/bulk-archives/{workflow.run_id}/undo").body["run_id"], kind="undo")
    assert undo.whole("client-1") == "completed_in_part"
    [member] = get(f"/bulk-archives/{undo.run_id}/clients").body["clients"]
    assert member["not_restored"] == [{"kind": "payment", "record_id": "pay-1", "outcome": "changed_since"}]


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
    plain = table.get(keys.run_key(PROVIDER_ID, run_id)) or {}
    table.put_many([{**plain, "totals": {**plain["totals"], "clients": clients}}])


@pytest.mark.parametrize("pk", ["X", "X#1#2#3", f"GROUP#{PROVIDER_ID}#c"])
def test_an_appointment_that_is_nobody_s_harms_no_preview_and_takes_no_slot(practice: Table, pk: str) -> None:
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
    """Return an appointment in the calendar that hangs on no client."""
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
