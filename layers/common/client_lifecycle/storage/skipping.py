"""Reads many items, one by one; one that cannot be read is skipped and reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from client_lifecycle.domain.errors import UnreadableRecord
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.table import Table

T = TypeVar("T")


def read_each(table: Table, read: Callable[[Plain], T], found: Iterable[Plain]) -> tuple[list[T], list[Unreadable]]:
    """Read items that were found, skip those that cannot be read, and report these as the table does.

    Args:
        table: where they were found.
        read: reads one item, or raises ``UnreadableRecord``.
        found: the items.

    Returns:
        What could be read, in the order of the items; and what could not.
    """
    values: list[T] = []
    unreadable: list[Unreadable] = []
    for plain in found:
        try:
            values.append(read(plain))
        except UnreadableRecord as fault:
            unreadable += fault.found
    if unreadable:
        table.report(unreadable)
    return values, unreadable
