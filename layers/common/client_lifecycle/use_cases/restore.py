"""Take back what an archive did, from its receipt, once its client is back (A1, A9).

The client comes back with the first transaction, and each transaction stores how far the restore has come. If it is
interrupted, asking again or the clean-up continues from there. A new archive of the client ends it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.client import Cause, Client, activate, next_flip_at, told_of, with_next_revision
from client_lifecycle.domain.effects import Change
from client_lifecycle.domain.errors import ReceiptNotFound, RestoreNotFound, StillArchived
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent, Receipt
from client_lifecycle.domain.records import Appointment
from client_lifecycle.domain.restore import (
    Obstacles,
    Restorable,
    Restoration,
    RestoredItem,
    RestoreOutcome,
    RestoreState,
    begin_restore,
    may_continue,
    next_items,
    restore,
    superseded,
    taken_slots,
    wanted,
    with_outcomes,
)
from client_lifecycle.storage import archives, restores
from client_lifecycle.storage.clients import ClientUpdate, read_client
from client_lifecycle.storage.commitments import Calendar
from client_lifecycle.storage.restores import Found
from client_lifecycle.storage.table import StaleRead, Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.ids import new_id
from client_lifecycle.use_cases.optimistic import optimistic_on_client

TRANSACTIONS_PER_ANSWER = 20
"""What one answer waits for, some two thousand records; the clean-up does the rest."""


class Restored(Struct, frozen=True):
    """A client that is active, what became of each record that was asked back, and whether that is all by now.

    ``restoration`` is how far it has come, ``None`` if nothing was asked back, or nothing was left to be done.
    """

    client: Client
    items: tuple[RestoredItem, ...] = ()
    restoration: Restoration | None = None

    @property
    def state(self) -> RestoreState:
        """``restoring`` while the clean-up has to continue it."""
        return self.restoration.state if self.restoration else RestoreState.FINISHED


@optimistic_on_client
def restore_from_receipt(
    tenant: Tenant,
    client_id: str,
    archive_id: str,
    *,
    cause: Cause,
    at: datetime,
    asked: Collection[Restorable],
) -> Restored:
    """Take back what any archive of an active client did, as far as its records still are as it left them (A9).

    Args:
        tenant: the provider's part of the table.
        client_id: the client.
        archive_id: the archive whose receipt is restored from.
        cause: who asks, and through what.
        at: the present moment, UTC.
        asked: what to take back.

    Raises:
        ClientNotFound: the provider has no such client.
        ReceiptNotFound: the client was never archived under this id.
        StillArchived: the client is archived; nothing comes back before it does.
        CommitContended: the client's records kept changing.
        StorageBusy: the table kept throttling.
    """
    reading = read_from(tenant, client_id, archive_id, asked)
    stamp = reading.client.stamp
    if stamp:
        raise StillArchived("This client is archived. Activate it first.", "client_id", **told_of(stamp))
    request = RestoreRequest(archive_id=archive_id, cause=cause, at=at, asked=asked)
    return activate_and_restore(tenant, reading, request, Calendar(tenant, at), most=TRANSACTIONS_PER_ANSWER)


def read_restore(tenant: Tenant, client_id: str, archive_id: str) -> Restoration:
    """Read how far the last restore from a receipt has come.

    Raises:
        ClientNotFound: the provider has no such client.
        RestoreNotFound: nothing was ever restored from this receipt.
    """
    if found := restores.read_restoration(tenant, client_id, archive_id):
        return found
    read_client(tenant, client_id)
    raise RestoreNotFound("Nothing was restored from this receipt yet.", "archive_id")


class RestoreRequest(Struct, frozen=True, kw_only=True):
    """Who brings a client back from an archive, through what and when, and what to take back of it."""

    archive_id: str
    cause: Cause
    at: datetime
    asked: Collection[Restorable] = ()


class Reading(Struct, frozen=True):
    """A receipt, and what was read at once after it: its client, and the records that are asked back."""

    receipt: Receipt
    found: Found

    @property
    def client(self) -> Client:
        """The client, as read with the records."""
        return self.found.client

    @property
    def may_lack_changes(self) -> bool:
        """Whether the receipt may still grow until the client is back, or has grown before the client was read."""
        return self.receipt.may_grow or self.client.made_good_at is not None


def read_newest(tenant: Tenant, client_id: str, asked: Collection[Restorable]) -> Reading | None:
    """Read the receipt of a client's latest archive, then the client; ``None`` if none is found.

    The client may be under another archive, or last have been: a receipt that was being written is missed.

    Raises:
        ClientNotFound: the provider has no such client.
    """
    receipt = archives.read_newest_receipt(tenant, client_id)
    return _read_after(tenant, client_id, receipt, asked) if receipt else None


def read_from(tenant: Tenant, client_id: str, archive_id: str, asked: Collection[Restorable]) -> Reading:
    """Read the receipt of an archive, then its client.

    Raises:
        ClientNotFound: the provider has no such client.
        ReceiptNotFound: the client was never archived under this id.
    """
    try:
        receipt = archives.read_receipt(tenant, client_id, archive_id)
    except ReceiptNotFound:
        read_client(tenant, client_id)
        raise
    return _read_after(tenant, client_id, receipt, asked)


def read_again(tenant: Tenant, client: Client, archive_id: str, asked: Collection[Restorable]) -> Reading:
    """Read the receipt of an archive of a client that was read before, then the client again.

    Raises:
        ReceiptNotFound: the client was never archived under this id.
        StaleRead: the client is no longer as it was read.
    """
    reading = read_from(tenant, client.client_id, archive_id, asked)
    if reading.client != client:
        raise StaleRead
    return reading


def _read_after(tenant: Tenant, client_id: str, receipt: Receipt, asked: Collection[Restorable]) -> Reading:
    return Reading(receipt, restores.read_found(tenant, client_id, wanted(receipt.changes, asked)))


def come_back(tenant: Tenant, client: Client, request: RestoreRequest) -> Client:
    """Activate a client as it was read, unless it is back, and nothing else.

    Raises:
        StaleRead: the client is no longer as it was read.
    """
    return _commit_reactivation(tenant, client, request, ()) if client.stamp else client


def activate_and_restore(
    tenant: Tenant,
    reading: Reading,
    request: RestoreRequest,
    calendar: Calendar,
    *,
    also: Sequence[Write] = (),
    most: int | None = None,
) -> Restored:
    """Activate a client as it was read, unless it is back, and take back what is asked for.

    A receipt may still grow until its client is back, by what the archive has not carried out or had to leave alone,
    or may have grown since it was read: then the client comes back first, and all is read again.

    Args:
        tenant: the provider's part of the table.
        reading: the client, under the archive or back, with the receipt and the records that are asked back.
        request: who brings it back, and what to take back.
        calendar: the provider's.
        also: writes of the caller that belong to the moment of the return, at most one.
        most: the most transactions to carry out; what is left is the clean-up's.

    Raises:
        StaleRead: the client or one of the records is no longer as it was read; what was committed stays.
        StorageBusy: the table kept throttling.
    """
    client, archive_id = reading.client, request.archive_id
    stored = None if client.stamp else restores.read_restoration(tenant, client.client_id, archive_id)
    restoration = begin_restore(client, archive_id, request.asked, request.cause, request.at, stored)
    if client.stamp and reading.may_lack_changes:
        write = restores.restoration_write(tenant, client, None, restoration)
        client, stored = _commit_reactivation(tenant, client, request, [*also, write]), restoration
        also, reading = (), read_from(tenant, client.client_id, archive_id, restoration.asked)
    elif set(restoration.asked) != set(request.asked):
        reading = _read_after(tenant, client.client_id, reading.receipt, restoration.asked)
    return _ReceiptRestore(tenant, reading, calendar).take_back(_Progress(client, stored, restoration), also, most)


def continue_restore(tenant: Tenant, reading: Reading, restoration: Restoration, calendar: Calendar) -> Restoration:
    """Finish a restore, as far as the client was not archived again since it began.

    Args:
        tenant: the provider's part of the table.
        reading: of the restore's archive, since its client is back, with all records that the restore is to take back.
        restoration: as read; one that is finished is returned as it is.
        calendar: the provider's, of the present moment.

    Raises:
        StaleRead: the client or one of the records is no longer as it was read; what was committed stays.
        StorageBusy: the table kept throttling.
    """
    if restoration.state is RestoreState.FINISHED:
        return restoration
    client, receipt_restore = reading.client, _ReceiptRestore(tenant, reading, calendar)
    if not may_continue(restoration, client):
        return receipt_restore.end(client, restoration)
    return receipt_restore.take_back(_Progress(client, restoration, restoration)).restoration or restoration


@optimistic_on_client
def finish_restore(tenant: Tenant, client_id: str, archive_id: str, *, at: datetime) -> Restoration:
    """Finish the last restore from a receipt. Safe to repeat.

    Raises:
        RestoreNotFound: nothing was ever restored from this receipt.
        CommitContended: the client's records kept changing.
        StorageBusy: the table kept throttling.
    """
    restoration = read_restore(tenant, client_id, archive_id)
    reading = read_from(tenant, client_id, archive_id, restoration.asked)
    return continue_restore(tenant, reading, restoration, Calendar(tenant, at))


def reactivated(client: Client, archive_id: str, cause: Cause, at: datetime) -> tuple[Client, HistoryEntry]:
    """Return an archived client as active, and the history line that tells of it."""
    at = next_flip_at(client, at)
    entry = HistoryEntry(
        history_id=new_id(at),
        at=at,
        event=HistoryEvent.ACTIVATED,
        archive_id=archive_id,
        cause=cause,
    )
    return activate(client, cause, at), entry


def _commit_reactivation(
    tenant: Tenant, client: Client, request: RestoreRequest, also: Sequence[Write], changes: Sequence[Change] = ()
) -> Client:
    """Commit changes of a restore, with the return of the client if it is not back yet; return the client as it is."""
    archive_id, cause, at = request.archive_id, request.cause, request.at
    after, entry = reactivated(client, archive_id, cause, at) if client.stamp else (with_next_revision(client), None)
    restored = archives.ReceiptPart(at=at, run_id=cause.run_id, changes=tuple(changes))
    archives.commit_reactivation(tenant, ClientUpdate(client, after, entry), archive_id, new_id(at), restored, also)
    return after


class _Progress(Struct, frozen=True):
    """The client as it is, what is stored of its restore, and how far the restore has come."""

    client: Client
    stored: Restoration | None
    restoration: Restoration

    @property
    def is_stored(self) -> bool:
        """Whether nothing is to be written but what the restore still has to do."""
        return self.stored is self.restoration

    @property
    def is_over(self) -> bool:
        """Whether nothing is to be written any more."""
        return self.is_stored and self.restoration.state is RestoreState.FINISHED


class _ReceiptRestore(Struct, frozen=True):
    """A restore from one receipt, that will not grow any more."""

    tenant: Tenant
    reading: Reading
    calendar: Calendar

    @property
    def receipt(self) -> Receipt:
        """The receipt that is restored from."""
        return self.reading.receipt

    @property
    def at(self) -> datetime:
        """The present moment, UTC."""
        return self.calendar.at

    def take_back(self, progress: _Progress, also: Sequence[Write] = (), most: int | None = None) -> Restored:
        """Take back what is left of a restore, transaction by transaction; nothing is written if nothing has to be."""
        client, restoration = progress.client, progress.restoration
        items = self._judged(client, wanted(self.receipt.changes, restoration.asked))
        if not (progress.is_stored or client.stamp or any(item.change for item in items)):
            return Restored(client, items)
        transactions = 0
        while transactions != most and not progress.is_over:
            progress, also = self._take_next_back(progress, items, also), ()
            transactions += 1
        return Restored(progress.client, _so_far(items, progress.restoration.done), progress.restoration)

    def _take_next_back(self, progress: _Progress, items: Sequence[RestoredItem], also: Sequence[Write]) -> _Progress:
        """Take back as much as one transaction takes."""
        chunk = next_items(items[progress.restoration.done :], archives.CHANGES_WITH_REACTIVATION)
        after = with_outcomes(progress.restoration, chunk, of=len(items), at=self.at)
        return _Progress(self._commit(progress, after, chunk, also), after, after)

    def end(self, client: Client, restoration: Restoration) -> Restoration:
        """Finish a restore whose client was archived again: what it has not reached stays as it is."""
        changes = wanted(self.receipt.changes, restoration.asked)
        after = with_outcomes(restoration, superseded(changes[restoration.done :]), of=len(changes), at=self.at)
        restores.commit_restoration(self.tenant, client, restoration, after)
        return after

    def _commit(
        self, progress: _Progress, after: Restoration, items: Sequence[RestoredItem], also: Sequence[Write]
    ) -> Client:
        client, stored = progress.client, progress.stored
        changes = [item.change for item in items if item.change]
        if not (client.stamp or changes):
            restores.commit_restoration(self.tenant, client, stored, after)
            return client
        write = restores.restoration_write(self.tenant, client, stored, after)
        request = RestoreRequest(archive_id=after.archive_id, cause=after.cause, at=self.at)
        return _commit_reactivation(self.tenant, client, request, [*also, write], changes)

    def _judged(self, client: Client, changes: Sequence[Change]) -> tuple[RestoredItem, ...]:
        """Decide on every change, with one reading of the records, the chats and the calendar."""
        found = self.reading.found
        current = [found.records.get((change.before.kind, change.before.record_id)) for change in changes]
        left = [record for change, record in zip(changes, current, strict=True) if record == change.after]
        obstacles = Obstacles(taken_appointments=self._taken(client, left), closed_chats=found.closed_chats)
        return tuple(
            restore(change, record, obstacles, self.at) for change, record in zip(changes, current, strict=True)
        )

    def _taken(self, client: Client, records: Sequence[object]) -> set[str]:
        ahead = [record for record in records if isinstance(record, Appointment) and record.starts_at > self.at]
        if not ahead:
            return set()
        since, until = self.receipt.archived_at, max(slot.ends_at for slot in ahead)
        return taken_slots(client.client_id, ahead, self.calendar.booked_since(since, until), since)


def _so_far(items: Sequence[RestoredItem], done: int) -> tuple[RestoredItem, ...]:
    """Return what became of each item by now: what is still to be written is pending."""
    return tuple(
        replace(item, outcome=RestoreOutcome.PENDING) if place >= done and item.change else item
        for place, item in enumerate(items)
    )
