"""What a caller can read of bulk archives: the list, one run, its members with their clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.runs import Run
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage.clients import read_clients
from client_lifecycle.storage.runs import list_members, list_runs, read_run
from client_lifecycle.storage.tenant import Tenant

__all__ = ["MemberPage", "list_runs", "members_with_clients", "read_run"]


class MemberPage(Struct, frozen=True):
    """A page of a run's members, their clients by id, and the position to go on after, ``None`` on the last."""

    members: Sequence[Member]
    clients: Mapping[str, Client]
    next_after: int | None
    unreadable: Sequence[Unreadable]


def members_with_clients(
    tenant: Tenant, run: Run, *, outcome: Outcome | None, limit: int, after: int | None
) -> MemberPage:
    """Read a page of a run's members in the order of the preview, with their clients; the run holds ids only.

    Args:
        tenant: the provider's part of the table.
        run: the run.
        outcome: only members with this outcome, where given.
        limit: the most members to return.
        after: the position to go on after.
    """
    page = list_members(tenant, run, outcome=outcome, limit=limit, after=after)
    clients, unreadable = read_clients(tenant, [member.client_id for member in page.members])
    return MemberPage(page.members, clients, page.next_after, [*page.unreadable, *unreadable])
