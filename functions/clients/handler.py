"""Clients over HTTP: list, search, count, read, add, change, permissions, history, receipts and records.

Event -> use case or query -> response.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from annotated_types import Ge, Le
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.openapi.params import Query

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.errors import (
    ClientNotFound,
    EmailInUse,
    ExternalIdInUse,
    GroupNotFound,
    InvalidRequest,
    ReceiptNotFound,
    RecordsAreKept,
)
from client_lifecycle.domain.records import RecordKind
from client_lifecycle.edge import http, idempotency, identity, wiring
from client_lifecycle.edge.cursors import Listing
from client_lifecycle.edge.id_forms import EXTERNAL_ID_PATTERN, ID_PATTERN
from client_lifecycle.edge.receipt_listing import receipt_listing, shown_receipt
from client_lifecycle.edge.views.clients import (
    ClientListView,
    ClientView,
    CountsView,
    ExportView,
    HistoryListView,
    HistoryView,
)
from client_lifecycle.edge.views.permissions import PermissionCheckView, PermissionsView, PermissionView, RefusedView
from client_lifecycle.edge.views.receipts import ReceiptListView, ReceiptView
from client_lifecycle.edge.views.records import RecordListView, RecordView, UnconfirmedListView, UnconfirmedView
from client_lifecycle.use_cases.clients import add_client, change_client, check_permissions, read_permissions
from client_lifecycle.use_cases.export import export_client
from client_lifecycle.use_cases.queries import clients as queries
from client_lifecycle.use_cases.queries.exports import export_clients
from clients.bodies import AddBody, ChangeBody, CheckBody, SearchBody

MAX_RECEIPTS = 20
MAX_CHANGES = 1_000
MAX_HOURS = 8_760

CSV = "text/csv; charset=utf-8"

app = http.resolver()

GroupFilter = Annotated[
    str | None,
    Query(pattern=ID_PATTERN, description="Only the clients of this group."),
]


SourceFilter = Annotated[
    str | None,
    Query(pattern=ID_PATTERN, description="With external_id: the system whose id it is."),
]
ExternalIdFilter = Annotated[
    str | None,
    Query(pattern=EXTERNAL_ID_PATTERN, description="Only the client, of either tab, with this id in the source."),
]


class Order(StrEnum):
    """The direction of a client's history."""

    NEWEST = "newest"
    OLDEST = "oldest"


@app.get("/clients", summary="List a tab of the clients, by name", tags=["clients"])
def clients(
    status: Annotated[Status, Query(description="The tab.")] = Status.ACTIVE,
    group_id: GroupFilter = None,
    source: SourceFilter = None,
    external_id: ExternalIdFilter = None,
    limit: http.Limit = 50,
    cursor: http.Cursor = None,
) -> ClientListView:
    """List the active or the archived clients, all or those of one group; or the one with an id in another system."""
    caller = identity.caller(app)
    if "q" in app.current_event.query_string_parameters:
        raise InvalidRequest("Search with POST /clients/_search: what is sought does not belong into a URL.", "q")
    listing = Listing(caller.provider_id, "clients", (status, group_id))
    after, tenant = listing.place(cursor), wiring.tenant(caller.provider_id)
    if bool(source) is not bool(external_id):
        raise InvalidRequest("A source and an external_id are given together.", "source", "external_id")
    if source and external_id:
        return _client_page(queries.find_by_external_id(tenant, source, external_id), listing)
    page = queries.list_clients(tenant, status, group_id=group_id, limit=limit, after=after)
    return _client_page(page, listing)


