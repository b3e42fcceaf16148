"""Pages of a run's clients in answers, with a cursor to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.runs import Run
from client_lifecycle.edge.cursors import Listing
from client_lifecycle.edge.views.runs import MemberListView, MemberView
from client_lifecycle.use_cases.bulk.preview import Preview
from client_lifecycle.use_cases.queries.runs import MemberPage


def members_listing(run: Run, outcome: Outcome | None) -> Listing:
    """Return the members of a run as a list with cursors, all or those with one outcome."""
    return Listing(run.provider_id, "members", (run.run_id, outcome))


def shown_page(page: MemberPage, listing: Listing) -> MemberListView:
    """Show a page of a run's clients."""
    return MemberListView(
        clients=_views(page.members, page.clients),
        next_cursor=listing.cursor(page.next_after),
        unreadable=list(page.unreadable),
    )


def first_page(shown: Preview, limit: int) -> MemberListView:
    """Show the first page of what a preview shows; nothing has to be read again."""
    members = shown.members[:limit]
    last = members[-1].position if len(shown.members) > limit else None
    next_cursor = members_listing(shown.run, None).cursor(last)
    return MemberListView(clients=_views(members, shown.clients), next_cursor=next_cursor, unreadable=[])


def _views(members: Sequence[Member], clients: Mapping[str, Client]) -> list[MemberView]:
    return [MemberView.of(member, clients.get(member.client_id)) for member in members]
