"""Records what this version stores, one item of every kind and state, for the versions after it to read and write.

``python -m tests.recorded.record tests/recorded/2026-11-24`` plays a practice's days by the functions' own handlers and
writes the whole table, as DynamoDB keeps it, to ``items.json`` in that folder. A recording that is checked in is never
made again: it is what deployed tables hold.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from moto import mock_aws

from client_lifecycle.domain.records import PaymentStatus
from client_lifecycle.edge import wiring
from client_lifecycle.storage import archives
from client_lifecycle.storage.table import Table
from local.tables import create_table
from tests.moto.importing import uploaded
from tests.moto.test_record_hook import bill, owed, paper, slot
from tests.moto.workflow import Workflow, confirmed
from tests.support.builders import DAY, GROUP_ID, NOW, PROVIDER_ID, appointment, client, one_of_each, payment
from tests.support.calls import MANAGER, TRAIL, delete, get, invoke, patch, post, put
from tests.support.recorded import in_base64
from tests.support.source_secrets import PREFIX, give_secret, tell
from tests.support.store import store

SOURCE = "platform"
QUIET = {"added_at": NOW - 400 * DAY, "last_active_at": NOW - 120 * DAY}


class Crash(BaseException):
    """The process ends here."""


def play(table: Table) -> None:
    """Let everything happen that leaves something in the table."""
    settings(table)
    singles(table)
    restores(table)
    bookings(table)
    sources(table)
    imports()
    bulk(table)


def settings(table: Table) -> None:
    """Settings, groups and chats; one provider, one group and one client have said nothing that need not be said."""
    group_id = post("/groups", {"name": "Sleep Better", "settings": {"schedule_appointments": False}}).body["group_id"]
    rename(table, f"GROUP#{group_id}", GROUP_ID)
    patch(
        "/settings",
        {
            "portal": {"community_chats": False},
            "safety": {"has_credits": "warn", "appointment_within_days": 2},
            "no_self_return": ["deceased"],
            "undo_window_days": 40,
        },
    )
    other = {"pk": f"PROVIDER#{PROVIDER_ID}"}
    table.put_many(
        [
            {**other, "sk": "CHAT#chat-1", "chat_id": "chat-1"},
            {**other, "sk": "CHAT#chat-closed", "chat_id": "chat-closed", "closed_at": "2026-03-01T10:00:00Z"},
        ]
    )


def rename(table: Table, sort_key: str, group_id: str) -> None:
    """Give a group, whose id is made by the clock and by chance, an id of its own."""
    key = {"pk": f"PROVIDER#{PROVIDER_ID}", "sk": sort_key}
    plain = table.get(key) or {}
    table.client.delete_item(TableName=table.name, Key={name: {"S": part} for name, part in key.items()})
    table.put_many([{**plain, "sk": f"GROUP#{group_id}", "group_id": group_id}])


def singles(table: Table) -> None:
    """Clients who are active, archived, back, planned to be archived, and archived in part when the process ended."""
    store(table, client("c-active", group_id=GROUP_ID, last_active_at=NOW - DAY), *one_of_each())
    store(table, client("c-archived", credit_cents=500), *one_of_each(), charging())
    post("/clients/c-archived/archive", {"reason": "finished", "note": "well", "acknowledge": ["has_credits"]})
    store(table, client("c-back"), *one_of_each())
    post("/clients/c-back/archive", {"group_id": GROUP_ID, "mute_email": True, "notify_client": True})
    post("/clients/c-back/activate", {"restore": ["appointments", "payments", "chats", "reminders", "feed"]})
    store(table, client("c-planned"), appointment(starts_at=NOW + 9 * DAY))
    put("/clients/c-planned/archive-plan", {"after_last_appointment": True, "reason": "finished"})
    store(table, client("c-planned-day"))
    put("/clients/c-planned-day/archive-plan", {"archive_on": "2026-03-20", "acknowledge": ["has_credits"]})
    store(table, client("c-no-plan"))
    put("/clients/c-no-plan/archive-plan", {"after_last_payment": True})
    delete("/clients/c-no-plan/archive-plan")
    store(table, client("c-settling"), *one_of_each(), charging())
    with mock.patch.object(archives, "CHANGES_WITH_FLIP", 2), crash_at("settle_receipt"):
        post("/clients/c-settling/archive", {})


def restores(table: Table) -> None:
    """Records that came back after their client, and a name of staff beside them."""
    store(table, client("c-restored"), *one_of_each())
    post("/clients/c-restored/archive", {})
    [receipt] = get("/clients/c-restored/receipts").body["receipts"]
    post("/clients/c-restored/activate", {})
    post(f"/clients/c-restored/receipts/{receipt['archive_id']}/restore", {"restore": ["appointments", "payments"]})
    assert get("/me", claims=MANAGER | {"name": "Robin Reed"}).body["name"]


def charging() -> Any:
    """A payment that an archive leaves alone."""
    return payment("pay-charging", status=PaymentStatus.CHARGING)


@contextmanager
def crash_at(call: str) -> Iterator[None]:
    """End the process at a call of the storage."""
    with mock.patch.object(archives, call, side_effect=Crash), pytest.raises(Crash):
        yield


def bookings(table: Table) -> None:
    """Answers to bookings: accepted, of one who came back, and refused."""
    store(table, client("c-booked"))
    store(table, client("c-came-back"), *one_of_each())
    store(table, client("c-refused", group_id=GROUP_ID))
    for client_id in ("c-came-back", "c-refused"):
        post(f"/clients/{client_id}/archive", {})
    for client_id in ("c-booked", "c-came-back", "c-refused", "c-unknown"):
        when = {"id": f"appt-{client_id}", "start": "2026-03-09T10:00:00+01:00", "duration_minutes": 50, "type": "x"}
        detail = {
            "event_id": f"e-{client_id}",
            "provider_id": PROVIDER_ID,
            "client_id": client_id,
            "booked_by": "client",
        }
        event = {"id": "1", "source": "scheduling", "detail-type": "booking.requested"}
        invoke("booking_requests.handler.lambda_handler", event | {"detail": detail | {"appointment": when}})


def sources(table: Table) -> None:
    """A client whom a platform added, records that sources told of, and a refusal."""
    person = {"version": 1, "name": "Wren Told", "email": "told@example.org"}
    assert tell("PUT", "/hooks/clients/p-1", SOURCE, person).status == 200
    store(table, client("c-told"))
    changes = [slot(), bill(), paper(), paper(kind="form", status="requested"), owed(credit_cents=500)]
    told = tell("POST", "/hooks/records", SOURCE, {"client_id": "c-told", "changes": changes}).body
    assert {one["outcome"] for one in told["results"]} == {"stored"}, told
    post("/clients/c-told/archive", {"acknowledge": ["has_credits"]})
    detail = {"event_id": "e-told", "provider_id": PROVIDER_ID, "client_id": "c-told"}
    event = {
        "id": "1",
        "source": SOURCE,
        "detail-type": "records.changed",
        "detail": {**detail, "changes": [slot(record_id="appt-2")]},
    }
    invoke("record_changes.handler.lambda_handler", {"Records": [{"messageId": "1", "body": json.dumps(event)}]})


def imports() -> None:
    """Imports that wait for a file, were checked, and are over, with a row that failed."""
    post("/imports", {"kind": "clients", "format": "csv", "source": "crm"})
    for row, confirms in ((1, True), (2, False)):
        header = "Client ID,First Name,Last Name,Email,Client Group,Status\n"
        run = uploaded(f"{header}x-{row},Wren,Brought,brought-{row}@example.org,,Active\ny-{row},No,Mail,none,,\n")
        run.check()
        if confirms:
            run.confirm()


def bulk(table: Table) -> None:
    """Runs in every state that lasts, with members of every outcome, and a proposal that waits."""
    for client_id in ("c-run-1", "c-run-2"):
        store(table, client(client_id), *one_of_each())
    post("/bulk-archives", {"client_ids": ["c-run-1", "c-run-2"], "options": {"reason": "other"}})

    for client_id in ("c-done-1", "c-done-2", "c-changed", "c-before", "c-excluded"):
        store(table, client(client_id), *one_of_each())
    post("/clients/c-before/archive", {})
    run = post("/bulk-archives", {"client_ids": ["c-done-1", "c-done-2", "c-changed", "c-before", "c-excluded"]}).body
    post(f"/bulk-archives/{run['run_id']}/exclude", {"client_ids": ["c-excluded"]})
    patch("/clients/c-changed", {"group_id": GROUP_ID})
    post(f"/bulk-archives/{run['run_id']}/confirm", {"token": run["token"]})
    done = Workflow(run["run_id"])
    state = done.mark(done.batch("c-done-1", "c-done-2", "c-changed", "c-before"))
    state["effects"] = [{"failures": [{"client_id": "c-done-2", "reason": "CommitContended"}]}]
    done.settle(state)
    done.finish()

    store(table, client("c-undone"), *one_of_each())
    undone = confirmed("c-undone")
    undone.whole("c-undone")
    undo = post(f"/bulk-archives/{undone.run_id}/undo").body
    Workflow(undo["run_id"], kind="undo").whole("c-undone")

    for client_id in ("c-half-1", "c-half-2", "c-half-3"):
        store(table, client(client_id), *one_of_each())
    half = confirmed("c-half-1", "c-half-2", "c-half-3")
    half.mark(half.batch("c-half-1"))

    store(table, client("c-stopped"))
    stopped = post("/bulk-archives", {"group_id": GROUP_ID}).body
    post(f"/bulk-archives/{stopped['run_id']}/stop")

    for client_id in ("c-quiet-1", "c-quiet-2"):
        store(table, client(client_id, **QUIET))
    patch("/settings", {"tidy_up": {"inactive_days": 90, "starts_by_itself": True}})
    invoke("scheduled_cleanup.handler.lambda_handler", {})


class Clock:
    """Every look at it is a second later, so that ids have an order."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@contextmanager
