"""DynamoDB's limits on the bytes of keys, which the local engines do not all enforce: asserted for every call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from local.template import read_template

MAX_BYTES = {"HASH": 2_048, "RANGE": 1_024}


def _limits() -> dict[str, int]:
    """The most bytes of each attribute that is part of a key, of the table or of an index."""
    properties = read_template()["Resources"]["Table"]["Properties"]
    indexes = [*properties["LocalSecondaryIndexes"], *properties["GlobalSecondaryIndexes"]]
    schemas = [properties["KeySchema"], *(index["KeySchema"] for index in indexes)]
    parts = [(part["AttributeName"], MAX_BYTES[part["KeyType"]]) for schema in schemas for part in schema]
    return {name: min(most for other, most in parts if other == name) for name, _ in parts}


LIMITS = _limits()


def watch(events: Any) -> None:
    """Check every call of clients that are made with these botocore events, or of one client that has them."""
    events.register("provide-client-params.dynamodb", _check)


def _check(params: Mapping[str, Any], **_: Any) -> None:
    for place, item in _items_in(params):
        for name, most in LIMITS.items():
            text = item.get(name, {}).get("S", "") if isinstance(item.get(name), dict) else ""
            size = len(text.encode())
            assert size <= most, f"{name} takes {size} bytes in {place}, DynamoDB ends at {most}"
            assert text or name not in item, f"{name} is empty in {place}"


def _items_in(call: Mapping[str, Any], place: str = "call") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Find all items, keys and updated attributes in a call, however deep; and what a query compares with."""
    for name, value in call.items():
        if name in ("Item", "Key", "ExclusiveStartKey"):
            yield name, value
        elif name == "ExpressionAttributeValues":
            yield name, _named(call, value)
        elif isinstance(value, Mapping):
            yield from _items_in(value, name)
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, Mapping):
                    yield from _items_in({name[:-1]: one} if name == "Keys" else one, name)


def _named(call: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Name the values of an update by their attributes, and those of a query's sort key by the narrowest limit."""
    if "UpdateExpression" in call:
        prefix = ":after_"
        return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}
    if "KeyConditionExpression" in call:
        asked = set(re.findall(r":\w+", call["KeyConditionExpression"])) - {":pk", ":partition"}
        return dict(zip(("sk", "live_key"), (values[name] for name in sorted(asked)), strict=False))
    return {}