@app.get(
    "/clients.csv",
    summary="Export a tab of the clients as CSV",
    tags=["clients"],
    responses={
        HTTPStatus.OK: {
            "description": "Clients by name; a Link to the rest, if there is more than an answer holds",
            "content": {CSV: {"schema": {"type": "string"}}},
        }
    },
)
def export_tab(
    status: Annotated[Status, Query(description="The tab.")] = Status.ACTIVE, cursor: http.Cursor = None
) -> Response[str]:
    """Write the active or the archived clients as CSV; no cell is one that a spreadsheet takes for a formula.

    What does not fit in one answer, some twenty thousand clients, follows at the address that ``Link`` gives as
    ``next``, without another header.
    """
    caller = identity.caller(app)
    listing = Listing(caller.provider_id, "exported clients", (status,))
    exported = export_clients(wiring.tenant(caller.provider_id), status, after=listing.place(cursor))
    rest = listing.cursor(exported.next_after)
    headers: dict[str, str | list[str]] = {"Content-Disposition": f'attachment; filename="clients-{status}.csv"'}
    if rest:
        headers["Link"] = f'<clients.csv?status={status}&cursor={rest}>; rel="next"'
    return Response(status_code=HTTPStatus.OK.value, content_type=CSV, body=exported.text, headers=headers)


@app.post(
    "/clients/_search",
    summary="Find clients of a tab by name or address",
    tags=["clients"],
)
def search(body: Annotated[SearchBody, FromBody()]) -> ClientListView:
    """Find active or archived clients by the beginnings of words of their names, or by that of their address.

    Those found by name come in the order of the words found; those found by address, in that of the addresses. A page
    may be short, or empty, and not be the last: go on until ``next_cursor`` is null.
    """
    caller = identity.caller(app)
    listing = Listing(caller.provider_id, "found clients", (body.status, body.group_id, body.q))
    page = queries.find_clients(
        wiring.tenant(caller.provider_id),
        body.status,
        body.q,
        group_id=body.group_id,
        limit=body.limit,
        after=listing.place(body.cursor),
    )
    return _client_page(page, listing)


def _client_page(page: queries.ClientPage, listing: Listing) -> ClientListView:
    cursor = listing.cursor(page.next_after)
    return ClientListView(clients=_shown(*page.clients), next_cursor=cursor, unreadable=page.unreadable)


def _shown(*clients: Client) -> list[ClientView]:
    """Show clients with the notes of their plans, which are not kept with them."""
    tenant = wiring.tenant(identity.caller(app).provider_id)
    return [ClientView.of(client) for client in queries.with_notes_of_plans(tenant, clients)]


@app.get("/client-counts", summary="Count the clients of both tabs", tags=["clients"])
def counts(group_id: GroupFilter = None) -> CountsView:
    """Count the active and the archived clients, all or those of one group."""
    caller = identity.caller(app)
    counts = queries.count_tabs(wiring.tenant(caller.provider_id), group_id=group_id)
    return CountsView(active=counts[Status.ACTIVE], archived=counts[Status.ARCHIVED])


@app.post(
    "/clients",
    summary="Add a client",
    tags=["clients"],
    status_code=HTTPStatus.CREATED,
    middlewares=[idempotency.once],
)
@http.may_fail_with(EmailInUse, ExternalIdInUse, GroupNotFound, *idempotency.FAULTS)
def add(body: Annotated[AddBody, FromBody()], _key: idempotency.Key = None) -> ClientView:
    """Add a client, whose e-mail address, and ids in other systems, no other client may have, active or archived."""
    caller = identity.caller(app)
    client = body.client(caller.provider_id, wiring.now())
    return ClientView.of(add_client(wiring.tenant(caller.provider_id), client, caller.cause))


@app.get("/clients/<client_id>", summary="Read a client", tags=["clients"])
@http.may_fail_with(ClientNotFound)
def client(client_id: http.Id) -> ClientView:
    """Read one client, active or archived."""
    caller = identity.caller(app)
    [view] = _shown(queries.read_client(wiring.tenant(caller.provider_id), client_id))
    return view


@app.patch("/clients/<client_id>", summary="Change a client", tags=["clients"])
@http.may_fail_with(ClientNotFound, GroupNotFound, EmailInUse, ExternalIdInUse)
def change(client_id: http.Id, body: Annotated[ChangeBody, FromBody()]) -> ClientView:
    """Change name, address, group, settings or ids elsewhere of a client, active or archived; never its status."""
    caller = identity.caller(app)
    tenant, at = wiring.tenant(caller.provider_id), wiring.now()
    [view] = _shown(change_client(tenant, client_id, body.over, cause=caller.cause, at=at))
    return view


