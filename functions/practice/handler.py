"""A provider's client groups, settings and history over HTTP: event -> use case or query -> response."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.openapi.params import Query

from client_lifecycle.domain.client import Status
from client_lifecycle.domain.errors import ChangedMeanwhile, GroupNotEmpty, GroupNotFound, InvalidRequest
from client_lifecycle.edge import http, idempotency, identity, people, wiring
from client_lifecycle.edge.cursors import Listing
from client_lifecycle.edge.id_forms import ID_PATTERN
from client_lifecycle.edge.moments import DayParameter
from client_lifecycle.edge.preconditions import (
    IfMatch,
    Shown,
    answers_with_tag,
    edit_only_if,
    only_if,
    tag_of_view,
    tagged,
)
from client_lifecycle.edge.views.clients import CountsView
from client_lifecycle.edge.views.practice import (
    GroupListView,
    GroupRowView,
    GroupView,
    MeView,
    PracticeEntryView,
    PracticeHistoryView,
    PracticeNameView,
    SettingsView,
)
from client_lifecycle.use_cases.practice import add_group, change_group, change_settings, delete_group
from client_lifecycle.use_cases.queries import practice as queries
from client_lifecycle.use_cases.staff import introduce
from practice.bodies import GroupBody, NewGroupBody, SettingsBody

app = http.resolver()


@app.get("/groups", summary="List the client groups", tags=["groups"])
def groups(
    counts: Annotated[
        bool, Query(description="Whether to count the clients of each group, which reads both tabs.")
    ] = True,
    limit: http.Limit = 50,
    cursor: http.Cursor = None,
) -> GroupListView:
    """List the provider's client groups, the oldest first, with how many active and archived clients each has."""
    caller = identity.caller(app)
    listing, tenant = Listing(caller.provider_id, "groups"), wiring.tenant(caller.provider_id)
    page = queries.list_groups(tenant, limit=limit, after=listing.place(cursor))
    counted = queries.count_by_group(tenant) if counts and page.groups else None
    groups = [GroupRowView.counted(group, _counts_of(group.group_id, counted)) for group in page.groups]
    return GroupListView(groups=groups, next_cursor=listing.cursor(page.next_after), unreadable=page.unreadable)


def _counts_of(group_id: str, counted: Mapping[Status, Mapping[str, int]] | None) -> CountsView | None:
    if counted is None:
        return None
    return CountsView(**{status.value: of_tab.get(group_id, 0) for status, of_tab in counted.items()})


@app.post(
    "/groups",
    summary="Make a client group",
    tags=["groups"],
    status_code=HTTPStatus.CREATED,
    middlewares=[idempotency.once],
)
@http.may_fail_with(*idempotency.FAULTS)
def add(body: Annotated[NewGroupBody, FromBody()], _key: idempotency.Key = None) -> GroupView:
    """Make a client group that no client is in yet."""
    caller = identity.caller(app)
    group = body.group(caller.provider_id, wiring.now())
    add_group(wiring.tenant(caller.provider_id), group, cause=caller.cause, at=wiring.now())
    return GroupView.of(group)


@app.get("/groups/<group_id>", summary="Read a client group", tags=["groups"])
@http.may_fail_with(GroupNotFound)
@answers_with_tag
def group(group_id: http.Id) -> Response[GroupView]:
    """Read one client group."""
    caller = identity.caller(app)
    return _tagged(GroupView.of(queries.read_group(wiring.tenant(caller.provider_id), group_id)))


@app.patch("/groups/<group_id>", summary="Change a client group", tags=["groups"])
@http.may_fail_with(GroupNotFound, ChangedMeanwhile)
@answers_with_tag
def change(group_id: http.Id, body: Annotated[GroupBody, FromBody()], if_match: IfMatch = None) -> Response[GroupView]:
    """Change name or settings of a client group."""
    caller = identity.caller(app)
    tenant, at = wiring.tenant(caller.provider_id), wiring.now()
    edit = edit_only_if(only_if(if_match, lambda group: tag_of_view(GroupView.of(group))), body.over)
    return _tagged(GroupView.of(change_group(tenant, group_id, edit, cause=caller.cause, at=at)))


