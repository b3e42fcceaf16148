"""Remembers every state that a table was in, and answers reads with any of them.

AWS answers a read that does not ask for consistency, and every read of a global index, with what was there a while ago.
No local engine does.
"""

from __future__ import annotations

import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from client_lifecycle.storage.attributes import Plain, from_item
from client_lifecycle.storage.packed_changes import unpacked
from client_lifecycle.storage.table import Table
from local.template import read_template
from tests.proof.scheduler import Call
from tests.support.made_up_answers import Answer

Item = Mapping[str, Any]
"""An item as the service writes it."""

READS = ("GetItem", "BatchGetItem", "Query")
WRITES = ("TransactWriteItems", "BatchWriteItem")

CONDITION = re.compile(
    r"begins_with\((?P<prefixed>\w+), (?P<prefix>:\w+)\)"
    r"|(?P<between>\w+) BETWEEN (?P<low>:\w+) AND (?P<high>:\w+)"
    r"|(?P<compared>\w+) (?P<sign>=|>=|<=) (?P<value>:\w+)"
)
VALUES = ("prefix", "low", "high", "value")


@dataclass(frozen=True, slots=True)
class Version:
    """An item from a moment on, as the service writes it and as plain fields; both ``None`` while there is none."""

    moment: int
    item: Item | None
    plain: Plain | None


