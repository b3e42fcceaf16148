"""What a caller can read of bulk archives: the list, one run, its members with their clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.outcomes import Outcome, RunKind
from client_lifecycle.domain.preview import needs_attention
from client_lifecycle.domain.runs import Run, RunState
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage.clients import read_clients
from client_lifecycle.storage.runs import RunPage, list_members, list_runs, read_run
from client_lifecycle.storage.tenant import Tenant

__all__ = ["MemberFilter", "MemberPage", "RunFilter", "find_runs", "members_with_clients", "read_run"]

PAGES_PER_ANSWER = 10
"""So many pages without a run that is asked for are read before an answer says that there may be more."""


class MemberPage(Struct, frozen=True):
    """A page of a run's members, their clients by id, and the position to go on after, ``None`` on the last."""

    members: Sequence[Member]
    clients: Mapping[str, Client]
    next_after: int | None
    unreadable: Sequence[Unreadable]


class MemberFilter(Struct, frozen=True):
    """Which members of a run are asked for: all, those with an outcome, those who need attention."""

    outcome: Outcome | None = None
    attention: bool = False


def members_with_clients(
    tenant: Tenant, run: Run, wanted: MemberFilter, *, limit: int, after: int | None
) -> MemberPage:
    """Read a page of a run's members in the order of the preview, with their clients; the run holds ids only.

    Args:
        tenant: the provider's part of the table.
        run: the run.
        wanted: which members.
        limit: the most members to return.
        after: the position to go on after.
    """
    page = list_members(tenant, run, outcome=wanted.outcome, limit=limit, after=after)
    members, next_after = page.members, page.next_after
    if wanted.attention:
        members = [member for member in members if needs_attention(member.facts)]
        next_after = next_after if _may_need_attention(run, next_after) else None
    clients, unreadable = read_clients(tenant, [member.client_id for member in members])
    return MemberPage(members, clients, next_after, [*page.unreadable, *unreadable])


def _may_need_attention(run: Run, after: int | None) -> bool:
    """Tell whether a member after this position may need attention; where it is known how many do, they come first."""
    return after is not None and (run.totals.attention is None or after + 1 < run.totals.attention)


class RunFilter(Struct, frozen=True):
    """Which runs are asked for: all, those in a state, those of a kind."""

    state: RunState | None = None
    kind: RunKind | None = None

    def fits(self, run: Run) -> bool:
        """Tell whether a run is asked for."""
        return self.state in (None, run.state) and self.kind in (None, run.kind)


def find_runs(tenant: Tenant, wanted: RunFilter, *, limit: int, after: str | None) -> RunPage:
    """Read a page of a provider's runs, the newest first; with a filter, it may be short or empty and not the last.

    Args:
        tenant: the provider's part of the table.
        wanted: which runs.
        limit: the most runs to return.
        after: the id to go on after.
    """
    unreadable: list[Unreadable] = []
    for _ in range(PAGES_PER_ANSWER):
        page = list_runs(tenant, limit=limit, after=after)
        found, after = [run for run in page.runs if wanted.fits(run)], page.next_after
        unreadable += page.unreadable
        if found or after is None:
            break
    return RunPage(found, after, unreadable)
