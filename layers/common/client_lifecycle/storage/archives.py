"""Commits an archive, its effects and its end, each in one transaction; reads receipts whole.

Every write stands under a condition: the flip on the reading it was decided on, each later write on the stamp.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.client import Client, Stamp
from client_lifecycle.domain.effects import Change, ChangeSet, LeftAlone
from client_lifecycle.domain.errors import ReceiptNotFound, Superseded
from client_lifecycle.domain.receipts import HistoryEntry, Receipt, ReceiptState, left_alone_check_at
from client_lifecycle.storage import clients, items, keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import ClientUpdate, Ending
from client_lifecycle.storage.items import put, put_new
from client_lifecycle.storage.packed_changes import packed, unpacked
from client_lifecycle.storage.table import MAX_TRANSACTION_ITEMS, ConditionsFailed, Query, StaleRead, Table, Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain, to_plain

CHANGES_WITH_FLIP = MAX_TRANSACTION_ITEMS - 4
"""What a plan may hold beside the client, the history entry, the receipt and one write of the caller's."""

CHANGES_WITH_REACTIVATION = MAX_TRANSACTION_ITEMS - 5
"""Changes that fit beside the client, the history entry, what is restored, and two writes of the caller's."""

CHANGES_UNDER_STAMP = MAX_TRANSACTION_ITEMS - 4
"""What a plan may hold beside the stamp's check, the receipt's part, a line of the history and a write of the caller's.
"""

CHECK_ARCHIVE_AFTER = timedelta(minutes=10)
"""How long after an archive the clean-up looks whether all of it was done."""

STAMP_CHECK = 0
"""The index of the stamp's check in every transaction that stands under a stamp."""


class EffectsPart(Struct, frozen=True, kw_only=True):
    """As much of an archive's effects as one transaction carries out, under the id that its changes are kept by.

    ``effects`` are at most ``CHANGES_UNDER_STAMP``. ``history`` is the line that tells who made the archive good (A11);
    there is none while it is carried out.
    """

    part_id: str
    at: datetime
    effects: ChangeSet
    history: HistoryEntry | None = None


