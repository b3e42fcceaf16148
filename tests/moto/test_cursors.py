"""Cursors: places in a list that outlive their client, bound to provider and query, with nothing in them to read."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from client_lifecycle.domain.client import Client
from client_lifecycle.storage.clients import record_item
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from tests.moto.conftest import Clock, Executions, Log
from tests.support.builders import DAY, GROUP_ID, NOW, OTHER_PROVIDER_ID, PROVIDER_ID, client, document, group, stamp
from tests.support.calls import STRANGER, get, pages, post
from tests.support.store import store, store_group

NAMES = ["Ada Almgren", "Béla Vörös", "Cora Chen", "Dora Diaz", "Émile Ebadi", "Fay Fox"]


@pytest.fixture
def people(table: Table) -> list[Client]:
    for number in range(3):
        store(table, client(f"other-{number}", name=NAMES[number], provider_id=OTHER_PROVIDER_ID))
    return [
        store(table, client(f"client-{number}", name=name, email=f"a{number}@example.org", group_id=GROUP_ID))
        for number, name in enumerate(NAMES)
    ]


def renamed(table: Table, one: Client) -> None:
    store(table, client(one.client_id, name="Zoë Zamora", group_id=GROUP_ID))


def archived(table: Table, one: Client) -> None:
    store(table, client(one.client_id, name=one.name, group_id=GROUP_ID, stamp=stamp()))


def moved(table: Table, one: Client) -> None:
    store(table, client(one.client_id, name=one.name, group_id="group-other"))


def gone(table: Table, one: Client) -> None:
    table.client.delete_item(
        TableName=table.name, Key={"pk": {"S": Keys("prov-oak").client(one.client_id)["pk"]}, "sk": {"S": "CLIENT"}}
    )


@pytest.mark.parametrize("becomes", [renamed, archived, moved, gone])
@pytest.mark.parametrize("address", ["/clients?limit=2", f"/clients?group_id={GROUP_ID}&limit=2"])
def test_nobody_is_skipped_or_repeated_because_of_others(
    table: Table, people: list[Client], address: str, becomes: Callable[[Table, Client], None]
) -> None:
    seen: list[str] = []
    for number, page in enumerate(pages(address)):
        seen += [one["client_id"] for one in page["clients"]]
        if number == 0:
            becomes(table, people[1])
    others = [client_id for client_id in seen if client_id != "client-1"]
    assert others == ["client-0", "client-2", "client-3", "client-4", "client-5"]


@pytest.mark.parametrize("q", ["ada", "mail@"])
def test_nobody_found_is_skipped_or_repeated_because_of_others(table: Table, q: str) -> None:
    for number in range(5):
        store(table, client(f"client-{number}", name=f"Ada {number}", email=f"mail@{number}.example.org"))
    sought = {"q": q, "limit": 2}
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = post("/clients/_search", sought | cursor).body
        seen += [one["client_id"] for one in page["clients"]]
        if not cursor:
            renamed(table, client("client-1"))
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [f"client-{number}" for number in range(5)]


@pytest.fixture
def lists(table: Table, people: list[Client], executions: Executions, clock: Clock) -> dict[str, str]:
    """Every list, with enough in it for two pages; and the cursor of the first of each."""
    store_group(table, group())
    for number in range(3):
        store_group(table, group(f"group-{number}"))
        clock.pass_by(DAY)
        post("/clients/client-0/archive")
        clock.pass_by(DAY)
        post("/clients/client-0/activate")
    runs = [post("/bulk-archives", {"group_id": GROUP_ID}).body["run_id"] for _ in range(3)]
    addresses = [
        "/clients?limit=1",
        "/clients?status=archived&limit=1",
        f"/clients?group_id={GROUP_ID}&limit=1",
        "/groups?limit=1",
        "/clients/client-0/history?limit=1",
        "/clients/client-0/history?order=oldest&limit=1",
        "/clients/client-0/receipts?limit=1",
        "/clients/client-0/records?limit=1",
        "/clients/client-0/records?live=false&limit=1",
        "/records/unconfirmed?hours=0&limit=1",
        "/bulk-archives?limit=1",
        f"/bulk-archives/{runs[0]}/clients?limit=1",
        f"/bulk-archives/{runs[1]}/clients?limit=1",
        f"/bulk-archives/{runs[0]}/clients?outcome=pending&limit=1",
    ]
    own = Keys(PROVIDER_ID)
    ended = {"due_key": own.unconfirmed(), "due_since": own.ended_at(NOW)}
    for number in range(2):
        store(table, client(f"archived-{number}", stamp=stamp()))
        table.put_many([{**record_item(own, "client-0", document(f"doc-{number}")), **ended}])
    return {address: get(address).body["next_cursor"] for address in addresses}


def test_a_cursor_of_another_list_provider_or_query_is_refused(lists: dict[str, str]) -> None:
    for address in lists:
        for other, cursor in lists.items():
            answer = get(f"{address}&cursor={cursor}")
            if other == address:
                assert answer.status == 200
            else:
                assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", ["cursor"])
    for address in ("/clients?limit=1", "/groups?limit=1", "/bulk-archives?limit=1"):
        assert get(f"{address}&cursor={lists[address]}", claims=STRANGER).fields == ["cursor"]


def test_a_cursor_of_another_search_is_refused(table: Table) -> None:
    for number in range(3):
        store(table, client(f"client-{number}", name="Ada Almgren"))
    cursor = post("/clients/_search", {"q": "ada", "limit": 1}).body["next_cursor"]
    assert post("/clients/_search", {"q": "ada", "limit": 2, "cursor": cursor}).status == 200
    for other in ({"q": "alm"}, {"q": "ada", "status": "archived"}, {"q": "ada", "group_id": GROUP_ID}):
        assert post("/clients/_search", {**other, "cursor": cursor}).fields == ["cursor"]
    assert get(f"/clients?cursor={cursor}").fields == ["cursor"]


def tampered(cursor: str) -> list[str]:
    """Change a cursor here and there."""
    places = range(0, len(cursor), 7)
    flipped = [cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :] for at in places]
    return [*flipped, cursor[:-1], cursor[:-4], cursor + "A", cursor + "AAAA", cursor[:40]]


def test_a_cursor_that_was_changed_or_made_up_is_refused(people: list[Client]) -> None:
    cursor = get("/clients?limit=1").body["next_cursor"]
    made_up = [
        "client-1",
        "x",
        "AAAA",
        "0",
        "null",
        "_" * 300,
        base64.urlsafe_b64encode(b'{"a":1}').decode().strip("="),
    ]
    last = chr(ord(cursor[-1]) + 1) if cursor[-1] not in "Zz9-_" else "A"
    for other in [*tampered(cursor), *made_up, cursor[:-1] + last, "A" * 4097, "%20", "a/b"]:
        answer = get(f"/clients?limit=1&cursor={other}")
        assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", ["cursor"]), other


def test_nothing_can_be_read_in_a_cursor_and_none_is_logged(
    lists: dict[str, str], people: list[Client], log: Log
) -> None:
    for address, cursor in lists.items():
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).lower()
        for word in (b"ada", b"almgren", b"client-", b"prov-oak", b"group", b"active"):
            assert word not in raw
        get(f"{address}&cursor={cursor}")
        get(f"{address}&cursor={cursor[:-1]}")
        assert cursor[:20] not in log.text
