"""One set of conditions for lists, counts, exports and bulk archives; and the orders that a list comes in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import Client, Stamp
from client_lifecycle.storage.table import Table
from client_lifecycle.use_cases.queries import exports, listing
from tests.moto.conftest import Executions
from tests.support.builders import DAY, GROUP_ID, NOW, OTHER_PROVIDER_ID, appointment, cause, client, group, stamp
from tests.support.calls import MANAGER, READER, Answer, get, pages, patch, post
from tests.support.store import store, store_group

QUIET_SINCE = (NOW - 90 * DAY).date().isoformat()


@pytest.fixture(autouse=True)
def people(table: Table, executions: Executions) -> None:
    """Nine clients, of whom each differs from ``plain`` in one way."""
    store_group(table, group())

    def of(client_id: str, name: str, **fields: Any) -> Client:
        email = f"team@{client_id}.example.org"
        return client(client_id, name=name, email=email, **{"last_active_at": NOW - DAY} | fields)

    def archive(days_ago: int, **fields: Any) -> Stamp:
        return stamp(archived_at=NOW - days_ago * DAY, **fields)

    store(table, of("plain", "Ann Plain"))
    store(table, of("member", "Bo Member", group_id=GROUP_ID))
    store(table, of("debtor", "Cy Debtor", owed_cents=1))
    store(table, of("rich", "Di Rich", credit_cents=1))
    store(table, of("quiet", "Ed Quiet", last_active_at=NOW - 100 * DAY))
    store(table, of("booked", "Flo Booked"), appointment("soon"))
    store(table, of("gone", "Gus Gone", last_active_at=None, stamp=archive(50, reason=ArchiveReason.FINISHED)))
    store(table, of("left", "Hal Left", last_active_at=None, stamp=archive(5, cause=cause(actor_id="staff-8"))))
    store(table, client("elsewhere", provider_id=OTHER_PROVIDER_ID, owed_cents=1))


ACTIVE = ["plain", "member", "debtor", "rich", "quiet", "booked"]
FOUND: list[tuple[Mapping[str, str], list[str], list[str]]] = [
    ({"group_id": GROUP_ID}, ["member"], []),
    ({"no_group": "true"}, ["plain", "debtor", "rich", "quiet", "booked"], ["gone", "left"]),
    ({"owes": "true"}, ["debtor"], []),
    ({"owes": "false"}, ["plain", "member", "rich", "quiet", "booked"], ["gone", "left"]),
    ({"owes_nothing": "true"}, ["plain", "member", "rich", "quiet", "booked"], ["gone", "left"]),
    ({"has_credit": "true"}, ["rich"], []),
    ({"has_credit": "false", "group_id": GROUP_ID}, ["member"], []),
    ({"inactive_since": QUIET_SINCE}, ["quiet"], ["gone", "left"]),
    ({"added_before": QUIET_SINCE}, ACTIVE, ["gone", "left"]),
    ({"added_before": "2020-01-01"}, [], []),
    ({"no_upcoming_appointment": "true"}, ACTIVE[:-1], ["gone", "left"]),
    ({"owes": "true", "has_credit": "true"}, [], []),
    ({"group_id": GROUP_ID, "no_group": "true"}, [], []),
    ({"archived_by": "staff-8"}, [], ["left"]),
    ({"archive_reason": "finished"}, [], ["gone"]),
    ({"archived_since": (NOW - 10 * DAY).date().isoformat()}, [], ["left"]),
    ({"archived_before": (NOW - 10 * DAY).date().isoformat()}, [], ["gone"]),
]
OF_A_TAB = {"archived_by", "archive_reason", "archived_since", "archived_before"}


def as_body(conditions: Mapping[str, str]) -> dict[str, Any]:
    """The conditions of a query, as a body has them."""
    return {name: {"true": True, "false": False}.get(value, value) for name, value in conditions.items()}


@pytest.mark.parametrize(("asked", "active", "archived"), FOUND, ids=[urlencode(row[0]) for row in FOUND])
def test_a_condition_means_the_same_wherever_it_is_asked(
    asked: Mapping[str, str], active: list[str], archived: list[str]
) -> None:
    for status, expected in (("active", active), ("archived", archived)):
        query = urlencode({**asked, "status": status})
        for limit in (1, 50):
            listed = [one["client_id"] for page in pages(f"/clients?{query}&limit={limit}") for one in page["clients"]]
            assert listed == expected
        lines = get(f"/clients.csv?{query}").body.strip().splitlines()[1:]
        assert [line.split(",")[0].strip('"') for line in lines] == expected
    assert get(f"/client-counts?{urlencode(asked)}").body == {"active": len(active), "archived": len(archived)}
    everybody = {"q": "team@", **as_body(asked)}
    assert post("/clients/_count", everybody).body == {"active": len(active), "archived": len(archived)}
    assert {one["client_id"] for one in post("/clients/_search", everybody).body["clients"]} == set(active)
    if not OF_A_TAB & asked.keys():
        preview = post("/bulk-archives", {"filter": {**as_body(asked), "status": "active"}})
        assert preview.status == (201 if active else 409)
        assert [one["client_id"] for one in preview.body.get("clients", [])] == active


def test_a_search_selects_for_a_bulk_archive_and_its_words_are_not_kept(table: Table) -> None:
    preview = post("/bulk-archives", {"filter": {"q": "rich"}})
    assert [one["client_id"] for one in preview.body["clients"]] == ["rich"]
    both = post("/bulk-archives", {"filter": {"q": "team@", "has_credit": False, "group_id": GROUP_ID}})
    assert [one["client_id"] for one in both.body["clients"]] == ["member"]
    run = get(f"/bulk-archives/{preview.body['run_id']}").body
    assert "rich" not in str(run["filter"])
    assert post("/bulk-archives", {"filter": {"q": "-"}}).fields == ["filter.q"]


@pytest.mark.parametrize(
    ("filter_", "field"),
    [({"archived_by": "staff-8"}, "filter.archived_by"), ({"status": "archived"}, "filter.status"), ({}, "filter")],
)
def test_a_bulk_archive_selects_active_clients_by_a_condition(filter_: dict[str, Any], field: str) -> None:
    answer = post("/bulk-archives", {"filter": filter_})
    assert (answer.status, answer.fields) == (422, [field])


SORTED = [
    ("active", "name", ["plain", "member", "debtor", "rich", "quiet", "booked"]),
    ("active", "-name", ["booked", "quiet", "rich", "debtor", "member", "plain"]),
    ("active", "last_active_at", ["quiet", "booked", "debtor", "member", "plain", "rich"]),
    ("active", "-last_active_at", ["rich", "plain", "member", "debtor", "booked", "quiet"]),
    ("archived", "archived_at", ["gone", "left"]),
    ("archived", "-archived_at", ["left", "gone"]),
    ("archived", "-name", ["left", "gone"]),
]


@pytest.mark.parametrize(("status", "sort", "expected"), SORTED)
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_a_list_comes_in_the_order_asked_for(status: str, sort: str, expected: list[str], limit: int) -> None:
    address = f"/clients?status={status}&sort={sort}&limit={limit}"
    assert [one["client_id"] for page in pages(address) for one in page["clients"]] == expected
    found = post("/clients/_search", {"q": "team@", "status": status, "sort": sort}).body["clients"]
    assert [one["client_id"] for one in found] == expected


def test_conditions_and_an_order_go_together() -> None:
    address = "/clients?owes=false&no_group=true&sort=last_active_at&limit=2"
    assert [one["client_id"] for page in pages(address) for one in page["clients"]] == [
        "quiet", "booked", "plain", "rich",
    ]  # fmt: skip


def test_a_cursor_belongs_to_its_conditions_and_order() -> None:
    first = get("/clients?owes=false&limit=1").body["next_cursor"]
    assert get(f"/clients?owes=false&limit=3&cursor={first}").status == 200
    for other in ("owes=true", "owes=false&sort=-name", "owes=false&has_credit=false", ""):
        assert get(f"/clients?{other}&cursor={first}").fields == ["cursor"]


@pytest.mark.parametrize(
    ("address", "field"), [("/clients?sort=archived_at", "sort"), ("/client-counts?owes=true", "group_id")]
)
def test_so_many_clients_are_looked_at_and_no_more(monkeypatch: pytest.MonkeyPatch, address: str, field: str) -> None:
    monkeypatch.setattr(listing, "MOST_READ", len(ACTIVE))
    assert get(address).status == 200
    monkeypatch.setattr(listing, "MOST_READ", len(ACTIVE) - 1)
    answer = get(address)
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", [field])
    assert get(f"{address}&group_id={GROUP_ID}").status == 200


@pytest.mark.parametrize(
    "asked", [{"owes": True}, {"owes": False}, {"owes_nothing": True}, {"has_credit": False}], ids=str
)
def test_a_reader_learns_no_money_by_asking_for_it(asked: dict[str, bool]) -> None:
    query = urlencode({name: str(value).lower() for name, value in asked.items()})

    def answers() -> list[Answer]:
        read = [get(f"{path}?{query}", claims=READER) for path in ("/clients", "/clients.csv", "/client-counts")]
        sought = [post(f"/clients/{route}", {"q": "team@"} | asked, claims=READER) for route in ("_search", "_count")]
        return [*read, *sought]

    assert {(one.status, one.problem, *one.fields) for one in answers()} == {(403, "NotPermitted", *asked)}
    run_id = post("/bulk-archives", {"filter": asked}).body["run_id"]
    assert not {*asked} & get(f"/bulk-archives/{run_id}", claims=READER).body["filter"].keys()
    patch("/settings", {"readers": {"see_money": True}}, claims=MANAGER)
    assert {one.status for one in answers()} == {200}


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/clients?owes=perhaps", "owes"),
        ("/clients?inactive_since=march", "inactive_since"),
        ("/clients?sort=owed", "sort"),
        ("/clients?archive_reason=bored", "archive_reason"),
        ("/clients.csv?sort=name", "sort"),
        ("/client-counts?status=active", "status"),
        ("/client-counts?archived_by=a%20b", "archived_by"),
    ],
)
def test_a_wrong_condition_is_refused_by_its_name(address: str, field: str) -> None:
    answer = get(address)
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", [field])


def test_t1_the_days_of_a_condition_are_those_of_the_practice(table: Table) -> None:
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    store(table, client("late", name="Ida Late", stamp=stamp(archived_at=midnight)))
    address = "/clients?status=archived&archived_before=2026-03-02&archived_since=2026-03-01"
    assert [one["client_id"] for one in get(address).body["clients"]] == []
    patch("/settings", {"time_zone": "America/Los_Angeles"}, claims=MANAGER)
    assert [one["client_id"] for one in get(address).body["clients"]] == ["late"]


def test_an_export_continues_where_it_stopped_under_its_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CLIENTS_PER_READ", 1)
    monkeypatch.setattr(exports, "MAX_PAGES", 1)
    address: str | None = "/clients.csv?owes=false"
    text = ""
    while address:
        answer = get(address)
        text += answer.body
        link = answer.headers.get("Link", "")
        address = f"/{link.removeprefix('<').partition('>')[0]}" if link else None
    ids = [line.split(",")[0].strip('"') for line in text.strip().splitlines()[1:]]
    assert ids == ["plain", "member", "rich", "quiet", "booked"]