@dataclass
class Past:
    """Every state of a table, by the number of writes that led to it, with the time on the clock then."""

    table: Table
    clock: list[datetime]
    _versions: dict[str, dict[str, list[Version]]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def moment(self) -> int:
        """The present."""
        return len(self.clock) - 1

    def take_in(self, at: datetime) -> None:
        """Look at what the test itself has written; an item that is new counts as one that has always been there."""
        self.clock.append(at)
        for item in self.scan():
            pk, sk = item["pk"]["S"], item["sk"]["S"]
            self._note(pk, sk, item, self.moment if sk in self._versions[pk] else 0)

    def record(self, call: Call, at: datetime) -> None:
        """Note what a write that was carried out has made of the items it names."""
        self.clock.append(at)
        if call.name == "BatchWriteItem":
            for request in call.body["RequestItems"][self.table.name]:
                item = request["PutRequest"]["Item"]
                self._note(item["pk"]["S"], item["sk"]["S"], item, self.moment)
            return
        keys = [{name: key[name] for name in ("pk", "sk")} for key in written(call)]
        request = {self.table.name: {"Keys": keys, "ConsistentRead": True}}
        answer = self.table.client.batch_get_item(RequestItems=request)
        found = {(item["pk"]["S"], item["sk"]["S"]): item for item in answer["Responses"][self.table.name]}
        for key in keys:
            place = key["pk"]["S"], key["sk"]["S"]
            self._note(*place, found.get(place), self.moment)

    def scan(self) -> Iterator[Item]:
        """Read the table itself, as it is now."""
        for page in self.table.client.get_paginator("scan").paginate(TableName=self.table.name, ConsistentRead=True):
            yield from page["Items"]

    def item(self, key: Mapping[str, str], moment: int) -> Plain | None:
        """Return an item as it was at a moment."""
        version = _at(self._versions[key["pk"]].get(key["sk"], ()), moment)
        return version.plain if version else None

    def partition(self, pk: str, moment: int) -> dict[str, Plain]:
        """Return what a partition held at a moment, by sort key and in its order."""
        found = ((sk, _at(versions, moment)) for sk, versions in sorted(self._versions[pk].items()))
        return {sk: version.plain for sk, version in found if version and version.plain}

    def everything(self) -> dict[tuple[str, str], Item]:
        """Return all items as they are now, by key."""
        return {(item["pk"]["S"], item["sk"]["S"]): item for item in self._items(self._versions, self.moment)}

    def answer(self, call: Call, moment: int) -> Answer:
        """Answer a read as the service would have at a moment."""
        match call.name:
            case "GetItem":
                item = self._item(call.body["Key"], moment)
                return {"Item": item} if item else {}
            case "BatchGetItem":
                wanted = call.body["RequestItems"][self.table.name]["Keys"]
                found = (self._item(key, moment) for key in wanted)
                return {"Responses": {self.table.name: [item for item in found if item]}, "UnprocessedKeys": {}}
            case _:
                return self._queried(call.body, moment)

    def _queried(self, body: Answer, moment: int) -> Answer:
        index = INDEXES[body.get("IndexName")]
        partitions = self._versions if index.is_global else [body["ExpressionAttributeValues"][":pk"]["S"]]
        sign = 1 if body.get("ScanIndexForward", True) else -1
        asked = _conditions(body["KeyConditionExpression"], body)
        found = [
            item
            for item in self._items(partitions, moment)
            if index.sort in item and all(meets(item) for meets in asked)
        ]
        found.sort(key=index.place, reverse=sign < 0)
        if start := body.get("ExclusiveStartKey"):
            passed = index.place(start)
            found = [item for item in found if (index.place(item) > passed if sign > 0 else index.place(item) < passed)]
        page = found[: body.get("Limit")]
        more = {"LastEvaluatedKey": index.key(page[-1])} if len(page) < len(found) else {}
        where = _conditions(body.get("FilterExpression", ""), body)
        kept = [item for item in page if all(meets(item) for meets in where)]
        items = {} if body.get("Select") == "COUNT" else {"Items": [index.projected(item) for item in kept]}
        return {**items, "Count": len(kept), "ScannedCount": len(page), **more}

    def _item(self, key: Item, moment: int) -> Item | None:
        version = _at(self._versions[key["pk"]["S"]].get(key["sk"]["S"], ()), moment)
        return version.item if version else None

    def _items(self, partitions: Iterable[str], moment: int) -> Iterator[Item]:
        for pk in list(partitions):
            for versions in self._versions[pk].values():
                version = _at(versions, moment)
                if version and version.item:
                    yield version.item

    def _note(self, pk: str, sk: str, item: Item | None, moment: int) -> None:
        versions = self._versions[pk].setdefault(sk, [])
        if (versions[-1].item if versions else None) != item:
            versions.append(Version(moment, item, unpacked(from_item(item)) if item else None))


def written(call: Call) -> Iterator[Item]:
    """Return what a transaction writes: keys, or items with theirs."""
    for action in call.body["TransactItems"]:
        for verb, write in action.items():
            if verb != "ConditionCheck":
                yield write.get("Key", write.get("Item"))


def may_lag(call: Call) -> bool:
    """Whether a call is a read that the service may answer with what was there a while ago."""
    asked = call.body
    if call.name == "BatchGetItem":
        [asked] = asked["RequestItems"].values()
    return call.name in READS and not asked.get("ConsistentRead")


def _at(versions: Sequence[Version], moment: int) -> Version | None:
    return next((version for version in reversed(versions) if version.moment <= moment), None)


Condition = Callable[[Item], bool]


def _conditions(expression: str, body: Answer) -> list[Condition]:
    """Read the conditions of a query, all of which an item has to meet."""
    return [_condition(one, body["ExpressionAttributeValues"]) for one in CONDITION.finditer(expression)]


def _condition(one: re.Match[str], values: Answer) -> Condition:
    name = one["prefixed"] or one["between"] or one["compared"]
    meets = _meets(one, {told: str(values[one[told]]["S"]) for told in VALUES if one[told]})
    return lambda item: name in item and meets(item[name]["S"])


def _meets(one: re.Match[str], values: Mapping[str, str]) -> Callable[[str], bool]:
    if one["prefixed"]:
        return lambda told: told.startswith(values["prefix"])
    if one["between"]:
        return lambda told: values["low"] <= told <= values["high"]
    compares = {"=": operator.eq, ">=": operator.ge, "<=": operator.le}[one["sign"]]
    return lambda told: bool(compares(told, values["value"]))


@dataclass(frozen=True, slots=True)
class Index:
    """The table itself, or one of its indexes."""

    partition: str
    sort: str
    is_global: bool = False
    keys_only: bool = False

    def place(self, item: Item) -> tuple[str, ...]:
        """Return the place of an item in the order of a partition."""
        return tuple(item[name]["S"] for name in (self.sort, "pk", "sk"))

    def key(self, item: Item) -> Answer:
        """Return the key of an item in it."""
        return {name: item[name] for name in (self.partition, self.sort, "pk", "sk")}

    def projected(self, item: Item) -> Answer:
        """Return what of an item is in it."""
        return self.key(item) if self.keys_only else dict(item)


def _indexes() -> Iterator[tuple[str | None, Index]]:
    properties = read_template()["Resources"]["Table"]["Properties"]
    yield None, Index("pk", "sk")
    for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        for one in properties[kind]:
            partition, sort = (part["AttributeName"] for part in one["KeySchema"])
            keys_only = one["Projection"]["ProjectionType"] == "KEYS_ONLY"
            yield one["IndexName"], Index(partition, sort, kind.startswith("Global"), keys_only)


INDEXES: Mapping[str | None, Index] = dict(_indexes())
