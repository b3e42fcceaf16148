"""Finds what is due for the clean-up, over all providers, and lets one clean-up at a time look at it.

It also tells which providers have records that no source has confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from msgspec import Struct

from client_lifecycle.domain.effects import LeftAlone
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.items import conditional_update
from client_lifecycle.storage.keys import Work
from client_lifecycle.storage.skipping import read_each
from client_lifecycle.storage.table import Query, StaleRead, Table
from client_lifecycle.storage.values import unreadable

__all__ = ["Due", "Unconfirmed", "Work", "forget", "list_due", "list_unconfirmed", "postpone", "unconfirmed_from"]


class Due(Struct, frozen=True):
    """An item that is due, by its ids, and its place in the index as it was found."""

    key: keys.Key
    entry: Plain

    @property
    def provider_id(self) -> str:
        """The provider whose item it is; the second part of every partition that can be due."""
        return self.key["pk"].split("#")[1]

    @property
    def client_id(self) -> str:
        """The client that a receipt, a restore or a plan is of."""
        return keys.provider_and_client(self.key["pk"])[1]

    @property
    def archive_id(self) -> str:
        """The archive that a receipt, a part of it or a restore is of."""
        return self.key["sk"].split("#")[1]

    @property
    def run_id(self) -> str:
        """The run, of a run."""
        return keys.provider_and_run(self.key["pk"])[1]

    def tells_of(self, left: LeftAlone) -> bool:
        """Tell whether it is the part of a receipt that tells of this record."""
        return self.key == keys.Keys(self.provider_id).left_alone(self.client_id, self.archive_id, left)


def list_due(table: Table, work: Work, at: datetime) -> Iterator[Due]:
    """List the items that are due, those that have waited longest first within a partition.

    The index lags by moments, so the clean-up reads an item first and decides on what it is then.

    Args:
        table: where to read.
        work: what is to be done with the items.
        at: the present moment, UTC.
    """
    for partition in keys.due_partitions(work):
        values = {":partition": partition, ":at": keys.sortable(at)}
        condition = "due_key = :partition AND due_since <= :at"
        found = table.query(Query(condition, values, index=keys.DUE_INDEX), consistent=False)
        entries, _ = read_each(table, _due_from, found)
        yield from entries


def _due_from(plain: Plain) -> Due:
    if keys.named(plain).kind == keys.UNKNOWN_KIND:
        raise unreadable(plain, "pk", "sk")
    entry = {"due_key": plain["due_key"], "due_since": plain["due_since"]}
    return Due({"pk": plain["pk"], "sk": plain["sk"]}, entry)


class Unconfirmed(Struct, frozen=True):
    """A provider with records that an archive has ended and no source has confirmed, and since when the first waits."""

    provider_id: str
    since: datetime


def list_unconfirmed(table: Table, until: datetime) -> Iterator[Unconfirmed]:
    """List the providers with records that were ended by this moment and are not confirmed yet (I8).

    It reads one record of each provider that has any, however many wait.
    """
    for partition in keys.unconfirmed_partitions():
        behind = " "
        while found := _first_behind(table, partition, behind):
            first, _ = read_each(table, unconfirmed_from, found)
            yield from (one for one in first if one.since <= until)
            behind = keys.after_provider(first[0].provider_id) if first else found[0][keys.DUE_SINCE]


def _first_behind(table: Table, partition: str, behind: str) -> list[Plain]:
    values = {":partition": partition, ":behind": behind}
    query = Query("due_key = :partition AND due_since > :behind", values, index=keys.DUE_INDEX)
    return table.page(query, limit=1, consistent=False).items


def unconfirmed_from(plain: Plain) -> Unconfirmed:
    """Read whose record an archive has ended and when, from its place among those that no source has confirmed.

    Raises:
        UnreadableRecord: its place does not tell so.
    """
    provider_id, _, moment = str(plain[keys.DUE_SINCE]).partition("#")
    with suppress(ValueError):
        at = datetime.fromisoformat(moment)
        if at.tzinfo:
            return Unconfirmed(provider_id, at)
    raise unreadable(plain, keys.DUE_SINCE)


def postpone(table: Table, due: Due, until: datetime) -> Due | None:
    """Make an item due again later; of several that try so at once, one does.

    Returns:
        The item at its new place, or ``None`` if it is no longer where it was found.
    """
    entry = {**due.entry, "due_since": keys.sortable(until)}
    return Due(due.key, entry) if _move(table, due, entry) else None


def forget(table: Table, due: Due) -> None:
    """Take an item that needs no looking at any more out of the index, unless it has moved there."""
    _move(table, due, {})


def _move(table: Table, due: Due, entry: Plain) -> bool:
    try:
        table.transact_if_unchanged([conditional_update(table.name, due.key, due.entry, entry, {"due_since"})])
    except StaleRead:
        return False
    return True
