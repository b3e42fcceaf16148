"""What a run's preview says needs attention: by rule, first in the list, alone on request; and which runs wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from client_lifecycle.domain.settings import Level, ProviderSettings, SafetySettings
from client_lifecycle.storage.table import Table
from tests.moto.conftest import Executions
from tests.moto.workflow import Workflow
from tests.support.builders import DAY, NOW, PROVIDER_ID, appointment, client
from tests.support.calls import ARCHIVER, READER, get, post
from tests.support.store import dump, store, store_settings

RULES = SafetySettings(owes_money=Level.BLOCK, has_credits=Level.WARN, appointment_soon=Level.WARN)


@pytest.fixture(autouse=True)
def practice(table: Table, executions: Executions) -> None:
    """Seven clients: the second owes, the fourth has credit, the sixth too, and an appointment tomorrow."""
    store_settings(table, PROVIDER_ID, ProviderSettings(safety=RULES))
    for number in range(1, 8):
        who = client(f"c-{number}", name=f"Client {number}", email=f"c{number}@example.org")
        store(table, replace(who, owed_cents=100 * (number == 2), credit_cents=500 * (number in (4, 6))))
    store(
        table,
        client("c-6", name="Client 6", email="c6@example.org", credit_cents=500),
        appointment(starts_at=NOW + DAY),
    )


EVERYONE = {"client_ids": [f"c-{number}" for number in range(1, 8)]}


def preview(body: dict[str, Any] = EVERYONE) -> dict[str, Any]:
    answer = post("/bulk-archives", body)
    assert answer.status == 201
    shown: dict[str, Any] = answer.body
    return shown


def everyone(address: str) -> Iterator[dict[str, Any]]:
    """Yield the entries of every page of a list."""
    cursor: str | None = ""
    while cursor is not None:
        page = get(address + (f"&cursor={cursor}" if cursor else "")).body
        yield from page.get("clients", page.get("runs", []))
        cursor = page["next_cursor"]


def ids(members: Any) -> list[str]:
    return [member["client_id"] for member in members]


def test_those_who_need_attention_come_first_and_others_as_they_were_named() -> None:
    shown = preview()
    assert ids(shown["clients"]) == ["c-2", "c-4", "c-6", "c-1", "c-3", "c-5", "c-7"]


def test_each_rule_counts_its_clients() -> None:
    totals = preview()["totals"]
    assert totals["rules"] == [
        {"rule": "appointment_soon", "level": "warn", "clients": 1},
        {"rule": "has_credits", "level": "warn", "clients": 2},
        {"rule": "owes_money", "level": "block", "clients": 1},
    ]
    assert totals["attention"] == 3


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
def test_they_are_listed_alone_on_request(limit: int) -> None:
    run = preview()
    found = everyone(f"/bulk-archives/{run['run_id']}/clients?attention=true&limit={limit}")
    assert ids(found) == ["c-2", "c-4", "c-6"]


def test_where_nobody_needs_attention_nobody_is_listed() -> None:
    run = preview({"client_ids": ["c-1", "c-3"]})
    assert (run["totals"]["rules"], run["totals"]["attention"]) == ([], 0)
    answer = get(f"/bulk-archives/{run['run_id']}/clients?attention=true&limit=1").body
    assert (answer["clients"], answer["next_cursor"]) == ([], None)


def test_attention_and_outcome_are_asked_for_together() -> None:
    run = preview()
    post(f"/bulk-archives/{run['run_id']}/exclude", {"client_ids": ["c-2", "c-1"]})
    assert ids(everyone(f"/bulk-archives/{run['run_id']}/clients?attention=true&outcome=excluded")) == ["c-2"]
    assert ids(everyone(f"/bulk-archives/{run['run_id']}/clients?attention=true&outcome=pending")) == ["c-4", "c-6"]


def test_a_run_of_before_is_searched_whole(table: Table) -> None:
    run = preview()
    [item] = [one for one in dump(table).values() if one.get("run_id") == run["run_id"] and "totals" in one]
    del item["totals"]["attention"], item["totals"]["rules"]
    table.put_many([item])
    address = f"/bulk-archives/{run['run_id']}"
    assert get(address).body["totals"]["attention"] is None
    assert ids(everyone(f"{address}/clients?attention=true&limit=2")) == ["c-2", "c-4", "c-6"]


def test_a_cursor_of_all_does_not_go_on_among_those_who_need_attention() -> None:
    run = preview()
    address = f"/bulk-archives/{run['run_id']}/clients?limit=1"
    cursor = get(address).body["next_cursor"]
    assert get(f"{address}&attention=true&cursor={cursor}").fields == ["cursor"]


def test_the_address_tells_clients_of_one_name_apart(table: Table) -> None:
    store(table, client("twin", name="CLIENT 1", email="twin@example.org"))
    run = preview({"client_ids": ["c-1", "c-2", "twin"]})
    told = {"c-1": "c1@example.org", "c-2": None, "twin": "twin@example.org"}
    assert {one["client_id"]: one["email"] for one in run["clients"]} == told
    listed = everyone(f"/bulk-archives/{run['run_id']}/clients?limit=100")
    assert {one["client_id"]: one["email"] for one in listed} == told


def test_readers_are_not_told_who_owes_or_has_something() -> None:
    address = f"/bulk-archives/{preview()['run_id']}"
    totals = get(address, claims=READER).body["totals"]
    assert (totals["rules"], "attention" in totals) == (
        [{"rule": "appointment_soon", "level": "warn", "clients": 1}],
        False,
    )
    assert get(f"{address}/clients?attention=true", claims=READER).problem == "NotPermitted"
    assert get(f"{address}/clients?attention=true", claims=ARCHIVER).status == 200


# Runs


def runs(query: str) -> list[str]:
    return [one["run_id"] for one in everyone(f"/bulk-archives?{query}")]


def test_a_preview_is_discarded_by_stopping_it_and_its_clients_stay(table: Table) -> None:
    run_id = preview()["run_id"]
    answer = post(f"/bulk-archives/{run_id}/stop")
    assert (answer.body["state"], answer.body["stopped_by"]) == ("stopped", "staff-7")
    assert {get(f"/clients/c-{number}").body["status"] for number in range(1, 8)} == {"active"}
    [line] = [one for one in get("/history").body["entries"] if one["event"] == "bulk_archive.stop_asked"]
    assert (line["run_id"], line["by"]["actor_id"]) == (run_id, "staff-7")
    token = {"token": "x"}
    assert post(f"/bulk-archives/{run_id}/confirm", token).status == 409


def test_runs_are_found_by_state_and_by_kind() -> None:
    waiting, discarded, ended = (preview({"client_ids": [f"c-{number}"]}) for number in (1, 3, 5))
    post(f"/bulk-archives/{discarded['run_id']}/stop")
    post(f"/bulk-archives/{ended['run_id']}/confirm", {"token": ended["token"]})
    Workflow(ended["run_id"]).whole("c-5")
    undo = post(f"/bulk-archives/{ended['run_id']}/undo").body
    for limit in (1, 2, 20):
        assert runs(f"state=awaiting_confirmation&limit={limit}") == [waiting["run_id"]]
        assert runs(f"state=stopped&limit={limit}") == [discarded["run_id"]]
        assert runs(f"kind=undo&limit={limit}") == [undo["run_id"]]
        assert runs(f"kind=archive&state=completed&limit={limit}") == [ended["run_id"]]
        assert runs(f"kind=undo&state=stopped&limit={limit}") == []
        assert len(runs(f"limit={limit}")) == 4


def test_an_answer_without_a_run_says_that_there_may_be_more() -> None:
    wanted = preview()["run_id"]
    for _ in range(12):
        post(f"/bulk-archives/{preview({'client_ids': ['c-1']})['run_id']}/stop")
    first = get("/bulk-archives?state=awaiting_confirmation&limit=1").body
    assert (first["runs"], bool(first["next_cursor"])) == ([], True)
    assert runs("state=awaiting_confirmation&limit=1") == [wanted]


@pytest.mark.parametrize("query", ["state=waiting", "kind=restore", "kind="])
def test_a_state_or_kind_that_there_is_not_is_refused(query: str) -> None:
    answer = get(f"/bulk-archives?{query}")
    assert (answer.status, answer.fields) == (422, [query.partition("=")[0]])
