"""A place in a listing is good on an engine that keeps indexes as DynamoDB does, whatever becomes of its client."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.domain.client import Status
from client_lifecycle.storage.client_lists import Tab, list_clients
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from tests.support.builders import GROUP_ID, PROVIDER_ID, client, stamp
from tests.support.practice import put


@pytest.mark.parametrize("becomes", ["renamed", "archived", "moved", "gone"])
@pytest.mark.parametrize("group_id", [None, GROUP_ID])
def test_the_page_after_a_client_continues_where_it_was(
    table: Table, tenant: Tenant, becomes: str, group_id: str | None
) -> None:
    for number in range(5):
        put(table, client(f"client-{number}", name=f"Ada {number}", group_id=GROUP_ID))
    tab = Tab(status=Status.ACTIVE, group_id=group_id)
    first = list_clients(tenant, tab, limit=2, after=None)
    if becomes == "gone":
        key = {name: {"S": part} for name, part in Keys(PROVIDER_ID).client("client-1").items()}
        table.client.delete_item(TableName=table.name, Key=key)
    else:
        fields: dict[str, dict[str, Any]] = {
            "renamed": {"name": "Aaron"},
            "archived": {"stamp": stamp()},
            "moved": {"group_id": "group-else"},
        }
        put(table, client("client-1", **{"name": "Ada 1", "group_id": GROUP_ID} | fields[becomes]))
    rest = list_clients(tenant, tab, limit=9, after=first.next_after)
    assert [one.client_id for one in rest.clients] == ["client-2", "client-3", "client-4"]
