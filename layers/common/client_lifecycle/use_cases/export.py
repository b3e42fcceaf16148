"""Exports everything that is held of one client, for the person it is about."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from client_lifecycle.storage.clients import client_not_found
from client_lifecycle.storage.exports import LINK_GOOD_FOR, ExportStore, read_everything
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.ids import new_id


class Export(Struct, frozen=True):
    """Where an export can be fetched, until when."""

    export_id: str
    url: str
    good_until: datetime


def export_client(tenant: Tenant, store: ExportStore, client_id: str, *, at: datetime) -> Export:
    """Put a client's whole record into the bucket, and return the link to fetch it by.

    Args:
        tenant: the provider's part of the table.
        store: the bucket.
        client_id: the client, active or archived.
        at: the present moment, UTC.

    Raises:
        ClientNotFound: the provider has no such client.
    """
    items = read_everything(tenant, client_id)
    if "client" not in items:
        raise client_not_found()
    export_id = new_id(at)
    document = {"exported_at": at.isoformat(), "client_id": client_id, "items": items}
    url = store.put(tenant, client_id, export_id, document)
    return Export(export_id, url, at + LINK_GOOD_FOR)
