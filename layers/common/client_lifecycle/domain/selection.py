"""Whom a bulk archive is for: chosen clients, a group's members, or those a filter finds.

Only a list of ids can name archived clients; members and findings are active clients as they are at the preview (A6).
"""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from typing import TypeAlias

from msgspec import Struct

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.days import start_of


class ClientFilter(Struct, frozen=True, kw_only=True):
    """Conditions on active clients, all of which must hold; one that is not set holds for everybody.

    ``inactive_since`` finds clients who were last active before this day began, ``added_before`` those who were added
    before this day began, both where the practice is (T1). An appointment is upcoming if it starts after the preview.
    """

    group_id: str | None = None
    inactive_since: date | None = None
    no_upcoming_appointment: bool = False
    owes_nothing: bool = False
    added_before: date | None = None


class ChosenClients(Struct, frozen=True, kw_only=True):
    """Clients named one by one, in this order; an id that is given twice counts once."""

    client_ids: tuple[str, ...]


class GroupMembers(Struct, frozen=True, kw_only=True):
    """The active members of a group (A6), except those left out."""

    group_id: str
    left_out: frozenset[str] = frozenset()


class FilteredClients(Struct, frozen=True, kw_only=True):
    """The active clients that a filter finds, except those left out; the first ``at_most`` by name, if that is set."""

    filter: ClientFilter
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


def may_match(conditions: ClientFilter, client: Client, zone: tzinfo) -> bool:
    """Tell whether a filter can find a client, as far as the client's own record tells; days are those of ``zone``."""
    return (
        client.status is Status.ACTIVE
        and conditions.group_id in (None, client.group_id)
        and not (conditions.owes_nothing and client.owed_cents > 0)
        and _before(client.inactive_since, conditions.inactive_since, zone)
        and _before(client.added_at, conditions.added_before, zone)
    )


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
