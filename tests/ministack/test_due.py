"""What is due for the clean-up is found over all providers, however it is spread."""

from __future__ import annotations

from datetime import timedelta

from client_lifecycle.storage import due, keys
from client_lifecycle.storage.table import Table
from tests.unit.builders import NOW


def test_what_is_due_is_found_in_every_partition_and_nothing_else(table: Table) -> None:
    items = [
        {"pk": f"CLIENT#prov-{number}#c", "sk": "CLIENT", **keys.due_keys(keys.Work.PLAN, f"item-{number}", at)}
        for number in range(60)
        for at in [NOW + timedelta(minutes=number - 30)]
    ]
    other = {"pk": "RUN#prov-1#r", "sk": "RUN", **keys.due_keys(keys.Work.RUN, "item-1", NOW)}
    table.put_many([*items, other])
    found = list(due.list_due(table, keys.Work.PLAN, NOW))
    assert {key["pk"] for key in found} == {f"CLIENT#prov-{number}#c" for number in range(31)}
    assert len(found) == 31
    assert len({item["due_key"] for item in items}) > 1
