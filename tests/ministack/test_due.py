"""What is due for the clean-up, or unconfirmed, is found over all providers, however it is spread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from client_lifecycle.storage import due, keys
from client_lifecycle.storage.clients import record_item
from client_lifecycle.storage.record_pages import list_unconfirmed
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from tests.support.builders import NOW, appointment


def test_what_is_due_is_found_in_every_partition_and_nothing_else(table: Table) -> None:
    items = [
        {"pk": f"CLIENT#prov-{number}#c", "sk": "CLIENT", **keys.due_keys(keys.Work.PLAN, f"item-{number}", at)}
        for number in range(60)
        for at in [NOW + timedelta(minutes=number - 30)]
    ]
    other = {"pk": "RUN#prov-1#r", "sk": "RUN", **keys.due_keys(keys.Work.RUN, "item-1", NOW)}
    table.put_many([*items, other])
    found = list(due.list_due(table, keys.Work.PLAN, NOW))
    assert {one.key["pk"] for one in found} == {f"CLIENT#prov-{number}#c" for number in range(31)}
    assert {one.provider_id for one in found} == {f"prov-{number}" for number in range(31)}
    assert len(found) == 31
    assert len({item["due_key"] for item in items}) > 1


def test_of_several_who_postpone_an_item_one_does(table: Table) -> None:
    table.put_many([{"pk": "RUN#prov-1#r", "sk": "RUN", **keys.due_keys(keys.Work.RUN, "r", NOW)}])
    [found] = due.list_due(table, keys.Work.RUN, NOW)
    later = NOW + timedelta(minutes=15)
    with ThreadPoolExecutor(8) as pool:
        moved = [one for one in pool.map(lambda _: due.postpone(table, found, later), range(8)) if one]
    assert len(moved) == 1
    assert list(due.list_due(table, keys.Work.RUN, NOW)) == []
    assert list(due.list_due(table, keys.Work.RUN, later)) == moved


def test_an_item_is_forgotten_unless_it_has_moved(table: Table) -> None:
    table.put_many([{"pk": "RUN#prov-1#r", "sk": "RUN", "kept": 1, **keys.due_keys(keys.Work.RUN, "r", NOW)}])
    [found] = due.list_due(table, keys.Work.RUN, NOW)
    moved = due.postpone(table, found, NOW + timedelta(minutes=15))
    assert moved
    due.forget(table, found)
    assert table.get(found.key) == {**found.key, "kept": 1, **moved.entry}
    due.forget(table, moved)
    assert table.get(found.key) == {**found.key, "kept": 1}


def test_i8_each_provider_finds_what_was_told_and_ended_of_its_own(table: Table) -> None:
    providers = [f"prov-{number}" for number in range(40)]
    for number, provider_id in enumerate(providers):
        own, at = keys.Keys(provider_id), NOW + timedelta(minutes=number)
        told, ended = {"due_key": own.unconfirmed()}, {"due_since": own.ended_at(at)}
        marks = {"both": {**told, **ended}, "ended": ended, "told": told}
        table.put_many([{**record_item(own, "client-1", appointment(one)), **of} for one, of in marks.items()])
    assert len({keys.Keys(provider_id).unconfirmed() for provider_id in providers}) < len(providers)
    until = NOW + timedelta(minutes=20)
    assert sorted(one.provider_id for one in due.list_unconfirmed(table, until)) == sorted(providers[:21])
    for number, provider_id in enumerate(providers):
        page = list_unconfirmed(Tenant(table, provider_id), until, until, limit=2, after=None)
        assert [one.record_id for one in page.records] == (["both"] if number <= 20 else [])
