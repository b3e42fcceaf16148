"""Reads clients, their records and their groups, and writes one client's archive and return."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from operator import itemgetter
from typing import Any

from msgspec import Struct
from msgspec.structs import fields

from client_lifecycle.domain.client import Client, Group, with_made_good
from client_lifecycle.domain.effects import Change, RecordKey
from client_lifecycle.domain.errors import ClientNotFound, UnreadableRecord
from client_lifecycle.domain.receipts import HistoryEntry
from client_lifecycle.domain.records import Record
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage import addresses, keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.items import check, conditional_update, put_new, update
from client_lifecycle.storage.skipping import read_each
from client_lifecycle.storage.table import Query, Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain, to_plain, unreadable

_ANY_RECORD: Any = Record

ENDED_BY = "ended_by"
"""Beside a record: the archive that ended it, for as long as it stays so."""


class Ending(Struct, frozen=True):
    """The archive that ends a record, and when."""

    archive_id: str
    at: datetime


PLACES_IN_INDEXES = {"live_key", "commitment_key"}
"""Beside a record: where it is in indexes, which follows from its value."""

REMOVED = "removed"
"""In the place of a record's value: its source has removed it (I12)."""


class LiveClient(Struct, frozen=True):
    """A client and those of its records that an archive may have to touch, read in one go.

    ``unreadable`` are those that cannot be read. A decision to archive needs all of them: a rule of the practice
    could forbid it because of the one that is not known.
    """

    client: Client
    records: tuple[Record, ...]
    unreadable: tuple[Unreadable, ...] = ()

    def require_whole(self) -> None:
        """Require that every record could be read.

        Raises:
            UnreadableRecord: some could not; each is named.
        """
        if self.unreadable:
            raise UnreadableRecord(*self.unreadable)


class ClientUpdate(Struct, frozen=True):
    """A client as read and as it is to be, at its next revision, with the line for its history if there is one."""

    before: Client
    after: Client
    history: HistoryEntry | None = None

    @property
    def client_id(self) -> str:
        """The client."""
        return self.before.client_id


def read_client(tenant: Tenant, client_id: str) -> Client:
    """Read one client.

    Raises:
        ClientNotFound: the provider has no such client.
    """
    plain = tenant.table.get(tenant.keys.client(client_id))
    if plain is None:
        raise client_not_found()
    return client_from(plain)


def read_clients(tenant: Tenant, client_ids: Sequence[str]) -> tuple[dict[str, Client], list[Unreadable]]:
    """Read many clients by id; ids the provider does not have are left out.

    Returns:
        The clients by id, and those that cannot be read.
    """
    found = tenant.table.get_many([tenant.keys.client(client_id) for client_id in client_ids])
    clients, unreadable = read_each(tenant.table, client_from, found)
    return {client.client_id: client for client in clients}, unreadable


def client_from(plain: Plain) -> Client:
    """Read a client; one whose stamp is not the one that writes are conditional on cannot be told from others."""
    client = from_plain(Client, plain)
    if plain.get("archive_id") != (client.stamp.archive_id if client.stamp else None):
        raise unreadable(plain, "archive_id")
    return client


def read_live(tenant: Tenant, client_id: str, at: datetime) -> LiveClient:
    """Read a client and its live records in one strongly consistent query, however long the history is.

    The client is read first: others may write while a query is under way, and what becomes live after this reading of
    the client has raised its revision, on which every archive is conditional.

    Args:
        tenant: the provider's part of the table.
        client_id: the client.
        at: records that lived only until before this moment are left out.

    Returns:
        The client with its records; those that cannot be read are named.

    Raises:
        ClientNotFound: the provider has no such client.
        UnreadableRecord: the client itself cannot be read.
    """
    values = {":pk": tenant.keys.client_partition(client_id), ":at": keys.sortable(at)}
    live = Query("pk = :pk AND live_key >= :at", values, index=keys.LIVE_INDEX, newest_first=True)
    return _live_client(tenant, tenant.table.query(live))


