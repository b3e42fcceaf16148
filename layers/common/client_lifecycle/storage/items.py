"""Translates domain values to DynamoDB items and back. Imports the domain, ``keys``, boto3's types and pydantic.

Other systems write into the table too, so this is the one place where what is stored becomes a domain value, and it is
strict: a field has the type it should have, a moment has its zone, and a number is one that its unit can have.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from pydantic import TypeAdapter, ValidationError
from pydantic_core import SchemaValidator, to_jsonable_python

from client_lifecycle.domain.errors import UnreadableRecord
from client_lifecycle.domain.runs import MAX_CLIENTS
from client_lifecycle.domain.unreadable import MOST_NAMED, Unreadable
from client_lifecycle.storage import keys

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef, UpdateTypeDef

Plain = dict[str, Any]
T = TypeVar("T")

EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""The moments there are (T2)."""

A_WEEK_IN_MINUTES = 7 * 24 * 60
BY_UNIT: Mapping[str, tuple[int, int]] = {
    "cents": (-(10**12), 10**12),
    "days": (0, 36_500),
    "minutes": (0, A_WEEK_IN_MINUTES),
}
"""The least and the most of each unit; a number's unit is the last word of its name."""

ANY_NUMBER = (0, 10**15)
"""The least and the most of a number without a unit: a count, a place or a revision."""

SUMS = frozenset({"Facts", "Totals", "Amount"})
ANY_SUM = (-(10**24), 10**24)
"""The least and the most of what this system adds up itself; no sum of what can be read is beyond it."""

OF_A_RUN = (1, MAX_CLIENTS)
"""The least and the most of the clients of a run."""

MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:"
"""How a moment begins; a bare number is none."""

DAY_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class _Deserializer(TypeDeserializer):
    """Reads bytes also as Lambda delivers them from the stream: as text, in base64."""

    def _deserialize_b(self, value: bytes | str) -> Any:
        return Binary(base64.b64decode(value) if isinstance(value, str) else value)


_serializer = TypeSerializer()
_deserializer = _Deserializer()


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


@cache
def _reader(shape: Any) -> SchemaValidator:
    return SchemaValidator(_strict(_adapter(shape).core_schema))


def _strict(schema: Any, shape: str = "", name: str = "") -> Any:
    """Return a schema whose moments have a zone, and whose moments, days and numbers are in their range.

    Args:
        schema: of pydantic's core, or a part of one.
        shape: the name of the dataclass that the part is in.
        name: the name of the field that the part is of.
    """
    if isinstance(schema, list | tuple):
        return type(schema)(_strict(part, shape, name) for part in schema)
    if not isinstance(schema, dict):
        return schema
    match schema.get("type"):
        case "datetime":
            return _written({**schema, "tz_constraint": "aware", "ge": EARLIEST, "le": LATEST}, MOMENT_PATTERN)
        case "date":
            return _written({**schema, "ge": EARLIEST.date(), "le": LATEST.date()}, DAY_PATTERN)
        case "int":
            least, most = _range(shape, name)
            return {**schema, "ge": least, "le": most}
        case "dataclass-args":
            return {**schema, "fields": _strict(schema["fields"], schema["dataclass_name"])}
        case "dataclass-field":
            return {**schema, "schema": _strict(schema["schema"], shape, schema["name"])}
        case _:
            return {key: _strict(part, shape, name) for key, part in schema.items()}


def _range(shape: str, name: str) -> tuple[int, int]:
    """Return the least and the most that a number can be, by its name and the shape that it is in."""
    if (shape, name) == ("Totals", "clients"):
        return OF_A_RUN
    return ANY_SUM if shape in SUMS else BY_UNIT.get(name.rpartition("_")[2], ANY_NUMBER)


def _written(schema: Any, pattern: str) -> Any:
    """Return the schema of a moment or a day that is stored as text of a pattern."""
    read = SchemaValidator({**schema, "strict": False})
    return {
        "type": "chain",
        "steps": [
            {"type": "str", "pattern": pattern},
            {"type": "function-plain", "function": {"type": "no-info", "function": read.validate_python}},
        ],
    }


@cache
def _names(shape: Any) -> frozenset[str]:
    """Return the names of all fields of a shape and of what it is made of; any other name was made up by a writer."""
    return frozenset(_names_in(_adapter(shape).core_schema))


def _names_in(schema: Any) -> Iterable[str]:
    if isinstance(schema, list | tuple):
        for part in schema:
            yield from _names_in(part)
    elif isinstance(schema, dict):
        if schema.get("type") == "dataclass-field":
            yield schema["name"]
        for part in schema.values():
            yield from _names_in(part)


def to_plain(value: Any) -> Plain:
    """Turn a domain value into plain fields, as they are stored; fields without a value are left out."""
    shape: Any = type(value)
    plain = _adapter(shape).dump_python(value, mode="json", exclude_none=True)
    return cast("Plain", plain)


def from_plain(shape: type[T], plain: Mapping[str, Any]) -> T:
    """Read a domain value of ``shape`` from stored fields; attributes the shape does not know are passed over.

    Raises:
        UnreadableRecord: a field is missing or has a value it cannot have, or an id is not the one of the item's key.
    """
    wanted: Any = shape
    try:
        value = _reader(wanted).validate_json(json.dumps(plain, default=_as_json), strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise unreadable(plain, *(_field(wanted, fault["loc"]) for fault in faults)) from None
    if others := _ids_of_others(value, plain):
        raise unreadable(plain, *others)
    return cast("T", value)


def unreadable(plain: Mapping[str, Any], *names: str) -> UnreadableRecord:
    """Return the fault for a stored item with something wrong in the fields of these names."""
    name = _name(plain)
    told = tuple(sorted(set(names))[:MOST_NAMED])
    return UnreadableRecord(Unreadable(kind=name.kind, id=name.id, fields=told, client_id=name.client_id))


def _name(plain: Mapping[str, Any]) -> keys.Named:
    return keys.named(plain) if "sk" in plain else keys.Named(keys.UNKNOWN_KIND, "unknown")


def _ids_of_others(value: Any, plain: Mapping[str, Any]) -> list[str]:
    return [name for name, held in _name(plain).holds.items() if getattr(value, name, held) != held]


def _field(shape: Any, location: tuple[int | str, ...]) -> str:
    """Write a fault's place in an item as a path of names we know, like ``changes.3.before.starts_at``."""
    known = [str(part) for part in location if isinstance(part, int) or part in _names(shape)]
    return ".".join(known) or "kind"


def _as_json(value: Any) -> Any:
    """Write a number as JSON does; what JSON has no word for, like a set, is something that no field can be."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return [[]]


def to_item(plain: Mapping[str, Any]) -> dict[str, AttributeValueTypeDef]:
    """Turn plain fields into a DynamoDB item, leaving out those without a value."""
    return {name: _serializer.serialize(value) for name, value in plain.items() if value is not None}


def from_item(item: Mapping[str, AttributeValueTypeDef]) -> Plain:
    """Turn a DynamoDB item into plain fields."""
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


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
    defaults = _defaults(shape) if shape else {}
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
        *(_equality(name, before[name] == defaults.get(name)) for name in present),
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


@cache
def _defaults(shape: Any) -> Plain:
    """Return the defaults of a shape's fields, as they are stored."""
    defaults = {one.name: one.default for one in fields(shape) if one.default not in (MISSING, None)}
    return cast("Plain", to_jsonable_python(defaults))


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
