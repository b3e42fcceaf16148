"""Finding clients by name or address, with what is sought in the body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.names import MAX_WORDS
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from tests.support.builders import GROUP_ID, OTHER_PROVIDER_ID, client, stamp
from tests.support.calls import get, patch, post
from tests.support.store import dump, store

SEARCH = "/clients/_search"
NAMES = ["Ada Almgren", "adele Ebadi", "Béla Vörös", "Øyvind O'Brien", "Émile Smith-Jones"]


@pytest.fixture
def people(table: Table) -> list[Client]:
    """Two tabs of the same names, and another provider's clients of the same names too."""
    tabs = [("active", {}), ("archived", {"stamp": stamp()})]
    for number, name in enumerate(NAMES):
        store(table, client(f"other-{number}", name=name, provider_id=OTHER_PROVIDER_ID))
    return [
        store(
            table, client(f"{tab}-{number}", name=name, email=f"{name[:3].strip()}{number}.{tab}@example.org", **fields)
        )
        for tab, fields in tabs
        for number, name in enumerate(NAMES)
    ]


def found_on_pages(**sought: Any) -> Iterator[list[str]]:
    cursor: str | None = None
    while True:
        answer = post(SEARCH, sought | ({"cursor": cursor} if cursor else {}))
        assert answer.status == 200
        yield [one["client_id"] for one in answer.body["clients"]]
        cursor = answer.body["next_cursor"]
        if cursor is None:
            return


def found(**sought: Any) -> list[str]:
    return [client_id for page in found_on_pages(**sought) for client_id in page]


@pytest.mark.parametrize("tab", ["active", "archived"])
@pytest.mark.parametrize(
    ("q", "numbers"),
    [
        ("ad", [0, 1]),
        (" AdE ", [1]),
        ("béla", [2]),
        ("be\N{COMBINING ACUTE ACCENT}la", [2]),
        ("vor", [2]),
        ("oyvind", [3]),
        ("ØYV", [3]),
        ("brien", [3]),
        ("obrien", [3]),
        ("o'brien", [3]),
        ("o\N{RIGHT SINGLE QUOTATION MARK}b", [3]),
        ("emile", [4]),
        ("E", [1, 4]),
        ("jones", [4]),
        ("smith-jones", [4]),
        ("almgren ada", [0]),
        ("ada alm", [0]),
        ("ada ebadi", []),
        ("lmgren", []),
        ("x" * 254, []),
        ("\N{GREEK SMALL LETTER IOTA WITH DIALYTIKA AND TONOS}" * 254, []),
    ],
)
def test_a_search_finds_clients_by_the_beginning_of_any_word(
    people: list[Client], tab: str, q: str, numbers: list[int]
) -> None:
    assert found(q=q, status=tab) == [f"{tab}-{number}" for number in numbers]


@pytest.mark.parametrize("tab", ["active", "archived"])
@pytest.mark.parametrize("q", ["ada0.{tab}@", "ADA0.{tab}@Example", " ada0.{tab}@example.org "])
def test_a_search_with_an_at_sign_finds_addresses(people: list[Client], tab: str, q: str) -> None:
    assert found(q=q.format(tab=tab), status=tab) == [f"{tab}-0"]


@pytest.mark.parametrize("q", ["jo@bücher.example", "jo@xn--bcher-kva.example", "jo@büch", "JO@BÜCHER"])
def test_an_address_is_found_however_its_domain_is_written(table: Table, q: str) -> None:
    added = post("/clients", {"name": "Jo", "email": "jo@xn--bcher-kva.example"})
    assert found(q=q) == [added.body["client_id"]]


def test_a_search_for_a_very_long_address_finds_nobody(people: list[Client]) -> None:
    assert found(q="@" + "\N{GREEK SMALL LETTER IOTA WITH DIALYTIKA AND TONOS}" * 253) == []


def test_a_search_stays_in_the_group_asked(table: Table, people: list[Client]) -> None:
    store(table, client("member", name="Ada Zamora", group_id=GROUP_ID))
    assert found(q="ad", group_id=GROUP_ID) == ["member"]
    store(table, client("namesake", name="Ada Zamora", email="ada.z@example.org"))
    store(table, client("member-too", name="Bo", email="ada.y@example.org", group_id=GROUP_ID))
    assert found(q="ada.", group_id=GROUP_ID) == ["member"]
    assert found(q="ada.@", group_id=GROUP_ID) == []
    assert found(q="ada.y@", group_id=GROUP_ID) == ["member-too"]


