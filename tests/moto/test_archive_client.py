"""POST /clients/{client_id}/archive and /activate."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.domain.records import ChatKind, PaymentStatus
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import to_plain
from tests.moto.conftest import Clock, Log
from tests.support.builders import (
    DAY,
    GROUP_ID,
    NOW,
    OTHER_PROVIDER_ID,
    STAFF_ID,
    appointment,
    client,
    group,
    membership,
    one_of_each,
    payment,
    reminder,
)
from tests.support.calls import ARCHIVER, JSON, MANAGER, READER, post
from tests.support.store import dump, statuses, store, store_group

ARCHIVE = "/clients/client-1/archive"
ACTIVATE = "/clients/client-1/activate"
VERBS = [ARCHIVE, ACTIVATE]


# Archive


def test_archiving_answers_with_the_archived_client(table: Table) -> None:
    before = store(table, client(credit_cents=500, owed_cents=250, group_id=GROUP_ID))
    answer = post(ARCHIVE, {})
    assert (answer.status, answer.content_type) == (200, JSON)
    assert answer.body["client"] == {
        "client_id": "client-1",
        "name": before.name,
        "email": before.email,
        "status": "archived",
        "group_id": GROUP_ID,
        "added_at": "2025-01-26T09:30:00Z",
        "last_active_at": None,
        "credit_cents": 500,
        "owed_cents": 250,
        "currency": "USD",
        "external_ids": {},
        "settings": {
            "chat": None,
            "community_chats": None,
            "schedule_appointments": None,
            "email_notifications": None,
        },
        "archive_id": answer.body["receipt"]["archive_id"],
        "archived_at": "2026-03-02T09:30:00Z",
        "archived_by": {"source": "staff", "actor_id": STAFF_ID, "run_id": None, "through": "api", "name": None},
        "archive_reason": None,
        "returned_at": None,
        "returned_by": None,
        "returned_by_booking": False,
        "archive_plan": None,
    }


def test_the_receipt_lists_each_record_touched_with_its_state_before(table: Table) -> None:
    records = one_of_each()
    store(table, client(), *records, membership("chat-2", ChatKind.DIRECT), appointment("past", starts_at=NOW - DAY))
    receipt = post(ARCHIVE, {}).body["receipt"]
    assert {change["record_id"]: change["before"] for change in receipt["changes"]} == {
        record.record_id: to_plain(record) for record in records
    }
    assert {(change["kind"], change["after"].get("status")) for change in receipt["changes"]} == {
        ("appointment", "cancelled"),
        ("payment", "cancelled"),
        ("membership", None),
        ("recipient", "withdrawn"),
        ("feed_entry", None),
        ("reminder", "suppressed"),
    }
    assert (receipt["state"], receipt["notify_client"], receipt["left_alone"]) == ("settled", False, [])


def test_the_records_are_stored_as_the_receipt_says(table: Table) -> None:
    store(table, client(), *one_of_each())
    for change in post(ARCHIVE, {}).body["receipt"]["changes"]:
        stored = table.get({"pk": "CLIENT#prov-oak#client-1", "sk": f"{change['kind'].upper()}#{change['record_id']}"})
        assert stored is not None
        assert {name: stored[name] for name in change["after"]} == change["after"]
        assert "live_key" not in stored


def test_e7_a_payment_that_is_charging_is_reported(table: Table) -> None:
    store(table, client(), payment("pay-9", status=PaymentStatus.CHARGING))
    left_alone = post(ARCHIVE, {}).body["receipt"]["left_alone"]
    label = {"at": "2026-03-03T09:30:00Z", "title": None, "amount": {"currency": "USD", "cents": 7500}}
    assert left_alone == [{"kind": "payment", "record_id": "pay-9", "reason": "already_charging", "label": label}]


@pytest.mark.parametrize("notify_client", [True, False])
def test_e9_the_receipt_records_whether_the_client_is_told(table: Table, tenant: Tenant, notify_client: bool) -> None:
    store(table, client())
    assert post(ARCHIVE, {"notify_client": notify_client}).body["receipt"]["notify_client"] is notify_client
    stamped = read_client(tenant, "client-1").stamp
    assert stamped is not None
    assert stamped.notify_client is notify_client


def test_e10_the_same_write_moves_the_client_and_the_receipt_has_both(table: Table) -> None:
    store_group(table, group("group-former"))
    store(table, client(group_id=GROUP_ID))
    archived = post(ARCHIVE, {"group_id": "group-former"}).body
    assert archived["client"]["group_id"] == "group-former"
    assert archived["receipt"]["moved_from_group_id"] == GROUP_ID


def test_archiving_an_archived_client_returns_its_receipt_unchanged(table: Table, clock: Clock) -> None:
    store(table, client(), *one_of_each())
    first = post(ARCHIVE, {})
    written = dump(table)
    clock.pass_by(DAY)
    again = post(ARCHIVE, {"notify_client": True}, claims=MANAGER | {"sub": "staff-8"})
    assert (again.status, again.body) == (200, first.body)
    assert dump(table) == written


@pytest.mark.parametrize("records", [97, 98, 196])
def test_a_client_with_more_records_than_a_transaction_is_archived_in_full(table: Table, records: int) -> None:
    store(table, client(), *(reminder(f"reminder-{number:03d}") for number in range(records)))
    receipt = post(ARCHIVE, {}).body["receipt"]
    touched = [change["record_id"] for change in receipt["changes"]]
    assert receipt["state"] == "settled"
    assert sorted(touched) == [f"reminder-{number:03d}" for number in range(records)]
    left = [
        sk for sk, status in statuses(table, "client-1").items() if sk.startswith("REMINDER") and status == "pending"
    ]
    assert left == []
    assert post(ARCHIVE, {}).body["receipt"] == receipt


def test_e1_nothing_is_deleted_and_others_are_not_touched(table: Table) -> None:
    store(table, client(), *one_of_each())
    store(table, client("client-2"), *one_of_each())
    before = dump(table)
    post(ARCHIVE, {})
    after = dump(table)
    assert before.keys() <= after.keys()
    assert {key for key in before if before[key] != after[key]} <= {
        key for key in before if key[0].endswith("client-1")
    }


@pytest.mark.parametrize("path", VERBS)
def test_a_post_without_a_body_is_a_post_of_an_empty_one(table: Table, path: str) -> None:
    store(table, client())
    answer = post(path)
    assert answer.status == 200
    assert answer.body["client"]["client_id"] == "client-1"


# Activate


def test_a1_activating_flips_the_status_and_nothing_else(table: Table, clock: Clock) -> None:
    store(table, client(), *one_of_each())
    archived = post(ARCHIVE, {}).body["client"]
    while_archived = dump(table)
    clock.pass_by(DAY)

    answer = post(ACTIVATE, {})

    assert answer.status == 200
    no_longer = {"status": "active", "archive_id": None, "archived_at": None, "archived_by": None}
    back = {"returned_at": "2026-03-03T09:30:00Z", "returned_by": archived["archived_by"]}
    assert answer.body == {"client": archived | no_longer | back, "restored": [], "counts": {}, "state": "finished"}
    written = {key for key, item in dump(table).items() if while_archived.get(key) != item}
    assert {sk.split("#")[0] for _, sk in written} == {"CLIENT", "HISTORY"}


def test_activating_an_active_client_changes_nothing(table: Table) -> None:
    store(table, client(), *one_of_each())
    before = dump(table)
    assert post(ACTIVATE, {}).body["client"]["status"] == "active"
    assert dump(table) == before


def test_history_tells_of_both_verbs_with_who_and_under_which_archive(table: Table, clock: Clock) -> None:
    store(table, client())
    archive_id = post(ARCHIVE, {}).body["client"]["archive_id"]
    clock.pass_by(DAY)
    post(ACTIVATE, {}, claims=MANAGER | {"sub": "staff-8"})
    entries = sorted((item["at"], item) for (_, sk), item in dump(table).items() if sk.startswith("HISTORY#"))
    told = [(entry["event"], entry["archive_id"], entry["cause"]["actor_id"]) for _, entry in entries]
    assert told == [("client.archived", archive_id, STAFF_ID), ("client.activated", archive_id, "staff-8")]


def test_a_client_that_came_back_is_archived_again_with_its_own_receipt(table: Table, clock: Clock) -> None:
    store(table, client(), *one_of_each())
    first = post(ARCHIVE, {}).body["receipt"]
    clock.pass_by(DAY)
    post(ACTIVATE, {})
    clock.pass_by(DAY)
    second = post(ARCHIVE, {}).body["receipt"]
    assert second["archive_id"] != first["archive_id"]
    assert second["changes"] == []


# Refused: a problem that names what is wrong, and nothing written

WITHOUT_PROVIDER = {"sub": STAFF_ID, "cognito:groups": "client-archivers"}
REFUSED: list[tuple[str, dict[str, Any], int, str, list[str]]] = [
    ("body that is not JSON", {"raw": '{"notify_client": tru'}, 400, "InvalidRequest", ["body"]),
    ("body that is no object", {"body": []}, 422, "InvalidRequest", ["body"]),
    ("body that is a text", {"body": "archive"}, 422, "InvalidRequest", ["body"]),
    ("unknown field", {"body": {"force": True}}, 422, "InvalidRequest", ["force"]),
    (
        "body as a form",
        {"raw": "a=b", "headers": {"Content-Type": "text/plain"}},
        415,
        "InvalidRequest",
        ["Content-Type"],
    ),
    ("no claims", {"body": {}, "claims": None}, 403, "NotPermitted", []),
    ("empty claims", {"body": {}, "claims": {}}, 403, "NotPermitted", []),
    ("no provider", {"body": {}, "claims": WITHOUT_PROVIDER}, 403, "NotPermitted", []),
    ("no group", {"body": {}, "claims": READER}, 403, "NotPermitted", []),
    ("another group", {"body": {}, "claims": READER}, 403, "NotPermitted", []),
    (
        "a group of a similar name",
        {"body": {}, "claims": ARCHIVER | {"cognito:groups": "no-client-archivers"}},
        403,
        "NotPermitted",
        [],
    ),
    (
        "another provider's client",
        {"body": {}, "claims": MANAGER | {"custom:provider_id": OTHER_PROVIDER_ID}},
        404,
        "ClientNotFound",
        ["client_id"],
    ),
]


@pytest.mark.parametrize("path", VERBS)
@pytest.mark.parametrize(("_", "call", "status", "name", "fields"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused_with_a_problem_and_nothing_written(
    table: Table, path: str, _: str, call: dict[str, Any], status: int, name: str, fields: list[str]
) -> None:
    store(table, client(), *one_of_each())
    before = dump(table)
    answer = post(path, **call)
    assert (answer.status, answer.problem, answer.fields) == (status, name, fields)
    assert dump(table) == before


@pytest.mark.parametrize("value", ["true", 1, None, [True]], ids=repr)
def test_a_value_of_another_type_is_refused_by_the_field_s_name(table: Table, value: object) -> None:
    store(table, client())
    before = dump(table)
    answer = post(ARCHIVE, {"notify_client": value})
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", ["notify_client"])
    assert dump(table) == before


@pytest.mark.parametrize("verb", ["archive", "activate"])
def test_an_unknown_client_is_a_problem_that_names_client_id(table: Table, verb: str) -> None:
    answer = post(f"/clients/client-404/{verb}", {})
    assert (answer.status, answer.problem, answer.fields) == (404, "ClientNotFound", ["client_id"])
    assert dump(table) == {}


@pytest.mark.parametrize("client_id", ["client#1", "x" * 65, "client 1"])
def test_an_id_that_cannot_be_one_is_refused_before_the_table_is_asked(client_id: str, log: Log) -> None:
    answer = post(f"/clients/{client_id.replace('#', '%23')}/archive", {})
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", ["client_id"])


@pytest.mark.parametrize("groups", ["client-archivers", "front-desk,client-archivers", "[front-desk client-archivers]"])
def test_the_group_is_recognised_however_the_gateway_writes_the_claim(table: Table, groups: str) -> None:
    store(table, client())
    assert post(ARCHIVE, {}, claims=ARCHIVER | {"cognito:groups": groups}).status == 200


def test_equal_ids_of_two_providers_are_kept_apart_by_the_claims(table: Table, tenant: Tenant) -> None:
    store(table, client())
    store(table, client(provider_id=OTHER_PROVIDER_ID))
    post(ARCHIVE, {}, claims=MANAGER | {"custom:provider_id": OTHER_PROVIDER_ID})
    assert read_client(tenant, "client-1").stamp is None
    assert read_client(Tenant(table, OTHER_PROVIDER_ID), "client-1").stamp is not None
