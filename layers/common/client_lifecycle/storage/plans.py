"""Commits what becomes of a client's plan for a later archive."""

from __future__ import annotations

from client_lifecycle.storage.clients import ClientUpdate, update_writes
from client_lifecycle.storage.tenant import Tenant


def commit_plan(tenant: Tenant, update: ClientUpdate) -> None:
    """Keep a client with another plan or none, and the line for its history if there is one, all or nothing.

    Raises:
        StaleRead: the client is no longer as it was read.
    """
    tenant.table.transact_if_unchanged(update_writes(tenant, update))