@app.delete(
    "/groups/<group_id>",
    summary="Delete an empty client group",
    tags=["groups"],
    status_code=HTTPStatus.NO_CONTENT,
)
@http.may_fail_with(GroupNotFound, GroupNotEmpty)
def delete(group_id: http.Id) -> Response[str]:
    """Delete a client group that no client, active or archived, is in."""
    caller = identity.caller(app)
    delete_group(wiring.tenant(caller.provider_id), group_id, cause=caller.cause, at=wiring.now())
    return Response(status_code=HTTPStatus.NO_CONTENT, body="")


@app.get("/me", summary="Tell who is asking", tags=["settings"])
def me() -> MeView:
    """Tell the caller's name, practice and roles, and keep the name for those who see the caller's id."""
    caller = identity.caller(app)
    name = people.name_in(identity.claims_of(app.current_event.raw_event))
    settings = introduce(wiring.tenant(caller.provider_id), caller.user_id, name, wiring.now())
    return MeView(
        user_id=caller.user_id,
        name=name,
        practice=PracticeNameView(provider_id=caller.provider_id, name=settings.name),
        roles=sorted(caller.groups),
        currency=settings.currency,
        time_zone=settings.time_zone.key,
    )


@app.get("/settings", summary="Read the practice's settings", tags=["settings"])
@answers_with_tag
def settings() -> Response[SettingsView]:
    """Read what the provider has decided for all clients."""
    caller = identity.caller(app)
    return _tagged(SettingsView.of(queries.show_settings(wiring.tenant(caller.provider_id))))


@app.patch("/settings", summary="Change the practice's settings", tags=["settings"])
@http.may_fail_with(ChangedMeanwhile)
@answers_with_tag
def change_all(body: Annotated[SettingsBody, FromBody()], if_match: IfMatch = None) -> Response[SettingsView]:
    """Change what the provider has decided for all clients."""
    caller = identity.caller(app)
    tenant, at = wiring.tenant(caller.provider_id), wiring.now()
    edit = edit_only_if(only_if(if_match, lambda settings: tag_of_view(SettingsView.of(settings))), body.over)
    return _tagged(SettingsView.of(change_settings(tenant, edit, cause=caller.cause, at=at)))


def _tagged(view: Shown) -> Response[Shown]:
    return tagged(view, tag_of_view(view))


@app.get("/history", summary="Read the practice's history", tags=["settings"])
def history(
    actor_id: Annotated[
        str | None, Query(pattern=ID_PATTERN, description="Only what this person or system did.")
    ] = None,
    since: Annotated[DayParameter | None, Query(description="The first day, where the practice is.")] = None,
    until: Annotated[DayParameter | None, Query(description="The last day.")] = None,
    limit: http.Limit = 50,
    cursor: http.Cursor = None,
) -> PracticeHistoryView:
    """List who changed settings and groups, and who did what with bulk archives, the newest first.

    A page may be short, or empty, and not be the last: go on until ``next_cursor`` is null.
    """
    caller = identity.caller(app)
    if since and until and until < since:
        raise InvalidRequest("The last day comes before the first.", "until", code="days_reversed")
    listing = Listing(caller.provider_id, "practice history", (actor_id, str(since), str(until)))
    page = queries.show_history(
        wiring.tenant(caller.provider_id),
        actor_id=actor_id,
        since=since,
        until=until,
        limit=limit,
        after=listing.place(cursor),
    )
    entries = [PracticeEntryView.of(entry) for entry in page.entries]
    return PracticeHistoryView(entries=entries, next_cursor=listing.cursor(page.next_after), unreadable=page.unreadable)


lambda_handler = http.lambda_handler(app)
