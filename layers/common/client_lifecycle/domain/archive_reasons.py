"""Why a client is archived."""

from __future__ import annotations

from enum import StrEnum


class ArchiveReason(StrEnum):
    """The reasons a provider can give; after some of them a client may not come back by booking."""

    FINISHED = "finished"
    INACTIVE = "inactive"
    DISCHARGED = "discharged"
    MOVED_AWAY = "moved_away"
    TRANSFERRED = "transferred"
    CLIENT_REQUEST = "client_request"
    DECEASED = "deceased"
    OTHER = "other"
