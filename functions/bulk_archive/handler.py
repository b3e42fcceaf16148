"""The bulk archive over HTTP: preview, confirm, watch, stop, retry, undo. Event -> use case -> response."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.openapi.params import Query

from bulk_archive.bodies import ConfirmBody, ExcludeBody, PreviewBody
from bulk_archive.pages import first_page, members_listing, shown_page
from client_lifecycle.domain.errors import (
    ClientNotFound,
    GroupNotFound,
    NothingSelected,
    NothingToUndo,
    NotPermitted,
    PreviewExpired,
    PreviewMismatch,
    RunNotFinished,
    RunNotFound,
    RunNotStarted,
    RunStarted,
    RunUndone,
    TooManyClients,
    UndoExpired,
)
from client_lifecycle.domain.outcomes import Outcome, RunKind
from client_lifecycle.domain.runs import IN_FLIGHT, RunState, preview_terms
from client_lifecycle.edge import http, idempotency, identity, wiring
from client_lifecycle.edge.cursors import Listing
from client_lifecycle.edge.views.runs import MemberListView, PreviewView, RunListView, RunView
from client_lifecycle.use_cases.bulk import control
from client_lifecycle.use_cases.bulk import preview as previews
from client_lifecycle.use_cases.bulk.retry import retry as retry_run
from client_lifecycle.use_cases.bulk.undo import start_undo
from client_lifecycle.use_cases.queries import runs as queries

FIRST_PAGE = 100

app = http.resolver()


@app.post(
    "/bulk-archives",
    summary="Preview a bulk archive",
    tags=["bulk archives"],
    status_code=HTTPStatus.CREATED,
    middlewares=[idempotency.once],
)
@http.may_fail_with(ClientNotFound, GroupNotFound, NothingSelected, TooManyClients, *idempotency.FAULTS)
def preview(body: Annotated[PreviewBody, FromBody()], _key: idempotency.Key = None) -> PreviewView:
    """Show what archiving these clients would mean, and make a run that waits to be confirmed."""
    caller, at = identity.caller(app), wiring.now()
    shown = previews.preview(
        wiring.tenant(caller.provider_id),
        body.selection(),
        preview_terms(at),
        cause=caller.cause,
        at=at,
        options=body.options.options(),
    )
    return PreviewView.with_first_page(shown.run, first_page(shown, FIRST_PAGE), at)


@app.post(
    "/bulk-archives/<run_id>/confirm",
    summary="Confirm a bulk archive",
    tags=["bulk archives"],
    status_code=HTTPStatus.ACCEPTED,
    middlewares=[idempotency.once],
)
@http.may_fail_with(RunNotFound, PreviewMismatch, PreviewExpired, RunNotStarted, *idempotency.FAULTS)
def confirm(run_id: http.Id, body: Annotated[ConfirmBody, FromBody()], _key: idempotency.Key = None) -> RunView:
    """Start the run that was previewed; confirming again changes nothing."""
    caller, at = identity.caller(app), wiring.now()
    run = control.confirm(
        wiring.tenant(caller.provider_id),
        wiring.workflow(),
        run_id,
        body.token,
        control.Confirmation(cause=caller.cause, accept_changes=body.accept_changes, at=at),
    )
    return RunView.of(run, at)


@app.get("/bulk-archives", summary="List bulk archives", tags=["bulk archives"])
def list_all(
    state: Annotated[RunState | None, Query(description="Only those in this state.")] = None,
    kind: Annotated[RunKind | None, Query(description="Only those of this kind.")] = None,
    limit: http.Limit = 20,
    cursor: http.Cursor = None,
) -> RunListView:
    """List the practice's bulk archives, proposals and undos, the newest first.

    With ``state`` or ``kind``, a page may be short, or empty, and not be the last: go on until ``next_cursor`` is null.
    """
    caller = identity.caller(app)
    listing = Listing(caller.provider_id, "bulk archives", (state, kind))
    wanted = queries.RunFilter(state, kind)
    page = queries.find_runs(wiring.tenant(caller.provider_id), wanted, limit=limit, after=listing.place(cursor))
    at = wiring.now()
    runs = [RunView.of(run, at) for run in page.runs]
    return RunListView(runs=runs, next_cursor=listing.cursor(page.next_after), unreadable=page.unreadable)


@app.get("/bulk-archives/<run_id>", summary="Watch a bulk archive", tags=["bulk archives"])
@http.may_fail_with(RunNotFound)
def run(run_id: http.Id) -> Response[RunView]:
    """Tell the stage of a run and its counts by outcome; ``Retry-After`` says when to ask again while it runs."""
    caller = identity.caller(app)
    found = queries.read_run(wiring.tenant(caller.provider_id), run_id)
    return http.watched(RunView.of(found, wiring.now()), in_flight=found.state in IN_FLIGHT)


@app.post(
    "/bulk-archives/<run_id>/exclude",
    summary="Leave clients out of a bulk archive",
    tags=["bulk archives"],
)
@http.may_fail_with(RunNotFound, ClientNotFound, RunStarted)
def exclude(run_id: http.Id, body: Annotated[ExcludeBody, FromBody()]) -> RunView:
    """Take clients out of a run that waits to be confirmed; the token of its preview stays good."""
    caller = identity.caller(app)
    tenant, at = wiring.tenant(caller.provider_id), wiring.now()
    return RunView.of(control.exclude(tenant, run_id, body.client_ids, cause=caller.cause, at=at), at)


@app.post(
    "/bulk-archives/<run_id>/stop",
    summary="Stop a bulk archive, or give it up",
    tags=["bulk archives"],
    status_code=HTTPStatus.ACCEPTED,
)
@http.may_fail_with(RunNotFound)
def stop(run_id: http.Id) -> RunView:
    """Let running batches end and reach nobody else; a run that waits, a proposal too, is cancelled."""
    caller, at = identity.caller(app), wiring.now()
    return RunView.of(control.stop(wiring.tenant(caller.provider_id), run_id, cause=caller.cause, at=at), at)


@app.post(
    "/bulk-archives/<run_id>/retry",
    summary="Try the failed and not reached clients again",
    tags=["bulk archives"],
    status_code=HTTPStatus.ACCEPTED,
)
@http.may_fail_with(RunNotFound, RunNotStarted, RunUndone)
def retry(run_id: http.Id) -> RunView:
    """Try the failed and the not reached clients of a finished run again, and nobody else.

    The run is ``preparing`` until its workflow has gathered them.
    """
    caller, at = identity.caller(app), wiring.now()
    retried = retry_run(wiring.tenant(caller.provider_id), wiring.workflow(), run_id, cause=caller.cause, at=at)
    return RunView.of(retried, at)


@app.post(
    "/bulk-archives/<run_id>/undo",
    summary="Undo a bulk archive",
    tags=["bulk archives"],
    status_code=HTTPStatus.ACCEPTED,
)
@http.may_fail_with(RunNotFound, RunNotStarted, RunNotFinished, UndoExpired, NothingToUndo)
def undo(run_id: http.Id) -> RunView:
    """Bring back, restored, the clients that are as the bulk archive left them; answers with the run that does it."""
    caller, at = identity.caller(app), wiring.now()
    tenant, workflow = wiring.tenant(caller.provider_id), wiring.workflow()
    begun = start_undo(tenant, workflow, run_id, cause=caller.cause, at=at)
    return RunView.of(begun, at)


@app.get(
    "/bulk-archives/<run_id>/clients",
    summary="List a bulk archive's clients",
    tags=["bulk archives"],
)
@http.may_fail_with(RunNotFound)
def clients(
    run_id: http.Id,
    outcome: Annotated[Outcome | None, Query(description="Only clients with this outcome.")] = None,
    attention: Annotated[
        bool, Query(description="Only clients whom a safety rule warned of or forbade to archive at the preview.")
    ] = False,
    limit: http.Limit = 100,
    cursor: http.Cursor = None,
) -> MemberListView:
    """List the clients of a run with the outcome of each; those who need attention come first."""
    caller = identity.caller(app)
    tenant = wiring.tenant(caller.provider_id)
    if attention and not caller.is_at_least(identity.Role.ARCHIVER):
        raise NotPermitted("Your account has no role that may ask who needs attention.")
    found = queries.read_run(tenant, run_id)
    wanted = queries.MemberFilter(outcome, attention)
    listing = members_listing(found, wanted)
    page = queries.members_with_clients(tenant, found, wanted, limit=limit, after=listing.place(cursor))
    return shown_page(page, listing)


lambda_handler = http.lambda_handler(app)
