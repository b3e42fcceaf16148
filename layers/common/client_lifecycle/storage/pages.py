"""Pages of lists: how much one may hold, and those of what a provider has a list of, like bulk archives and imports."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.keys import Key
from client_lifecycle.storage.skipping import read_each
from client_lifecycle.storage.table import Query
from client_lifecycle.storage.tenant import Tenant

T = TypeVar("T")
Entry = TypeVar("Entry", bound=Mapping[str, Any])

MAX_PAGE_BYTES = 3_000_000
"""What the entries of a page take in an answer, at most. One entry, as large as an item of the table can be, takes
less, so that every page has one."""


def bytes_in_an_answer(plain: Mapping[str, Any]) -> int:
    """Return what something takes in an answer, which is JSON inside JSON."""
    return len(json.dumps(json.dumps(plain, default=repr)))


def fitting(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the first of the entries that have room on one page, one at least if there is any."""
    held_bytes = 0
    for place, entry in enumerate(entries):
        held_bytes += bytes_in_an_answer(entry)
        if place and held_bytes > MAX_PAGE_BYTES:
            return entries[:place]
    return entries


def list_newest(
    tenant: Tenant, prefix: str, key: Callable[[str], Key], read: Callable[[Plain], T], *, limit: int, after: str | None
) -> tuple[list[T], str | None, list[Unreadable]]:
    """Read a page of a list, the newest first; it ends before it would hold more than an answer does.

    Args:
        tenant: whose list it is.
        prefix: what the sort keys of the list's entries begin with; their ids follow.
        key: the key of the item that an entry's id names.
        read: reads such an item, or raises ``UnreadableRecord``.
        limit: the most entries.
        after: the id that the page before ended with, ``None`` for the first.

    Returns:
        What could be read, the id to go on after (``None`` on the last page), and what could not be read.
    """
    partition = tenant.keys.partition()
    page = tenant.table.page(
        Query("pk = :pk AND begins_with(sk, :prefix)", {":pk": partition, ":prefix": prefix}, newest_first=True),
        limit=limit,
        after={"pk": partition, "sk": f"{prefix}{after}"} if after else None,
    )
    places = [key(plain["sk"].removeprefix(prefix)) for plain in page.items]
    found = {plain["pk"]: plain for plain in tenant.table.get_many(places)}
    shown = fitting([found.get(place["pk"], {**place}) for place in places])
    values, unreadable = read_each(tenant.table, read, shown)
    has_more = page.next_key or len(shown) < len(places)
    last = page.items[len(shown) - 1]["sk"].removeprefix(prefix) if has_more else None
    return values, last, unreadable
