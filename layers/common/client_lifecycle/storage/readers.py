"""Reads what is stored, strictly, by the types of the domain's values.

Earlier versions have written into the table, and other systems before they had doors. So this is the one place where
what is stored becomes a value: a field has the type it should have, a moment has its zone, and a number is one that its
unit can have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import fields

from client_lifecycle.domain.runs import MAX_CLIENTS

T = TypeVar("T")

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 1, 1)
"""The days there are (T2)."""

EARLIEST, END = datetime(1899, 12, 31, tzinfo=UTC), datetime(2200, 1, 2, tzinfo=UTC)
"""The moments that are stored: from the first day on, which begins earlier in the east, to the end of the last."""

A_WEEK_IN_MINUTES = 7 * 24 * 60
BY_UNIT: Mapping[str, tuple[int, int]] = {
    "cents": (-(10**12), 10**12),
    "days": (0, 36_500),
    "minutes": (0, A_WEEK_IN_MINUTES),
}
"""The least and the most of each unit; a number's unit is the last word of its name."""

ANY_NUMBER = (0, 10**15)
"""The least and the most of a number without a unit: a count, a place or a revision."""

SUMS = frozenset({"PreviewFacts", "Totals", "Amount"})
ANY_SUM = (-(10**24), 10**24)
"""The least and the most of what this system adds up itself; no sum of what can be read is beyond it."""

OF_A_RUN = (1, MAX_CLIENTS)
"""The least and the most of the clients of a run."""

MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?"
    r"([Zz]|[+-][0-9]{2}:?[0-9]{2})"
)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Reader = Callable[[Any], Any]
"""Reads one value from what is stored, or raises ``Unfit``."""


class Unfit(Exception):
    """Something stored is not what it should be; ``paths`` lead to what is at fault, by names of ours and places."""

    def __init__(self, *paths: tuple[str | int, ...]) -> None:
        super().__init__(*paths)
        self.paths = paths or ((),)


@cache
def reader_of(kind: Any, shape: str = "", name: str = "") -> Reader:
    """Return what reads values of a type.

    Args:
        kind: the type.
        shape: the name of the class that it is in.
        name: the name of the field that it is of.
    """
    origin, parts = get_origin(kind), get_args(kind)
    if origin is None:
        return _simple(kind, shape, name)
    if origin is Literal:
        return _one_of({part: part for part in parts})
    inner = [reader_of(part, shape, name) for part in parts if part not in (NoneType, Ellipsis)]
    if origin in (Union, UnionType):
        return _tagged(parts) if all(map(_is_shape, parts)) else _union(inner, NoneType in parts)
    return _mapping(*inner) if origin is Mapping else _several(origin, *inner)


def _is_shape(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _simple(kind: Any, shape: str, name: str) -> Reader:
    if kind is int:
        return _whole(*_range(shape, name))
    if _is_shape(kind):
        return _fields(kind)
    return READERS[kind] if kind in READERS else _one_of({member.value: member for member in kind})


def _range(shape: str, name: str) -> tuple[int, int]:
    """Return the least and the most that a number can be, by its name and the shape that it is in."""
    if (shape, name) == ("Totals", "clients"):
        return OF_A_RUN
    return ANY_SUM if shape in SUMS else BY_UNIT.get(name.rpartition("_")[2], ANY_NUMBER)


def _fields(shape: Any) -> Reader:
    readers = {one.encode_name: reader_of(one.type, shape.__name__, one.name) for one in fields(shape)}
    names = {one.encode_name: one.name for one in fields(shape)}
    required = [one.encode_name for one in fields(shape) if one.required]

    def read(stored: Any) -> Any:
        if not isinstance(stored, dict):
            raise Unfit
        unfit = [(name,) for name in required if name not in stored]
        given = [(name, stored[name]) for name in readers if name in stored]
        values = dict(_each(given, lambda name, value: (names[name], readers[name](value)), unfit))
        return shape(**values)

    return read


def _several(collection: Callable[[Iterable[Any]], Any], reader: Reader) -> Reader:
    def read(stored: Any) -> Any:
        if not isinstance(stored, list):
            raise Unfit
        return collection(_each(list(enumerate(stored)), lambda _, value: reader(value)))

    return read


def _each(parts: Iterable[tuple[Any, Any]], read: Callable[[Any, Any], T], unfit: Iterable[Any] = ()) -> list[T]:
    """Read parts by their names or places; all that are at fault are told at once."""
    values: list[T] = []
    paths = list(unfit)
    for place, stored in parts:
        try:
            values.append(read(place, stored))
        except Unfit as fault:
            paths += [(place, *path) for path in fault.paths]
    if paths:
        raise Unfit(*paths)
    return values


def _mapping(key: Reader, value: Reader) -> Reader:
    def read(stored: Any) -> Any:
        if not isinstance(stored, dict):
            raise Unfit
        return {key(name): value(part) for name, part in stored.items()}

    return read


def _union(readers: Sequence[Reader], may_be_none: bool) -> Reader:
    def read(stored: Any) -> Any:
        if stored is None and may_be_none:
            return None
        for reader in readers[:-1]:
            with suppress(Unfit):
                return reader(stored)
        return readers[-1](stored)

    return read


def _tagged(kinds: Iterable[Any]) -> Reader:
    """Return what reads one of several shapes, told apart by their ``kind``."""
    readers = {str(get_args(fields(one)[0].type)[0]): reader_of(one) for one in kinds}

    def read(stored: Any) -> Any:
        if not isinstance(stored, dict):
            raise Unfit
        kind = stored.get("kind")
        if not isinstance(kind, str) or kind not in readers:
            raise Unfit(("kind",))
        return readers[kind](stored)

    return read


def _one_of(values: Mapping[str, Any]) -> Reader:
    def read(stored: Any) -> Any:
        if not isinstance(stored, str) or stored not in values:
            raise Unfit
        return values[stored]

    return read


def _whole(least: int, most: int) -> Reader:
    def read(stored: Any) -> int:
        if type(stored) is not int or not least <= stored <= most:
            raise Unfit
        return stored

    return read


def _text(stored: Any) -> str:
    if not isinstance(stored, str):
        raise Unfit
    return stored


def _flag(stored: Any) -> bool:
    if not isinstance(stored, bool):
        raise Unfit
    return stored


def _moment(stored: Any) -> datetime:
    if not isinstance(stored, str) or not MOMENT.fullmatch(stored):
        raise Unfit
    try:
        moment = datetime.fromisoformat(stored.upper())
    except ValueError:
        raise Unfit from None
    if not EARLIEST <= moment < END:
        raise Unfit
    return moment


def _day(stored: Any) -> date:
    if not isinstance(stored, str) or not DAY.fullmatch(stored):
        raise Unfit
    try:
        day = date.fromisoformat(stored)
    except ValueError:
        raise Unfit from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Unfit
    return day


def _zone(stored: Any) -> ZoneInfo:
    try:
        return ZoneInfo(_text(stored))
    except (LookupError, ValueError, OSError):
        raise Unfit from None


READERS: Mapping[type, Reader] = {str: _text, bool: _flag, datetime: _moment, date: _day, ZoneInfo: _zone}
"""What reads each plain type."""
