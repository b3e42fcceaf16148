"""Imports over HTTP and through the shipped workflow: rows by outcome, twice, stopped, retried; no name on the way."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import pytest

from client_lifecycle.domain.client import Status
from client_lifecycle.domain.imports import run as imports
from client_lifecycle.domain.practice_history import PracticeEvent
from client_lifecycle.edge import wiring
from client_lifecycle.storage import client_edits
from client_lifecycle.storage.archives import read_receipt
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.external_ids import find_owner
from client_lifecycle.storage.imports import read_import, replace_import
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.imports import parts
from client_lifecycle.use_cases.practice_lines import practice_line
from local.tables import create_table
from tests.moto.conftest import ENVIRONMENT, IMPORT_BUCKET, Clock, Executions, Log
from tests.moto.importing import uploaded, uploaded_lines
from tests.support.builders import DAY, GROUP_ID, PROVIDER_ID, STAFF_ID, cause, client, group
from tests.support.calls import READER, STRANGER, get, invoke, patch, post
from tests.support.store import dump, store, store_group

HEADER = "Client ID,First Name,Last Name,Email,Client Group,Status\n"
ADA = "x-1,Ada,Moor,ada@example.org,,Active\n"
BO = "x-2,Bo,Lind,bo@example.org,Sleep Better,Active\n"
FIVE = HEADER + ADA + BO + "".join(f"y-{n},P,{n},p{n}@example.org,,\n" for n in range(3))


@pytest.fixture(autouse=True)
def practice(table: Table, tenant: Tenant, import_executions: Executions) -> None:
    store_group(table, group())


def of(tenant: Tenant, external_id: str) -> str:
    [client_id], _ = find_owner(tenant, "crm", external_id)
    return client_id


def test_clients_are_brought_in_with_ids_groups_and_both_tabs(tenant: Tenant) -> None:
    run = uploaded(HEADER + ADA + BO + "x-3,Cy,Ek,cy@example.org,,Inactive\n")
    checked = run.check()
    assert (checked["state"], checked["counts"]) == ("checked", {"added": 3})
    assert checked["columns"]["email"] == "Email"
    assert find_owner(tenant, "crm", "x-1") == ([], []), "a check writes nothing"
    done = run.confirm()
    assert (done["state"], done["counts"], done["percent_done"]) == ("completed", {"added": 3}, 100)
    ada, bo, cy = (read_client(tenant, of(tenant, one)) for one in ("x-1", "x-2", "x-3"))
    assert (ada.name, ada.email, ada.external_ids) == ("Ada Moor", "ada@example.org", {"crm": "x-1"})
    assert (bo.group_id, cy.status) == (GROUP_ID, Status.ARCHIVED)


def test_an_archived_client_comes_in_with_a_receipt_and_can_come_back(tenant: Tenant) -> None:
    line = {"external_id": "x-1", "name": "Ada", "email": "ada@example.org", "archived_on": "2024-05-01"}
    run = uploaded_lines({**line, "archive_reason": "Moved away"})
    run.check()
    assert run.confirm()["counts"] == {"added": 1}
    archived = read_client(tenant, of(tenant, "x-1"))
    assert archived.stamp
    assert archived.stamp.archived_at.isoformat() == "2024-05-01T00:00:00+00:00"
    receipt = read_receipt(tenant, archived.client_id, archived.stamp.archive_id)
    assert (receipt.state, receipt.changes, receipt.options.reason) == ("settled", (), "moved_away")
    assert receipt.cause.source == "import"
    told = get(f"/clients/{archived.client_id}/history?order=oldest").body["entries"]
    assert [line["event"] for line in told] == ["client.added", "client.archived"]
    assert {line["by"]["through"] for line in told} == {"import"}
    back = post(f"/clients/{archived.client_id}/activate", {"restore": ["appointments"]})
    assert (back.status, back.body["client"]["status"]) == (200, "active")


@pytest.mark.parametrize("day", ["1900-01-01", "1969-12-31"])
@pytest.mark.parametrize("time_zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_a_client_may_have_been_archived_before_1970(tenant: Tenant, day: str, time_zone: str) -> None:
    patch("/settings", {"time_zone": time_zone})
    run = uploaded_lines({"external_id": "x-1", "name": "Ada", "email": "ada@example.org", "archived_on": day})
    run.check()
    assert run.confirm()["counts"] == {"added": 1}
    archived = read_client(tenant, of(tenant, "x-1"))
    assert archived.stamp
    assert archived.stamp.archived_at.astimezone(ZoneInfo(time_zone)).date().isoformat() == day
    [receipt] = get(f"/clients/{archived.client_id}/receipts").body["receipts"]
    assert receipt["archive_id"] == archived.stamp.archive_id


def test_a_client_s_amounts_are_in_the_practice_s_currency(tenant: Tenant) -> None:
    patch("/settings", {"currency": "EUR"})
    run = uploaded(HEADER + ADA)
    run.check()
    run.confirm()
    assert read_client(tenant, of(tenant, "x-1")).currency == "EUR"


def test_the_same_import_twice_changes_nothing(table: Table) -> None:
    first = uploaded(FIVE)
    first.check()
    first.confirm()
    before = clients_of(table)
    again = uploaded(FIVE)
    assert again.check()["counts"] == {"unchanged": 5}
    assert again.confirm()["counts"] == {"unchanged": 5}
    assert clients_of(table) == before


def clients_of(table: Table) -> dict[Any, Any]:
    return {
        key: item for key, item in dump(table).items() if not ("IMPORT#" in str(key) or key[0].startswith("PRACTICE#"))
    }


def test_each_bad_row_has_an_outcome_and_a_field_and_harms_no_other(table: Table, tenant: Tenant) -> None:
    taken = store(table, client("client-9", email="taken@example.org"))
    store(table, client("client-8", email="old@example.org", name="Old Name", external_ids={"crm": "x-8"}))
    run = uploaded(
        HEADER
        + ADA
        + "x-3,No,Mail,not-an-address,,\n"
        + "x-1,Other,Id,other@example.org,,\n"
        + "x-4,Same,Mail,ADA@example.org,,\n"
        + "x-5,In,Use,taken@example.org,,\n"
        + "x-6,No,Group,g@example.org,Nobody,\n"
        + "x-8,New,Name,old@example.org,,\n"
        + 'x-9,"Bro"ken,x,broken@example.org,,\n'
        + "x-10,A,Status,s@example.org,,Perhaps\n"
        + "x-11,To,Many,m@example.org,,,extra\n"
    )
    expected = [
        ("2", "added", "", "x-1"),
        ("3", "invalid", "email", "x-3"),
        ("4", "duplicate_row", "external_id", "x-1"),
        ("5", "duplicate_row", "email", "x-4"),
        ("6", "email_in_use", "email", "x-5"),
        ("7", "unknown_group", "group", "x-6"),
        ("8", "differs", "name", "x-8"),
        ("9", "invalid", "row", ""),
        ("10", "invalid", "status", "x-10"),
        ("11", "invalid", "row", ""),
    ]
    for seen in (run.check(), run.confirm()):
        assert sum(seen["counts"].values()) == seen["rows"] == 10
        lines = run.report()
        assert [(one["row"], one["outcome"], one["field"], one["external_id"]) for one in lines] == expected
        assert lines[4]["client_id"] == taken.client_id
        assert [one["row"] for one in seen["first"]["invalid"]] == [3, 9, 10, 11]
    assert seen["state"] == "completed"
    assert read_client(tenant, "client-8").name == "Old Name"


def test_what_differs_is_overwritten_if_that_is_asked_for(table: Table, tenant: Tenant) -> None:
    store(table, client("client-8", email="old@example.org", name="Old Name", external_ids={"crm": "x-1"}))
    run = uploaded(HEADER + ADA)
    assert run.check()["counts"] == {"differs": 1}
    assert run.confirm(overwrite=True)["counts"] == {"changed": 1}
    changed = read_client(tenant, "client-8")
    assert (changed.name, changed.email, changed.revision) == ("Ada Moor", "ada@example.org", 2)
    assert post("/clients", {"name": "Nia", "email": "old@example.org"}).status == 201, "its old address is free"


def test_columns_are_as_staff_say_and_a_missing_one_is_named() -> None:
    run = uploaded("Mail;Who\na@example.org;Ada\n")
    refused = run.check()
    assert (refused["state"], refused["refused_for"], refused["refused_field"]) == ("refused", "ColumnMissing", "email")
    assert refused["header"] == ["Mail", "Who"]
    assert run.check({"email": "Mail", "name": "Who"})["counts"] == {"added": 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "NoRows"), (HEADER, "NoRows"), (",".join(map(str, range(501))) + "\n", "TooManyColumns")],
    ids=["empty", "a header alone", "too many columns"],
)
def test_a_file_that_cannot_be_read_as_a_whole_is_refused(text: str, reason: str) -> None:
    run = uploaded(text)
    seen = run.check()
    assert (seen["state"], seen["refused_for"], seen["token"]) == ("refused", reason, None)
    assert post(f"{run.address}/confirm", {"token": "x"}).problem == "ImportNotChecked"


def test_more_rows_than_an_import_takes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client_lifecycle.use_cases.imports.reading.MAX_ROWS", 4)
    assert uploaded(FIVE).check()["refused_for"] == "TooManyRows"


# In parts


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client_lifecycle.use_cases.imports.reading.ROWS_PER_PART", 2)


@pytest.mark.usefixtures("small_parts")
def test_a_stopped_import_is_retried_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    run = uploaded(FIVE)
    run.check()
    run.start()
    run.deliver("import_rows", {**run.given(), "part": 0})
    half = run.seen()
    assert (half["counts"], half["percent_done"]) == ({"added": 2}, 40)
    assert post(f"{run.address}/stop").status == 202
    stopped = run.carried_out()
    assert (stopped["state"], stopped["counts"]) == ("stopped", {"added": 2, "not_reached": 3})
    assert post(f"{run.address}/retry").status == 202
    assert run.seen()["counts"] == {"added": 2}
    manifest = boto3.client("s3").get_object(Bucket=IMPORT_BUCKET, Key=run.given()["manifest"]["key"])["Body"].read()
    assert [one["part"] for one in json.loads(manifest)] == [1, 2]
    done = run.carried_out()
    assert (done["state"], done["counts"]) == ("completed", {"added": 5})


@pytest.mark.usefixtures("small_parts")
def test_a_row_that_fails_is_retried_and_no_other(monkeypatch: pytest.MonkeyPatch, log: Log) -> None:
    commit_client = client_edits.commit_client
    with monkeypatch.context() as patch:

        def failing(tenant: Tenant, before: Any, after: Any, line: Any, **also: Any) -> None:
            if after.email == "bo@example.org":
                raise RuntimeError("no such luck")
            commit_client(tenant, before, after, line, **also)

        patch.setattr(parts, "commit_client", failing)
        run = uploaded(FIVE)
        run.check()
        done = run.confirm()
    assert (done["state"], done["counts"]) == ("completed_with_failures", {"added": 4, "failed": 1})
    assert run.report()[1]["reason"] == "InternalError"
    assert post(f"{run.address}/retry").body["attempt"] == 3
    assert run.carried_out()["counts"] == {"added": 5}
    assert "bo@example.org" not in log.text


@pytest.mark.parametrize("owner", [None, 7, "nobody"])
def test_a_row_whose_id_has_no_readable_owner_harms_no_other(tenant: Tenant, log: Log, owner: Any) -> None:
    tenant.table.put_many([{**tenant.keys.external_id("crm", "x-1"), "client_id": owner}])
    people = uploaded(FIVE)
    assert people.check()["counts"] == {"failed": 1, "added": 4}
    store(tenant.table, client(external_ids={"crm": "x-2"}))
    records = uploaded_lines(*(appointment_line(n, external_id=f"x-{n}") for n in (1, 2)), kind="records")
    lost = "unknown_client" if owner == "nobody" else "failed"
    assert records.check()["counts"] == {lost: 1, "stored": 1}
    assert {line["exception_name"] for line in log.lines if "exception_name" in line} <= {
        "UnreadableRecord",
        "ClientNotFound",
    }


@pytest.mark.usefixtures("small_parts")
def test_a_part_whose_step_is_lost_is_not_reached_and_retried() -> None:
    run = uploaded(FIVE)
    run.check()
    run.start()
    run.deliver("import_rows", {**run.given(), "part": 1})
    run.deliver("finish_import", run.given())
    assert run.seen()["counts"] == {"added": 2, "not_reached": 3}
    assert list(run.outcomes().values()) == ["not_reached", "not_reached", "added", "added", "not_reached"]
    post(f"{run.address}/retry")
    assert run.carried_out()["counts"] == {"added": 5}


def test_a_part_that_is_delivered_again_finds_its_clients(table: Table) -> None:
    """Its first delivery ended between the last client and the result."""
    run = uploaded(FIVE)
    run.check()
    run.start()
    event = {**run.given(), "part": 0}
    run.deliver("import_rows", event)
    before = clients_of(table)
    for key in [key for key in dump(table) if "PART#00002" in key[1]]:
        boto3.client("dynamodb").delete_item(TableName=table.name, Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}})
    assert run.carried_out()["counts"] == {"added": 5}
    assert clients_of(table) == before


def test_a_row_is_judged_again_when_its_turn_comes(table: Table) -> None:
    run = uploaded(FIVE)
    assert run.check()["counts"] == {"added": 5}
    post("/clients", {"name": "Ada Moor", "email": "ada@example.org"})
    assert run.confirm()["counts"] == {"email_in_use": 1, "added": 4}


def test_one_who_takes_the_address_at_the_same_time_wins_or_loses(monkeypatch: pytest.MonkeyPatch) -> None:
    commit_client, others = client_edits.commit_client, ["ada@example.org"]

    def late(tenant: Tenant, before: Any, after: Any, line: Any, **also: Any) -> None:
        if others:
            post("/clients", {"name": "Somebody", "email": others.pop()})
        commit_client(tenant, before, after, line, **also)

    monkeypatch.setattr(parts, "commit_client", late)
    run = uploaded(FIVE)
    run.check()
    assert run.confirm()["counts"] == {"email_in_use": 1, "added": 4}


# Records


def appointment_line(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "kind": "appointment",
        "id": f"a-{number}",
        "version": 1,
        "status": "booked",
        "start": "2040-01-15T10:00:00+01:00",
        "duration_minutes": 50,
        **fields,
    }


def test_records_go_through_the_door_of_records(table: Table) -> None:
    store(table, client("client-1", external_ids={"crm": "x-1"}))
    store(table, client("client-2"))
    assert post("/clients/client-2/archive", {}).status == 200
    run = uploaded_lines(
        appointment_line(1, client_id="client-1"),
        appointment_line(2, external_id="x-1"),
        appointment_line(3, client_id="client-2"),
        appointment_line(4, client_id="nobody"),
        appointment_line(5, external_id="x-2"),
        appointment_line(6, client_id="client-1", duration_minutes=0),
        {"kind": "appointment", "id": "a-7"},
        kind="records",
    )
    expected = [
        ("a-1", "stored", "", ""),
        ("a-2", "stored", "", ""),
        ("a-3", "refused", "", "client_archived"),
        ("a-4", "unknown_client", "", ""),
        ("a-5", "unknown_client", "", ""),
        ("a-6", "invalid", "duration_minutes", ""),
        ("a-7", "invalid", "row", ""),
    ]
    run.check()
    assert [(one["external_id"], one["outcome"], one["field"], one["reason"]) for one in run.report()] == expected
    assert run.confirm()["counts"] == {"stored": 2, "refused": 1, "unknown_client": 2, "invalid": 2}
    again = uploaded_lines(appointment_line(1, client_id="client-1"), kind="records")
    assert again.check()["counts"] == {"unchanged": 1}


def test_i12_a_row_may_tell_that_a_record_was_removed(table: Table) -> None:
    store(table, client("client-1"))
    removed = {"kind": "appointment", "id": "a-1", "version": 2, "removed": True, "client_id": "client-1"}
    run = uploaded_lines(appointment_line(1, client_id="client-1"), removed, kind="records")
    assert run.check()["counts"] == {"stored": 2}
    assert run.confirm()["counts"] == {"stored": 2}
    [record] = get("/clients/client-1/records").body["records"]
    assert (record["id"], record["version"], record["status"]) == ("a-1", 2, "removed")


# Over HTTP


def test_an_upload_is_bound_to_its_import_its_type_and_a_size() -> None:
    asked = post("/imports", {"kind": "clients", "format": "csv", "source": "crm"})
    form = asked.body["upload"]
    assert form["fields"]["key"] == f"imports/{PROVIDER_ID}/{asked.body['import_id']}/upload"
    assert (form["fields"]["Content-Type"], form["most_bytes"]) == ("text/csv", imports.MAX_UPLOAD_BYTES)
    assert asked.body["state"] == "awaiting_upload"
    assert post(f"/imports/{asked.body['import_id']}/check", {}).problem == "ImportNotChecked"


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "clients", "format": "csv"},
        {"kind": "records", "format": "csv", "source": "crm"},
        {"kind": "clients", "format": "xlsx", "source": "crm"},
        {"kind": "clients", "format": "csv", "source": "a b"},
    ],
)
def test_an_import_that_cannot_be_meant_is_refused(body: dict[str, Any]) -> None:
    assert post("/imports", body).problem == "InvalidRequest"


def test_a_token_is_of_the_last_check(import_executions: Executions) -> None:
    run = uploaded(FIVE)
    token = run.check()["token"]
    run.check({"email": "Email", "first_name": "First Name"})
    assert post(f"{run.address}/confirm", {"token": token}).problem == "ImportMismatch"
    run.start()
    assert post(f"{run.address}/check", {}).problem == "ImportStarted"
    assert [one["name"].rpartition("-")[2] for one in import_executions()] == ["3", "2", "1"]


def test_confirming_twice_starts_once(import_executions: Executions) -> None:
    run = uploaded(FIVE)
    token = run.check()["token"]
    for _ in range(2):
        assert post(f"{run.address}/confirm", {"token": token}).status == 202
    assert len(import_executions()) == 2


def test_what_was_uploaded_is_kept_for_thirty_days(clock: Clock) -> None:
    run = uploaded(FIVE)
    token = run.check()["token"]
    clock.pass_by(30 * DAY)
    assert post(f"{run.address}/confirm", {"token": token}).problem == "ImportExpired"
    assert get(run.address).status == 200


def test_imports_are_a_practice_s_own_and_for_those_who_may_change_clients() -> None:
    run = uploaded(FIVE)
    assert get(run.address, claims=STRANGER).problem == "ImportNotFound"
    assert get("/imports", claims=STRANGER).body["imports"] == []
    assert [one["import_id"] for one in get("/imports").body["imports"]] == [run.import_id]
    assert get(run.address, claims=READER).status == 200
    for verb in ("check", "confirm", "stop", "retry"):
        assert post(f"{run.address}/{verb}", {}, claims=READER).problem == "NotPermitted"


def test_there_is_no_report_before_a_check() -> None:
    assert get(f"{uploaded(FIVE).address}/report").problem == "ImportNotFound"


def test_an_import_that_was_not_started_is_cancelled_not_retried() -> None:
    run = uploaded(FIVE)
    assert post(f"{run.address}/retry").problem == "ImportNotStarted"
    assert post(f"{run.address}/stop").body["state"] == "stopped"
    assert post(f"{run.address}/check", {}).problem == "ImportStarted"


# The clean-up


def test_the_clean_up_closes_an_import_whose_workflow_died(clock: Clock) -> None:
    run = uploaded(FIVE)
    run.check()
    run.start()
    arn = ENVIRONMENT["IMPORT_STATE_MACHINE_ARN"].replace(":stateMachine:", ":execution:")
    boto3.client("stepfunctions").stop_execution(executionArn=f"{arn}:{run.import_id}-2")
    assert clean_up() == {}, "it is not due yet"
    clock.pass_by(DAY)
    assert clean_up() == {"run_finished": 1}
    assert (run.seen()["state"], run.seen()["counts"]) == ("completed_with_failures", {"not_reached": 5})
    assert clean_up() == {}


def test_the_clean_up_starts_an_import_that_a_crash_left_unstarted(
    tenant: Tenant, clock: Clock, import_executions: Executions
) -> None:
    run = uploaded(FIVE)
    run.check()
    before = read_import(tenant, run.import_id)
    started = imports.begin_import(before, confirmed_by=STAFF_ID, overwrite=False, at=clock.at)
    wiring.imports().files.write_manifest(started, range(started.parts))
    line = practice_line(PracticeEvent.IMPORT_CONFIRMED, cause(), clock.at, import_id=run.import_id)
    replace_import(tenant, before, started, line)
    clock.pass_by(DAY)
    assert clean_up() == {"run_resumed": 1}
    assert len(import_executions()) == 2
    assert run.carried_out()["counts"] == {"added": 5}


def clean_up() -> dict[str, int]:
    done: dict[str, int] = invoke("scheduled_cleanup.handler.lambda_handler", {})
    return done


def test_no_name_is_in_an_import_s_account_its_state_or_the_log(table: Table, log: Log) -> None:
    run = uploaded(FIVE)
    run.check()
    run.confirm()
    kept = json.dumps([item for key, item in dump(table).items() if "IMPORT#" in str(key)], default=str)
    for text in (kept, log.text, json.dumps(run.given())):
        assert not [secret for secret in ("Ada", "Moor", "ada@", "p0@") if secret in text]


def test_an_import_asked_for_twice_with_one_key_is_one_import() -> None:
    create_table(boto3.client("dynamodb"), ENVIRONMENT["IDEMPOTENCY_TABLE_NAME"], "IdempotencyTable")
    body = {"kind": "clients", "format": "csv", "source": "crm"}
    first, again = [post("/imports", body, headers={"Idempotency-Key": "k-1"}) for _ in range(2)]
    assert (first.status, again.status) == (201, 201)
    assert again.body["import_id"] == first.body["import_id"]


def test_imports_are_listed_page_by_page() -> None:
    made = {post("/imports", {"kind": "clients", "format": "csv", "source": "crm"}).body["import_id"] for _ in range(3)}
    first = get("/imports?limit=2").body
    rest = get(f"/imports?limit=2&cursor={first['next_cursor']}").body
    assert {one["import_id"] for one in first["imports"] + rest["imports"]} == made
    assert (len(first["imports"]), rest["next_cursor"]) == (2, None)