class ReceiptPart(Struct, frozen=True, kw_only=True):
    """What one later transaction of an archive adds to its receipt, or what one of a restore takes back.

    It stands alone for a reader of the table's stream: since when, through which run, and whether the client may hear
    of it.
    """

    at: datetime
    run_id: str | None = None
    notify_client: bool = False
    changes: tuple[Change, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()


class RestoredWithLine(Struct, frozen=True, kw_only=True):
    """What is beside a line of the history: what of an archive was taken back in the moment of the return, if any."""

    archive_id: str = ""
    changes: tuple[Change, ...] = ()


def commit_archive(tenant: Tenant, update: ClientUpdate, receipt: Receipt, also: Sequence[Write] = ()) -> None:
    """Archive a client: flip, history, receipt and the receipt's changes, all or nothing.

    Args:
        tenant: the provider's part of the table.
        update: the client as archived, with the line for its history.
        receipt: the receipt; its changes are carried out. They are at most ``CHANGES_WITH_FLIP``, with what it left
            alone.
        also: writes of the caller that belong to the same moment.

    Raises:
        StaleRead: the client or one of the records is no longer as it was read.
    """
    tenant.table.transact_if_unchanged([*archive_writes(tenant, update, receipt), *also])


def archive_writes(tenant: Tenant, update: ClientUpdate, receipt: Receipt) -> list[Write]:
    """Return what archives a client, as ``commit_archive`` does, while all is as it was read."""
    client_id = update.client_id
    receipt_key = tenant.keys.receipt(client_id, receipt.archive_id)
    ending = Ending(receipt.archive_id, receipt.archived_at)
    told = ReceiptPart(at=receipt.archived_at, run_id=receipt.cause.run_id, notify_client=receipt.options.notify_client)
    return [
        *clients.update_writes(tenant, update),
        put_new(tenant.table.name, receipt_key, _receipt_fields(replace(receipt, left_alone=()))),
        *(_left_alone_write(tenant, update.after, receipt, told, left) for left in receipt.left_alone),
        *(clients.change_write(tenant, client_id, change, ending=ending) for change in receipt.changes),
    ]


def archived_before(tenant: Tenant, client: Client, receipt: Receipt, entry: HistoryEntry) -> list[Write]:
    """Return what is written with a client that comes in as archived: its receipt, with no change, and its history."""
    key = tenant.keys.receipt(client.client_id, receipt.archive_id)
    return [
        put_new(tenant.table.name, key, _receipt_fields(receipt)),
        clients.history_write(tenant, client, entry),
    ]


def commit_effects(
    tenant: Tenant,
    client: Client,
    stamp: Stamp,
    part: EffectsPart,
    also: Sequence[Write] = (),
) -> None:
    """Carry out part of an archive's effects under its stamp, and add them to its receipt.

    Args:
        tenant: the provider's part of the table.
        client: whose records they are.
        stamp: the stamp the client must still carry.
        part: the effects to carry out now.
        also: writes of the caller that belong to the same moment, at most one.

    Raises:
        Superseded: the client no longer carries the stamp.
        StaleRead: one of the records is no longer as it was read.
    """
    _transact_under_stamp(tenant.table, [*effects_writes(tenant, client, stamp, part), *also])


def effects_writes(tenant: Tenant, client: Client, stamp: Stamp, part: EffectsPart) -> list[Write]:
    """Return what carries out part of an archive's effects and adds them to its receipt, the stamp's check first.

    What makes good adds to a receipt that was settled, so it is noted on the client.
    """
    client_id, archive_id = client.client_id, stamp.archive_id
    under_stamp = (
        clients.made_good_write(tenant, client, archive_id, part.at)
        if part.history
        else clients.stamp_check(tenant, client_id, archive_id)
    )
    cause, changes = part.history.cause if part.history else stamp.cause, part.effects.changes
    told = ReceiptPart(at=part.at, run_id=cause.run_id, notify_client=stamp.notify_client, changes=changes)
    part_key = tenant.keys.receipt_part(client_id, archive_id, part.part_id)
    return [
        under_stamp,
        *([put_new(tenant.table.name, part_key, packed(to_plain(told)))] if changes else []),
        *([clients.history_write(tenant, client, part.history)] if part.history else []),
        *(_left_alone_write(tenant, client, stamp, told, left) for left in part.effects.left_alone),
        *(clients.change_write(tenant, client_id, change, ending=Ending(archive_id, part.at)) for change in changes),
    ]


def _left_alone_write(
    tenant: Tenant, client: Client, archive: Stamp | Receipt, told: ReceiptPart, left: LeftAlone
) -> Write:
    """Tell of a record that an archive left alone, and have the clean-up look at it again (A11)."""
    key = tenant.keys.left_alone(client.client_id, archive.archive_id, left)
    due = keys.due_keys(keys.Work.LEFT_ALONE, left.record_id, left_alone_check_at(archive.archived_at, told.at))
    return put(tenant.table.name, {**key, **to_plain(replace(told, changes=(), left_alone=(left,))), **due})


def settle_receipt(tenant: Tenant, client_id: str, archive_id: str) -> None:
    """Mark a receipt as settled: every effect of its archive is committed. One that somebody else settled stays so.

    Raises:
        Superseded: the client no longer carries the stamp.
    """
    writes = [
        clients.stamp_check(tenant, client_id, archive_id),
        settled_write(tenant, client_id, archive_id),
    ]
    with suppress(StaleRead):
        _transact_under_stamp(tenant.table, writes)


def settled_write(tenant: Tenant, client_id: str, archive_id: str) -> Write:
    """Turn a receipt from settling to settled; refused when it is neither of the two."""
    return items.update(
        tenant.table.name,
        tenant.keys.receipt(client_id, archive_id),
        {"state": ReceiptState.SETTLED.value, **dict.fromkeys(keys.DUE_ATTRIBUTES)},
        {"state": ReceiptState.SETTLING.value},
    )


def commit_reactivation(
    tenant: Tenant,
    update: ClientUpdate,
    archive_id: str,
    restore_id: str,
    restored: ReceiptPart,
    also: Sequence[Write] = (),
) -> None:
    """Bring a client back and take back changes of its archive, all or nothing (A1).

    Args:
        tenant: the provider's part of the table.
        update: the client as active; its history has a line unless it was back already.
        archive_id: the archive whose changes are taken back.
        restore_id: the id under which they are kept.
        restored: at most ``CHANGES_WITH_REACTIVATION`` changes to write, if there are any; they are kept with the line
            of the return, or by themselves if the client was back already.
        also: writes of the caller that belong to the same moment.

    Raises:
        StaleRead: the client or one of the records is no longer as it was read.
    """
    writes = [clients.client_write(tenant, update.before, update.after), *also]
    if update.history:
        writes.append(_return_write(tenant, update.client_id, update.history, restored))
    elif restored.changes:
        key = tenant.keys.restored(update.client_id, archive_id, restore_id)
        writes.append(put_new(tenant.table.name, key, packed(to_plain(restored))))
    writes += [clients.change_write(tenant, update.client_id, change, ending=None) for change in restored.changes]
    tenant.table.transact_if_unchanged(writes)


def _return_write(tenant: Tenant, client_id: str, line: HistoryEntry, restored: ReceiptPart) -> Write:
    """Add the line of a return to the client's history, with what was taken back in the same moment."""
    key = tenant.keys.history_entry(client_id, line.history_id)
    beside = {"changes": packed(to_plain(restored))["changes"]} if restored.changes else {}
    return put_new(tenant.table.name, key, {**to_plain(line), **beside})


def due_write(tenant: Tenant, client_id: str, archive_id: str, at: datetime) -> Write:
    """Have the clean-up finish an archive from this moment on; refused when its receipt is not settling."""
    due = keys.due_keys(keys.Work.SETTLING, archive_id, at)
    key = tenant.keys.receipt(client_id, archive_id)
    return items.update(tenant.table.name, key, due, {"state": ReceiptState.SETTLING.value})


def _receipt_fields(receipt: Receipt) -> Plain:
    """Return a receipt as it is stored; while it is settling, the clean-up has to look at it.

    An archive of a run is looked after by the run, which is due itself.
    """
    is_due = receipt.state is ReceiptState.SETTLING and receipt.cause.run_id is None
    due = (
        keys.due_keys(keys.Work.SETTLING, receipt.archive_id, receipt.archived_at + CHECK_ARCHIVE_AFTER)
        if is_due
        else {}
    )
    return {**packed(to_plain(receipt)), **due}


def read_receipt(tenant: Tenant, client_id: str, archive_id: str) -> Receipt:
    """Read an archive's receipt with all its parts.

    Raises:
        ReceiptNotFound: the client was never archived under this id.
        UnreadableRecord: the receipt, or a part of it, cannot be read.
    """
    head_key = tenant.keys.receipt(client_id, archive_id)
    head: Receipt | None = None
    parts: list[ReceiptPart] = []
    values = {":pk": head_key["pk"], ":sk": head_key["sk"], ":behind": keys.after_receipt(head_key)}
    for plain in tenant.table.query(Query("pk = :pk AND sk BETWEEN :sk AND :behind", values)):
        if plain["sk"] == head_key["sk"]:
            head = from_plain(Receipt, unpacked(plain))
        else:
            parts.append(from_plain(ReceiptPart, unpacked(plain)))
    if head is None:
        raise ReceiptNotFound("This client has no receipt of this archive.", "archive_id")
    return _whole(head, parts)


def read_newest_receipt(tenant: Tenant, client_id: str) -> Receipt | None:
    """Read the receipt of a client's latest archive with all its parts, ``None`` if there is none.

    That of a usual archive is one item, and takes one call. A receipt that is just being written may be missed.

    Raises:
        UnreadableRecord: the receipt, or a part of it, cannot be read.
    """
    values = {":pk": tenant.keys.client_partition(client_id), ":prefix": keys.RECEIPT_PREFIX}
    newest_first = Query("pk = :pk AND begins_with(sk, :prefix)", values, newest_first=True)
    for plain in tenant.table.page(newest_first, limit=1).items:
        archive_id, is_part = keys.receipt_of_key(plain)
        return read_receipt(tenant, client_id, archive_id) if is_part else from_plain(Receipt, unpacked(plain))
    return None


def _whole(head: Receipt, parts: Sequence[ReceiptPart]) -> Receipt:
    left_alone = [*head.left_alone, *(record for part in parts for record in part.left_alone)]
    in_order = sorted(parts, key=lambda part: part.at)
    return replace(
        head,
        changes=head.changes + tuple(change for part in in_order for change in part.changes),
        left_alone=tuple(dict.fromkeys(left_alone)),
    )


def _transact_under_stamp(table: Table, writes: list[Write]) -> None:
    try:
        table.transact(writes)
    except ConditionsFailed as failed:
        if STAMP_CHECK in failed.found:
            raise superseded() from failed
        raise StaleRead from failed


def superseded() -> Superseded:
    """Return the fault for work whose stamp is gone."""
    return Superseded("The client came back or was archived anew before this was done.")