def read_named(tenant: Tenant, named: Mapping[str, Sequence[RecordKey]], at: datetime) -> dict[str, LiveClient]:
    """Read many clients, each with those of its records that are named, as far as an archive may have to touch them.

    Args:
        tenant: the provider's part of the table.
        named: the records, by client id.
        at: records that lived only until before this moment are left out.

    Returns:
        The clients by id, each with its records as ``read_live`` returns them. A client that cannot be read, or is not
        there, is left out.
    """
    own, earliest = tenant.keys, keys.sortable(at)
    wanted = [own.client(client_id) for client_id in named]
    wanted += [own.record(client_id, *one) for client_id, records in named.items() for one in records]
    found: defaultdict[str, list[Plain]] = defaultdict(list)
    for plain in tenant.table.get_many(wanted):
        if plain["sk"] == keys.CLIENT_SK or plain.get("live_key", "") >= earliest:
            found[keys.provider_and_client(plain["pk"])[1]].append(plain)
    clients: dict[str, LiveClient] = {}
    for client_id, items in found.items():
        with suppress(ClientNotFound, UnreadableRecord):
            clients[client_id] = _live_client(tenant, items)
    return clients


def _live_client(tenant: Tenant, found: Iterable[Plain]) -> LiveClient:
    """Read a client and its records among what was found of it.

    Raises:
        ClientNotFound: the client is not there.
        UnreadableRecord: the client itself cannot be read.
    """
    client: Client | None = None
    others: list[Plain] = []
    for plain in found:
        if plain["sk"] == keys.CLIENT_SK:
            client = client_from(plain)
        else:
            others.append(plain)
    if client is None:
        raise client_not_found()
    records, unreadable = read_each(tenant.table, record_from, sorted(others, key=itemgetter("live_key")))
    return LiveClient(client, tuple(records), tuple(unreadable))


def client_item(client: Client) -> Plain:
    """Return a client as it is stored; one with a plan is in the ``due`` index, and no other does."""
    archive_id = client.stamp.archive_id if client.stamp else None
    due = keys.due_keys(keys.Work.PLAN, client.client_id, client.plan.check_at) if client.plan else {}
    stored = {
        **keys.Keys(client.provider_id).client(client.client_id),
        **to_plain(client),
        **keys.Keys(client.provider_id).client_index(client),
        **due,
        "status": client.status.value,
        "archive_id": archive_id,
    }
    return {name: value for name, value in stored.items() if value is not None}


def address_item(client: Client) -> Plain:
    """Return the item that keeps a client's address from being used by another, as it is stored (A3)."""
    return {
        **keys.Keys(client.provider_id).email(client.email),
        "client_id": client.client_id,
        "form": addresses.FORM,
    }


def word_items(client: Client) -> list[Plain]:
    """Return the items by which a client is found by the words of its name, as they are stored."""
    return [dict(key) for key in keys.Keys(client.provider_id).words_of(client)]


def record_item(own: keys.Keys, client_id: str, record: Record) -> Plain:
    """Return a record as it is stored under its provider's keys."""
    stored = {
        **own.record(client_id, record.kind, record.record_id),
        **to_plain(record),
        "live_key": keys.live_key(record),
        "commitment_key": own.commitment(record),
    }
    return {name: value for name, value in stored.items() if value is not None}


def group_item(group: Group) -> Plain:
    """Return a client group as it is stored."""
    return {**keys.Keys(group.provider_id).group(group.group_id), **to_plain(group)}


def record_from(plain: Plain) -> Record:
    """Read a record of any kind; its kind tells which."""
    record: Record = from_plain(_ANY_RECORD, plain)
    return record


