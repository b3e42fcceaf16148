"""What a caller can read of clients: the tabs and their counts, searches, one client, its history and receipts."""

from __future__ import annotations

from client_lifecycle.domain import names
from client_lifecycle.domain.client import Status
from client_lifecycle.domain.errors import InvalidRequest
from client_lifecycle.storage.clients import (
    ClientPage,
    CursorKey,
    count_clients,
    list_by_address,
    list_clients,
    read_client,
)
from client_lifecycle.storage.external_ids import read_owner
from client_lifecycle.storage.history import list_history, with_notes_of_plans
from client_lifecycle.storage.receipt_pages import CHANGES_SHOWN, list_receipts, read_receipt_page
from client_lifecycle.storage.record_pages import Filter, list_records, list_unconfirmed
from client_lifecycle.storage.search import find_by_name
from client_lifecycle.storage.tenant import Tenant

__all__ = [
    "CHANGES_SHOWN",
    "ClientPage",
    "Filter",
    "count_tabs",
    "find_by_external_id",
    "find_clients",
    "list_clients",
    "list_history",
    "list_receipts",
    "list_records",
    "list_unconfirmed",
    "read_client",
    "read_receipt_page",
    "with_notes_of_plans",
]


def find_clients(
    tenant: Tenant, status: Status, sought: str, *, group_id: str | None, limit: int, after: CursorKey | None
) -> ClientPage:
    """Find clients of a tab by the beginnings of words of their names, or with an ``@`` by that of their address.

    Args:
        tenant: the provider's part of the table.
        status: the tab.
        sought: what was typed.
        group_id: only this group's clients, where given; addresses are searched in all groups at once.
        limit: the most clients to return.
        after: the place to go on after.

    Raises:
        InvalidRequest: an address is sought in one group, or there is nothing to search for.
    """
    if "@" in sought:
        if group_id:
            raise InvalidRequest("E-mail addresses are searched in all groups at once.", "group_id")
        return list_by_address(tenant, status, sought, limit=limit, after=after)
    words = names.asked(sought)
    if not words:
        raise InvalidRequest("There is no letter or digit to search for.", "q")
    return find_by_name(tenant, status, words, group_id=group_id, limit=limit, after=after)


def find_by_external_id(tenant: Tenant, source: str, external_id: str) -> ClientPage:
    """Return the client, of either tab, that has this id in a source, or nobody (I14)."""
    client_id = read_owner(tenant, source, external_id)
    return ClientPage([read_client(tenant, client_id)] if client_id else [], None)


def count_tabs(tenant: Tenant, *, group_id: str | None) -> dict[Status, int]:
    """Count the clients of each tab, all or those of one group."""
    return {status: count_clients(tenant, status, group_id=group_id) for status in Status}