def practice() -> Iterator[Table]:
    """Make a table, a bucket and a state machine in memory, for the functions to work on."""
    from tests.moto import conftest

    with pytest.MonkeyPatch.context() as patched, mock_aws(), conftest.one_call_at_a_time():
        for name, value in {**conftest.ENVIRONMENT, "RECORD_SECRET_PREFIX": PREFIX}.items():
            patched.setenv(name, value)
        patched.setattr(wiring, "now", Clock())
        patched.setattr(wiring, "audit_trail", lambda: TRAIL)
        patched.setattr(wiring, "stream_reader", conftest.Reader)
        conftest.make_machine(conftest.STATE_MACHINE, conftest.BUCKET)
        conftest.make_machine(conftest.IMPORT_STATE_MACHINE, conftest.IMPORT_BUCKET)
        give_secret(SOURCE)
        yield create_table(boto3.client("dynamodb"), conftest.ENVIRONMENT["TABLE_NAME"])


def record(folder: Path) -> None:
    """Play, and keep what is in the table then."""
    with practice() as table:
        play(table)
        pages = table.client.get_paginator("scan").paginate(TableName=table.name)
        items = [item for page in pages for item in page["Items"]]
    items.sort(key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
    keep(folder / "items.json", items)


def keep(file: Path, recorded: list[dict[str, Any]]) -> None:
    """Write what was recorded, one of it a line."""
    lines = ",\n".join(json.dumps(one, sort_keys=True, default=in_base64) for one in recorded)
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
