"""GET /clients and GET /clients/{client_id}: the two tabs, by name, page by page."""

from __future__ import annotations

import pytest

from client_lifecycle.storage.table import Table
from tests.moto.calls import ARCHIVER, JSON, get, post
from tests.moto.store import dump, store
from tests.unit.builders import GROUP_ID, OTHER_PROVIDER_ID, STAFF_ID, client, stamp

READER = ARCHIVER | {"cognito:groups": "front-desk"}


@pytest.fixture
def practice(table: Table) -> Table:
    """Five active clients, two archived ones, and one of another provider."""
    for client_id, name in [("c-1", "Wren"), ("c-2", "anna"), ("c-3", "Bert"), ("c-4", "Anna"), ("c-5", "Zoë")]:
        store(table, client(client_id, name=name, group_id=GROUP_ID if client_id in ("c-1", "c-3") else None))
    store(table, client("c-6", name="Carla", stamp=stamp()))
    store(table, client("c-7", name="Ben", stamp=stamp(), group_id=GROUP_ID))
    store(table, client("c-8", name="Aaron", provider_id=OTHER_PROVIDER_ID, group_id=GROUP_ID))
    return table


def listed(address: str) -> list[str]:
    answer = get(address)
    assert (answer.status, answer.content_type) == (200, JSON)
    assert answer.body["next_cursor"] is None
    return [client["client_id"] for client in answer.body["clients"]]


@pytest.mark.parametrize(
    ("query", "client_ids"),
    [
        ("", ["c-2", "c-4", "c-3", "c-1", "c-5"]),
        ("?status=active", ["c-2", "c-4", "c-3", "c-1", "c-5"]),
        ("?status=archived", ["c-7", "c-6"]),
        (f"?group_id={GROUP_ID}", ["c-3", "c-1"]),
        (f"?group_id={GROUP_ID}&status=archived", ["c-7"]),
        ("?group_id=group-unknown", []),
    ],
    ids=["no tab named", "active", "archived", "a group", "a group's archived", "an unknown group"],
)
def test_e1_a7_each_tab_lists_its_clients_by_name(practice: Table, query: str, client_ids: list[str]) -> None:
    assert listed(f"/clients{query}") == client_ids


def test_archiving_moves_a_client_to_the_other_tab_and_activating_brings_it_back(practice: Table) -> None:
    post("/clients/c-3/archive", {})
    assert "c-3" not in listed("/clients")
    assert listed("/clients?status=archived") == ["c-7", "c-3", "c-6"]
    assert listed(f"/clients?status=archived&group_id={GROUP_ID}") == ["c-7", "c-3"]
    post("/clients/c-3/activate", {})
    assert listed("/clients?status=archived") == ["c-7", "c-6"]
    assert listed(f"/clients?group_id={GROUP_ID}") == ["c-3", "c-1"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("query", ["status=active", f"group_id={GROUP_ID}"], ids=["a tab", "a group"])
def test_pages_follow_on_each_other_and_lose_nobody(practice: Table, limit: int, query: str) -> None:
    found: list[str] = []
    address = f"/clients?{query}&limit={limit}"
    cursor = ""
    while True:
        page = get(address + cursor).body
        assert len(page["clients"]) <= limit
        found += [client["client_id"] for client in page["clients"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == listed(f"/clients?{query}")


def test_a_cursor_holds_no_name(practice: Table) -> None:
    assert get("/clients?limit=1").body["next_cursor"] == "c-2"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("status=deleted", "status"),
        ("cursor=c-404", "cursor"),
        ("cursor=c-8", "cursor"),
        ("cursor=" + "x" * 65, "cursor"),
        ("group_id=" + "x" * 65, "group_id"),
        ("group_id=", "group_id"),
        ("group_id=a%23b", "group_id"),
        ("cursor=a%23b", "cursor"),
    ],
    ids=[
        "limit 0",
        "limit 101",
        "a limit that is no number",
        "unknown tab",
        "a cursor of nobody",
        "a cursor of another provider's client",
        "a cursor too long",
        "a group id too long",
        "an empty group id",
        "a group id that cannot be one",
        "a cursor that cannot be one",
    ],
)
def test_a_bad_query_is_a_problem_that_names_the_parameter(practice: Table, query: str, field: str) -> None:
    answer = get(f"/clients?{query}")
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", [field])


def test_a_client_is_read_in_either_tab(practice: Table) -> None:
    assert get("/clients/c-1").body["status"] == "active"
    archived = get("/clients/c-6").body
    assert archived["status"] == "archived"
    assert archived["archived_by"] == {"source": "staff", "actor_id": STAFF_ID, "run_id": None}


@pytest.mark.parametrize("client_id", ["c-404", "c-8"], ids=["unknown", "another provider's"])
def test_a_client_the_provider_does_not_have_is_a_problem_that_names_client_id(practice: Table, client_id: str) -> None:
    answer = get(f"/clients/{client_id}")
    assert (answer.status, answer.problem, answer.fields) == (404, "ClientNotFound", ["client_id"])


def test_all_staff_may_read_and_nobody_else(practice: Table) -> None:
    for address in ("/clients", "/clients/c-1"):
        assert get(address, claims=READER).status == 200
        answer = get(address, claims=None)
        assert (answer.status, answer.problem) == (403, "NotPermitted")


def test_reading_writes_nothing(practice: Table) -> None:
    before = dump(practice)
    listed("/clients?status=archived")
    get("/clients/c-1")
    assert dump(practice) == before
