"""Reads a client's history."""

from __future__ import annotations

from msgspec import Struct, field

from client_lifecycle.domain.receipts import HistoryEntry
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage import keys
from client_lifecycle.storage.skipping import read_each
from client_lifecycle.storage.table import Query
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain


class HistoryPage(Struct, frozen=True):
    """A page of a client's history and the id to go on after, ``None`` on the last."""

    entries: list[HistoryEntry]
    next_after: str | None
    unreadable: list[Unreadable] = field(default_factory=list)


def list_history(tenant: Tenant, client_id: str, *, limit: int, after: str | None, newest_first: bool) -> HistoryPage:
    """Read a page of a client's history, in either direction."""
    values = {":pk": tenant.keys.client_partition(client_id), ":prefix": keys.HISTORY_PREFIX}
    page = tenant.table.page(
        Query("pk = :pk AND begins_with(sk, :prefix)", values, newest_first=newest_first),
        limit=limit,
        after=tenant.keys.history_entry(client_id, after) if after else None,
    )
    entries, unreadable = read_each(tenant.table, lambda plain: from_plain(HistoryEntry, plain), page.items)
    return HistoryPage(entries, keys.named(page.next_key).id if page.next_key else None, unreadable)
