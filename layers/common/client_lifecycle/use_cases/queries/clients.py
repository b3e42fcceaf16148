"""What a caller can read of clients: one client, its history, receipts and records; lists are in ``listing``."""

from __future__ import annotations

from collections.abc import Iterable

from client_lifecycle.storage.client_lists import ClientPage
from client_lifecycle.storage.clients import read_client, read_clients
from client_lifecycle.storage.external_ids import find_owner
from client_lifecycle.storage.history import list_history, with_notes_of_plans
from client_lifecycle.storage.providers import read_settings
from client_lifecycle.storage.receipt_pages import CHANGES_SHOWN, list_receipts, read_receipt_page
from client_lifecycle.storage.record_pages import Filter, list_records, list_unconfirmed
from client_lifecycle.storage.tenant import Tenant

__all__ = [
    "CHANGES_SHOWN",
    "ClientPage",
    "Filter",
    "currency_of_practice",
    "find_by_external_id",
    "list_history",
    "list_receipts",
    "list_records",
    "list_unconfirmed",
    "names_of_clients",
    "read_client",
    "read_receipt_page",
    "with_notes_of_plans",
]


def find_by_external_id(tenant: Tenant, source: str, external_id: str) -> ClientPage:
    """Return the client, of either tab, that has this id in a source, or nobody (I14)."""
    owners, unreadable = find_owner(tenant, source, external_id)
    found, others = read_clients(tenant, owners)
    return ClientPage(list(found.values()), None, unreadable + others)


def names_of_clients(tenant: Tenant, client_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of clients by id, by one reading for all; those that cannot be read have none."""
    clients, _ = read_clients(tenant, sorted(client_ids))
    return {client_id: client.name for client_id, client in clients.items()}


def currency_of_practice(tenant: Tenant) -> str:
    """Return the currency of amounts of which nothing else is said."""
    return read_settings(tenant).currency
