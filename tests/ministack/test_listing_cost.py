"""What a page of a listing costs, in read units, whatever else is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from client_lifecycle.domain.client import Status
from client_lifecycle.storage.clients import list_clients
from client_lifecycle.storage.table import Table
from tests.ministack.practice import put
from tests.unit.builders import GROUP_ID, OTHER_PROVIDER_ID, PROVIDER_ID, client, stamp

LISTINGS: dict[str, Callable[[Table], object]] = {
    "a tab": lambda table: list_clients(table, PROVIDER_ID, Status.ACTIVE, group_id=None, limit=20, after=None),
    "a search by name": lambda table: list_clients(
        table, PROVIDER_ID, Status.ACTIVE, group_id=None, limit=20, after=None, search="wren"
    ),
    "a search by address": lambda table: list_clients(
        table, PROVIDER_ID, Status.ACTIVE, group_id=None, limit=20, after=None, search="wren.mine-1@"
    ),
    "a group": lambda table: list_clients(table, PROVIDER_ID, Status.ACTIVE, group_id=GROUP_ID, limit=20, after=None),
}


@contextmanager
def read_units(table: Table) -> Iterator[list[float]]:
    """Gather the read units of every query."""
    units: list[float] = []

    def ask(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def gather(parsed: dict[str, Any], **_: Any) -> None:
        units.append(parsed["ConsumedCapacity"]["CapacityUnits"])

    events = table.client.meta.events
    events.register("provide-client-params.dynamodb.Query", ask)
    events.register("after-call.dynamodb.Query", gather)
    try:
        yield units
    finally:
        events.unregister("provide-client-params.dynamodb.Query", ask)
        events.unregister("after-call.dynamodb.Query", gather)


@pytest.mark.parametrize("name", LISTINGS)
def test_a_page_costs_the_same_however_many_clients_are_elsewhere(table: Table, name: str) -> None:
    for number in range(20):
        put(table, client(f"mine-{number}", group_id=GROUP_ID))
    with read_units(table) as before:
        LISTINGS[name](table)
    for number in range(300):
        put(table, client(f"archived-{number}", group_id=GROUP_ID, stamp=stamp()))
        put(table, client(f"elsewhere-{number}", provider_id=OTHER_PROVIDER_ID, group_id=GROUP_ID))
    with read_units(table) as after:
        LISTINGS[name](table)
    assert after == before
    assert sum(after) > 0
