"""The client and its two transitions, archive and activate.

A client is archived exactly when it carries a stamp. There is no third status and no deletion (RULES, words).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.settings import PortalSettings, SafetyRule

BETWEEN_FLIPS = timedelta(milliseconds=2)
"""The least time between a client's archive and its return: ids are sorted by whole milliseconds, rounded down."""


class Status(StrEnum):
    """The two tabs of the client list."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class Source(StrEnum):
    """What set a change in motion. A ``system`` is one that tells which clients there are."""

    STAFF = "staff"
    BULK_ARCHIVE = "bulk_archive"
    UNDO = "undo"
    BOOKING = "booking"
    SCHEDULE = "schedule"
    RECORDS = "records"
    SYSTEM = "system"
    IMPORT = "import"


class Door(StrEnum):
    """What somebody came in through."""

    API = "api"
    BOOKING_HOOK = "booking_hook"
    RECORD_HOOK = "record_hook"
    CLIENT_HOOK = "client_hook"
    BUS = "bus"
    SCHEDULE = "schedule"
    IMPORT = "import"


class Cause(Struct, frozen=True, kw_only=True):
    """The author of a write: who did something with a client or the practice, and through what.

    ``actor_id`` is the staff user's or the system's id, never a name; ``run_id`` is given for a bulk archive
    and its undo only. What was stored before doors were has no ``through``.
    """

    source: Source
    actor_id: str
    run_id: str | None = None
    through: Door | None = None


class Stamp(Struct, frozen=True, kw_only=True):
    """The mark an archive leaves on its client; every write the archive causes is conditional on it.

    ``notify_client`` tells those who follow the events whether the client may hear of what the archive does (E9).
    """

    archive_id: str
    archived_at: datetime
    cause: Cause
    reason: ArchiveReason | None = None
    notify_client: bool = False


class ArchiveOptions(Struct, frozen=True, kw_only=True):
    """What a provider can say when archiving; all of it is kept in the receipt and the history.

    ``note`` is personal data: stored, never logged and never published. ``group_id`` moves the client in the same
    write (E10); ``mute_email`` switches e-mail notifications off (P11); the client is told only if ``notify_client``
    is true (E9).
    """

    reason: ArchiveReason | None = None
    note: str | None = None
    group_id: str | None = None
    notify_client: bool = False
    mute_email: bool = False


class Trigger(StrEnum):
    """What a planned archive waits for, under the name of the field that asks for it."""

    ARCHIVE_ON = "archive_on"
    AFTER_LAST_APPOINTMENT = "after_last_appointment"
    AFTER_LAST_PAYMENT = "after_last_payment"


class PlanTerms(Struct, frozen=True, kw_only=True):
    """What a provider plans: when a client is to be archived, and how.

    ``archive_on`` is there exactly when it is the trigger, and means the start of that day where the practice is (T1).
    ``acknowledged`` are the safety rules whose warning the provider has seen beforehand (S2).
    """

    trigger: Trigger
    archive_on: date | None = None
    options: ArchiveOptions = field(default_factory=ArchiveOptions)
    acknowledged: tuple[SafetyRule, ...] = ()


HeldBackBy: TypeAlias = SafetyRule | Literal["group_not_found"]
"""What can keep a due plan from being carried out: a safety rule, or that the group to move to is gone."""


class ArchivePlan(Struct, frozen=True, kw_only=True):
    """An archive planned for later; ``check_at`` is the moment from which the clean-up has to look at it.

    ``noted_in`` is the line of the history that has the note, for every index of clients would have a copy of it here.
    Plans made before 2026-11-26 have it in their terms.
    """

    terms: PlanTerms
    planned_at: datetime
    planned_by: Cause
    check_at: datetime = field(name="look_at")
    held_back_by: tuple[HeldBackBy, ...] = ()
    noted_in: str | None = None


class Reactivation(Struct, frozen=True, kw_only=True):
    """How an archived client last came back, and from which archive."""

    archive_id: str
    returned_at: datetime
    cause: Cause


class Client(Struct, frozen=True, kw_only=True):
    """A person a provider works with.

    ``credit_cents`` and ``owed_cents`` are in the client's ``currency`` and never changed by an archive (E11).
    ``revision`` rises by one when the client is archived, activated or changed, and when a record becomes live, so that
    a decision taken on one reading is committed on that reading or not at all. ``last_active_at`` is when the client
    last did something in the practice, as far as any system has recorded it. An archived client has no ``plan``.
    ``made_good_at`` is when its receipt last grew after the archive was settled (A11, I10); it is no part of the
    revision, so that an undo still finds the client as the archive left it.
    ``external_ids`` are the client's ids in other systems, one at most for each source (I14).
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
    last_return: Reactivation | None = None
    plan: ArchivePlan | None = None
    made_good_at: datetime | None = None
    revision: int = 1
    last_active_at: datetime | None = None
    external_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """``archived`` while the client carries a stamp, else ``active``."""
        return Status.ARCHIVED if self.stamp else Status.ACTIVE

    @property
    def inactive_since(self) -> datetime:
        """The last moment the client was active: added, back from an archive, or seen doing something."""
        returned_at = self.last_return.returned_at if self.last_return else None
        return max(moment for moment in (self.added_at, self.last_active_at, returned_at) if moment)


