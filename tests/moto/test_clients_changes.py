"""POST /clients, PATCH and DELETE /clients/{client_id}."""

from __future__ import annotations

from typing import Any

import pytest
from ulid import ULID

from client_lifecycle.domain.settings import PortalSettings
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import StaleRead, Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases import clients as use_case
from client_lifecycle.use_cases.clients import change_client
from tests.moto.conftest import Log
from tests.support.builders import (
    GROUP_ID,
    NOW,
    OTHER_PROVIDER_ID,
    PROVIDER_ID,
    STAFF_ID,
    cause,
    client,
    group,
    stamp,
)
from tests.support.calls import ARCHIVER, MANAGER, READER, Answer, delete, get, patch, post, request
from tests.support.store import dump, store, store_group

WREN = {"name": "Wren Fairbrook", "email": "wren@example.org"}
FRONT_DESK = READER
STRANGER = MANAGER | {"custom:provider_id": OTHER_PROVIDER_ID}
UNSET = {"chat": None, "community_chats": None, "schedule_appointments": None, "email_notifications": None}


# Add


def test_adding_answers_with_the_client_as_it_is_kept(table: Table, tenant: Tenant) -> None:
    store_group(table, group())
    more = {
        "group_id": GROUP_ID,
        "settings": {"chat": False},
        "credit_cents": 500,
        "owed_cents": 250,
        "currency": "EUR",
    }
    answer = post("/clients", {"name": "  Wren Fairbrook ", "email": " Wren@Example.org "} | more)
    assert answer.status == 201
    assert ULID.from_str(answer.body["client_id"]).datetime == NOW
    kept = WREN | more | {"email": "Wren@Example.org", "settings": UNSET | {"chat": False}, "status": "active"}
    assert answer.body.items() >= kept.items()
    assert get(f"/clients/{answer.body['client_id']}").body == answer.body
    assert read_client(tenant, answer.body["client_id"]).revision == 1


@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_m1_a_client_s_amounts_are_shown_in_its_currency(table: Table, currency: str) -> None:
    client_id = post("/clients", WREN | {"credit_cents": 500, "owed_cents": 250, "currency": currency}).body[
        "client_id"
    ]
    [listed] = get("/clients").body["clients"]
    for shown in (get(f"/clients/{client_id}").body, listed):
        assert (shown["credit_cents"], shown["owed_cents"], shown["currency"]) == (500, 250, currency)


def test_a_client_is_added_with_name_and_address_alone(table: Table) -> None:
    body = post("/clients", WREN).body
    assert (body["credit_cents"], body["owed_cents"], body["currency"], body["group_id"]) == (0, 0, "USD", None)
    assert (body["settings"], body["added_at"]) == (UNSET, "2026-03-02T09:30:00Z")


@pytest.mark.parametrize("email", ["wren@example.org", " WREN@example.ORG\t", "Wren@Example.org"])
@pytest.mark.parametrize(("status", "fields"), [("active", {}), ("archived", {"stamp": stamp()})])
def test_a3_an_address_in_use_is_refused_with_whose_it_is_and_the_way_back(
    table: Table, email: str, status: str, fields: dict[str, Any]
) -> None:
    store(table, client(email="Wren@example.org", **fields))
    before = dump(table)
    answer = post("/clients", {"name": "Another Wren", "email": email})
    assert (answer.status, answer.problem, answer.fields) == (409, "EmailInUse", ["email"])
    assert answer.body["detail"] == "Email in use."
    facts = {"client_id": "client-1", "client_status": status, "activate": "/clients/client-1/activate"}
    assert answer.body.items() >= facts.items()
    assert dump(table) == before


def test_a3_the_way_back_leads_back(table: Table) -> None:
    store(table, client(email="wren@example.org", stamp=stamp()))
    assert post(post("/clients", WREN).body["activate"]).body["client"]["status"] == "active"


