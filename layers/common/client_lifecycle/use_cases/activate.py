"""Activate an archived client, and take back what its archive did. Imports the domain and storage."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ulid import ULID

from client_lifecycle.domain.client import Cause, Client, activate, next_flip_at, touched
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.domain.records import Appointment, Membership
from client_lifecycle.domain.restore import Obstacles, Restorable, RestoredItem, restore, wanted
from client_lifecycle.storage import archives
from client_lifecycle.storage.clients import read_client, records_by_key
from client_lifecycle.storage.providers import closed_chats, is_slot_free
from client_lifecycle.storage.table import ReadingOutdated, Table, readings
from client_lifecycle.use_cases.archive import contended

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


@dataclass(frozen=True, slots=True)
class Activated:
    """A client that is active, and what became of each record that was asked back."""

    client: Client
    items: tuple[RestoredItem, ...] = ()


def activate_client(
    table: Table,
    provider_id: str,
    client_id: str,
    *,
    cause: Cause,
    at: datetime,
    asked: Collection[Restorable] = (),
) -> Activated:
    """Bring a client back to active; nothing else changes unless it is asked for (A1).

    What is asked back comes from the archive the client is under, or was last under if it is back already. In both
    cases doing it again changes nothing.

    Args:
        table: where the client is kept.
        provider_id: the owner.
        client_id: the client to activate.
        cause: who activates, and through what.
        at: the present moment, UTC.
        asked: what shall be taken back of the archive.

    Raises:
        ClientNotFound: the provider has no such client.
        CommitContended: the client's records kept changing.
        StorageBusy: the table kept throttling.
    """
    for _ in readings():
        client = read_client(table, provider_id, client_id)
        archive_id = _last_archive_id(client)
        if archive_id is None:
            return Activated(client)
        try:
            return bring_back(table, client, archive_id, cause=cause, at=at, asked=asked)
        except ReadingOutdated:
            continue
    raise contended()


def bring_back(
    table: Table,
    client: Client,
    archive_id: str,
    *,
    cause: Cause,
    at: datetime,
    asked: Collection[Restorable],
    also: Sequence[TransactWriteItemTypeDef] = (),
) -> Activated:
    """Activate a client as it was read, and take back what is asked for, in as many transactions as it takes.

    Args:
        table: where the client is kept.
        client: as read, under the archive or back from it.
        archive_id: the archive.
        cause: who activates, and through what.
        at: the present moment, UTC.
        asked: what shall be taken back of the archive.
        also: writes of the caller that belong to the moment of the return, if the client is not back yet.

    Raises:
        ReadingOutdated: the client or one of the records is no longer as it was read; what was committed stays.
        StorageBusy: the table kept throttling.
    """
    while True:
        items = _restore(table, client, archive_id, asked, at) if asked else ()
        changes = [item.change for item in items if item.change]
        chunk = changes[: archives.CHANGES_WITH_FLIP]
        if not (client.stamp or chunk):
            return Activated(client, items)
        after, entry = returned(client, archive_id, cause, at) if client.stamp else (touched(client), None)
        archives.commit_return(
            table,
            client,
            after,
            entry,
            archive_id,
            chunk,
            at=at,
            run_id=cause.run_id,
            also=also if client.stamp else (),
        )
        if len(chunk) == len(changes):
            return Activated(after, items)
        client = after


def _last_archive_id(client: Client) -> str | None:
    if client.stamp:
        return client.stamp.archive_id
    return client.last_return.archive_id if client.last_return else None


def returned(client: Client, archive_id: str, cause: Cause, at: datetime) -> tuple[Client, HistoryEntry]:
    """Return an archived client as active, and the history line that tells of it."""
    at = next_flip_at(client, at)
    entry = HistoryEntry(
        history_id=str(ULID.from_datetime(at)),
        at=at,
        event=HistoryEvent.ACTIVATED,
        archive_id=archive_id,
        cause=cause,
    )
    return activate(client, cause, at), entry


def _restore(
    table: Table, client: Client, archive_id: str, asked: Collection[Restorable], at: datetime
) -> tuple[RestoredItem, ...]:
    receipt = archives.read_receipt(table, client.provider_id, client.client_id, archive_id)
    changes = wanted(receipt.changes, asked)
    befores = [change.before for change in changes]
    current = records_by_key(table, client.provider_id, client.client_id, befores)
    obstacles = _obstacles(table, client.provider_id, [change.after for change in changes], at)
    return tuple(
        restore(change, current[change.before.kind, change.before.record_id], obstacles, at) for change in changes
    )


def _obstacles(table: Table, provider_id: str, records: Collection[object], at: datetime) -> Obstacles:
    chats = [record.record_id for record in records if isinstance(record, Membership)]
    ahead = [record for record in records if isinstance(record, Appointment) and record.starts_at > at]
    return Obstacles(
        taken_appointments={one.record_id for one in ahead if not is_slot_free(table, provider_id, one)},
        closed_chats=closed_chats(table, provider_id, chats) if chats else set(),
    )
