"""DynamoDB's typed attributes to plain values and back.

Plain are texts, booleans, whole numbers, ``None``, lists and maps of these. What other systems keep beside them, like
bytes, sets and fractions, comes back as it went in.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

Plain = dict[str, Any]


def to_item(plain: Mapping[str, Any]) -> dict[str, AttributeValueTypeDef]:
    """Turn plain fields into a DynamoDB item, leaving out those without a value."""
    return {name: cast("AttributeValueTypeDef", _typed(value)) for name, value in plain.items() if value is not None}


def from_item(item: Mapping[str, AttributeValueTypeDef]) -> Plain:
    """Turn a DynamoDB item into plain fields, bytes also as Lambda delivers them from the stream: in base64."""
    return {name: _plain(attribute) for name, attribute in item.items()}


def _typed(value: Any) -> dict[str, Any]:
    match value:
        case str():
            return {"S": str(value)}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case None:
            return {"NULL": True}
        case _:
            return _typed_parts(value)


def _typed_parts(value: Any) -> dict[str, Any]:
    match value:
        case Mapping():
            return {"M": {name: _typed(part) for name, part in value.items()}}
        case list() | tuple():
            return {"L": [_typed(part) for part in value]}
        case set() | frozenset():
            return _typed_set(value)
        case _:
            raise TypeError(f"DynamoDB has no type for {type(value).__name__}")


def _typed_set(values: Iterable[Any]) -> dict[str, Any]:
    parts = [_typed(value) for value in values]
    [kind] = {kind for part in parts for kind in part}
    return {f"{kind}S": [part[kind] for part in parts]}


def _plain(attribute: Mapping[str, Any]) -> Any:
    [(kind, value)] = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return _number(value)
        case "NULL":
            return None
        case "M":
            return {name: _plain(part) for name, part in value.items()}
        case "L":
            return [_plain(part) for part in value]
        case "B":
            return base64.b64decode(value) if isinstance(value, str) else bytes(value)
        case _:
            return {_plain({kind[0]: part}) for part in value}


def _number(text: str) -> int | Decimal:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number