def test_a3_another_provider_s_client_may_have_the_address(table: Table) -> None:
    store(table, client(email="wren@example.org", provider_id=OTHER_PROVIDER_ID))
    assert post("/clients", WREN).status == 201


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"name": "  "}, ["name"]),
        ({"name": "x" * 201}, ["name"]),
        ({"name": "Wren\x00"}, ["name"]),
        ({"name": None}, ["name"]),
        ({"email": "wren"}, ["email"]),
        ({"email": "wren@example"}, ["email"]),
        ({"email": "wren@@example.org"}, ["email"]),
        ({"email": "wren fairbrook@example.org"}, ["email"]),
        ({"email": "Wren <wren@example.org>"}, ["email"]),
        ({"email": "wren@example..org"}, ["email"]),
        ({"email": f"{'x' * 65}@example.org"}, ["email"]),
        ({"email": f"wren@{'x' * 250}.org"}, ["email"]),
        ({"email": "wr\u200ben@example.org"}, ["email"]),
        ({"email": 7}, ["email"]),
        ({"group_id": "a#b"}, ["group_id"]),
        ({"settings": {"chat": "no"}}, ["settings.chat"]),
        ({"settings": {"phone": True}}, ["settings.phone"]),
        ({"settings": None}, ["settings"]),
        ({"credit_cents": -1}, ["credit_cents"]),
        ({"owed_cents": 1.5}, ["owed_cents"]),
        ({"owed_cents": True}, ["owed_cents"]),
        ({"currency": "usd"}, ["currency"]),
        ({"status": "archived"}, ["status"]),
        ({"provider_id": OTHER_PROVIDER_ID}, ["provider_id"]),
        ({"client_id": "client-1"}, ["client_id"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("verb", ["add", "change"])
def test_a_wrong_value_is_refused_by_its_field_and_nothing_is_written(
    table: Table, verb: str, wrong: dict[str, Any], fields: list[str], log: Log
) -> None:
    store(table, client())
    before = dump(table)
    answer = post("/clients", WREN | wrong) if verb == "add" else patch("/clients/client-1", wrong)
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", fields)
    assert dump(table) == before
    assert not [word for word in ("wren", "xx", "@") if word in log.text.casefold()]


def test_name_and_address_are_needed(table: Table) -> None:
    assert post("/clients", {}).fields == ["name", "email"]
    assert post("/clients").status == 422


@pytest.mark.parametrize("verb", ["add", "change"])
def test_a_group_that_is_not_there_is_a_problem_that_names_group_id(table: Table, verb: str) -> None:
    store(table, client())
    store_group(table, group("group-theirs", provider_id=OTHER_PROVIDER_ID))
    before = dump(table)
    wrong = {"group_id": "group-theirs"}
    answer = post("/clients", WREN | wrong) if verb == "add" else patch("/clients/client-1", wrong)
    assert (answer.status, answer.problem, answer.fields) == (404, "GroupNotFound", ["group_id"])
    assert dump(table) == before


# Change


@pytest.mark.parametrize("fields", [{}, {"stamp": stamp()}], ids=["active", "archived"])
def test_name_address_group_and_settings_change_and_nothing_else(
    table: Table, tenant: Tenant, fields: dict[str, Any]
) -> None:
    before = store(table, client(settings=PortalSettings(chat=False, schedule_appointments=False), **fields))
    store_group(table, group())
    shown = get("/clients/client-1").body
    changes = {"name": "Wren Underhay", "email": "w.underhay@example.org", "group_id": GROUP_ID}
    settings = {"schedule_appointments": None, "email_notifications": True}
    answer = patch("/clients/client-1", changes | {"settings": settings})
    assert answer.status == 200
    resolved = shown["settings"] | settings
    assert answer.body == shown | changes | {"settings": resolved}
    assert get("/clients/client-1").body == answer.body
    assert read_client(tenant, "client-1").revision == before.revision + 1


@pytest.mark.parametrize("body", [{}, {"name": "Wren Fairbrook"}, {"settings": {}}, {"group_id": GROUP_ID}])
def test_a_change_that_changes_nothing_writes_nothing(table: Table, body: dict[str, Any]) -> None:
    store(table, client(group_id=GROUP_ID))
    before = dump(table)
    assert patch("/clients/client-1", body).body["group_id"] == GROUP_ID
    assert dump(table) == before


def test_null_takes_a_client_out_of_its_group(table: Table) -> None:
    store(table, client(group_id=GROUP_ID))
    assert patch("/clients/client-1", {"group_id": None}).body["group_id"] is None
    assert get(f"/clients?group_id={GROUP_ID}").body["clients"] == []


def test_a_renamed_client_is_listed_and_found_by_new_name_and_address(table: Table) -> None:
    store(table, client())
    patch("/clients/client-1", {"name": "Zoë Zamora", "email": "zoe@example.org"})
    for q, ids in (("zoë", ["client-1"]), ("zoe@", ["client-1"]), ("wren", []), ("wren@", [])):
        assert [one["client_id"] for one in post("/clients/_search", {"q": q}).body["clients"]] == ids


def test_a3_a_change_takes_the_new_address_and_releases_the_old_one(table: Table) -> None:
    store(table, client(email="wren@example.org"))
    patch("/clients/client-1", {"email": "w@example.org"})
    assert table.get(Keys(PROVIDER_ID).email("wren@example.org")) is None
    assert post("/clients", WREN).status == 201
    answer = patch("/clients/client-1", {"email": "WREN@example.org"})
    assert (answer.status, answer.problem, answer.body["detail"]) == (409, "EmailInUse", "Email in use.")
    assert post("/clients", WREN | {"email": "W@example.org"}).body["client_id"] == "client-1"


def test_an_address_may_change_its_spelling(table: Table) -> None:
    store(table, client(email="wren@example.org"))
    assert patch("/clients/client-1", {"email": "Wren@Example.org"}).body["email"] == "Wren@Example.org"
    assert post("/clients", WREN).status == 409


@pytest.mark.parametrize(
    "field", ["status", "stamp", "archive_id", "revision", "added_at", "last_return", "archive_plan", "plan"]
)
def test_a8_the_status_and_what_goes_with_it_is_changed_by_its_verbs_only(table: Table, field: str) -> None:
    store(table, client())
    before = dump(table)
    answer = patch("/clients/client-1", {"name": "Else", field: "archived"})
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", [field])
    assert dump(table) == before


def test_a_change_is_decided_again_on_what_others_wrote_meanwhile(table: Table, tenant: Tenant) -> None:
    store(table, client())
    readings = []

    def edit(reading: Any) -> Any:
        readings.append(reading.status)
        if len(readings) == 1:
            post("/clients/client-1/archive")
        return client(name="Wren Underhay", stamp=reading.stamp, revision=reading.revision)

    changed = change_client(tenant, "client-1", edit, cause=cause(), at=NOW)
    assert readings == ["active", "archived"]
    assert changed == read_client(tenant, "client-1")
    assert changed.stamp is not None
    assert changed.stamp.cause == cause(actor_id=STAFF_ID)


def test_a_client_that_keeps_changing_is_a_problem_after_some_tries(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outdated(*_: object) -> None:
        raise StaleRead

    store(table, client())
    monkeypatch.setattr(use_case, "commit_client", outdated)
    answer = patch("/clients/client-1", {"name": "Else"})
    assert (answer.status, answer.problem, answer.headers["Retry-After"]) == (503, "CommitContended", "1")


# Delete


@pytest.mark.parametrize("client_id", ["client-1", "client-404"])
@pytest.mark.parametrize("claims", [ARCHIVER, FRONT_DESK, STRANGER])
def test_a4_a_client_is_never_deleted_and_the_problem_says_why(
    table: Table, client_id: str, claims: dict[str, Any]
) -> None:
    store(table, client())
    before = dump(table)
    answer = delete(f"/clients/{client_id}", claims=claims)
    assert (answer.status, answer.problem) == (405, "RecordsAreKept")
    assert "retention law" in answer.body["detail"]
    assert answer.body["archive"] == f"/clients/{client_id}/archive"
    assert answer.headers["Allow"] == "GET, PATCH"
    assert dump(table) == before


# Who may


def calls(claims: dict[str, Any] | None) -> list[Answer]:
    return [
        post("/clients", WREN, claims=claims),
        patch("/clients/client-1", {"name": "Else"}, claims=claims),
    ]


@pytest.mark.parametrize("claims", [None, {}, {"sub": STAFF_ID}, FRONT_DESK], ids=str)
def test_adding_and_changing_need_the_archivers_group(table: Table, claims: dict[str, Any] | None) -> None:
    store(table, client())
    before = dump(table)
    assert [(answer.status, answer.problem) for answer in calls(claims)] == [(403, "NotPermitted")] * 2
    assert dump(table) == before


@pytest.mark.parametrize("client_id", ["client-1", "client-404"])
def test_another_provider_s_client_cannot_be_changed(table: Table, client_id: str) -> None:
    store(table, client("client-1", provider_id=OTHER_PROVIDER_ID))
    before = dump(table)
    answer = patch(f"/clients/{client_id}", {"name": "Else"})
    assert (answer.status, answer.problem, answer.fields) == (404, "ClientNotFound", ["client_id"])
    assert dump(table) == before


@pytest.mark.parametrize(("method", "address"), [("POST", "/clients"), ("PATCH", "/clients/client-1")])
@pytest.mark.parametrize(
    ("call", "status", "fields"),
    [
        ({"raw": '{"name": '}, 400, ["body"]),
        ({"body": []}, 422, ["body"]),
        ({"raw": "a=b", "headers": {"Content-Type": "text/plain"}}, 415, ["Content-Type"]),
    ],
)
def test_a_body_that_is_no_object_is_refused(
    table: Table, method: str, address: str, call: dict[str, Any], status: int, fields: list[str]
) -> None:
    answer = request(method, address, **call)
    assert (answer.status, answer.problem, answer.fields) == (status, "InvalidRequest", fields)


def test_no_log_line_holds_a_name_or_an_address(table: Table, log: Log) -> None:
    store(table, client(email="wren@example.org"))
    post("/clients", WREN)
    post("/clients", WREN | {"email": "new@example.org", "group_id": "group-404"})
    patch("/clients/client-1", {"email": "no address", "name": "Wren Underhay"})
    delete("/clients/client-1")
    assert len(log.lines) == 4
    assert not [word for word in ("wren", "underhay", "@", "example", "no address") if word in log.text.casefold()]
