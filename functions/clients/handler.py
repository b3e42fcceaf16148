"""Clients over HTTP: list, search, count, read, add, change, permissions, history, receipts and records.

Event -> use case or query -> response.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from annotated_types import Ge, Le
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.openapi.params import Query

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.errors import (
    ChangedMeanwhile,
    ClientNotFound,
    EmailInUse,
    ExternalIdInUse,
    GroupNotFound,
    InvalidRequest,
    ReceiptNotFound,
    RecordsAreKept,
)
from client_lifecycle.domain.records import RecordKind
from client_lifecycle.domain.selection import ClientFilter, Sort
from client_lifecycle.edge import http, idempotency, identity, wiring
from client_lifecycle.edge.conditions import in_query, listing_of
from client_lifecycle.edge.cursors import Listing
from client_lifecycle.edge.id_forms import EXTERNAL_ID_PATTERN, ID_PATTERN
from client_lifecycle.edge.preconditions import (
    IfMatch,
    answers_with_tag,
    edit_only_if,
    only_if,
    tag_of_client,
    tagged,
)
from client_lifecycle.edge.receipt_listing import receipt_listing, shown_receipt
from client_lifecycle.edge.redaction import require_shown
from client_lifecycle.edge.views.clients import (
    ClientListView,
    ClientRowView,
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
from client_lifecycle.use_cases.queries.listing import Wanted, count_wanted, list_wanted, rows_of
from clients.bodies import AddBody, ChangeBody, CheckBody, CountBody, SearchBody

MAX_RECEIPTS = 20
MAX_CHANGES = 1_000
MAX_HOURS = 8_760

CSV = "text/csv; charset=utf-8"

app = http.resolver()

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


@app.get("/clients", summary="List clients of a tab", tags=["clients"])
@in_query
def clients(
    conditions: ClientFilter,
    status: Annotated[Status, Query(description="The tab.")] = Status.ACTIVE,
    sort: Annotated[Sort | None, Query(description="The order: by name, if none is given.")] = None,
    source: SourceFilter = None,
    external_id: ExternalIdFilter = None,
    limit: http.Limit = 50,
    cursor: http.Cursor = None,
) -> ClientListView:
    """List active or archived clients who meet all conditions; or the one with an id in another system.

    With conditions a page may be short, or empty, and not be the last: go on until ``next_cursor`` is null.
    """
    if bool(source) is not bool(external_id):
        message = "A source and an external_id are given together."
        raise InvalidRequest(message, "source", "external_id", code="source_and_id")
    wanted = Wanted(status=status, conditions=conditions, sort=sort)
    if source and external_id:
        caller = identity.caller(app)
        page = queries.find_by_external_id(wiring.tenant(caller.provider_id), source, external_id)
        return _client_page(page, listing_of(caller.provider_id, "clients", wanted))
    return _list("clients", wanted, limit, cursor)


@app.get(
    "/clients.csv",
    summary="Export clients of a tab as CSV",
    tags=["clients"],
    responses={
        HTTPStatus.OK: {
            "description": "Clients by name; a Link to the rest, if there is more than an answer holds",
            "content": {CSV: {"schema": {"type": "string"}}},
        }
    },
)
@in_query
def export_tab(
    conditions: ClientFilter,
    status: Annotated[Status, Query(description="The tab.")] = Status.ACTIVE,
    cursor: http.Cursor = None,
) -> Response[str]:
    """Write active or archived clients who meet all conditions as CSV; no cell is taken for a formula.

    An answer holds ten thousand clients at most. The rest follows at the address that ``Link`` gives as ``next``,
    without another header.
    """
    caller, wanted = identity.caller(app), Wanted(status=status, conditions=conditions)
    require_shown(app, conditions)
    listing = listing_of(caller.provider_id, "exported clients", wanted)
    tenant, after = wiring.tenant(caller.provider_id), listing.place(cursor)
    exported = export_clients(tenant, wanted, at=wiring.now(), after=after)
    rest = listing.cursor(exported.next_after)
    headers: dict[str, str | list[str]] = {"Content-Disposition": f'attachment; filename="clients-{status}.csv"'}
    if rest:
        asked = app.current_event.query_string_parameters | {"status": status.value, "cursor": rest}
        headers["Link"] = f'<clients.csv?{urlencode(asked)}>; rel="next"'
    return Response(status_code=HTTPStatus.OK.value, content_type=CSV, body=exported.text, headers=headers)


@app.post("/clients/_search", summary="Find clients of a tab by name or address", tags=["clients"])
def search(body: Annotated[SearchBody, FromBody()]) -> ClientListView:
    """Find active or archived clients by the beginnings of words of their names, or by that of their address.

    Without a ``sort``, those found by name come in the order of the words found; those found by address, in that of the
    addresses. A page may be short, or empty, and not be the last: go on until ``next_cursor`` is null.
    """
    return _list("found clients", body.wanted(), body.limit, body.cursor)


def _list(name: str, wanted: Wanted, limit: int, cursor: str | None) -> ClientListView:
    caller = identity.caller(app)
    require_shown(app, wanted.conditions)
    listing = listing_of(caller.provider_id, name, wanted)
    tenant, after = wiring.tenant(caller.provider_id), listing.place(cursor)
    return _client_page(list_wanted(tenant, wanted, at=wiring.now(), limit=limit, after=after), listing)


def _client_page(page: queries.ClientPage, listing: Listing) -> ClientListView:
    rows = rows_of(wiring.tenant(identity.caller(app).provider_id), page.clients, wiring.now())
    clients = [ClientRowView.beside(view, row) for view, row in zip(_shown(*page.clients), rows, strict=True)]
    return ClientListView(clients=clients, next_cursor=listing.cursor(page.next_after), unreadable=page.unreadable)


def _shown(*clients: Client) -> list[ClientView]:
    """Show clients with the notes of their plans, which are not kept with them."""
    tenant = wiring.tenant(identity.caller(app).provider_id)
    return [ClientView.of(client) for client in queries.with_notes_of_plans(tenant, clients)]


@app.get("/client-counts", summary="Count the clients of both tabs", tags=["clients"])
@in_query
def counts(conditions: ClientFilter) -> CountsView:
    """Count the active and the archived clients who meet all conditions."""
    return _count(Wanted(status=Status.ACTIVE, conditions=conditions))


@app.post("/clients/_count", summary="Count whom a search finds in both tabs", tags=["clients"])
def count_found(body: Annotated[CountBody, FromBody()]) -> CountsView:
    """Count the active and the archived clients whom a search finds, and who meet all conditions."""
    return _count(Wanted(status=Status.ACTIVE, conditions=body.conditions(), sought=body.q))


def _count(wanted: Wanted) -> CountsView:
    caller = identity.caller(app)
    require_shown(app, wanted.conditions)
    counts = count_wanted(wiring.tenant(caller.provider_id), wanted, wiring.now())
    return CountsView(active=counts[Status.ACTIVE], archived=counts[Status.ARCHIVED])


@app.post(
    "/clients", summary="Add a client", tags=["clients"], status_code=HTTPStatus.CREATED, middlewares=[idempotency.once]
)
@http.may_fail_with(EmailInUse, ExternalIdInUse, GroupNotFound, *idempotency.FAULTS)
def add(body: Annotated[AddBody, FromBody()], _key: idempotency.Key = None) -> ClientView:
    """Add a client, whose e-mail address, and ids in other systems, no other client may have, active or archived."""
    caller = identity.caller(app)
    tenant = wiring.tenant(caller.provider_id)
    client = body.client(caller.provider_id, wiring.now(), queries.currency_of_practice(tenant))
    return ClientView.of(add_client(tenant, client, caller.cause))


@app.get("/clients/<client_id>", summary="Read a client", tags=["clients"])
@http.may_fail_with(ClientNotFound)
@answers_with_tag
def client(client_id: http.Id) -> Response[ClientView]:
    """Read one client, active or archived."""
    caller = identity.caller(app)
    return _tagged(queries.read_client(wiring.tenant(caller.provider_id), client_id))


@app.patch("/clients/<client_id>", summary="Change a client", tags=["clients"])
@http.may_fail_with(ClientNotFound, GroupNotFound, ChangedMeanwhile, EmailInUse, ExternalIdInUse)
@answers_with_tag
def change(
    client_id: http.Id, body: Annotated[ChangeBody, FromBody()], if_match: IfMatch = None
) -> Response[ClientView]:
    """Change name, address, group, settings or ids elsewhere of a client, active or archived; never its status."""
    caller = identity.caller(app)
    tenant, at = wiring.tenant(caller.provider_id), wiring.now()
    edit = edit_only_if(only_if(if_match, tag_of_client), body.over)
    return _tagged(change_client(tenant, client_id, edit, cause=caller.cause, at=at))


def _tagged(client: Client) -> Response[ClientView]:
    [view] = _shown(client)
    return tagged(view, tag_of_client(client))


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


@app.get("/clients/<client_id>/permissions", summary="Tell all that is allowed with a client", tags=["permissions"])
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


@app.post("/permission-checks", summary="Tell with which clients an action is allowed", tags=["permissions"])
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


@app.get("/clients/<client_id>/receipts", summary="List the receipts of a client's archives", tags=["clients"])
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


@app.get("/clients/<client_id>/receipts/<archive_id>", summary="Read the receipt of an archive", tags=["clients"])
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


@app.get("/records/unconfirmed", summary="List what archives ended and no source has confirmed", tags=["records"])
def unconfirmed(
    hours: Annotated[int, Ge(0), Le(MAX_HOURS), http.Digits, Query(description="How long ago, at least.")] = 24,
    limit: http.Limit = 50,
    cursor: http.Cursor = None,
) -> UnconfirmedListView:
    """List the records that an archive ended so many hours ago and whose source has not said so yet, the oldest first.

    A page may be short, or empty, and not be the last: go on until ``next_cursor`` is null. ``client_name`` is null for
    a client that cannot be read.
    """
    caller, now = identity.caller(app), wiring.now()
    listing = Listing(caller.provider_id, "unconfirmed", (str(hours),))
    until = now - timedelta(hours=hours)
    after, tenant = listing.place(cursor), wiring.tenant(caller.provider_id)
    page = queries.list_unconfirmed(tenant, until, now, limit=limit, after=after)
    names = queries.names_of_clients(tenant, {record.client_id for record in page.records})
    shown = [UnconfirmedView.of(record, names.get(record.client_id)) for record in page.records]
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
