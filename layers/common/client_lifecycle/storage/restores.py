"""Keeps how far restores have come, and reads what stands in their way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec import Struct

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.effects import Change
from client_lifecycle.domain.records import Membership, Record, RecordKind
from client_lifecycle.domain.restore import Restoration, RestoreState
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import REMOVED, client_from, client_not_found, record_from
from client_lifecycle.storage.items import conditional_update, put_new
from client_lifecycle.storage.skipping import read_each
from client_lifecycle.storage.table import Table, Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain, to_plain

CHECK_RESTORE_AFTER = timedelta(minutes=1)
"""How long after a restore began the clean-up continues it; no answer takes as long."""

Records: TypeAlias = Mapping[tuple[RecordKind, str], Record]
"""Records of a client by kind and id."""


class Found(Struct, frozen=True):
    """What a restore meets: the client, its records as they are now, and the chats that have been closed."""

    client: Client
    records: Records
    closed_chats: Collection[str]


def read_restoration(tenant: Tenant, client_id: str, archive_id: str) -> Restoration | None:
    """Read how far the last restore from an archive has come, ``None`` if there was none."""
    plain = tenant.table.get(tenant.keys.restoration(client_id, archive_id))
    return from_plain(Restoration, plain) if plain else None


def restoration_write(tenant: Tenant, client: Client, before: Restoration | None, after: Restoration) -> Write:
    """Move a restore on from where it was read, or begin the first one from its archive."""
    key = tenant.keys.restoration(client.client_id, after.archive_id)
    if before is None:
        return put_new(tenant.table.name, key, _fields(after))
    return conditional_update(tenant.table.name, key, _fields(before), _fields(after), {"began_at", "done", "state"})


def commit_restoration(tenant: Tenant, client: Client, before: Restoration | None, after: Restoration) -> None:
    """Move a restore on where no record has to be written for it.

    Raises:
        StaleRead: the restore is no longer as it was read.
    """
    tenant.table.transact_if_unchanged([restoration_write(tenant, client, before, after)])


def read_found(tenant: Tenant, client_id: str, changes: Collection[Change]) -> Found:
    """Read a client, the records that an archive changed and the chats they are places in, all at once.

    Raises:
        ClientNotFound: the provider has no such client.
        UnreadableRecord: the client or one of the records cannot be read.
    """
    records = [change.before for change in changes]
    places = [tenant.keys.record(client_id, record.kind, record.record_id) for record in records]
    chat_ids = {record.record_id for record in records if isinstance(record, Membership)}
    chats = [tenant.keys.chat(chat_id) for chat_id in sorted(chat_ids)]
    client_key = tenant.keys.client(client_id)
    found = tenant.table.get_many([client_key, *places, *chats])
    own = {plain["sk"]: plain for plain in found if plain["pk"] == client_key["pk"]}
    if client_key["sk"] not in own:
        raise client_not_found()
    client = client_from(own.pop(client_key["sk"]))
    there = (record_from(plain) for plain in own.values() if not plain.get(REMOVED))
    return Found(
        client=client,
        records={(record.kind, record.record_id): record for record in there},
        closed_chats=_closed_chats(tenant.table, (plain for plain in found if plain["pk"] != client_key["pk"])),
    )


class _Chat(Struct, frozen=True, kw_only=True):
    """What is kept of a chat by the system that runs it."""

    chat_id: str
    closed_at: datetime | None = None


def _closed_chats(table: Table, found: Iterable[Plain]) -> set[str]:
    """Tell which stored chats have been closed; one that cannot be read is not taken for open."""
    chats, unreadable = read_each(table, lambda plain: from_plain(_Chat, plain), found)
    return {chat.chat_id for chat in chats if chat.closed_at} | {one.id for one in unreadable}


def _fields(restoration: Restoration) -> Plain:
    """Return a restore as it is stored; until it is finished, the clean-up has to look at it."""
    is_unfinished = restoration.state is RestoreState.RESTORING
    check_at = restoration.began_at + CHECK_RESTORE_AFTER
    due = keys.due_keys(keys.Work.RESTORING, restoration.archive_id, check_at) if is_unfinished else {}
    return {**to_plain(restoration), **due}
