"""Which clients a caller wants: listed page by page, sorted, counted or exported, by one set of conditions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.errors import InvalidRequest
from client_lifecycle.domain.selection import EVERYBODY, NEVER, ClientFilter, Sort, meets, moment_sorted_by
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage.client_lists import (
    ClientPage,
    CursorKey,
    IsWanted,
    Tab,
    all_clients,
    count_clients,
    list_clients,
)
from client_lifecycle.storage.commitments import appointments_ahead, next_appointments
from client_lifecycle.storage.providers import read_group_names, read_settings
from client_lifecycle.storage.search import find_by_address, find_by_name, seeking, words_of
from client_lifecycle.storage.tenant import Tenant

MOST_READ = 10_000
"""The most clients of a tab that are read to sort them by what no index does, or to count some of them."""


class Wanted(Struct, frozen=True, kw_only=True):
    """Clients of a tab that meet all conditions; with ``sought``, those whom a search for it finds.

    Without a ``sort``, whom words find come in the order of the words found, by address those whom an address does, and
    all others by name.
    """

    status: Status
    conditions: ClientFilter = EVERYBODY
    sought: str | None = None
    sort: Sort | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is all clients of a tab, or of a group in it."""
        return not self.sought and self.conditions == ClientFilter(group_id=self.conditions.group_id)


def list_wanted(
    tenant: Tenant, wanted: Wanted, *, at: datetime, limit: int, after: CursorKey | None = None
) -> ClientPage:
    """Read a page of the clients wanted; it may be short, or empty, and not be the last.

    By name, by words and by address a page costs what an index returns. Where only some clients are wanted, it reads up
    to fifteen hundred to find them. Any other order costs all clients of the tab, or of the group in it.

    Args:
        tenant: the provider's part of the table.
        wanted: which clients, in which order.
        at: the present moment, UTC.
        limit: the most clients to return.
        after: the place to go on after.

    Raises:
        InvalidRequest: there is nothing to search for, or there are too many clients to sort.
    """
    meets_all = _conditions(tenant, wanted.conditions, at)
    sort = wanted.sort or (None if wanted.sought else Sort.BY_NAME)
    if sort is None:
        return _found(tenant, wanted, meets_all, limit, after)
    is_wanted = _with_sought(wanted, meets_all)
    if sort in (Sort.BY_NAME, Sort.BY_NAME_DESCENDING):
        tab = Tab(status=wanted.status, group_id=wanted.conditions.group_id, is_descending=sort.is_descending)
        return list_clients(tenant, tab, limit=limit, after=after, is_wanted=None if wanted.is_whole else is_wanted)
    clients, unreadable = _whole_tab(tenant, wanted, "sort")
    page = _sorted(list(filter(is_wanted, clients)), sort, limit, after)
    return replace(page, unreadable=unreadable)


class Row(Struct, frozen=True):
    """A client as a list shows it: with the name of its group, and when its next appointment starts."""

    client: Client
    group_name: str | None
    next_appointment_at: datetime | None


def rows_of(tenant: Tenant, clients: Sequence[Client], at: datetime) -> list[Row]:
    """Add to the clients of a page what a list shows beside them: two calls, however many clients there are.

    Archived clients have no appointment ahead, for the archive has cancelled them (E6), so none is looked for.
    """
    names = read_group_names(tenant, [client.group_id for client in clients if client.group_id])
    active = [client.client_id for client in clients if client.status is Status.ACTIVE]
    booked = next_appointments(tenant, active, at)
    return [Row(one, names.get(one.group_id or ""), booked.get(one.client_id)) for one in clients]


def count_wanted(tenant: Tenant, wanted: Wanted, at: datetime) -> dict[Status, int]:
    """Count the clients of each tab that are wanted.

    Args:
        tenant: the provider's part of the table.
        wanted: which clients; the tab and the order do not count.
        at: the present moment, UTC.

    Raises:
        InvalidRequest: there is nothing to search for, or there are too many clients to look at each.
    """
    if wanted.is_whole:
        return {status: count_clients(tenant, status, group_id=wanted.conditions.group_id) for status in Status}
    is_wanted = _with_sought(wanted, _conditions(tenant, wanted.conditions, at))
    tabs = {status: _whole_tab(tenant, replace(wanted, status=status), "group_id") for status in Status}
    return {status: sum(map(is_wanted, clients)) for status, (clients, _) in tabs.items()}


def _conditions(tenant: Tenant, conditions: ClientFilter, at: datetime) -> IsWanted:
    zone = read_settings(tenant).time_zone if conditions.has_days else UTC
    booked = appointments_ahead(tenant, at) if conditions.no_upcoming_appointment else {}
    return lambda client: client.client_id not in booked and meets(conditions, client, zone)


def _with_sought(wanted: Wanted, meets_all: IsWanted) -> IsWanted:
    if not wanted.sought:
        return meets_all
    is_sought = seeking(wanted.sought)
    return lambda client: meets_all(client) and is_sought(client)


def _found(tenant: Tenant, wanted: Wanted, meets_all: IsWanted, limit: int, after: CursorKey | None) -> ClientPage:
    sought = wanted.sought or ""

    def is_wanted(client: Client) -> bool:
        return client.status is wanted.status and meets_all(client)

    if "@" in sought:
        return find_by_address(tenant, sought, is_wanted=is_wanted, limit=limit, after=after)
    return find_by_name(tenant, words_of(sought), is_wanted=is_wanted, limit=limit, after=after)


def _whole_tab(tenant: Tenant, wanted: Wanted, field: str) -> tuple[list[Client], list[Unreadable]]:
    group_id = wanted.conditions.group_id
    clients, unreadable = all_clients(tenant, wanted.status, group_id=group_id, at_most=MOST_READ + 1)
    if len(clients) + len(unreadable) > MOST_READ:
        raise InvalidRequest(
            f"These are more than {MOST_READ:,} clients to look at. Choose a group.", field, code="too_many_to_read"
        )
    return clients, unreadable


def _sorted(clients: list[Client], sort: Sort, limit: int, after: CursorKey | None) -> ClientPage:
    """Return a page of clients in an order by moments, those of one moment by id."""
    by_id = {client.client_id: client for client in clients}
    places = sorted(((_moment(sort, client), client.client_id) for client in clients), reverse=sort.is_descending)
    last = tuple(after) if after else None
    rest = [one for one in places if last is None or (one < last if sort.is_descending else one > last)]
    page = rest[:limit]
    return ClientPage([by_id[client_id] for _, client_id in page], page[-1] if len(rest) > limit else None)


def _moment(sort: Sort, client: Client) -> str:
    """Write the moment that a client is sorted by at fixed width, so that text order is time order."""
    return (moment_sorted_by(sort, client) or NEVER).astimezone(UTC).isoformat(timespec="microseconds")
