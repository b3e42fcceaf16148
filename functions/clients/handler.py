"""GET /clients and GET /clients/{client_id}: event -> storage -> response."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from client_lifecycle.domain.client import Status
from client_lifecycle.domain.errors import ClientNotFound, InvalidRequest
from client_lifecycle.edge import http, identity, wiring
from client_lifecycle.edge.views import ClientListView, ClientView
from client_lifecycle.storage.clients import list_clients, read_client

app = http.resolver()

GroupFilter = Annotated[
    str | None,
    Query(min_length=1, max_length=64, pattern=http.ID_PATTERN, description="Only the clients of this group."),
]


@app.get("/clients", summary="List a tab of the clients, by name", tags=["clients"])
def clients(
    status: Annotated[Status, Query(description="The tab.")] = Status.ACTIVE,
    group_id: GroupFilter = None,
    limit: http.Limit = 50,
    cursor: http.Cursor = None,
) -> ClientListView:
    """List the active or the archived clients, all or those of one group."""
    caller = identity.staff(app.current_event.raw_event)
    try:
        page = list_clients(wiring.table(), caller.provider_id, status, group_id=group_id, limit=limit, after=cursor)
    except ClientNotFound as error:
        raise InvalidRequest("This cursor does not come from an earlier page.", "cursor") from error
    return ClientListView(clients=[ClientView.of(client) for client in page.clients], next_cursor=page.next_after)


@app.get("/clients/<client_id>", summary="Read a client", tags=["clients"])
def client(client_id: http.Id) -> ClientView:
    """Read one client, active or archived."""
    caller = identity.staff(app.current_event.raw_event)
    return ClientView.of(read_client(wiring.table(), caller.provider_id, client_id))


lambda_handler = http.lambda_handler(app)