@pytest.mark.parametrize("q", ["ada", "mail@"])
def test_a_search_is_read_page_by_page(table: Table, q: str) -> None:
    for number in range(5):
        store(table, client(f"client-{number}", name="Ada", email=f"mail@{number}.example.org"))
    pages = [["client-0", "client-1"], ["client-2", "client-3"], ["client-4"]]
    assert list(found_on_pages(q=q, limit=2)) == pages


def test_a_client_with_several_words_that_begin_so_is_found_once(table: Table) -> None:
    for number in range(4):
        store(table, client(f"client-{number}", name="Ann Anna Annika Annette"))
    for limit in (1, 2, 3, 100):
        assert found(q="an", limit=limit) == [f"client-{number}" for number in range(4)]


def words(table: Table) -> set[tuple[str, str]]:
    return {key for key in dump(table) if key[0].startswith("WORDS#")}


def test_a_renamed_client_is_found_by_its_new_name_only(table: Table) -> None:
    client_id = post("/clients", {"name": "Ada Almgren", "email": "ada@example.org"}).body["client_id"]
    before = words(table)
    patch(f"/clients/{client_id}", {"name": "Ada Berg"})
    assert [found(q=q) for q in ("ada", "berg", "alm")] == [[client_id], [client_id], []]
    patch(f"/clients/{client_id}", {"name": "Ada Almgren"})
    assert words(table) == before


@pytest.mark.parametrize("q", ["ada", "mail@"])
def test_whom_nothing_but_the_other_tab_fits_does_not_end_the_search(table: Table, q: str) -> None:
    for number in range(12):
        mark = stamp() if number < 11 else None
        store(table, client(f"client-{number:02}", name="Ada", email=f"mail@{number:02}.example.org", stamp=mark))
    pages = list(found_on_pages(q=q, limit=1))
    assert [one for page in pages for one in page] == ["client-11"]


def test_a_damaged_word_or_client_is_skipped(table: Table, people: list[Client]) -> None:
    table.put_many([{"pk": "WORDS#prov-oak", "sk": sk} for sk in ("ada", "ada#x", "ada#\x1f", "ada#x\x1fclient-404")])
    broken = store(table, client("broken", name="Ada Broken"))
    table.put_many(
        [{**Keys(broken.provider_id).client_index(broken), "pk": "CLIENT#prov-oak#broken", "sk": "CLIENT", "name": 7}]
    )
    assert found(q="ada") == ["active-0"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["q"]),
        ({"q": ""}, ["q"]),
        ({"q": " - "}, ["q"]),
        ({"q": None}, ["q"]),
        ({"q": "w" * 255}, ["q"]),
        ({"q": "ad", "status": "gone"}, ["status"]),
        ({"q": "ad", "limit": 101}, ["limit"]),
        ({"q": "ad", "limit": True}, ["limit"]),
        ({"q": "ad", "group_id": "a#b"}, ["group_id"]),
        ({"q": "ad", "cursor": ""}, ["cursor"]),
        ({"q": "ad", "name": "Ada"}, ["name"]),
    ],
    ids=str,
)
def test_a_wrong_search_is_refused_by_its_field(table: Table, body: dict[str, Any], fields: list[str]) -> None:
    answer = post(SEARCH, body)
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", fields)


def test_what_is_sought_is_refused_in_a_url(table: Table) -> None:
    for address in ("/clients?q=ad", "/clients?status=archived&q="):
        answer = get(address)
        assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", ["q"])


def test_a_name_of_too_many_words_is_refused(table: Table) -> None:
    wordy = " ".join(f"w{number:02}" for number in range(MAX_WORDS + 1))
    assert post("/clients", {"name": wordy, "email": "w@example.org"}).fields == ["name"]
    most = " ".join(f"w{number:02}" for number in range(MAX_WORDS))
    client_id = post("/clients", {"name": most, "email": "w@example.org"}).body["client_id"]
    other = most.replace("w", "v")
    assert patch(f"/clients/{client_id}", {"name": other, "email": "v@example.org"}).body["name"] == other
    assert [found(q=q) for q in ("w39", "v00", "v39")] == [[], [client_id], [client_id]]
