"""A page that AWS answers without an item, though more follow, ends no list and hides nothing."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.edge import wiring
from client_lifecycle.storage import due
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from tests.support.builders import GROUP_ID, NOW, OTHER_PROVIDER_ID, PROVIDER_ID, client, group
from tests.support.calls import delete, pages, post
from tests.support.store import store, store_group


class EmptyFirst:
    """Has each query of a table answered with an empty page first, which ends right before the first item."""

    def __init__(self, table: Table) -> None:
        self.emptied = 0
        self._handed_out: list[Any] = []
        described = table.client.describe_table(TableName=table.name)["Table"]
        indexes = [*described.get("LocalSecondaryIndexes", []), *described.get("GlobalSecondaryIndexes", [])]
        self._schemas = {one["IndexName"]: [key["AttributeName"] for key in one["KeySchema"]] for one in indexes}
        events = table.client.meta.events
        events.register("before-parameter-build.dynamodb.Query", self._note)
        events.register("after-call.dynamodb.Query", self._empty)

    def _note(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["asked"] = dict(params)

    def _empty(self, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        asked = context["asked"]
        start = asked.get("ExclusiveStartKey")
        if start in self._handed_out or "FilterExpression" in asked or not parsed["Items"]:
            return
        before = start or self._place_before(parsed["Items"][0], asked)
        self._handed_out.append(before)
        self.emptied += 1
        parsed |= {"Items": [], "Count": 0, "LastEvaluatedKey": before}

    def _place_before(self, item: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        schema = self._schemas.get(asked.get("IndexName", ""), ["pk", "sk"])
        place = {name: dict(item[name]) for name in {"pk", "sk", *schema}}
        sort = place[schema[-1]]
        is_ascending = asked["ScanIndexForward"]
        sort["S"] = f"{sort['S'][:-1]}{chr(ord(sort['S'][-1]) - 1)}~" if is_ascending else f"{sort['S']}~"
        return place


@pytest.fixture
def empty_first(table: Table) -> EmptyFirst:
    return EmptyFirst(wiring.table())


def test_no_receipt_is_missed_behind_an_empty_page(table: Table, empty_first: EmptyFirst) -> None:
    store(table, client())
    made = []
    for _ in range(3):
        made.append(post("/clients/client-1/archive", {}).body["receipt"]["archive_id"])
        post("/clients/client-1/activate", {})
    read = list(pages("/clients/client-1/receipts?limit=2"))
    assert [one["archive_id"] for page in read for one in page["receipts"]] == made[::-1]
    assert empty_first.emptied


def test_no_run_is_missed_behind_an_empty_page(table: Table, empty_first: EmptyFirst) -> None:
    store(table, client())
    made = [post("/bulk-archives", {"client_ids": ["client-1"]}).body["run_id"] for _ in range(3)]
    read = list(pages("/bulk-archives?limit=2"))
    assert [one["run_id"] for page in read for one in page["runs"]] == made[::-1]
    assert empty_first.emptied


def test_a_group_is_not_deleted_behind_an_empty_page(table: Table, empty_first: EmptyFirst) -> None:
    store(table, client(group_id=GROUP_ID))
    store_group(table, group())
    assert delete(f"/groups/{GROUP_ID}").problem == "GroupNotEmpty"
    assert empty_first.emptied


def test_no_provider_is_missed_behind_an_empty_page(table: Table, empty_first: EmptyFirst) -> None:
    for provider_id in (PROVIDER_ID, OTHER_PROVIDER_ID):
        own = Keys(provider_id)
        place = {"due_key": own.unconfirmed(), "due_since": own.ended_at(NOW)}
        table.put_many([{**own.client("client-1"), **place}])
    found = {one.provider_id for one in due.list_unconfirmed(wiring.table(), NOW)}
    assert found == {PROVIDER_ID, OTHER_PROVIDER_ID}
    assert empty_first.emptied
