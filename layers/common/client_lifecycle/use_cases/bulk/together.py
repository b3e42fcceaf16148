"""Does the same for all clients of a batch in few calls: reads them side by side, commits several in one transaction.

A client for whom this fails, for whatever reason, is left to the work on that client alone, which decides again and
tells why. So nobody's outcome depends on who else is in the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from client_lifecycle.domain.client import Stamp
from client_lifecycle.domain.effects import Effect, RecordKey
from client_lifecycle.domain.errors import StorageBusy
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.runs import Run
from client_lifecycle.storage import archives
from client_lifecycle.storage.clients import LiveClient, read_named
from client_lifecycle.storage.providers import read_settings
from client_lifecycle.storage.table import Write, commit_together, side_by_side
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.archive_effects import only_part, read_under, under
from client_lifecycle.use_cases.bulk.steps import (
    Marking,
    Result,
    leave_alone,
    mark,
    outcome_without_archive,
    read_whole,
)

K = TypeVar("K")
T = TypeVar("T")
R = TypeVar("R")


def mark_together(tenant: Tenant, run: Run, members: Sequence[Member], *, at: datetime) -> dict[int, Result]:
    """Archive members of a run that await their outcome and are not marked yet, as ``mark_archived`` does each.

    The settings are read after all the clients; each commit finds its clients unchanged, so they and the settings were
    so at one moment (S1, S2).

    Args:
        tenant: the provider's part of the table.
        run: the run, as read; it is running.
        members: as read.
        at: the moment of the archive, UTC.

    Returns:
        The results by position, of those for whom all is done; everybody else is to be marked alone.

    Raises:
        StorageBusy: the table kept throttling.
    """
    by_position = {member.position: member for member in members}
    found = _each(by_position, lambda member: read_whole(tenant, run, member))
    if not found:
        return {}
    settings = read_settings(tenant)

    def judged(position: int) -> Marking | None:
        member, live = by_position[position], found[position]
        held_back = outcome_without_archive(run, member, live, settings, at)
        if held_back is None:
            return mark(tenant, run, member, live, at)
        is_archived = held_back.outcome is Outcome.ALREADY_ARCHIVED
        return None if is_archived else leave_alone(tenant, run, member, held_back)

    markings = {position: marking for position in found if (marking := _unless_at_fault(judged, position))}
    committed = commit_together(tenant.table, {position: marking.writes for position, marking in markings.items()})
    return {position: markings[position].result for position in committed}


class Look(Struct, frozen=True):
    """The stamp that a client must still carry, and the records to look at, ``None`` if it is all that live.

    Those that were named when it was archived are enough: under the stamp nothing becomes live again (I4).
    """

    archive_id: str
    records: tuple[RecordKey, ...] | None = None


def apply_together(tenant: Tenant, effect: Effect, looks: Mapping[str, Look], *, at: datetime) -> set[str]:
    """Carry out one effect for archived clients, as ``apply_effect`` does for each.

    Args:
        tenant: the provider's part of the table.
        effect: the plan, like ``cancel_commitments``.
        looks: what of each client to look at, by client id.
        at: the present moment, UTC.

    Returns:
        The ids of the clients for whom all is done; it is to be applied to everybody else alone.

    Raises:
        StorageBusy: the table kept throttling.
    """
    found = _under_stamps(tenant, looks, at)

    def planned(client: tuple[LiveClient, Stamp]) -> Sequence[Write] | None:
        live, stamp = client
        part = only_part(live, effect, at)
        if part is None:
            return None
        return archives.effects_writes(tenant, live.client, stamp, part) if part.effects else ()

    plans = {client_id: _unless_at_fault(planned, client) for client_id, client in found.items()}
    return commit_together(tenant.table, {name: writes for name, writes in plans.items() if writes is not None})


def _under_stamps(tenant: Tenant, looks: Mapping[str, Look], at: datetime) -> dict[str, tuple[LiveClient, Stamp]]:
    """Read the clients that carry their stamps: those whose records are named all at once, the others one by one."""

    def carrying(live: LiveClient) -> tuple[LiveClient, Stamp]:
        return under(live, looks[live.client.client_id].archive_id)

    named = {client_id: look.records for client_id, look in looks.items() if look.records is not None}
    read = _unless_at_fault(lambda wanted: read_named(tenant, wanted, at), named) or {}
    found = {name: one for name, live in read.items() if (one := _unless_at_fault(carrying, live))}
    others = {client_id: client_id for client_id in looks.keys() - named.keys()}
    return found | _each(others, lambda client_id: read_under(tenant, client_id, looks[client_id].archive_id, at))


def _each(wanted: Mapping[K, T], read: Callable[[T], R]) -> dict[K, R]:
    """Read for each, side by side; those whose reading meets a fault are left out."""
    found = side_by_side(lambda one: _unless_at_fault(read, one), list(wanted.values()))
    return {name: one for name, one in zip(wanted, found, strict=True) if one is not None}


def _unless_at_fault(work: Callable[[T], R], one: T) -> R | None:
    """Return what comes of some work, or nothing if it meets a fault; the work on one client alone meets it again."""
    try:
        return work(one)
    except StorageBusy:
        raise
    except Exception:
        return None
