"""Every edit of a client has a line in its history: who, through what, which fields."""

from __future__ import annotations

from typing import Any

from client_lifecycle.storage.table import Table
from tests.support.builders import GROUP_ID, STAFF_ID, client, group
from tests.support.calls import get, patch, post
from tests.support.store import store, store_group

BY_STAFF = {"source": "staff", "actor_id": STAFF_ID, "run_id": None, "through": "api", "name": None}


def lines(client_id: str = "client-1") -> list[dict[str, Any]]:
    told = get(f"/clients/{client_id}/history?order=oldest").body["entries"]
    return [{name: line[name] for name in ("event", "by", "edits")} for line in told]


def test_an_added_client_has_a_line_of_who_added_it(table: Table) -> None:
    store_group(table, group())
    added = post(
        "/clients",
        {"name": "Wren", "email": "w@example.org", "group_id": GROUP_ID, "settings": {"chat": False}, "owed_cents": 5},
    )
    [line] = lines(added.body["client_id"])
    assert (line["event"], line["by"]) == ("client.added", BY_STAFF)
    assert {one["field"]: one["after"] for one in line["edits"]} == {
        "name": None,
        "email": None,
        "group_id": GROUP_ID,
        "settings.chat": False,
        "credit_cents": None,
        "owed_cents": None,
        "currency": None,
    }


def test_a_changed_client_has_a_line_of_what_changed(table: Table) -> None:
    store_group(table, group())
    store(table, client())
    patch("/clients/client-1", {"name": "Wren Underhay", "group_id": GROUP_ID, "settings": {"chat": False}})
    [line] = lines()
    assert (line["event"], line["by"]) == ("client.changed", BY_STAFF)
    assert line["edits"] == [
        {"field": "name", "before": None, "after": None},
        {"field": "group_id", "before": None, "after": GROUP_ID},
        {"field": "settings.chat", "before": None, "after": False},
    ]


def test_an_edit_that_changes_nothing_or_is_refused_has_no_line(table: Table) -> None:
    store(table, client())
    patch("/clients/client-1", {"settings": {}})
    patch("/clients/client-1", {"group_id": "group-of-nobody"})
    assert lines() == []
