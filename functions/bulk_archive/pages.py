"""Pages of a run's clients in answers, with a cursor to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.runs import Run
from client_lifecycle.edge.cursors import Listing
from client_lifecycle.edge.views.runs import MemberListView, MemberView
from client_lifecycle.use_cases.bulk.preview import Preview
from client_lifecycle.use_cases.queries.runs import MemberFilter, MemberPage


def members_listing(run: Run, wanted: MemberFilter) -> Listing:
    """Return the members of a run that are asked for as a list with cursors."""
    only = "attention" if wanted.attention else None
    return Listing(run.provider_id, "members", (run.run_id, wanted.outcome, only))


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
    next_cursor = members_listing(shown.run, MemberFilter()).cursor(last)
    return MemberListView(clients=_views(members, shown.clients), next_cursor=next_cursor, unreadable=[])


def _views(members: Sequence[Member], clients: Mapping[str, Client]) -> list[MemberView]:
    shown = (clients.get(member.client_id) for member in members)
    names = Counter(client.name.casefold() for client in shown if client)

    def view(member: Member) -> MemberView:
        client = clients.get(member.client_id)
        return MemberView.of(member, client, is_ambiguous=client is not None and names[client.name.casefold()] > 1)

    return [view(member) for member in members]