def client_write(tenant: Tenant, before: Client, after: Client) -> Write:
    """Write a client over the reading it was decided on, or not at all.

    A client whose receipt has grown since is another, or a return would miss what was added (A11, I10).
    """
    key = tenant.keys.client(before.client_id)
    expect = {"revision", "archive_id", "made_good_at"}
    return conditional_update(tenant.table.name, key, client_item(before), client_item(after), expect, shape=Client)


def update_writes(tenant: Tenant, update: ClientUpdate) -> list[Write]:
    """Write a client over the reading it was decided on, with the line for its history, or nothing at all."""
    write = client_write(tenant, update.before, update.after)
    return [write, history_write(tenant, update.before, update.history)] if update.history else [write]


def commit_update(tenant: Tenant, update: ClientUpdate) -> None:
    """Keep a client as it is to be, and the line for its history if there is one, all or nothing.

    Raises:
        StaleRead: the client is no longer as it was read.
    """
    tenant.table.transact_if_unchanged(update_writes(tenant, update))


def change_write(tenant: Tenant, client_id: str, change: Change, *, ending: Ending | None) -> Write:
    """Write one change to a record while what it changes still is as it was read.

    Args:
        tenant: the provider's part of the table.
        client_id: whose record it is.
        change: the record before and after.
        ending: the archive that ends the record; none where the record is taken back.
    """
    before = record_item(tenant.keys, client_id, change.before)
    after = record_item(tenant.keys, client_id, change.after)
    names = (before.keys() | after.keys()) - PLACES_IN_INDEXES
    return conditional_update(
        tenant.table.name,
        {"pk": before["pk"], "sk": before["sk"]},
        {**before, ENDED_BY: "", keys.DUE_SINCE: ""},
        {**after, **_marks(tenant, ending)},
        {name for name in names if before.get(name) != after.get(name)},
        shape=type(change.before),
    )


def _marks(tenant: Tenant, ending: Ending | None) -> Plain:
    """Return the marks of an archive on a record that it ends: which it was, and since when its source may confirm."""
    return {ENDED_BY: ending.archive_id, keys.DUE_SINCE: tenant.keys.ended_at(ending.at)} if ending else {}


def record_write(tenant: Tenant, found: Plain, after: Record) -> Write:
    """Write a record over an item as it was found, in whatever way another system has written that, or not at all."""
    names = {one.encode_name for one in fields(after)} | {
        "live_key",
        "commitment_key",
        ENDED_BY,
        keys.DUE_SINCE,
        REMOVED,
    }
    _, client_id = keys.provider_and_client(found["pk"])
    item = record_item(tenant.keys, client_id, after)
    before, plain = ({name: one[name] for name in names if name in one} for one in (found, item))
    changed = {name for name in names if before.get(name) != plain.get(name)}
    key = {"pk": found["pk"], "sk": found["sk"]}
    return conditional_update(tenant.table.name, key, before, plain, changed, shape=type(after))


def stamp_check(tenant: Tenant, client_id: str, archive_id: str) -> Write:
    """Require that the client still carries this stamp; every later write of an archive stands under it."""
    key, required = tenant.keys.client(client_id), {":archive_id": archive_id}
    return check(tenant.table.name, key, "archive_id = :archive_id", required)


def made_good_write(tenant: Tenant, client: Client, archive_id: str, at: datetime) -> Write:
    """Require that the client still carries this stamp, and note on it that its receipt grows (A11)."""
    after = client_item(with_made_good(client, at))
    key, noted = tenant.keys.client(client.client_id), {"made_good_at": after["made_good_at"]}
    return update(tenant.table.name, key, noted, {"archive_id": archive_id})


def history_write(tenant: Tenant, client: Client, entry: HistoryEntry) -> Write:
    """Add a line to the client's history."""
    key = tenant.keys.history_entry(client.client_id, entry.history_id)
    return put_new(tenant.table.name, key, to_plain(entry))


def client_not_found() -> ClientNotFound:
    """Return the fault for a client id the provider does not have."""
    return ClientNotFound("You have no client with this id.", "client_id")
