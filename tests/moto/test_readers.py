"""Staff who may only read see neither money nor notes, on any route, unless their practice decided that they do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from client_lifecycle.domain.settings import Level, ProviderSettings, ReaderSettings, SafetySettings
from client_lifecycle.edge import wiring
from client_lifecycle.edge.identity import LEAST_ROLE, Role
from client_lifecycle.edge.redaction import MONEY, NOTES
from client_lifecycle.storage.table import Table
from tests.support.builders import GROUP_ID, PROVIDER_ID, client, group, one_of_each
from tests.support.calls import ARCHIVER, READER, get, patch, post, put, request
from tests.support.faults import THROTTLED, failing
from tests.support.store import store, store_group, store_settings

NOTE = "a note that is only for some eyes"
SAFETY = SafetySettings(owes_money=Level.WARN, has_credits=Level.WARN)
BODIES = {
    "POST /clients/_search": {"q": "wren"},
    "POST /permission-checks": {"action": "share_document", "client_ids": ["client-1"]},
}
READ = sorted(route for route, role in LEAST_ROLE.items() if role is Role.READER)


@pytest.fixture(autouse=True)
def ids(table: Table, executions: object) -> dict[str, str]:
    """A practice in which everything that can be read has money, and a note where there is room for one."""
    store_group(table, group())
    store_settings(table, PROVIDER_ID, ProviderSettings(safety=SAFETY))
    owing: dict[str, Any] = {"owed_cents": 700, "credit_cents": 900, "group_id": GROUP_ID}
    store(table, client(**owing), *one_of_each())
    store(table, client("client-2", **owing))
    options = {"note": NOTE, "reason": "finished"}
    put("/clients/client-2/archive-plan", {"after_last_appointment": True, "options": options})
    run_id = post("/bulk-archives", {"client_ids": ["client-1", "client-2"], "options": options}).body["run_id"]
    warned = {"acknowledge": ["owes_money", "has_credits"]}
    archived = post("/clients/client-1/archive", options | warned)
    assert archived.status == 200, archived.body
    archive_id = archived.body["client"]["archive_id"]
    return {
        "client_id": "client-1",
        "run_id": run_id,
        "archive_id": archive_id,
        "group_id": GROUP_ID,
        "import_id": "import-1",
    }


def read(route: str, ids: dict[str, str], **options: Any) -> str:
    method, _, path = route.partition(" ")
    answer = request(method, path.format(**ids), BODIES.get(route), **options)
    return json.dumps(answer.body)


def tells_money(answer: str) -> bool:
    told = answer.replace('"owes_money":', "").replace('"has_credits":', "")
    lists = '"owes_money"' in told or '"has_credits"' in told
    return lists or any(f'"{name}":' in answer for name in MONEY)


def tells_notes(answer: str) -> bool:
    return NOTE in answer or any(f'"{name}":' in answer for name in NOTES)


@pytest.mark.parametrize("route", READ)
def test_a_reader_sees_neither_money_nor_notes(ids: dict[str, str], route: str) -> None:
    answer = read(route, ids, claims=READER)
    assert not tells_money(answer)
    assert not tells_notes(answer)


def test_archivers_see_both_and_so_the_test_above_can_fail(ids: dict[str, str]) -> None:
    shown = {route: read(route, ids, claims=ARCHIVER) for route in READ}
    assert {route for route, answer in shown.items() if tells_money(answer)} >= {
        "GET /clients/{client_id}",
        "GET /clients",
        "GET /clients/{client_id}/receipts",
        "GET /clients/{client_id}/receipts/{archive_id}",
        "GET /bulk-archives",
        "GET /bulk-archives/{run_id}",
        "GET /bulk-archives/{run_id}/clients",
    }
    assert {route for route, answer in shown.items() if NOTE in answer} >= {
        "GET /clients/{client_id}/history",
        "GET /clients/{client_id}/receipts",
        "GET /clients/{client_id}/receipts/{archive_id}",
        "GET /bulk-archives",
        "GET /bulk-archives/{run_id}",
    }


def test_a_practice_may_show_readers_money_or_notes_or_both(ids: dict[str, str]) -> None:
    route = "GET /clients/{client_id}/receipts"
    patch("/settings", {"readers": {"see_money": True}})
    answer = read(route, ids, claims=READER)
    assert (tells_money(answer), tells_notes(answer)) == (True, False)
    patch("/settings", {"readers": {"see_money": False, "see_notes": True}})
    answer = read(route, ids, claims=READER)
    assert (tells_money(answer), tells_notes(answer)) == (False, True)
    assert get("/settings").body["readers"] == {"see_money": False, "see_notes": True}


def test_settings_that_cannot_be_read_show_readers_nothing_more(table: Table, ids: dict[str, str]) -> None:
    store_settings(table, PROVIDER_ID, ProviderSettings(readers=ReaderSettings(see_money=True)))
    stored = table.get({"pk": f"PROVIDER#{PROVIDER_ID}", "sk": "SETTINGS"})
    assert stored is not None
    table.put_many([{**stored, "readers": "all"}])
    assert not tells_money(read("GET /clients/{client_id}", ids, claims=READER))


def test_what_readers_may_see_is_read_once_for_a_request() -> None:
    """What a reader may ask is decided by the same reading as what they are shown."""
    patch("/settings", {"readers": {"see_money": True}})
    with failing(wiring.table().client, THROTTLED, times=0) as made:
        listed = get("/clients?owes=true", claims=READER).body["clients"]
    assert "owed_cents" in listed[0]
    assert made.count("GetItem") == 1
    patch("/settings", {"readers": {"see_money": False}})
    assert get("/clients?owes=true", claims=READER).status == 403
