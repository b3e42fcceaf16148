"""Reads pages of records with what is stored beside them: those of a client, and those that no source has confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TypeAlias

from msgspec import Struct, field

from client_lifecycle.domain.intake import Kept
from client_lifecycle.domain.records import RecordKind
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage import clients, keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.due import unconfirmed_from
from client_lifecycle.storage.incoming import kept_from
from client_lifecycle.storage.skipping import read_each
from client_lifecycle.storage.table import Query
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain

MOST_READS = 10
"""Queries for one page; few of the records read may be those that are asked for."""

UnconfirmedPlace: TypeAlias = Sequence[str]
"""A place among the unconfirmed: the key and the ``due_since`` of a record."""

PLACE = ("pk", "sk", keys.DUE_SINCE)


class ListedRecord(Struct, frozen=True, kw_only=True):
    """A record with what is kept of it.

    ``ended_at`` is when an archive ended it, until its source confirms that. ``is_confirmed`` is ``None`` if no archive
    has ended it.
    """

    client_id: str
    kind: RecordKind
    record_id: str
    kept: Kept
    is_live: bool
    ended_at: datetime | None = None
    is_confirmed: bool | None = None


class Filter(Struct, frozen=True):
    """Which records of a client are asked for; ``None`` does not matter."""

    kind: RecordKind | None = None
    source: str | None = None
    live: bool | None = None


class RecordPage(Struct, frozen=True):
    """A page of a client's records and the sort key to go on after, ``None`` on the last."""

    records: list[ListedRecord]
    next_after: str | None
    unreadable: list[Unreadable] = field(default_factory=list)


class UnconfirmedPage(Struct, frozen=True):
    """A page of what no source has confirmed and the place to go on after, ``None`` on the last."""

    records: list[ListedRecord]
    next_after: UnconfirmedPlace | None
    unreadable: list[Unreadable] = field(default_factory=list)


def list_records(
    tenant: Tenant, client_id: str, asked: Filter, at: datetime, *, limit: int, after: str | None
) -> RecordPage:
    """Read a page of a client's records, by kind and id; receipts and history are not read.

    A page may be short, or empty, and not be the last.

    Args:
        tenant: the provider's part of the table.
        client_id: the client.
        asked: which of its records.
        at: the present moment, UTC; a record is live if it lives until then or longer.
        limit: the most records to return.
        after: the sort key to go on after.
    """
    found: list[Plain] = []
    reads_left = MOST_READS
    for prefix in _prefixes(asked.kind, after):
        start = after if after and after.startswith(prefix) else None
        while True:
            query = _of_client(tenant, client_id, prefix, asked, at)
            start_key = {"pk": tenant.keys.client_partition(client_id), "sk": start} if start else None
            page = tenant.table.page(query, limit=limit - len(found), after=start_key, consistent=False)
            found += page.items
            reads_left -= 1
            start = page.next_key["sk"] if page.next_key else None
            if len(found) == limit or (reads_left <= 0 and start):
                return _record_page(tenant, found, start or found[-1]["sk"], at)
            if start is None:
                break
    return _record_page(tenant, found, None, at)


def _prefixes(kind: RecordKind | None, after: str | None) -> list[str]:
    prefixes = sorted(keys.record_prefix(one) for one in ([kind] if kind else RecordKind))
    return [prefix for prefix in prefixes if after is None or after.startswith(prefix) or after < prefix]


def _of_client(tenant: Tenant, client_id: str, prefix: str, asked: Filter, at: datetime) -> Query:
    values = {":pk": tenant.keys.client_partition(client_id), ":prefix": prefix}
    where = []
    if asked.source is not None:
        where.append("#source = :source")
        values[":source"] = asked.source
    if asked.live is not None:
        where.append("live_key >= :at" if asked.live else "(attribute_not_exists(live_key) OR live_key < :at)")
        values[":at"] = keys.sortable(at)
    names = {"#source": "source"} if asked.source is not None else None
    return Query("pk = :pk AND begins_with(sk, :prefix)", values, where=" AND ".join(where) or None, names=names)


def _record_page(tenant: Tenant, found: Sequence[Plain], next_after: str | None, at: datetime) -> RecordPage:
    records, unreadable = read_each(tenant.table, partial(_listed_from, at), found)
    return RecordPage(records, next_after, unreadable)


def list_unconfirmed(
    tenant: Tenant, until: datetime, at: datetime, *, limit: int, after: UnconfirmedPlace | None
) -> UnconfirmedPage:
    """Read a page of what archives ended and no source has confirmed since (I8), the oldest first.

    Only what a source has told of is in it. It is read from an index that lags by moments, so each record is read, too:
    a page may be short and not be the last.

    Args:
        tenant: the provider's part of the table.
        until: only what was ended until this moment.
        at: the present moment, UTC.
        limit: the most records to return.
        after: the place to go on after.
    """
    partition = tenant.keys.unconfirmed()
    values = {":partition": partition, ":first": f"{tenant.provider_id}#", ":last": tenant.keys.ended_at(until)}
    page = tenant.table.page(
        Query("due_key = :partition AND due_since BETWEEN :first AND :last", values, index=keys.DUE_INDEX),
        limit=limit,
        after={keys.DUE_KEY: partition} | dict(zip(PLACE, after, strict=True)) if after else None,
        consistent=False,
    )
    wanted = [{"pk": plain["pk"], "sk": plain["sk"]} for plain in page.items]
    found = tenant.table.get_many(wanted, consistent=False)
    waiting = sorted(
        (plain for plain in found if keys.DUE_SINCE in plain), key=lambda plain: (plain[keys.DUE_SINCE], plain["sk"])
    )
    records, unreadable = read_each(tenant.table, partial(_listed_from, at), waiting)
    return UnconfirmedPage(records, _place(page.next_key) if page.next_key else None, unreadable)


def _place(plain: Plain) -> list[str]:
    return [plain[name] for name in PLACE]


class Removed(Struct, frozen=True, kw_only=True):
    """What is left of a record that its source has removed (I12)."""

    kind: str
    record_id: str


def _listed_from(at: datetime, plain: Plain) -> ListedRecord:
    if plain.get(clients.REMOVED):
        from_plain(Removed, plain)
    else:
        clients.record_from(plain)
    kept, named = kept_from(plain), keys.named(plain)
    _, client_id = keys.provider_and_client(plain["pk"])
    ended_at = unconfirmed_from(plain).since if keys.DUE_SINCE in plain else None
    return ListedRecord(
        client_id=client_id,
        kind=RecordKind(named.kind),
        record_id=named.id,
        kept=kept,
        is_live=plain.get("live_key", "") >= keys.sortable(at),
        ended_at=ended_at,
        is_confirmed=keys.DUE_KEY in plain and ended_at is None if kept.is_ended_by_archive else None,
    )
