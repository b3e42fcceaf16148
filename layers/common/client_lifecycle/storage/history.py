"""Reads a client's history, and the notes of plans, which are kept in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.plans import with_note
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


def with_notes_of_plans(tenant: Tenant, clients: Sequence[Client]) -> list[Client]:
    """Return clients with the notes of their plans as they were given; there is one read for all that have one."""
    lines = [
        tenant.keys.history_entry(client.client_id, client.plan.noted_in)
        for client in clients
        if client.plan and client.plan.noted_in
    ]
    if not lines:
        return list(clients)
    found, _ = read_each(tenant.table, lambda plain: from_plain(HistoryEntry, plain), tenant.table.get_many(lines))
    notes = {entry.history_id: entry.plan.options.note for entry in found if entry.plan}
    return [_with_note(client, notes) for client in clients]


def _with_note(client: Client, notes: Mapping[str, str | None]) -> Client:
    if not client.plan or not client.plan.noted_in:
        return client
    return replace(client, plan=with_note(client.plan, notes.get(client.plan.noted_in)))
