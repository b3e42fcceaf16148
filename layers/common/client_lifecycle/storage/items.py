"""Translates domain values to DynamoDB items and back. Imports the domain, boto3's types and pydantic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from pydantic import TypeAdapter, ValidationError

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef, UpdateTypeDef

Plain = dict[str, Any]
T = TypeVar("T")

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


class UnreadableItem(ValueError):
    """A stored item does not have the shape it should; the message names the item and its fields, never a value."""


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def to_plain(value: Any) -> Plain:
    """Turn a domain value into plain fields, as they are stored; fields without a value are left out."""
    shape: Any = type(value)
    plain = _adapter(shape).dump_python(value, mode="json", exclude_none=True)
    return cast("Plain", plain)


def from_plain(shape: type[T], plain: Mapping[str, Any]) -> T:
    """Read a domain value of ``shape`` from stored fields; attributes the shape does not know are passed over.

    Raises:
        UnreadableItem: a field is missing or has a value it cannot have.
    """
    wanted: Any = shape
    try:
        return cast("T", _adapter(wanted).validate_python(plain))
    except ValidationError as error:
        places = sorted({".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False)})
        raise UnreadableItem(f"{plain.get('sk', 'an item')}: {', '.join(places)}") from None


def to_item(plain: Mapping[str, Any]) -> dict[str, AttributeValueTypeDef]:
    """Turn plain fields into a DynamoDB item, leaving out those without a value."""
    return {name: _serializer.serialize(value) for name, value in plain.items() if value is not None}


def from_item(item: Mapping[str, AttributeValueTypeDef]) -> Plain:
    """Turn a DynamoDB item into plain fields."""
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


def conditional_update(
    table: str, key: Mapping[str, str], before: Plain, after: Plain, expect: Iterable[str]
) -> TransactWriteItemTypeDef:
    """Return the update that turns one reading of an item into another, as one action of a transaction.

    Only what differs is written, so attributes that other systems keep on the item are never touched.

    Args:
        table: the table's name.
        key: the item's key.
        before: the item's fields as read.
        after: the fields as they shall be; the two must differ.
        expect: the fields that must still be as in ``before``, or absent as in ``before``.
    """
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    kept = [name for name in changed if after.get(name) is not None]
    gone = [name for name in changed if after.get(name) is None]
    present = sorted(name for name in expect if before.get(name) is not None)
    absent = sorted(name for name in expect if before.get(name) is None)
    clauses = [
        ("SET", [f"#{name} = :after_{name}" for name in kept]),
        ("REMOVE", [f"#{name}" for name in gone]),
    ]
    conditions = [
        "attribute_exists(pk)",
        *(f"#{name} = :before_{name}" for name in present),
        *(f"attribute_not_exists(#{name})" for name in absent),
    ]
    values = {f":after_{name}": after[name] for name in kept} | {f":before_{name}": before[name] for name in present}
    update: UpdateTypeDef = {
        "TableName": table,
        "Key": to_item(key),
        "UpdateExpression": " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": {f"#{name}": name for name in [*changed, *present, *absent]},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if values:
        update["ExpressionAttributeValues"] = to_item(values)
    return {"Update": update}


def put_new(table: str, key: Mapping[str, str], plain: Plain) -> TransactWriteItemTypeDef:
    """Return the write of an item that must not exist yet, as one action of a transaction."""
    return {
        "Put": {
            "TableName": table,
            "Item": to_item({**key, **plain}),
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def put_over(table: str, key: Mapping[str, str], plain: Plain) -> TransactWriteItemTypeDef:
    """Return the write of an item that may be written again as it is, as one action of a transaction."""
    return {"Put": {"TableName": table, "Item": to_item({**key, **plain})}}


def delete_existing(table: str, key: Mapping[str, str]) -> TransactWriteItemTypeDef:
    """Return the deletion of an item that must exist, as one action of a transaction."""
    return {"Delete": {"TableName": table, "Key": to_item(key), "ConditionExpression": "attribute_exists(pk)"}}