@app.delete(
    "/clients/<client_id>",
    summary="Refused: clients are archived, not deleted",
    tags=["clients"],
    responses={HTTPStatus.METHOD_NOT_ALLOWED: {"description": "Always"}},
)
@http.may_fail_with(RecordsAreKept)
def delete(client_id: http.Id) -> None:
    """Refuse: retention law wants the records kept. Archive the client instead."""
    raise RecordsAreKept(
        "Clients cannot be deleted, because retention law wants their records kept. Archive the client instead.",
        archive=f"/clients/{client_id}/archive",
        allow=["GET", "PATCH"],
    )


@app.get(
    "/clients/<client_id>/permissions",
    summary="Tell all that is allowed with a client",
    tags=["permissions"],
)
@http.may_fail_with(ClientNotFound)
def permissions(client_id: http.Id) -> PermissionsView:
    """Tell for every action and actor whether it is allowed, and if not, why."""
    caller = identity.caller(app)
    found = read_permissions(wiring.tenant(caller.provider_id), client_id)
    return PermissionsView(
        client_id=client_id,
        status=found.client.status,
        settings=found.settings,
        permissions=[PermissionView.of(permission) for permission in found.permissions],
        unreadable=list(found.unreadable),
    )


@app.post(
    "/permission-checks",
    summary="Tell with which clients an action is allowed",
    tags=["permissions"],
)
def check(body: Annotated[CheckBody, FromBody()]) -> PermissionCheckView:
    """Tell who of up to 1,000 clients an action is allowed for, and why not for the others."""
    caller = identity.caller(app)
    found = check_permissions(wiring.tenant(caller.provider_id), body.action, body.actor, body.client_ids)
    allowed = [client_id for client_id, answer in found.permissions.items() if answer and answer.allowed]
    refused = {client_id: answer for client_id, answer in found.permissions.items() if not (answer and answer.allowed)}
    damaged = {one.id for one in found.unreadable if one.kind == "client"}
    return PermissionCheckView(
        action=found.action,
        actor=found.actor,
        allowed=allowed,
        refused=[
            RefusedView.of(client_id, found.action, answer, is_damaged=client_id in damaged)
            for client_id, answer in refused.items()
        ],
        unreadable=list(found.unreadable),
    )


@app.get("/clients/<client_id>/history", summary="Read a client's history", tags=["clients"])
@http.may_fail_with(ClientNotFound)
def history(
    client_id: http.Id,
    order: Annotated[Order, Query(description="The entries that come first.")] = Order.NEWEST,
    limit: http.Limit = 50,
    cursor: http.Cursor = None,
) -> HistoryListView:
    """List what happened to a client, with who did it and through what."""
    caller = identity.caller(app)
    tenant = wiring.tenant(caller.provider_id)
    queries.read_client(tenant, client_id)
    newest_first = order is Order.NEWEST
    listing = Listing(caller.provider_id, "history", (client_id, order))
    after = listing.place(cursor)
    page = queries.list_history(tenant, client_id, limit=limit, after=after, newest_first=newest_first)
    entries = [HistoryView.of(entry) for entry in page.entries]
    return HistoryListView(entries=entries, next_cursor=listing.cursor(page.next_after), unreadable=page.unreadable)


@app.get(
    "/clients/<client_id>/receipts",
    summary="List the receipts of a client's archives",
    tags=["clients"],
)
@http.may_fail_with(ClientNotFound)
def receipts(
    client_id: http.Id,
    limit: Annotated[int, Ge(1), Le(MAX_RECEIPTS), http.Digits, Query(description="The most receipts on a page.")] = 5,
    cursor: http.Cursor = None,
) -> ReceiptListView:
    """List what the archives of a client changed, the newest archive first, and of each the first page."""
    caller = identity.caller(app)
    tenant = wiring.tenant(caller.provider_id)
    client = queries.read_client(tenant, client_id)
    listing = Listing(caller.provider_id, "receipts", (client_id,))
    page = queries.list_receipts(tenant, client_id, limit=limit, after=listing.place(cursor))
    receipts = [shown_receipt(client, paged.receipt, paged.next_cursor) for paged in page.receipts]
    return ReceiptListView(receipts=receipts, next_cursor=listing.cursor(page.next_after), unreadable=page.unreadable)


