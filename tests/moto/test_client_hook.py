"""PUT /hooks/clients/{external_id}: a platform adds and changes clients; what staff decided stays (A3, A8, I2, I14)."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.domain.client import Status
from client_lifecycle.edge import wiring
from client_lifecycle.storage.client_edits import commit_client
from client_lifecycle.storage.client_lists import count_clients
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.table import StaleRead, Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases import client_upsert
from tests.moto.conftest import Log
from tests.support import source_secrets
from tests.support.builders import GROUP_ID, HOUR, NOW, OTHER_PROVIDER_ID, PROVIDER_ID, client, group, stamp
from tests.support.calls import Answer, get, patch, post, request
from tests.support.store import dump, store, store_group

WREN = {"name": "Wren Fairbrook", "email": "wren@example.org"}
TOLD = "TOLD"
VALUES: dict[str, tuple[str | None, str | None, str | None]] = {
    "name": ("A", "B", "C"),
    "email": ("a@x.org", "b@x.org", "c@x.org"),
    "group_id": (GROUP_ID, None, "group-2"),
}
"""Of each field: as the platform has it first, as staff correct it, as the platform changes it."""


@pytest.fixture(autouse=True)
def secrets(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECORD_SECRET_PREFIX", source_secrets.PREFIX)
    wiring.record_secrets.cache_clear()
    for source in ("platform", "crm"):
        source_secrets.give_secret(source)


def tell(
    version: int = 1, external_id: str = "p-1", *, source: str = "platform", query: str = "", **fields: Any
) -> Answer:
    body = {"version": version} | WREN | fields
    return source_secrets.tell("PUT", f"/hooks/clients/{external_id}{query}", source, body)


def told(version: int = 1, external_id: str = "p-1", **fields: Any) -> dict[str, Any]:
    answer = tell(version, external_id, **fields)
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


def refused(answer: dict[str, Any]) -> tuple[str, str, str]:
    return answer["outcome"], answer["reason"], answer["rule"]


def shown(client_id: str) -> dict[str, Any]:
    body: dict[str, Any] = get(f"/clients/{client_id}").body
    return body


# Adding


def test_i14_a_platform_adds_a_client_under_its_own_id(table: Table, tenant: Tenant) -> None:
    store_group(table, group())
    answer = told(group_id=GROUP_ID, last_active_at="2026-03-01T10:00:00+01:00")
    assert (answer["outcome"], answer["added"], answer["client_status"]) == ("stored", True, "active")
    kept = WREN | {"group_id": GROUP_ID, "external_ids": {"platform": "p-1"}, "currency": "USD"}
    kept |= {"last_active_at": "2026-03-01T09:00:00Z", "added_at": "2026-03-02T09:30:00Z"}
    assert shown(answer["client_id"]).items() >= kept.items()
    [found] = get("/clients?source=platform&external_id=p-1").body["clients"]
    assert found["client_id"] == answer["client_id"]


def test_a_client_s_amounts_are_in_the_practice_s_currency(table: Table) -> None:
    patch("/settings", {"currency": "EUR"})
    assert shown(told()["client_id"])["currency"] == "EUR"


def test_two_platforms_may_use_the_same_id(table: Table) -> None:
    ours = told()["client_id"]
    theirs = told(source="crm", email="rook@example.org")["client_id"]
    assert ours != theirs


@pytest.mark.parametrize("fields", [{}, {"stamp": stamp()}], ids=["active", "archived"])
@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_a3_an_address_in_use_is_refused_with_whose_it_is(table: Table, fields: dict[str, Any], query: str) -> None:
    owner = store(table, client(email="Wren@Example.org", **fields))
    before = dump(table)
    answer = told(query=query)
    assert refused(answer) == ("refused", "email_in_use", "A3")
    whose = {"client_id": "client-1", "client_status": owner.status, "activate": "/clients/client-1/activate"}
    assert answer["in_use_by"] == whose
    assert (answer["client_id"], answer["added"]) == (None, False)
    assert dump(table) == before


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_an_unknown_group_is_refused(table: Table, query: str) -> None:
    assert refused(told(group_id="group-404", query=query)) == ("refused", "unknown_group", "I19")
    assert dump(table) == {}


def test_i3_a_refusal_consumes_nothing(table: Table) -> None:
    store(table, client(email=WREN["email"]))
    assert told(7)["reason"] == "email_in_use"
    patch("/clients/client-1", {"email": "else@example.org"})
    assert told(7)["outcome"] == "stored"


def test_a_dry_run_stores_nothing_and_names_nobody(table: Table) -> None:
    answer = told(query="?dry_run=true")
    assert (answer["outcome"], answer["added"], answer["client_id"], answer["dry_run"]) == ("stored", True, None, True)
    assert dump(table) == {}


# Versions


def test_i2_a_client_is_told_by_version(table: Table) -> None:
    client_id = told(5)["client_id"]
    before = dump(table)
    assert [told(5)["outcome"], told(4, name="Old")["outcome"]] == ["unchanged", "stale"]
    assert refused(told(5, name="Other")) == ("refused", "version_reused", "I2")
    assert dump(table) == before
    answer = told(9, name="Wren F. Fairbrook", email="w@example.org")
    assert (answer["changed"], answer["client_id"]) == (["name", "email"], client_id)
    assert shown(client_id).items() >= {"name": "Wren F. Fairbrook", "email": "w@example.org"}.items()
    assert read_client(Tenant(table, PROVIDER_ID), client_id).revision == 2


def test_a_new_version_that_says_the_same_leaves_the_client_alone(table: Table, tenant: Tenant) -> None:
    client_id = told(1)["client_id"]
    answer = told(2)
    assert (answer["outcome"], answer["changed"], answer["differs"]) == ("stored", [], [])
    assert read_client(tenant, client_id).revision == 1
    assert told(1)["outcome"] == "stale"


# What staff decided


@pytest.mark.parametrize("field", VALUES)
def test_what_staff_corrected_stays_until_the_platform_changes_it(table: Table, field: str) -> None:
    store_group(table, group())
    store_group(table, group("group-2"))
    first, corrected, changed = VALUES[field]
    client_id = told(1, **dict[str, Any]({"group_id": None, field: first}))["client_id"]
    assert patch(f"/clients/{client_id}", {field: corrected}).status == 200
    other = {"name": "email", "email": "name", "group_id": "name"}[field]
    answer = told(2, **dict[str, Any]({"group_id": None, field: first, other: "other@x.org"}))
    assert (answer["changed"], answer["differs"]) == ([other], [field])
    assert shown(client_id)[field] == corrected
    answer = told(3, **dict[str, Any]({"group_id": None, field: changed, other: "other@x.org"}))
    assert (answer["changed"], answer["differs"]) == ([field], [])
    assert shown(client_id)[field] == changed


def test_a_platform_that_keeps_no_groups_takes_nobody_out_of_one(table: Table) -> None:
    store_group(table, group())
    client_id = told(1)["client_id"]
    patch(f"/clients/{client_id}", {"group_id": GROUP_ID})
    assert told(2, name="Wren")["differs"] == []
    assert shown(client_id)["group_id"] == GROUP_ID


def test_a8_no_platform_undoes_an_archive_or_a_return(table: Table) -> None:
    client_id = told(1)["client_id"]
    post(f"/clients/{client_id}/archive", {})
    answer = told(2, name="Wren F.")
    assert (answer["outcome"], answer["changed"], answer["client_status"]) == ("stored", ["name"], "archived")
    post(f"/clients/{client_id}/activate", {})
    assert told(3, name="Wren G.")["client_status"] == "active"


@pytest.mark.parametrize("field", ["status", "archive_id", "external_ids", "settings"])
def test_a8_a_platform_cannot_even_tell_a_status(table: Table, field: str) -> None:
    answer = tell(1, **dict[str, Any]({field: "archived"}))
    assert (answer.status, answer.fields) == (422, [field])


def test_i17_last_active_rises_only_and_never_into_the_future(table: Table, tenant: Tenant) -> None:
    client_id = told(1, last_active_at="2026-02-01T00:00:00Z")["client_id"]
    for version, moment, kept in [
        (1, "2026-02-03T00:00:00Z", "2026-02-03T00:00:00Z"),
        (1, "2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z"),
        (2, (NOW + HOUR).isoformat(), "2026-03-02T09:30:00Z"),
    ]:
        assert told(version, last_active_at=moment)["outcome"] in ("unchanged", "stored")
        assert shown(client_id)["last_active_at"] == kept
    assert read_client(tenant, client_id).revision == 1


# Linking a client that is here already


def test_i14_a_client_that_is_here_is_linked_and_keeps_its_fields(table: Table) -> None:
    store(table, client(stamp=stamp()))
    answer = told(client_id="client-1")
    assert (answer["outcome"], answer["added"], answer["changed"]) == ("stored", False, [])
    assert (answer["client_id"], answer["differs"]) == ("client-1", ["email"])
    assert shown("client-1")["external_ids"] == {"platform": "p-1"}
    assert told(2, name="Wren F.")["changed"] == ["name"]


def test_a_client_is_not_linked_twice_nor_is_an_id(table: Table) -> None:
    store(table, client(external_ids={"platform": "p-1"}))
    store(table, client("client-2"))
    before = dump(table)
    for external_id, client_id in [("p-1", "client-2"), ("p-2", "client-1")]:
        answer = told(1, external_id, client_id=client_id)
        assert refused(answer) == ("refused", "linked_otherwise", "I14")
        assert answer["client_id"] == "client-1"
    assert dump(table) == before


def test_linking_an_unknown_client_is_a_problem(table: Table) -> None:
    answer = tell(client_id="client-404")
    assert (answer.status, answer.problem) == (404, "ClientNotFound")


def test_an_id_that_staff_release_begins_again(table: Table) -> None:
    client_id = told(5)["client_id"]
    patch(f"/clients/{client_id}", {"external_ids": {"platform": None}})
    assert told(5)["reason"] == "email_in_use"
    answer = told(1, email="new@example.org")
    assert (answer["added"], answer["outcome"]) == (True, "stored")
    assert answer["client_id"] != client_id


# Who is heard


def test_another_provider_s_client_is_not_told_of(table: Table) -> None:
    answer = tell(provider_id=OTHER_PROVIDER_ID)
    assert (answer.status, answer.problem, answer.fields) == (401, "BadSignature", ["provider_id"])


def test_a_request_that_is_not_signed_is_not_read(table: Table) -> None:
    answer = request("PUT", "/hooks/clients/p-1", {"version": 1}, claims=None)
    assert (answer.status, answer.problem) == (401, "BadSignature")


def test_no_name_and_no_address_is_logged_nor_kept_beside_the_client(table: Table, log: Log) -> None:
    told(1)
    told(1, name="Wren Other")
    assert not [word for word in ("wren", "fairbrook", "@") if word in log.text.casefold()]
    [kept] = [str(item) for (_, sk), item in dump(table).items() if sk == TOLD]
    assert "wren" not in kept.casefold()


def test_what_was_changed_meanwhile_is_judged_again(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    outdated = iter([StaleRead])

    def lose_once(*args: Any) -> None:
        for fault in outdated:
            raise fault
        commit_client(*args)

    monkeypatch.setattr(client_upsert, "commit_client", lose_once)
    assert told()["outcome"] == "stored"
    assert count_clients(Tenant(table, PROVIDER_ID), Status.ACTIVE, group_id=None) == 1
