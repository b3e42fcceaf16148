"""Finds clients by the words of their names, or by their addresses.

Each word of a name is an item of its own. So is each address, which keeps it from being used twice. Both are written by
the transactions that add or change a client. They hold neither status nor group, so an archive rewrites none of them:
status, group and all other conditions are read from the clients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain, repeat

from msgspec import Struct

from client_lifecycle.domain import names
from client_lifecycle.domain.client import Client
from client_lifecycle.domain.errors import InvalidRequest
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage import addresses, keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.client_lists import ClientPage, CursorKey, IsWanted
from client_lifecycle.storage.clients import read_clients
from client_lifecycle.storage.table import KEYS_PER_BATCH_GET, Query
from client_lifecycle.storage.tenant import Tenant

MAX_QUERIES = 5
"""How often one page looks for further words or addresses; the clients of one look are read in one call."""


class _Sought(Struct, frozen=True):
    """What is sought: a partition, what its sort keys begin with, whom an item names, and whom it then stands for."""

    partition: str
    prefix: str
    client_of: Callable[[Plain], str | None]
    fits: Callable[[Plain, Client], bool]


def find_by_name(
    tenant: Tenant, query: Sequence[str], *, is_wanted: IsWanted, limit: int, after: CursorKey | None
) -> ClientPage:
    """Read a page of the clients of whose names each word asked begins a word.

    They are in the order of the word that is found, then by name. A page may be short, or even empty, and not be the
    last: after ``MAX_QUERIES`` queries it tells where to continue. That bounds what a page costs.

    Args:
        tenant: the provider's part of the table.
        query: one word or more, as ``names.asked`` returns them.
        is_wanted: tells who is, of all whom the words find: of a tab, or of a group.
        limit: the most clients to return.
        after: the place to go on after.
    """
    prefix = max(query, key=len)

    def fits(item: Plain, client: Client) -> bool:
        """Tell whether a client is sought, and found by this word: the first of its words that begins so."""
        first = next((one for one in names.words(client.name) if one.startswith(prefix)), None)
        return _word(item) == first and is_wanted(client) and _is_found(client, query)

    return _page(tenant, _Sought(tenant.keys.words(), prefix, _client_of_word, fits), limit, after)


def find_by_address(
    tenant: Tenant, beginning: str, *, is_wanted: IsWanted, limit: int, after: CursorKey | None
) -> ClientPage:
    """Read a page of the clients whose address begins so, by address; it may be short, as one of ``find_by_name``.

    Args:
        tenant: the provider's part of the table.
        beginning: what the addresses begin with, as anybody may write it.
        is_wanted: tells who is, of all whose address begins so.
        limit: the most clients to return.
        after: the place to go on after.
    """
    prefix = names.cut(addresses.normalized(beginning), keys.MAX_SORT_KEY_BYTES)

    def fits(item: Plain, client: Client) -> bool:
        return addresses.normalized(client.email) == item["sk"] and is_wanted(client)

    return _page(tenant, _Sought(tenant.keys.emails(), prefix, _client_of_address, fits), limit, after)


def _page(tenant: Tenant, sought: _Sought, limit: int, after: CursorKey | None) -> ClientPage:
    query = Query("pk = :pk AND begins_with(sk, :prefix)", {":pk": sought.partition, ":prefix": sought.prefix})
    start: Plain | None = {"pk": sought.partition, "sk": after[0]} if after else None
    found: list[Client] = []
    unreadable: dict[Unreadable, None] = {}
    for most in chain([limit], repeat(KEYS_PER_BATCH_GET, MAX_QUERIES - 1)):
        page = tenant.table.page(query, limit=most, after=start, consistent=False)
        named = [(item, client_id) for item in page.items if (client_id := sought.client_of(item))]
        clients, damaged = read_clients(tenant, list(dict.fromkeys(client_id for _, client_id in named)))
        unreadable |= dict.fromkeys(damaged)
        for item, client_id in named:
            client = clients.get(client_id)
            if client and sought.fits(item, client):
                found.append(client)
            if len(found) == limit:
                is_last = page.next_key is None and item is page.items[-1]
                return ClientPage(found, None if is_last else [item["sk"]], list(unreadable))
        start = page.next_key
        if start is None:
            return ClientPage(found, None, list(unreadable))
    return ClientPage(found, [start["sk"]] if start else None, list(unreadable))


def seeking(sought: str, field: str = "q") -> IsWanted:
    """Return what tells whether a search for these words, or with an ``@`` for this address, finds a client.

    Raises:
        InvalidRequest: there is no word in it.
    """
    if "@" in sought:
        beginning = addresses.normalized(sought)
        return lambda client: addresses.normalized(client.email).startswith(beginning)
    query = words_of(sought, field)
    return lambda client: _is_found(client, query)


def words_of(sought: str, field: str = "q") -> tuple[str, ...]:
    """Return the words that a search is for.

    Raises:
        InvalidRequest: there are none in this part of the request.
    """
    words = names.asked(sought)
    if not words:
        raise InvalidRequest("There is no letter or digit to search for.", field, code="nothing_to_search_for")
    return words


def _word(item: Plain) -> str:
    return keys.word_and_client(item["sk"])[0]


def _client_of_word(item: Plain) -> str | None:
    with suppress(ValueError):
        return keys.word_and_client(item["sk"])[1]
    return None


def _client_of_address(item: Plain) -> str | None:
    client_id = item.get("client_id")
    return client_id if isinstance(client_id, str) else None


def _is_found(client: Client, query: Sequence[str]) -> bool:
    return names.is_found(names.words(client.name), query)