class Group(Struct, frozen=True, kw_only=True):
    """A provider's client group. Archiving its members never archives the group (A6)."""

    provider_id: str
    group_id: str
    name: str
    settings: PortalSettings = field(default_factory=PortalSettings)


def told_of(stamp: Stamp) -> dict[str, str]:
    """Return what a caller is told of the archive that stands in the way."""
    return {"archive_id": stamp.archive_id, "archived_at": stamp.archived_at.isoformat()}


def next_flip_at(client: Client, at: datetime) -> datetime:
    """Return the moment of a client's next archive or return: ``at``, or right after the last one if that is later.

    Who acts on a client takes the time before reading it, and may find what happened since. The history is sorted by
    these moments and tells archives and returns in the order in which they happened.
    """
    if client.stamp:
        return max(at, client.stamp.archived_at + BETWEEN_FLIPS)
    return max(at, client.last_return.returned_at + BETWEEN_FLIPS) if client.last_return else at


def archive(client: Client, stamp: Stamp, options: ArchiveOptions) -> Client:
    """Return the client as archived under ``stamp``; one that is archived already is returned as it is.

    The client stays in its group (E10) unless ``options`` moves it; credits and debts are not touched (E11). A plan to
    archive it later is fulfilled, however the archive came about.
    """
    if client.stamp is not None:
        return client
    settings = replace(client.settings, email_notifications=False) if options.mute_email else client.settings
    return replace(
        client,
        stamp=stamp,
        plan=None,
        group_id=options.group_id or client.group_id,
        settings=settings,
        revision=client.revision + 1,
    )


def activate(client: Client, cause: Cause, at: datetime) -> Client:
    """Return the client as active: the status flips and how it came back is noted, nothing else changes (A1)."""
    if client.stamp is None:
        return client
    last_return = Reactivation(archive_id=client.stamp.archive_id, returned_at=at, cause=cause)
    return replace(client, stamp=None, made_good_at=None, last_return=last_return, revision=client.revision + 1)


def with_last_active(client: Client, at: datetime) -> Client:
    """Return the client as last active at this moment, or later if that is recorded already."""
    return replace(client, last_active_at=max(at, client.last_active_at or at))


def with_made_good(client: Client, at: datetime) -> Client:
    """Return an archived client as one whose archive was made good at this moment (A11, I10)."""
    return replace(client, made_good_at=at)


def with_external_ids(client: Client, changed: Mapping[str, str | None]) -> Client:
    """Return the client with ids in other systems changed, by source; ``None`` gives one up, others stay."""
    ids = {**client.external_ids, **changed}
    return replace(client, external_ids={source: one for source, one in ids.items() if one is not None})


def with_next_revision(client: Client) -> Client:
    """Return the client at its next revision; a writer that adds live records to a client writes this with them."""
    return replace(client, revision=client.revision + 1)
