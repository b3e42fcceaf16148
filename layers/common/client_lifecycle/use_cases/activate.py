"""Activate an archived client, and take back what its archive did."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from client_lifecycle.domain.client import Cause, Client
from client_lifecycle.domain.requirements import Requirement, nothing
from client_lifecycle.domain.restore import Restorable
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.commitments import Calendar
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.optimistic import optimistic_on_client
from client_lifecycle.use_cases.restore import (
    TRANSACTIONS_PER_ANSWER,
    Restored,
    RestoreRequest,
    activate_and_restore,
    come_back,
    read_again,
    read_newest,
)


@optimistic_on_client
def activate_client(
    tenant: Tenant,
    client_id: str,
    *,
    cause: Cause,
    at: datetime,
    asked: Collection[Restorable] = (),
    require: Requirement = nothing,
) -> Restored:
    """Bring a client back to active; nothing else changes unless it is asked for (A1).

    What is asked back comes from the archive the client is under, or was last under if it is back already. In both
    cases doing it again changes nothing.

    Args:
        tenant: the provider's part of the table.
        client_id: the client to activate.
        cause: who activates, and through what.
        at: the present moment, UTC.
        asked: what to take back of the archive.
        require: what the client must be for it.

    Raises:
        ClientNotFound: the provider has no such client.
        ChangedMeanwhile: the client is not as required.
        CommitContended: the client's records kept changing.
        StorageBusy: the table kept throttling.
    """
    reading = read_newest(tenant, client_id, asked) if asked else None
    client = reading.client if reading else read_client(tenant, client_id)
    require(client)
    archive_id = _last_archive_id(client)
    if archive_id is None:
        return Restored(client)
    request = RestoreRequest(archive_id=archive_id, cause=cause, at=at, asked=asked)
    if not asked:
        return Restored(come_back(tenant, client, request))
    if reading is None or reading.receipt.archive_id != archive_id:
        reading = read_again(tenant, client, archive_id, asked)
    return activate_and_restore(tenant, reading, request, Calendar(tenant, at), most=TRANSACTIONS_PER_ANSWER)


def _last_archive_id(client: Client) -> str | None:
    if client.stamp:
        return client.stamp.archive_id
    return client.last_return.archive_id if client.last_return else None
