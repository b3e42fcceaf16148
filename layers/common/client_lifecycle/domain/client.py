"""The client and its two transitions, archive and activate. Imports ``reasons`` and ``settings``.

A client is archived exactly when it carries a stamp. There is no third status and no deletion (RULES, words).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from client_lifecycle.domain.reasons import ArchiveReason
from client_lifecycle.domain.settings import PortalSettings


class Status(StrEnum):
    """The two tabs of the client list."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class Source(StrEnum):
    """What set a change of status in motion."""

    STAFF = "staff"
    BULK_ARCHIVE = "bulk_archive"
    BOOKING = "booking"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Who changed a client's status, and through what.

    ``actor_id`` is the staff user's or the system's id, never a name; ``run_id`` is given for a bulk archive only.
    """

    source: Source
    actor_id: str
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The mark an archive leaves on its client; every write the archive causes is conditional on it."""

    archive_id: str
    archived_at: datetime
    cause: Cause
    reason: ArchiveReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A person a provider works with.

    ``credit_cents`` and ``owed_cents`` are in the practice's ``currency`` and never changed by an archive (E11).
    ``revision`` rises by one with every write to the client or its live records, so that a decision taken on one
    reading is committed on that reading or not at all.
    """

    provider_id: str
    client_id: str
    name: str
    email: str
    added_at: datetime
    currency: str
    credit_cents: int = 0
    owed_cents: int = 0
    group_id: str | None = None
    settings: PortalSettings = field(default_factory=PortalSettings)
    stamp: Stamp | None = None
    revision: int = 1

    @property
    def status(self) -> Status:
        """``archived`` while the client carries a stamp, else ``active``."""
        return Status.ARCHIVED if self.stamp else Status.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A provider's client group. Archiving its members never archives the group (A6)."""

    provider_id: str
    group_id: str
    name: str


def archive(client: Client, stamp: Stamp) -> Client:
    """Return the client as archived under ``stamp``; one that is archived already is returned as it is (E1)."""
    if client.stamp is not None:
        return client
    return replace(client, stamp=stamp, revision=client.revision + 1)


def activate(client: Client) -> Client:
    """Return the client as active; flips the status and nothing else (A1)."""
    if client.stamp is None:
        return client
    return replace(client, stamp=None, revision=client.revision + 1)
