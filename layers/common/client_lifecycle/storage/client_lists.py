"""Reads the lists of clients: the tabs, of all clients or of a group, by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import client_from
from client_lifecycle.storage.skipping import read_each
from client_lifecycle.storage.table import Query, side_by_side
from client_lifecycle.storage.tenant import Tenant

CursorKey: TypeAlias = Sequence[str]
"""A place in the order of a client list, good whatever becomes of the client that was there; it holds personal data."""

IsWanted: TypeAlias = Callable[[Client], bool]

READS = (100, 200, 400, 800)
"""The clients that one page reads to find some of them, call by call; then it tells where to go on."""


class ClientPage(Struct, frozen=True):
    """A page of a client list and the place to go on after, ``None`` on the last."""

    clients: list[Client]
    next_after: CursorKey | None
    unreadable: list[Unreadable] = field(default_factory=list)


class Tab(Struct, frozen=True, kw_only=True):
    """A tab of the client list: all clients, or those of one group, by name, or in the descending order."""

    status: Status
    group_id: str | None = None
    is_descending: bool = False


def list_clients(
    tenant: Tenant, tab: Tab, *, limit: int, after: CursorKey | None, is_wanted: IsWanted | None = None
) -> ClientPage:
    """Read a page of one tab of the client list; archived clients stay listed indefinitely (A7).

    A page costs what it returns, however many clients the other tabs, groups and providers have. Where only some are
    wanted, it costs what it reads to find them, and reads no more than ``READS``: it may be short, or empty, and not be
    the last. Nobody is left out or listed twice because of what becomes of others between two pages.

    Args:
        tenant: the provider's part of the table.
        tab: the tab.
        limit: the most clients to return.
        after: the place to go on after.
        is_wanted: tells who is, of all in the tab.
    """
    lies = _place_of(tenant.keys, tab)
    start = lies.key(after) if after else None
    if is_wanted is None:
        page = tenant.table.page(lies.query(tab), limit=limit, after=start, consistent=False)
        clients, unreadable = read_each(tenant.table, client_from, page.items)
        return ClientPage(clients, lies.of(page.next_key) if page.next_key else None, unreadable)
    found: list[Client] = []
    damaged: list[Unreadable] = []
    for most in READS:
        page = tenant.table.page(lies.query(tab), limit=most, after=start, consistent=False)
        clients, unreadable = read_each(tenant.table, client_from, page.items)
        damaged += unreadable
        items = {keys.named(plain).id: plain for plain in page.items}
        for client in filter(is_wanted, clients):
            found.append(client)
            if len(found) == limit:
                item = items[client.client_id]
                is_last = page.next_key is None and item is page.items[-1]
                return ClientPage(found, None if is_last else lies.of(item), damaged)
        start = page.next_key
        if start is None:
            return ClientPage(found, None, damaged)
    return ClientPage(found, lies.of(start) if start else None, damaged)


def all_clients(
    tenant: Tenant, status: Status, *, group_id: str | None, at_most: int | None = None
) -> tuple[list[Client], list[Unreadable]]:
    """Read the whole of one tab, all clients or those of one group, by name; or so many of them at most.

    Returns:
        The clients, and those that cannot be read.
    """
    tab = Tab(status=status, group_id=group_id)
    found = tenant.table.query(_place_of(tenant.keys, tab).query(tab), consistent=False)
    return read_each(tenant.table, client_from, islice(found, at_most))


def count_clients(tenant: Tenant, status: Status, *, group_id: str | None) -> int:
    """Count the clients of one tab, all or those of one group; it reads that tab and no other."""
    tab = Tab(status=status, group_id=group_id)
    return tenant.table.count(_place_of(tenant.keys, tab).query(tab))


def count_by_group(tenant: Tenant) -> dict[Status, Counter[str]]:
    """Count the clients of each group in each tab; it reads both tabs, in as many calls as they fill pages."""

    def of_tab(status: Status) -> Counter[str]:
        tab = Tab(status=status)
        query = replace(_place_of(tenant.keys, tab).query(tab), only="group_id")
        found = tenant.table.query(query, consistent=False)
        group_ids = (plain.get("group_id") for plain in found)
        return Counter(group_id for group_id in group_ids if isinstance(group_id, str))

    return dict(zip(Status, side_by_side(of_tab, list(Status)), strict=True))


PLACE = ("pk", "sk", "name_key")
"""The attributes that tell a place in a tab."""


class _Place(Struct, frozen=True, kw_only=True):
    """Where a tab lies: the partition of an index, by name."""

    index: str
    attribute: str
    partition: str

    def query(self, tab: Tab) -> Query:
        condition, values = f"{self.attribute} = :partition", {":partition": self.partition}
        return Query(condition, values, index=self.index, newest_first=tab.is_descending)

    def key(self, after: CursorKey) -> Plain:
        """Return the key of the index to go on after."""
        return {self.attribute: self.partition} | dict(zip(PLACE, after, strict=True))

    def of(self, item: Plain) -> CursorKey:
        """Return the place of an item, or of a key."""
        return [item[name] for name in PLACE]


def _place_of(own: keys.Keys, tab: Tab) -> _Place:
    if tab.group_id:
        of_group = own.tab_of_group(tab.group_id, tab.status)
        return _Place(index=keys.BY_GROUP_INDEX, attribute="group_key", partition=of_group)
    return _Place(index=keys.BY_STATUS_INDEX, attribute="status_key", partition=own.tab(tab.status))
