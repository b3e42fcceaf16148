"""Activate an archived client by hand. Imports the domain and storage."""

from __future__ import annotations

from datetime import datetime

from ulid import ULID

from client_lifecycle.domain.client import Cause, Client, activate
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.storage import archives
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.table import Table
from client_lifecycle.use_cases.archive import COMMIT_ATTEMPTS, contended


def activate_client(table: Table, provider_id: str, client_id: str, *, cause: Cause, at: datetime) -> Client:
    """Bring a client back to active: the stamp is removed and history written, nothing else changes (A1).

    Activating an active client changes nothing.

    Raises:
        ClientNotFound: the provider has no such client.
        CommitContended: the client kept changing.
        StorageBusy: the table kept throttling.
    """
    for _ in range(COMMIT_ATTEMPTS):
        client = read_client(table, provider_id, client_id)
        if client.stamp is None:
            return client
        activated = activate(client)
        entry = HistoryEntry(
            history_id=str(ULID.from_datetime(at)),
            at=at,
            event=HistoryEvent.ACTIVATED,
            archive_id=client.stamp.archive_id,
            cause=cause,
        )
        try:
            archives.commit_activation(table, client, activated, entry)
        except archives.ReadingOutdated:
            continue
        return activated
    raise contended()