@app.get(
    "/clients/<client_id>/receipts/<archive_id>",
    summary="Read the receipt of an archive",
    tags=["clients"],
)
@http.may_fail_with(ClientNotFound, ReceiptNotFound)
def receipt(
    client_id: http.Id,
    archive_id: http.Id,
    limit: Annotated[int, Ge(1), Le(MAX_CHANGES), http.Digits, Query(description="The most changes on a page.")] = (
        queries.CHANGES_SHOWN
    ),
    cursor: http.Cursor = None,
) -> ReceiptView:
    """Read all that one archive changed, page by page if it is much."""
    caller = identity.caller(app)
    tenant = wiring.tenant(caller.provider_id)
    client = queries.read_client(tenant, client_id)
    after = receipt_listing(client, archive_id).place(cursor)
    paged = queries.read_receipt_page(tenant, client_id, archive_id, limit=limit, after=after)
    return shown_receipt(client, paged.receipt, paged.next_cursor)


@app.get("/clients/<client_id>/records", summary="List a client's records", tags=["records"])
@http.may_fail_with(ClientNotFound)
def records(
    client_id: http.Id,
    kind: Annotated[RecordKind | None, Query(description="Only records of this kind.")] = None,
    source: Annotated[str | None, Query(pattern=ID_PATTERN, description="Only records of this source.")] = None,
    live: Annotated[bool | None, Query(description="Only what an archive would end, or only all else.")] = None,
    limit: http.Limit = 50,
    cursor: http.Cursor = None,
) -> RecordListView:
    """List what is kept of a client's records, by kind and id: what its source said last, and what an archive ended.

    ``confirmed`` tells of a record that an archive has ended whether its source has said so since. A page may be short,
    or empty, and not be the last: go on until ``next_cursor`` is null.
    """
    caller = identity.caller(app)
    tenant = wiring.tenant(caller.provider_id)
    queries.read_client(tenant, client_id)
    asked = queries.Filter(kind, source, live)
    listing = Listing(caller.provider_id, "records", (client_id, kind, source, None if live is None else str(live)))
    page = queries.list_records(tenant, client_id, asked, wiring.now(), limit=limit, after=listing.place(cursor))
    shown = [RecordView.of(record) for record in page.records]
    return RecordListView(records=shown, next_cursor=listing.cursor(page.next_after), unreadable=page.unreadable)


@app.get(
    "/records/unconfirmed",
    summary="List what archives ended and no source has confirmed",
    tags=["records"],
)
def unconfirmed(
    hours: Annotated[int, Ge(0), Le(MAX_HOURS), http.Digits, Query(description="How long ago, at least.")] = 24,
    limit: http.Limit = 50,
    cursor: http.Cursor = None,
) -> UnconfirmedListView:
    """List the records that an archive ended so many hours ago and whose source has not said so yet, the oldest first.

    A page may be short, or empty, and not be the last: go on until ``next_cursor`` is null.
    """
    caller, now = identity.caller(app), wiring.now()
    listing = Listing(caller.provider_id, "unconfirmed", (str(hours),))
    until = now - timedelta(hours=hours)
    after, tenant = listing.place(cursor), wiring.tenant(caller.provider_id)
    page = queries.list_unconfirmed(tenant, until, now, limit=limit, after=after)
    shown = [UnconfirmedView.of(record) for record in page.records]
    return UnconfirmedListView(records=shown, next_cursor=listing.cursor(page.next_after), unreadable=page.unreadable)


@app.post(
    "/clients/<client_id>/exports",
    summary="Export a client's whole record",
    tags=["clients"],
    status_code=HTTPStatus.CREATED,
)
@http.may_fail_with(ClientNotFound)
def export(client_id: http.Id) -> ExportView:
    """Put everything that is held of a client into a file, for the person it is about; it is gone within two days."""
    tenant = wiring.tenant(identity.caller(app).provider_id)
    return ExportView.of(client_id, export_client(tenant, wiring.export_store(), client_id, at=wiring.now()))


lambda_handler = http.lambda_handler(app)
