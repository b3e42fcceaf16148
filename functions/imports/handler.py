"""Imports over HTTP: upload, check, confirm, watch, stop, retry, report. Event -> use case -> response."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody

from client_lifecycle.domain.errors import (
    CommitContended,
    ImportExpired,
    ImportMismatch,
    ImportNotChecked,
    ImportNotFound,
    ImportNotStarted,
    ImportStarted,
)
from client_lifecycle.domain.imports.run import IMPORT_IN_FLIGHT
from client_lifecycle.edge import http, idempotency, identity, wiring
from client_lifecycle.edge.cursors import Listing
from client_lifecycle.edge.views.imports import ImportListView, ImportView, ReportView, RequestedView
from client_lifecycle.use_cases.imports import control
from client_lifecycle.use_cases.queries import imports as queries
from imports.bodies import CheckImportBody, ConfirmImportBody, ImportBody

app = http.resolver()


@app.post(
    "/imports",
    summary="Ask for an upload",
    tags=["imports"],
    status_code=HTTPStatus.CREATED,
    middlewares=[idempotency.once],
)
@http.may_fail_with(*idempotency.FAULTS)
def request(body: Annotated[ImportBody, FromBody()], _key: idempotency.Key = None) -> RequestedView:
    """Make an import that waits for its file, and a form that uploads it within an hour."""
    caller, at = identity.caller(app), wiring.now()
    tenant = wiring.tenant(caller.provider_id)
    run, form = control.request_import(tenant, wiring.imports(), body.wanted(), cause=caller.cause, at=at)
    return RequestedView.with_form(queries.Watched(run), form, at)


@app.post(
    "/imports/<import_id>/check",
    summary="Check what was uploaded",
    tags=["imports"],
    status_code=HTTPStatus.ACCEPTED,
)
@http.may_fail_with(ImportNotFound, ImportNotChecked, ImportStarted, ImportExpired, CommitContended)
def check(import_id: http.Id, body: Annotated[CheckImportBody, FromBody()]) -> ImportView:
    """Predict the outcome of every row, and write nothing; the import is ``checking`` until all are predicted."""
    caller, at = identity.caller(app), wiring.now()
    tenant = wiring.tenant(caller.provider_id)
    run = control.check(tenant, wiring.imports(), import_id, body.mapping, cause=caller.cause, at=at)
    return ImportView.of(queries.Watched(run), at)


@app.post(
    "/imports/<import_id>/confirm",
    summary="Confirm an import",
    tags=["imports"],
    status_code=HTTPStatus.ACCEPTED,
)
@http.may_fail_with(ImportNotFound, ImportNotChecked, ImportMismatch, ImportExpired, CommitContended)
def confirm(import_id: http.Id, body: Annotated[ConfirmImportBody, FromBody()]) -> ImportView:
    """Start an import that was checked; each row is judged again in its turn. Confirming again changes nothing."""
    caller, at = identity.caller(app), wiring.now()
    run = control.confirm(
        wiring.tenant(caller.provider_id),
        wiring.imports(),
        import_id,
        body.token,
        overwrite=body.overwrite,
        cause=caller.cause,
        at=at,
    )
    return ImportView.of(queries.Watched(run), at)


@app.get("/imports", summary="List imports", tags=["imports"])
def list_all(limit: http.Limit = 20, cursor: http.Cursor = None) -> ImportListView:
    """List the practice's imports, the newest first; how far one is, is told by itself."""
    caller, at = identity.caller(app), wiring.now()
    listing = Listing(caller.provider_id, "imports")
    page = queries.list_imports(wiring.tenant(caller.provider_id), limit=limit, after=listing.place(cursor))
    imports = [ImportView.of(queries.Watched(run), at) for run in page.imports]
    return ImportListView(imports=imports, next_cursor=listing.cursor(page.next_after), unreadable=page.unreadable)


@app.get("/imports/<import_id>", summary="Watch an import", tags=["imports"])
@http.may_fail_with(ImportNotFound)
def watch(import_id: http.Id) -> Response[ImportView]:
    """Tell the stage of an import, its counts, and the first rows of each outcome that needs to be looked at.

    ``Retry-After`` says when to ask again while it is being checked or carried out.
    """
    caller = identity.caller(app)
    watched = queries.watch_import(wiring.tenant(caller.provider_id), wiring.imports(), import_id)
    return http.watched(ImportView.of(watched, wiring.now()), in_flight=watched.run.state in IMPORT_IN_FLIGHT)


@app.post(
    "/imports/<import_id>/stop",
    summary="Stop an import, or cancel it",
    tags=["imports"],
    status_code=HTTPStatus.ACCEPTED,
)
@http.may_fail_with(ImportNotFound, CommitContended)
def stop(import_id: http.Id) -> ImportView:
    """Let the parts that are being worked on end, and reach no other row; what was brought in stays."""
    caller, at = identity.caller(app), wiring.now()
    run = control.stop(wiring.tenant(caller.provider_id), import_id, cause=caller.cause, at=at)
    return ImportView.of(queries.Watched(run), at)


@app.post(
    "/imports/<import_id>/retry",
    summary="Try the failed and not reached rows again",
    tags=["imports"],
    status_code=HTTPStatus.ACCEPTED,
)
@http.may_fail_with(ImportNotFound, ImportNotStarted, ImportExpired, CommitContended)
def retry(import_id: http.Id) -> ImportView:
    """Try the failed and the not reached rows of an ended import again, and no others."""
    caller, at = identity.caller(app), wiring.now()
    run = control.retry(wiring.tenant(caller.provider_id), wiring.imports(), import_id, cause=caller.cause, at=at)
    return ImportView.of(queries.Watched(run), at)


@app.get("/imports/<import_id>/report", summary="Download the report", tags=["imports"])
@http.may_fail_with(ImportNotFound)
def report(import_id: http.Id) -> ReportView:
    """Return an address that downloads the report for five minutes: a CSV with each row's outcome, and no name."""
    caller = identity.caller(app)
    return ReportView(url=queries.report_link(wiring.tenant(caller.provider_id), wiring.imports(), import_id))


lambda_handler = http.lambda_handler(app)
