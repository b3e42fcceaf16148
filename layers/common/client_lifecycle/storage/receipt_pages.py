"""Reads receipts by pages that are bounded in bytes, for Lambda answers with up to 6 MB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from client_lifecycle.domain.effects import Change, LeftAlone
from client_lifecycle.domain.errors import ReceiptNotFound, UnreadableRecord
from client_lifecycle.domain.receipts import Receipt
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage import keys
from client_lifecycle.storage.archives import ReceiptPart
from client_lifecycle.storage.packed_changes import unpacked
from client_lifecycle.storage.pages import MAX_PAGE_BYTES, bytes_in_an_answer
from client_lifecycle.storage.table import Query, Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain, to_plain

CHANGES_SHOWN = 500
"""The changes of a receipt on one page, unless another number is asked for."""

ReceiptCursor: TypeAlias = tuple[str, int]
"""Where a page of a receipt ends: the sort key of an item of the receipt, and how many of its changes were shown."""


class PagedReceipt(Struct, frozen=True):
    """A receipt with some of its changes, and what of them was left alone beside.

    ``next_cursor`` is where to go on, ``None`` if there are no more changes. ``held_bytes`` is what the page takes in
    an answer.
    """

    receipt: Receipt
    next_cursor: ReceiptCursor | None = None
    held_bytes: int = 0


class ReceiptPage(Struct, frozen=True):
    """A page of a client's receipts and the archive id to go on after, ``None`` on the last."""

    receipts: list[PagedReceipt]
    next_after: str | None
    unreadable: list[Unreadable] = field(default_factory=list)


class _Shown(Struct):
    """What is shown of a receipt on one page, as it fills."""

    limit: int
    held_bytes: int = 0
    changes: list[Change] = field(default_factory=list)
    left_alone: dict[LeftAlone, None] = field(default_factory=dict)

    def takes(self, one: Change | LeftAlone) -> bool:
        """Show one more if it fits."""
        if one in self.left_alone:
            return True
        more_bytes = bytes_in_an_answer(to_plain(one))
        is_first = not (self.changes or self.left_alone)
        if len(self.changes) == self.limit or (not is_first and self.held_bytes + more_bytes > MAX_PAGE_BYTES):
            return False
        self.held_bytes += more_bytes
        if isinstance(one, Change):
            self.changes.append(one)
        else:
            self.left_alone[one] = None
        return True


def read_receipt_page(
    tenant: Tenant,
    client_id: str,
    archive_id: str,
    *,
    limit: int = CHANGES_SHOWN,
    after: Sequence[Any] | None = None,
) -> PagedReceipt:
    """Read a page of an archive's receipt.

    Args:
        tenant: the provider's part of the table.
        client_id: the client.
        archive_id: the archive.
        limit: the most changes.
        after: the ``next_cursor`` of the page before.

    Raises:
        ReceiptNotFound: the client was never archived under this id.
        UnreadableRecord: what is stored of this page cannot be read.
    """
    key = tenant.keys.receipt(client_id, archive_id)
    plain = tenant.table.get(key)
    if plain is None:
        raise ReceiptNotFound("This client has no receipt of this archive.", "archive_id")
    head = from_plain(Receipt, unpacked(plain))
    shown = _Shown(limit)
    next_cursor = _fill(shown, tenant.table, key, head, after or (key["sk"], 0))
    receipt = replace(head, changes=tuple(shown.changes), left_alone=tuple(shown.left_alone))
    return PagedReceipt(receipt, next_cursor, shown.held_bytes + bytes_in_an_answer(to_plain(head.options)))


def list_receipts(tenant: Tenant, client_id: str, *, limit: int, after: str | None) -> ReceiptPage:
    """Read a page of a client's receipts, the newest first, each with its first changes.

    A page ends before it would hold more than ``MAX_PAGE_BYTES``, but has one receipt at least. Receipts that cannot be
    read are skipped and named.
    """
    page = ReceiptPage([], None)
    held_bytes = 0
    for archive_id in _archive_ids(tenant, client_id, after):
        if len(page.receipts) == limit:
            return replace(page, next_after=after)
        try:
            paged = read_receipt_page(tenant, client_id, archive_id)
        except UnreadableRecord as fault:
            tenant.table.report(fault.found)
            page.unreadable.extend(fault.found)
        else:
            held_bytes += paged.held_bytes
            if page.receipts and held_bytes > MAX_PAGE_BYTES:
                return replace(page, next_after=after)
            page.receipts.append(paged)
        after = archive_id
    return page


def _fill(shown: _Shown, table: Table, key: keys.Key, head: Receipt, start: Sequence[Any]) -> ReceiptCursor | None:
    """Show what fits of a receipt, whose head was read, from a place on; return the place of what did not."""
    first, done = start
    begins_with_head = first == key["sk"]
    values = {
        ":pk": key["pk"],
        ":from": keys.first_part(key) if begins_with_head else first,
        ":to": keys.after_receipt(key),
    }
    found = table.query(Query("pk = :pk AND sk BETWEEN :from AND :to", values))
    later: Iterator[tuple[str, Receipt | ReceiptPart]] = (
        (one["sk"], from_plain(ReceiptPart, unpacked(one))) for one in found
    )
    for sort_key, part in chain([(key["sk"], head)] if begins_with_head else [], later):
        if not done and not all(shown.takes(one) for one in part.left_alone):
            return sort_key, 0
        for place, change in enumerate(part.changes[done:], done):
            if not shown.takes(change):
                return sort_key, place
        done = 0
    return None


def _archive_ids(tenant: Tenant, client_id: str, after: str | None) -> Iterator[str]:
    """Find the archives of a client that have receipts, the newest first; parts of a receipt are skipped."""
    values = {":pk": tenant.keys.client_partition(client_id), ":prefix": keys.RECEIPT_PREFIX}
    while True:
        start = tenant.keys.receipt(client_id, after) if after else None
        page = tenant.table.page(
            Query("pk = :pk AND begins_with(sk, :prefix)", values, newest_first=True), limit=1, after=start
        )
        if not page.items:
            return
        after, _ = keys.receipt_of_key(page.items[0])
        yield after
