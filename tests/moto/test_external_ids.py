"""Clients' ids in other systems (I14): given, found by, released, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.storage.external_ids import find_owner
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from tests.support.builders import OTHER_PROVIDER_ID, client, stamp
from tests.support.calls import MANAGER, get, patch, post
from tests.support.store import dump, store

WREN = {"name": "Wren Fairbrook", "email": "wren@example.org"}
LINKED = {"external_ids": {"crm": "c-1", "billing": "42"}}
STRANGER = MANAGER | {"custom:provider_id": OTHER_PROVIDER_ID}


def found(source: str, external_id: str) -> list[str]:
    answer = get(f"/clients?source={source}&external_id={external_id}")
    return [one["client_id"] for one in answer.body["clients"]]


def test_i14_a_client_is_found_by_its_id_in_a_source(table: Table) -> None:
    added = post("/clients", WREN | LINKED).body
    assert added["external_ids"] == LINKED["external_ids"]
    assert get(f"/clients/{added['client_id']}").body == added
    assert [found("crm", "c-1"), found("billing", "42")] == [[added["client_id"]]] * 2
    assert [found("crm", "42"), found("billing", "c-1")] == [[], []]


def test_i14_an_archived_client_is_found_by_its_id_in_a_source(table: Table) -> None:
    store(table, client(stamp=stamp(), external_ids={"crm": "c-1"}))
    assert found("crm", "c-1") == ["client-1"]


@pytest.mark.parametrize("owner", [None, 7, ["client-1"]])
def test_an_id_whose_owner_cannot_be_read_is_reported_and_no_fault(tenant: Tenant, owner: Any) -> None:
    tenant.table.put_many([{**tenant.keys.external_id("crm", "c-1"), "client_id": owner}])
    answer = get("/clients?source=crm&external_id=c-1")
    told = [{"kind": "external_id", "id": "c-1", "fields": ["client_id"], "client_id": None}]
    assert (answer.status, answer.body["clients"], answer.body["unreadable"]) == (200, [], told)


def test_an_id_of_a_client_whom_nobody_has_finds_nobody(tenant: Tenant) -> None:
    tenant.table.put_many([{**tenant.keys.external_id("crm", "c-1"), "client_id": "nobody"}])
    assert found("crm", "c-1") == []


@pytest.mark.parametrize("verb", ["add", "change"])
def test_i14_an_id_in_a_source_is_one_client_s(table: Table, verb: str) -> None:
    store(table, client(external_ids={"crm": "c-1"}))
    store(table, client("client-2"))
    before = dump(table)
    taken = {"external_ids": {"crm": "c-1"}}
    answer = post("/clients", WREN | taken) if verb == "add" else patch("/clients/client-2", taken)
    assert (answer.status, answer.problem, answer.fields) == (409, "ExternalIdInUse", ["external_ids.crm"])
    assert answer.body["client_id"] == "client-1"
    assert dump(table) == before


def test_i14_another_provider_s_client_may_have_the_id(table: Table) -> None:
    store(table, client(provider_id=OTHER_PROVIDER_ID, external_ids={"crm": "c-1"}))
    assert found("crm", "c-1") == []
    assert post("/clients", WREN | LINKED).status == 201


def test_an_address_in_use_leaves_no_claim_behind(table: Table, tenant: Tenant) -> None:
    store(table, client(email=WREN["email"]))
    assert post("/clients", WREN | LINKED).problem == "EmailInUse"
    assert find_owner(tenant, "crm", "c-1") == ([], [])


def test_an_id_in_a_source_is_changed_and_released(table: Table) -> None:
    store(table, client(external_ids={"crm": "c-1", "billing": "42"}))
    store(table, client("client-2"))
    assert patch("/clients/client-1", {"external_ids": {"crm": "c-2"}}).body["external_ids"] == {
        "crm": "c-2",
        "billing": "42",
    }
    assert patch("/clients/client-1", {"external_ids": {"billing": None}}).body["external_ids"] == {"crm": "c-2"}
    assert patch("/clients/client-2", LINKED).body["external_ids"] == LINKED["external_ids"]
    assert [found("crm", "c-1"), found("crm", "c-2")] == [["client-2"], ["client-1"]]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"crm": "wren@example.org"}, "external_ids.crm"),
        ({"crm": "a/b"}, "external_ids.crm"),
        ({"crm": ".."}, "external_ids.crm"),
        ({"crm": "x" * 129}, "external_ids.crm"),
        ({"c#m": "c-1"}, "external_ids.c#m"),
        ({f"source-{number}": "1" for number in range(11)}, "external_ids"),
    ],
    ids=str,
)
@pytest.mark.parametrize("verb", ["add", "change"])
def test_no_address_and_no_part_of_a_key_is_an_external_id(
    table: Table, verb: str, wrong: dict[str, Any], field: str
) -> None:
    store(table, client())
    body = {"external_ids": wrong}
    answer = post("/clients", WREN | body) if verb == "add" else patch("/clients/client-1", body)
    assert answer.status == 422
    assert answer.fields[0].startswith(field)


@pytest.mark.parametrize("query", ["source=crm", "external_id=c-1"])
def test_a_source_and_an_id_are_asked_for_together(table: Table, query: str) -> None:
    answer = get(f"/clients?{query}")
    assert (answer.status, answer.fields) == (422, ["source", "external_id"])
