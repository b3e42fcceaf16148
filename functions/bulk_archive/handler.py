"""The bulk archive over HTTP: preview, confirm, watch. Event -> use case -> response."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Self

from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field, model_validator

from bulk_archive.pages import page_of
from client_lifecycle.domain.runs import MAX_CLIENTS, Outcome
from client_lifecycle.edge import http, idempotency, identity, wiring
from client_lifecycle.edge.views import Body, IdField, MemberListView, OptionsBody, PreviewView, RunView
from client_lifecycle.storage.runs import read_run
from client_lifecycle.use_cases import bulk_archive

FIRST_PAGE = 100

app = http.resolver()


class PreviewBody(Body):
    """Whom to archive, either chosen clients or all active clients of a group, and what to say of it."""

    client_ids: list[IdField] | None = Field(default=None, min_length=1, max_length=MAX_CLIENTS)
    group_id: IdField | None = None
    options: OptionsBody = Field(default_factory=OptionsBody)

    @model_validator(mode="after")
    def _one_selection(self) -> Self:
        if (self.client_ids is None) == (self.group_id is None):
            raise ValueError("give either client_ids or group_id")
        return self


class ConfirmBody(Body):
    """The token of the preview, which binds the confirmation to what was shown.

    A client that has changed since is left alone, unless ``accept_changes`` is true.
    """

    token: str = Field(min_length=1, max_length=128)
    accept_changes: bool = False


@app.post(
    "/bulk-archives",
    summary="Preview a bulk archive",
    tags=["bulk archives"],
    status_code=HTTPStatus.CREATED,
    middlewares=[idempotency.once],
)
def preview(body: Annotated[PreviewBody, FromBody()], _key: idempotency.Key = None) -> PreviewView:
    """Show what archiving these clients would mean, and make a run that waits to be confirmed."""
    caller = identity.archiver(app.current_event.raw_event)
    table, at = wiring.table(), wiring.now()
    if body.group_id:
        run = bulk_archive.preview_group(
            table,
            caller.provider_id,
            body.group_id,
            created_by=caller.user_id,
            at=at,
            options=body.options.options(),
        )
    else:
        run = bulk_archive.preview_clients(
            table,
            caller.provider_id,
            body.client_ids or [],
            created_by=caller.user_id,
            at=at,
            options=body.options.options(),
        )
    first = page_of(table, caller.provider_id, run.run_id, outcome=None, limit=FIRST_PAGE, cursor=None)
    return PreviewView.with_first_page(run, first)


@app.post(
    "/bulk-archives/<run_id>/confirm",
    summary="Confirm a bulk archive",
    tags=["bulk archives"],
    status_code=HTTPStatus.ACCEPTED,
    middlewares=[idempotency.once],
)
def confirm(run_id: http.Id, body: Annotated[ConfirmBody, FromBody()], _key: idempotency.Key = None) -> RunView:
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
