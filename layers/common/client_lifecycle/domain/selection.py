"""Whom a list, a count or a bulk archive is for, by one set of conditions; and in which order a list comes.

Of a bulk archive only a list of ids can name archived clients; members and findings are active clients as they are at
the preview (A6).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from typing import TypeAlias, assert_never

from msgspec import Struct

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import Client, Stamp, Status
from client_lifecycle.domain.days import start_of

NEVER = datetime.min.replace(tzinfo=UTC)
"""Before every moment: the place of clients who have none, in an order by moments."""


class ClientFilter(Struct, frozen=True, kw_only=True):
    """Conditions on clients, all of which must hold; one that is not set, or is false, holds for everybody.

    ``inactive_since`` finds clients who were last active before this day began, ``added_before`` and
    ``archived_before`` those who were added or archived before it began, ``archived_since`` those who were archived on
    it or later, all where the practice is (T1). An appointment is upcoming if it starts after the question.
    ``owes`` and ``has_credit`` can be false, too; ``owes_nothing`` is the older way to say that ``owes`` is false.
    """

    group_id: str | None = None
    no_group: bool = False
    inactive_since: date | None = None
    no_upcoming_appointment: bool = False
    owes: bool | None = None
    owes_nothing: bool = False
    has_credit: bool | None = None
    added_before: date | None = None
    archived_by: str | None = None
    archived_since: date | None = None
    archived_before: date | None = None
    archive_reason: ArchiveReason | None = None

    @property
    def has_days(self) -> bool:
        """Whether it takes the practice's time zone to tell whom it finds."""
        return any((self.inactive_since, self.added_before, self.archived_since, self.archived_before))


EVERYBODY = ClientFilter()


class Sort(StrEnum):
    """The order of a list of clients; a minus is the descending one.

    ``last_active_at`` is the moment that ``inactive_since`` asks for. Clients who are not archived come first by
    ``archived_at``.
    """

    BY_NAME = "name"
    BY_NAME_DESCENDING = "-name"
    BY_ACTIVITY = "last_active_at"
    BY_ACTIVITY_DESCENDING = "-last_active_at"
    BY_ARCHIVE = "archived_at"
    BY_ARCHIVE_DESCENDING = "-archived_at"

    @property
    def is_descending(self) -> bool:
        """Whether the last comes first."""
        return self.startswith("-")


def moment_sorted_by(sort: Sort, client: Client) -> datetime | None:
    """Return the moment that an order places a client by, ``None`` if it is an order by name."""
    match sort:
        case Sort.BY_NAME | Sort.BY_NAME_DESCENDING:
            return None
        case Sort.BY_ACTIVITY | Sort.BY_ACTIVITY_DESCENDING:
            return client.inactive_since
        case Sort.BY_ARCHIVE | Sort.BY_ARCHIVE_DESCENDING:
            return client.stamp.archived_at if client.stamp else NEVER
        case _:
            assert_never(sort)


class ChosenClients(Struct, frozen=True, kw_only=True):
    """Clients named one by one, in this order; an id that is given twice counts once."""

    client_ids: tuple[str, ...]


class GroupMembers(Struct, frozen=True, kw_only=True):
    """The active members of a group (A6), except those left out."""

    group_id: str
    left_out: frozenset[str] = frozenset()


class FilteredClients(Struct, frozen=True, kw_only=True):
    """The active clients that a filter finds, except those left out; the first ``at_most`` by name, if that is set.

    With ``sought`` they are those of them whom a search for these words, or for an address, would find.
    """

    filter: ClientFilter
    sought: str | None = None
    left_out: frozenset[str] = frozenset()
    at_most: int | None = None


def quiet_clients(last_active_before: date, at_most: int) -> FilteredClients:
    """Return the clients that a tidy-up proposes: last active before this day, nothing booked, nothing owed."""
    quiet = ClientFilter(inactive_since=last_active_before, no_upcoming_appointment=True, owes_nothing=True)
    return FilteredClients(filter=quiet, at_most=at_most)


Selection: TypeAlias = ChosenClients | GroupMembers | FilteredClients


def conditions_of(selection: GroupMembers | FilteredClients) -> ClientFilter:
    """Return what a client must meet to be selected; a group is a filter of one condition."""
    return ClientFilter(group_id=selection.group_id) if isinstance(selection, GroupMembers) else selection.filter


def meets(conditions: ClientFilter, client: Client, zone: tzinfo) -> bool:
    """Tell whether a client of either tab meets conditions, as far as its own record tells; days are of ``zone``."""
    return (
        conditions.group_id in (None, client.group_id)
        and not (conditions.no_group and client.group_id)
        and conditions.owes in (None, client.owed_cents > 0)
        and not (conditions.owes_nothing and client.owed_cents > 0)
        and conditions.has_credit in (None, client.credit_cents > 0)
        and _before(client.inactive_since, conditions.inactive_since, zone)
        and _before(client.added_at, conditions.added_before, zone)
        and _is_of_archive(conditions, client.stamp, zone)
    )


def _is_of_archive(conditions: ClientFilter, stamp: Stamp | None, zone: tzinfo) -> bool:
    if stamp is None:
        asked = (conditions.archived_by, conditions.archived_since, conditions.archived_before)
        return not any((*asked, conditions.archive_reason))
    since = conditions.archived_since
    return (
        conditions.archived_by in (None, stamp.cause.actor_id)
        and conditions.archive_reason in (None, stamp.reason)
        and _before(stamp.archived_at, conditions.archived_before, zone)
        and not (since and _before(stamp.archived_at, since, zone))
    )


def may_match(conditions: ClientFilter, client: Client, zone: tzinfo) -> bool:
    """Tell whether a bulk archive can find a client, as far as the client's own record tells."""
    return client.status is Status.ACTIVE and meets(conditions, client, zone)


def matches(conditions: ClientFilter, client: Client, upcoming_appointments: int, zone: tzinfo) -> bool:
    """Tell whether a filter finds a client.

    Args:
        conditions: the filter.
        client: the client.
        upcoming_appointments: how many booked appointments the client has ahead.
        zone: the practice's time zone (T1).
    """
    return may_match(conditions, client, zone) and not (conditions.no_upcoming_appointment and upcoming_appointments)


def _before(moment: datetime, day: date | None, zone: tzinfo) -> bool:
    return day is None or moment < start_of(day, zone)
