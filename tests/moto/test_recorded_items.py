"""What earlier versions have stored is read and written by this one: every operation over the items of those days."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from client_lifecycle.edge import wiring
from client_lifecycle.storage.event_bus import EventBus
from client_lifecycle.storage.table import Table
from tests.moto.conftest import Clock, Executions, Log
from tests.moto.test_publish_events import Bus
from tests.moto.workflow import Workflow
from tests.support.booking_secrets import PREFIX, give_secret
from tests.support.builders import DAY, GROUP_ID, PROVIDER_ID
from tests.support.calls import Answer, get, invoke, patch, post, put
from tests.support.recorded import DAYS, LATER, SECRET, book, delivered, put_all, recorded
from tests.support.store import dump

CLEAN_UP = "scheduled_cleanup.handler.lambda_handler"


@pytest.fixture(autouse=True, params=DAYS)
def stored(
    table: Table, executions: Executions, clock: Clock, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Table:
    """The table as it was on a day, ten minutes after it was written."""
    put_all(table, recorded(request.param))
    clock.at = LATER
    monkeypatch.setenv("BOOKING_SECRET_PREFIX", PREFIX)
    wiring.booking_secrets.cache_clear()
    give_secret(PROVIDER_ID, SECRET)
    return table


@pytest.fixture(autouse=True)
def all_is_read(log: Log) -> Any:
    """Nothing of what was stored is said to be unreadable, and nothing failed."""
    yield
    assert [line for line in log.lines if line["level"] == "ERROR"] == []


def clients(status: str) -> list[str]:
    return [client["client_id"] for client in get(f"/clients?status={status}&limit=100").body["clients"]]


def runs(state: str) -> list[dict[str, Any]]:
    return [run for run in get("/bulk-archives").body["runs"] if run["state"] == state]


def whole(answer: Answer) -> Any:
    assert answer.status in (200, 201, 202), answer.body
    assert answer.body.get("unreadable", []) == []
    return answer.body


def test_everything_is_listed_and_read(stored: Table) -> None:
    everyone = clients("active") + clients("archived")
    assert len(everyone) == sum(sk == "CLIENT" for _, sk in dump(stored))
    for client_id in everyone:
        for part in ("", "/permissions", "/history"):
            whole(get(f"/clients/{client_id}{part}"))
        for receipt in whole(get(f"/clients/{client_id}/receipts"))["receipts"]:
            whole(get(f"/clients/{client_id}/receipts/{receipt['archive_id']}"))
    for run in whole(get("/bulk-archives"))["runs"]:
        assert sum(run["counts"].values()) == len(whole(get(f"/bulk-archives/{run['run_id']}/clients"))["clients"])
    whole(get("/groups"))
    whole(get("/settings"))
    whole(post("/permission-checks", {"action": "request_form", "client_ids": everyone}))


def test_a_field_of_a_later_version_is_skipped_and_stays(stored: Table) -> None:
    """While a gradual update is under way, this version meets what the next one stores."""
    put_all(stored, [{**item, "added_later": "x"} for item in dump(stored).values()])
    test_everything_is_listed_and_read(stored)
    test_every_active_client_can_be_changed_archived_and_brought_back()
    for (_, sort_key), item in dump(stored).items():
        assert sort_key != "CLIENT" or item["added_later"] == "x"


def test_m1_amounts_stored_without_a_currency_are_in_that_of_their_run() -> None:
    listed = whole(get("/bulk-archives"))["runs"]
    assert any(run["totals"]["scheduled"] for run in listed)
    for run in listed:
        members = whole(get(f"/bulk-archives/{run['run_id']}/clients"))["clients"]
        for name in ("credits", "owed", "scheduled"):
            total = sum(amount["cents"] for one in members for amount in one[name])
            assert run["totals"][name] == ([{"currency": "USD", "cents": total}] if total else [])


def test_every_active_client_can_be_changed_archived_and_brought_back() -> None:
    for client_id in clients("active"):
        whole(patch(f"/clients/{client_id}", {"group_id": GROUP_ID}))
        whole(put(f"/clients/{client_id}/archive-plan", {"archive_on": "2026-06-01"}))
        archived = whole(post(f"/clients/{client_id}/archive", {"acknowledge": ["has_credits"]}))
        assert archived["client"]["status"] == "archived"
        back = whole(post(f"/clients/{client_id}/activate", {"restore": ["appointments", "payments", "reminders"]}))
        assert back["client"]["status"] == "active"


def test_every_receipt_can_be_restored_from() -> None:
    for client_id in clients("archived"):
        whole(post(f"/clients/{client_id}/activate", {}))
        for receipt in get(f"/clients/{client_id}/receipts").body["receipts"]:
            address = f"/clients/{client_id}/receipts/{receipt['archive_id']}/restore"
            whole(post(address, {"restore": ["appointments", "payments", "chats", "reminders", "feed"]}))


def test_every_client_can_book() -> None:
    everyone = clients("active") + clients("archived")
    answers = {client_id: book(client_id) for client_id in everyone}
    assert {answer.status for answer in answers.values()} == {200, 409}
    refused = {client_id: answer.body["reason"] for client_id, answer in answers.items() if answer.status == 409}
    in_group = [client_id for client_id in everyone if get(f"/clients/{client_id}").body["group_id"] == GROUP_ID]
    assert refused == dict.fromkeys(in_group, "scheduling_disabled")


def test_a_waiting_run_is_confirmed_carried_out_and_undone() -> None:
    for run in runs("awaiting_confirmation"):
        whole(post(f"/bulk-archives/{run['run_id']}/confirm", {"token": run["token"]}))
        workflow = Workflow(run["run_id"])
        members = get(f"/bulk-archives/{run['run_id']}/clients").body["clients"]
        assert workflow.whole(*(one["client_id"] for one in members)) == "completed"
        undo = whole(post(f"/bulk-archives/{run['run_id']}/undo"))
        Workflow(undo["run_id"], kind="undo").whole(*(one["client_id"] for one in members))
        assert sum(whole(get(f"/bulk-archives/{undo['run_id']}"))["counts"].values()) == len(members)


def test_a_run_that_was_half_done_continues_where_it_was() -> None:
    for run in runs("running"):
        members = get(f"/bulk-archives/{run['run_id']}/clients").body["clients"]
        workflow = Workflow(run["run_id"])
        assert workflow.whole(*(one["client_id"] for one in members)) == "completed"
        assert workflow.counts == {"archived": len(members)}


def test_a_run_that_ended_is_undone() -> None:
    for run in runs("completed_with_failures"):
        undo = whole(post(f"/bulk-archives/{run['run_id']}/undo"))
        members = get(f"/bulk-archives/{undo['run_id']}/clients").body["clients"]
        Workflow(undo["run_id"], kind="undo").whole(*(one["client_id"] for one in members))
        counts = whole(get(f"/bulk-archives/{undo['run_id']}"))["counts"]
        assert (counts["pending"], counts["failed"]) == (0, 0)


def test_the_clean_up_finishes_what_was_left(clock: Clock) -> None:
    for days in (1, 20, 40):
        clock.at = LATER + days * DAY
        invoke(CLEAN_UP, {})
    assert get("/clients/c-planned-day").body["status"] == "archived"
    assert get("/clients/c-settling/receipts").body["receipts"][0]["state"] == "settled"


def test_every_write_of_then_is_published(stored: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    bus: Any = Bus()
    queue_url = boto3.client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", queue_url)
    wiring.dead_letters.cache_clear()
    monkeypatch.setattr(wiring, "event_bus", lambda: EventBus(bus, "client-archive"))
    writes = [delivered(item, number) for number, item in enumerate(dump(stored).values())]
    assert invoke("publish_events.handler.lambda_handler", {"Records": writes})["batchItemFailures"] == []
    assert len(bus.taken) > len(runs("completed"))
