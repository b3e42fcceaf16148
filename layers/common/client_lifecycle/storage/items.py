"""Writes of items, as actions of a transaction, each under its condition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from client_lifecycle.storage.attributes import Plain, to_item
from client_lifecycle.storage.values import defaults

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        ConditionCheckTypeDef,
        DeleteTypeDef,
        PutTypeDef,
        TransactWriteItemTypeDef,
        UpdateTypeDef,
    )


def conditional_update(
    table: str, key: Mapping[str, str], before: Plain, after: Plain, expect: Iterable[str], *, shape: Any = None
) -> TransactWriteItemTypeDef:
    """Return the update that turns one reading of an item into another, as one action of a transaction.

    Only what differs is written, so attributes that other systems keep on the item are never touched. An item that was
    stored before its shape had a field counts as having the field's default, as it does when it is read; and what other
    systems have stored as null counts as absent.

    Args:
        table: the table's name.
        key: the item's key.
        before: the item's fields as read.
        after: the fields as they are to be; the two must differ.
        expect: the fields that must still be as in ``before``, or absent as in ``before``.
        shape: the shape that the item is read as, if it is read as one.
    """
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return update(
        table,
        key,
        {name: after.get(name) for name in changed},
        {name: before.get(name) for name in expect},
        defaults(shape) if shape else {},
    )


def update(
    table: str,
    key: Mapping[str, str],
    after: Plain,
    expect: Plain,
    by_default: Mapping[str, Any] = MappingProxyType({}),
    rising: Sequence[str] = (),
) -> TransactWriteItemTypeDef:
    """Return the update of fields of an item that must exist, as one action of a transaction.

    Args:
        table: the table's name.
        key: the item's key.
        after: the fields as they are to be; one without a value is taken away.
        expect: fields as they must still be; one without a value must be absent.
        by_default: what fields count as while they are absent.
        rising: numbers that rise by one, whatever they are; one that is absent counts as one.
    """
    kept = sorted(name for name, value in after.items() if value is not None)
    gone = sorted(after.keys() - set(kept))
    present = sorted(name for name, value in expect.items() if value is not None)
    absent = sorted(expect.keys() - set(present))
    clauses = [
        (
            "SET",
            [
                *(f"#{name} = :after_{name}" for name in kept),
                *(f"#{name} = if_not_exists(#{name}, :one) + :one" for name in rising),
            ],
        ),
        ("REMOVE", [f"#{name}" for name in gone]),
    ]
    conditions = [
        "attribute_exists(pk)",
        *(_equality(name, expect[name] == by_default.get(name)) for name in present),
        *(f"(attribute_not_exists(#{name}) OR #{name} = :null)" for name in absent),
    ]
    values = to_item(
        {f":after_{name}": after[name] for name in kept} | {f":before_{name}": expect[name] for name in present}
    )
    if absent:
        values[":null"] = {"NULL": True}
    if rising:
        values[":one"] = {"N": "1"}
    action: UpdateTypeDef = {
        "TableName": table,
        "Key": to_item(key),
        "UpdateExpression": " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": {f"#{name}": name for name in [*kept, *gone, *present, *absent, *rising]},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if values:
        action["ExpressionAttributeValues"] = values
    return {"Update": action}


def move_counts(
    table: str, key: Mapping[str, str], moves: Mapping[str, int], expect: Plain
) -> TransactWriteItemTypeDef:
    """Return the update that adds to the ``counts`` of an item that must exist, as one action of a transaction.

    Args:
        table: the table's name.
        key: the item's key.
        moves: what is added to each count; a count that is not there yet is nothing.
        expect: fields as they must be.
    """
    conditions = ["attribute_exists(pk)", *(f"#{name} = :{name}" for name in expect)]
    moved = [f"#counts.#{name} = if_not_exists(#counts.#{name}, :none) + :{name}" for name in moves]
    return {
        "Update": {
            "TableName": table,
            "Key": to_item(key),
            "UpdateExpression": "SET " + ", ".join(moved),
            "ConditionExpression": " AND ".join(conditions),
            "ExpressionAttributeNames": {f"#{name}": name for name in ["counts", *moves, *expect]},
            "ExpressionAttributeValues": to_item(
                {":none": 0} | {f":{name}": value for name, value in {**moves, **expect}.items()}
            ),
        }
    }


def _equality(name: str, is_default: bool) -> str:
    equality = f"#{name} = :before_{name}"
    return f"({equality} OR attribute_not_exists(#{name}))" if is_default else equality


def put(
    table: str, item: Plain, condition: str | None = None, values: Mapping[str, Any] = MappingProxyType({})
) -> TransactWriteItemTypeDef:
    """Return the write of an item, under a condition if one is given, as one action of a transaction."""
    action: PutTypeDef = {"TableName": table, "Item": to_item(item)}
    if condition:
        action["ConditionExpression"] = condition
        action["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    if values:
        action["ExpressionAttributeValues"] = to_item(values)
    return {"Put": action}


def put_new(table: str, key: Mapping[str, str], plain: Plain) -> TransactWriteItemTypeDef:
    """Return the write of an item that must not exist yet, as one action of a transaction."""
    return put(table, {**key, **plain}, "attribute_not_exists(pk)")


def check(
    table: str, key: Mapping[str, str], condition: str, values: Mapping[str, str] = MappingProxyType({})
) -> TransactWriteItemTypeDef:
    """Return the requirement that an item is so, which writes nothing, as one action of a transaction."""
    action: ConditionCheckTypeDef = {
        "TableName": table,
        "Key": to_item(key),
        "ConditionExpression": condition,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if values:
        action["ExpressionAttributeValues"] = to_item(values)
    return {"ConditionCheck": action}


def delete(
    table: str, key: Mapping[str, str], condition: str | None = None, values: Mapping[str, str] = MappingProxyType({})
) -> TransactWriteItemTypeDef:
    """Return the deletion of an item, under a condition if one is given, as one action of a transaction."""
    action: DeleteTypeDef = {"TableName": table, "Key": to_item(key)}
    if condition:
        action["ConditionExpression"] = condition
    if values:
        action["ExpressionAttributeValues"] = to_item(values)
    return {"Delete": action}
