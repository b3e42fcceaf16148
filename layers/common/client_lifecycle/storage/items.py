"""Writes of items, as actions of a transaction, each under its condition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from client_lifecycle.storage.attributes import Plain, to_item
from client_lifecycle.storage.values import defaults

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef, UpdateTypeDef


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
        after: the fields as they shall be; the two must differ.
        expect: the fields that must still be as in ``before``, or absent as in ``before``.
        shape: the shape that the item is read as, if it is read as one.
    """
    by_default = defaults(shape) if shape else {}
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
        *(_equality(name, before[name] == by_default.get(name)) for name in present),
        *(f"(attribute_not_exists(#{name}) OR #{name} = :null)" for name in absent),
    ]
    values = to_item(
        {f":after_{name}": after[name] for name in kept} | {f":before_{name}": before[name] for name in present}
    )
    if absent:
        values[":null"] = {"NULL": True}
    update: UpdateTypeDef = {
        "TableName": table,
        "Key": to_item(key),
        "UpdateExpression": " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": {f"#{name}": name for name in [*changed, *present, *absent]},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if values:
        update["ExpressionAttributeValues"] = values
    return {"Update": update}


def _equality(name: str, is_default: bool) -> str:
    equality = f"#{name} = :before_{name}"
    return f"({equality} OR attribute_not_exists(#{name}))" if is_default else equality


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
