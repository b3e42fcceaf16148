"""Domain values to plain fields, as they are stored, and back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from msgspec import NODEFAULT, to_builtins
from msgspec.structs import fields

from client_lifecycle.domain.errors import UnreadableRecord
from client_lifecycle.domain.unreadable import MOST_NAMED, Unreadable
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.readers import Unfit, reader_of

T = TypeVar("T")

PARTS = (dict, list, tuple)
"""What holds other plain values; most are fields of a record, which hold none."""


def to_plain(value: Any) -> Plain:
    """Turn a domain value into plain fields, as they are stored; fields without a value are left out."""
    return cast("Plain", _without_none(to_builtins(value, enc_hook=_written, order="deterministic")))


def _written(value: Any) -> str:
    if isinstance(value, ZoneInfo):
        return value.key
    raise NotImplementedError(type(value).__name__)


def _without_none(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {
            name: _without_none(value) if isinstance(value, PARTS) else value
            for name, value in plain.items()
            if value is not None
        }
    return [_without_none(value) for value in plain] if isinstance(plain, PARTS) else plain


@cache
def defaults(shape: Any) -> Plain:
    """Return the defaults of a shape's fields, as they are stored."""
    given = {
        one.encode_name: one.default if one.default_factory is NODEFAULT else one.default_factory()
        for one in fields(shape)
        if not one.required
    }
    return to_plain(given)


def from_plain(shape: type[T], plain: Mapping[str, Any]) -> T:
    """Read a domain value of ``shape`` from stored fields; attributes the shape does not know are ignored.

    Raises:
        UnreadableRecord: a field is missing or has a value it cannot have, or an id is not the one of the item's key.
    """
    wanted: Any = shape
    try:
        value = reader_of(wanted)(plain)
    except Unfit as fault:
        raise unreadable(plain, *(".".join(map(str, path)) for path in fault.paths)) from None
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
