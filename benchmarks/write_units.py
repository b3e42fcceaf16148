"""What a change costs in write units, item by item and index by index, counted as DynamoDB bills it.

``python -m benchmarks.write_units`` prints the bill of each path on a table of the template's shape in this process.
A write takes a unit for each started KB, twice in a transaction; a required condition costs as much as a write. An
index costs a unit for each started KB of its entry, once where the entry comes, goes or changes, twice where it moves,
and nothing where the entry stays as it is. tests/ministack holds the sums against those of an engine.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from client_lifecycle.storage.table import Table
from local.template import read_template

BYTES_PER_UNIT = 1_024
IN_A_TRANSACTION = 2
NESTED_BYTES = 3
"""What a list or a map takes beside its parts, each of which takes one byte more."""

Item = Mapping[str, Any]
Bill = Counter[tuple[str, str]]
"""Units by what the item is, as its keys say, and ``table`` or the index."""


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index: the attributes that an item must have to be in it, and what it copies."""

    name: str
    keys: Sequence[str]
    copies_all: bool

    def entry(self, item: Item) -> Item:
        """Return the entry of an item, empty if it has none."""
        if any(name not in item for name in self.keys):
            return {}
        return {name: part for name, part in item.items() if self.copies_all or name in ("pk", "sk", *self.keys)}

    def units(self, before: Item, after: Item) -> int:
        """Return what it costs that an item changes."""
        old, new = self.entry(before), self.entry(after)
        if old == new:
            return 0
        moves = old and new and any(old[name] != new[name] for name in self.keys)
        return units_of(old) + units_of(new) if moves else max(units_of(old), units_of(new))


def indexes() -> list[Index]:
    """Return the template's indexes of the table."""
    properties: dict[str, Any] = read_template()["Resources"]["Table"]["Properties"]
    return [
        Index(
            name=index["IndexName"],
            keys=[key["AttributeName"] for key in index["KeySchema"]],
            copies_all=index["Projection"]["ProjectionType"] == "ALL",
        )
        for index in (*properties["LocalSecondaryIndexes"], *properties["GlobalSecondaryIndexes"])
    ]


def units_of(item: Item) -> int:
    """Return the units of an item: one for each started KB, none where there is no item."""
    return math.ceil(bytes_of(item) / BYTES_PER_UNIT)


def bytes_of(item: Item) -> int:
    """Return the size of an item as it is billed, without the bytes that only storage counts."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    [(kind, held)] = value.items()
    match kind:
        case "S":
            return len(str(held).encode())
        case "N":
            return math.ceil(len(held.strip("-0.")) / 2) + 1 + int(held.startswith("-"))
        case "B":
            return len(held)
        case "M":
            return NESTED_BYTES + sum(1 + len(name.encode()) + _value_bytes(part) for name, part in held.items())
        case "L":
            return NESTED_BYTES + sum(1 + _value_bytes(part) for part in held)
        case _:
            return 1


@contextmanager
def billed(table: Table) -> Iterator[Bill]:
    """Bill all transactions of a table until the block ends."""
    bill: Bill = Counter()
    meter = _Meter(table, indexes(), bill)
    events = table.client.meta.events
    events.register("before-parameter-build.dynamodb.TransactWriteItems", meter.look_before)
    events.register("after-call.dynamodb.TransactWriteItems", meter.look_after)
    try:
        yield bill
    finally:
        events.unregister("before-parameter-build.dynamodb.TransactWriteItems", meter.look_before)
        events.unregister("after-call.dynamodb.TransactWriteItems", meter.look_after)


@dataclass
class _Meter:
    table: Table
    indexes: Sequence[Index]
    bill: Bill
    keys: list[Item] = field(default_factory=list)
    before: list[Item] = field(default_factory=list)

    def look_before(self, params: dict[str, Any], **_: Any) -> None:
        self.keys = [_key(action) for action in params["TransactItems"]]
        self.before = [self._item(key) for key in self.keys]

    def look_after(self, http_response: Any, **_: Any) -> None:
        if http_response.status_code != 200:
            return
        for key, before in zip(self.keys, self.before, strict=True):
            after = self._item(key)
            what = _what(key)
            self.bill[what, "table"] += IN_A_TRANSACTION * max(1, units_of(before), units_of(after))
            for index in self.indexes:
                self.bill[what, index.name] += index.units(before, after)

    def _item(self, key: Item) -> Item:
        found: Item = self.table.client.get_item(TableName=self.table.name, Key=dict(key), ConsistentRead=True)
        item: Item = found.get("Item", {})
        return item


def _key(action: Mapping[str, Any]) -> Item:
    [write] = action.values()
    held = write.get("Key") or write["Item"]
    return {"pk": held["pk"], "sk": held["sk"]}


def _what(key: Item) -> str:
    kind, sort = key["pk"]["S"].partition("#")[0], key["sk"]["S"].split("#")
    if kind != "CLIENT":
        return kind.lower()
    return "receipt part" if sort[0] == "RECEIPT" and len(sort) > 2 else sort[0].lower()
