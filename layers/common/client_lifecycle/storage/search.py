"""Finds clients by the words of their names.

Each word of a name is an item of its own, kept by the transactions that add or rename a client. It tells neither status
nor group, so that an archive has none to rewrite; both are read from the clients, together with what else is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, repeat

from client_lifecycle.domain import names
from client_lifecycle.domain.client import Client
from client_lifecycle.domain.errors import InvalidRequest
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage import addresses, keys
from client_lifecycle.storage.client_lists import ClientPage, CursorKey, IsWanted
from client_lifecycle.storage.clients import read_clients
from client_lifecycle.storage.table import KEYS_PER_BATCH_GET, Query
from client_lifecycle.storage.tenant import Tenant

MAX_QUERIES = 5
"""How often one page looks for further words; the clients of one look are read in one call."""


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
    sought = max(query, key=len)
    values = {":pk": tenant.keys.words(), ":prefix": sought}
    start = {"pk": values[":pk"], "sk": after[0]} if after else None
    found: list[Client] = []
    unreadable: dict[Unreadable, None] = {}
    for most in chain([limit], repeat(KEYS_PER_BATCH_GET, MAX_QUERIES - 1)):
        page = tenant.table.page(
            Query("pk = :pk AND begins_with(sk, :prefix)", values), limit=most, after=start, consistent=False
        )
        sort_keys = [plain["sk"] for plain in page.items]
        places = _places(sort_keys)
        wanted = list(dict.fromkeys(client_id for _, _, client_id in places))
        clients, damaged = read_clients(tenant, wanted)
        unreadable |= dict.fromkeys(damaged)
        for place, client in _found(places, clients, sought):
            if is_wanted(client) and _is_found(client, query):
                found.append(client)
            if len(found) == limit:
                is_last = page.next_key is None and place == sort_keys[-1]
                return ClientPage(found, None if is_last else [place], list(unreadable))
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
        raise InvalidRequest("There is no letter or digit to search for.", field)
    return words


def _places(sort_keys: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return the sort keys of words, each with its word and its client's id."""
    return [(sort_key, *place) for sort_key in sort_keys for place in _word_and_client(sort_key)]


def _found(
    places: Iterable[tuple[str, str, str]], clients: Mapping[str, Client], sought: str
) -> Iterator[tuple[str, Client]]:
    """Return the clients of words, each client by the first of its words that begins with what is sought."""
    for sort_key, word, client_id in places:
        client = clients.get(client_id)
        if client and word == next((one for one in names.words(client.name) if one.startswith(sought)), None):
            yield sort_key, client


def _word_and_client(sort_key: str) -> Iterator[tuple[str, str]]:
    with suppress(ValueError):
        yield keys.word_and_client(sort_key)


def _is_found(client: Client, query: Sequence[str]) -> bool:
    return names.is_found(names.words(client.name), query)
