"""The bulk archive over HTTP: preview, confirm, watch. Event -> use case -> response."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.openapi.params import Query

from bulk_archive.bodies import ConfirmBody, PreviewBody
from bulk_archive.pages import first_page, page_of
from client_lifecycle.domain.runs import Outcome
from client_lifecycle.edge import http, identity, wiring
from client_lifecycle.edge.views import MemberListView, PreviewView, RunView
from client_lifecycle.storage.runs import read_run
from client_lifecycle.use_cases import bulk_archive
from client_lifecycle.use_cases import preview as previews

FIRST_PAGE = 100

app = http.resolver()


@app.post("/bulk-archives", summary="Preview a bulk archive", tags=["bulk archives"], status_code=HTTPStatus.CREATED)
def preview(body: Annotated[PreviewBody, FromBody()]) -> PreviewView:
    """Show what archiving these clients would mean, and make a run that waits to be confirmed."""
    caller = identity.archiver(app.current_event.raw_event)
    shown = previews.preview(
        wiring.table(),
        caller.provider_id,
        body.selection(),
        created_by=caller.user_id,
        at=wiring.now(),
        options=body.options.options(),
    )
    return PreviewView.with_first_page(shown.run, first_page(shown, FIRST_PAGE))


@app.post(
    "/bulk-archives/<run_id>/confirm",
    summary="Confirm a bulk archive",
    tags=["bulk archives"],
    status_code=HTTPStatus.ACCEPTED,
)
def confirm(run_id: http.Id, body: Annotated[ConfirmBody, FromBody()]) -> RunView:
    """Start the run that was previewed; confirming once more changes nothing."""
    caller = identity.archiver(app.current_event.raw_event)
    run = bulk_archive.confirm(
        wiring.table(),
        wiring.workflow(),
        caller.provider_id,
        run_id,
        body.token,
        confirmed_by=caller.user_id,
        accept_changes=body.accept_changes,
        at=wiring.now(),
    )
    return RunView.of(run)


@app.get("/bulk-archives/<run_id>", summary="Watch a bulk archive", tags=["bulk archives"])
def run(run_id: http.Id) -> RunView:
    """Tell the stage of a run and its counts by outcome."""
    caller = identity.staff(app.current_event.raw_event)
    return RunView.of(read_run(wiring.table(), caller.provider_id, run_id))


@app.get("/bulk-archives/<run_id>/clients", summary="List a bulk archive's clients", tags=["bulk archives"])
def clients(
    run_id: http.Id,
    outcome: Annotated[Outcome | None, Query(description="Only clients with this outcome.")] = None,
    limit: http.Limit = 100,
    cursor: http.Cursor = None,
) -> MemberListView:
    """List the clients of a run, in the order of the preview, with the outcome of each."""
    caller = identity.staff(app.current_event.raw_event)
    table = wiring.table()
    read_run(table, caller.provider_id, run_id)
    return page_of(table, caller.provider_id, run_id, outcome=outcome, limit=limit, cursor=cursor)


lambda_handler = http.lambda_handler(app)
