"""What staff ask before they archive a client."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from client_lifecycle.domain.preview import ArchivePreview, archive_preview
from client_lifecycle.storage.clients import read_live
from client_lifecycle.storage.history import with_notes_of_plans
from client_lifecycle.storage.providers import read_settings
from client_lifecycle.storage.tenant import Tenant

__all__ = ["preview_archive"]


def preview_archive(tenant: Tenant, client_id: str, *, at: datetime) -> ArchivePreview:
    """Tell what archiving a client would meet and do at this moment; nothing is written.

    Raises:
        ClientNotFound: the provider has no such client.
        UnreadableRecord: the client itself cannot be read.
        StorageBusy: the table kept throttling.
    """
    live = read_live(tenant, client_id, at)
    [client] = with_notes_of_plans(tenant, [live.client])
    shown = archive_preview(client, live.records, read_settings(tenant), at)
    return replace(shown, unreadable=live.unreadable)
