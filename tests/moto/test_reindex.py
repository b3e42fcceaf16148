"""Clients that an older version stored are found and listed once they are brought up to date."""

from __future__ import annotations

from client_lifecycle.storage.clients import client_item
from client_lifecycle.storage.table import Table
from local.reindex import reindex
from tests.support.builders import client
from tests.support.calls import get, post
from tests.support.store import dump, store


def test_clients_of_an_older_version_are_listed_and_found(table: Table) -> None:
    older = client("older", name="Émile Zola", email="e@straße.de")
    former = {"pk": "EMAIL#prov-oak", "sk": "e@strasse.de", "client_id": "older"}
    table.put_many([client_item(older) | {"name_key": "émile zola#older", "email_key": "e@strasse.de"}, former])
    store(table, client("newer", name="Eve", email="eve@example.org"))
    assert [one["client_id"] for one in get("/clients").body["clients"]] == ["newer", "older"]
    assert post("/clients/_search", {"q": "zola"}).body["clients"] == []
    assert list(reindex(table)) == []
    assert [one["client_id"] for one in get("/clients").body["clients"]] == ["older", "newer"]
    for q in ("emile", "zola", "e@straße"):
        assert [one["client_id"] for one in post("/clients/_search", {"q": q}).body["clients"]] == ["older"]
    before = dump(table)
    assert list(reindex(table)) == []
    assert dump(table) == before


def test_a_client_that_cannot_be_brought_up_to_date_is_told(table: Table) -> None:
    store(table, client("one"))
    store(table, client("two", email=client("one").email))
    table.put_many([client_item(client("bad")) | {"name": 7}])
    assert sorted(partition for partition, _ in reindex(table)) == ["CLIENT#prov-oak#bad", "CLIENT#prov-oak#one"]
