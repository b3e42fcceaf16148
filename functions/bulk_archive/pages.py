"""Pages of a run's clients: the run holds ids, the names are read from the clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.runs import Run
from client_lifecycle.edge.cursors import Listing
from client_lifecycle.edge.views.runs import MemberListView, MemberView
from client_lifecycle.storage.clients import read_clients
from client_lifecycle.storage.runs import list_members
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.bulk.preview import Preview


def page_of(tenant: Tenant, run: Run, *, outcome: Outcome | None, limit: int, cursor: str | None) -> MemberListView:
    """Return a page of a run's clients.

    Raises:
        InvalidRequest: the cursor does not come from an earlier page.
    """
    listing = _listing(run, outcome)
    page = list_members(tenant, run, outcome=outcome, limit=limit, after=listing.place(cursor))
    clients, unreadable = read_clients(tenant, [member.client_id for member in page.members])
    return MemberListView(
        clients=_views(page.members, clients),
        next_cursor=listing.cursor(page.next_after),
        unreadable=[*page.unreadable, *unreadable],
    )


def first_page(shown: Preview, limit: int) -> MemberListView:
    """Return the first page of what a preview shows; nothing has to be read again."""
    members = shown.members[:limit]
    last = members[-1].position if len(shown.members) > limit else None
    next_cursor = _listing(shown.run, None).cursor(last)
    return MemberListView(clients=_views(members, shown.clients), next_cursor=next_cursor, unreadable=[])


def _views(members: Sequence[Member], clients: Mapping[str, Client]) -> list[MemberView]:
    return [MemberView.of(member, clients.get(member.client_id)) for member in members]


def _listing(run: Run, outcome: Outcome | None) -> Listing:
    return Listing(run.provider_id, "members", (run.run_id, outcome))
