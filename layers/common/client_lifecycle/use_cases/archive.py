"""Archive one client, and carry out an archive's effects. Imports the domain and storage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ulid import ULID

from client_lifecycle.domain.client import Cause, Client, Stamp, archive
from client_lifecycle.domain.effects import Effect, Plan, all_effects
from client_lifecycle.domain.errors import CommitContended
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent, Receipt, ReceiptState
from client_lifecycle.storage import archives
from client_lifecycle.storage.archives import ReadingOutdated
from client_lifecycle.storage.clients import LiveClient, read_live
from client_lifecycle.storage.table import Table

COMMIT_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Archived:
    """A client that is archived, and the receipt of the archive it is under."""

    client: Client
    receipt: Receipt


def archive_client(
    table: Table, provider_id: str, client_id: str, *, cause: Cause, at: datetime, notify_client: bool = False
) -> Archived:
    """Archive a client with all effects (RULES E1-E8), in one transaction where it fits.

    A client with more live records than one transaction takes is archived first, and thereby guarded; the rest
    follows in chunks under the stamp. Archiving an archived client changes nothing and returns its receipt.

    Args:
        table: where the client is kept.
        provider_id: the owner.
        client_id: the client to archive.
        cause: who archives, and through what.
        at: the moment of the archive, UTC.
        notify_client: recorded in the receipt; nothing is sent to the client unless it is true (E9).

    Raises:
        ClientNotFound: the provider has no such client.
        Superseded: the client came back while the rest of a large archive was being committed.
        CommitContended: the client's records kept changing.
        StorageBusy: the table kept throttling.
    """
    for _ in range(COMMIT_ATTEMPTS):
        live = read_live(table, provider_id, client_id, at)
        if live.client.stamp:
            archive_id = live.client.stamp.archive_id
            return Archived(live.client, archives.read_receipt(table, provider_id, client_id, archive_id))
        try:
            archived = _commit_archive(table, live, cause, at, notify_client=notify_client)
        except ReadingOutdated:
            continue
        if archived.receipt.state is ReceiptState.SETTLED:
            return archived
        return _settle(table, archived, at)
    raise contended()


def apply_effect(
    table: Table, provider_id: str, client_id: str, archive_id: str, effect: Effect, *, at: datetime
) -> None:
    """Carry out one effect of an archive under its stamp, in as many transactions as it takes (A5).

    Safe to repeat: what is done already is no longer planned.

    Args:
        table: where the client is kept.
        provider_id: the owner.
        client_id: the archived client.
        archive_id: the stamp the client must still carry.
        effect: the plan to carry out, like ``cancel_commitments``.
        at: the present moment, UTC.

    Raises:
        Superseded: the client no longer carries the stamp; nothing more was written.
        CommitContended: the client's records kept changing.
        StorageBusy: the table kept throttling.
    """
    failures = 0
    while failures < COMMIT_ATTEMPTS:
        live = read_live(table, provider_id, client_id, at)
        if live.client.stamp is None or live.client.stamp.archive_id != archive_id:
            raise archives.superseded()
        plan = effect(live.records, at)
        chunk = Plan(plan.changes[: archives.CHANGES_UNDER_STAMP], plan.left_alone)
        try:
            if chunk.changes or chunk.left_alone:
                archives.commit_effects(table, live.client, archive_id, chunk)
        except ReadingOutdated:
            failures += 1
            continue
        if len(chunk.changes) == len(plan.changes):
            return
    raise contended()


def _commit_archive(table: Table, live: LiveClient, cause: Cause, at: datetime, *, notify_client: bool) -> Archived:
    archive_id = str(ULID.from_datetime(at))
    plan = all_effects(live.records, at)
    changes = plan.changes[: archives.CHANGES_WITH_FLIP]
    fits = len(changes) == len(plan.changes)
    client = archive(live.client, Stamp(archive_id=archive_id, archived_at=at, cause=cause))
    receipt = Receipt(
        archive_id=archive_id,
        archived_at=at,
        cause=cause,
        state=ReceiptState.SETTLED if fits else ReceiptState.SETTLING,
        notify_client=notify_client,
        changes=changes,
        left_alone=plan.left_alone,
    )
    archives.commit_archive(table, live.client, client, archived_entry(archive_id, cause, at), receipt)
    return Archived(client, receipt)


def _settle(table: Table, archived: Archived, at: datetime) -> Archived:
    client, archive_id = archived.client, archived.receipt.archive_id
    apply_effect(table, client.provider_id, client.client_id, archive_id, all_effects, at=at)
    archives.settle_receipt(table, client, archive_id)
    receipt = archives.read_receipt(table, client.provider_id, client.client_id, archive_id)
    return replace(archived, receipt=receipt)


def archived_entry(archive_id: str, cause: Cause, at: datetime) -> HistoryEntry:
    """Return the history line of an archive."""
    return HistoryEntry(
        history_id=str(ULID.from_datetime(at)),
        at=at,
        event=HistoryEvent.ARCHIVED,
        archive_id=archive_id,
        cause=cause,
    )


def contended() -> CommitContended:
    """Return the fault for a commit that lost against other writers too often."""
    return CommitContended("The client's records are being changed by others at the moment. Please try again.")
