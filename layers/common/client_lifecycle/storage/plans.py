"""Commits what becomes of a client's plan for a later archive. Imports the domain and this ring."""

from __future__ import annotations

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.receipts import HistoryEntry
from client_lifecycle.storage.clients import client_write, history_write
from client_lifecycle.storage.tenant import Tenant


def commit_plan(tenant: Tenant, before: Client, after: Client, history: HistoryEntry | None = None) -> None:
    """Keep a client with another plan or none, and the line for its history if there is one, all or nothing.

    Raises:
        StaleRead: the client is no longer as it was read.
    """
    writes = [client_write(tenant, before, after)]
    if history:
        writes.append(history_write(tenant, before, history))
    tenant.table.transact_if_unchanged(writes)
