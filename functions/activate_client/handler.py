"""Activate a client, and restore from its receipts: event -> use case -> response."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from pydantic import Field

from client_lifecycle.domain.errors import (
    ChangedMeanwhile,
    ClientNotFound,
    ReceiptNotFound,
    RestoreNotFound,
    StillArchived,
)
from client_lifecycle.domain.restore import Restorable, RestoreOutcome, RestoreState
from client_lifecycle.edge import http, identity, metrics, wiring
from client_lifecycle.edge.bodies import MAX_NAMED, Body
from client_lifecycle.edge.preconditions import IfMatch, only_if, tag_of_client
from client_lifecycle.edge.views.clients import ClientView
from client_lifecycle.edge.views.receipts import RestorationView, RestoredItemView
from client_lifecycle.edge.views.shared import View
from client_lifecycle.use_cases.activate import activate_client
from client_lifecycle.use_cases.restore import Restored, read_restore, restore_from_receipt

ITEMS_SHOWN = 500
"""The records that an answer names of a restore."""

app = http.resolver()


class ActivateBody(Body):
    """What to take back of the archive; by default the status flips and nothing else."""

    restore: list[Annotated[Restorable, Field(strict=False)]] = Field(default_factory=list, max_length=MAX_NAMED)


class RestoreBody(Body):
    """What to take back of an archive, by default all that can be."""

    restore: list[Annotated[Restorable, Field(strict=False)]] = Field(
        default_factory=lambda: list(Restorable), min_length=1, max_length=MAX_NAMED
    )


NO_BODY = ActivateBody.model_construct()
"""What a request without a body says."""

EVERYTHING = RestoreBody.model_construct()
"""What a request to restore without a body says."""


class ActivatedView(View):
    """The active client, and what became of each record that was asked back.

    ``restored`` names the first five hundred of them, in the order of the receipt; ``counts`` counts all by outcome.
    ``state`` is ``restoring`` where a restore is too large for one answer: the client is back, what is ``pending``
    follows within minutes, and ``GET /clients/{client_id}/receipts/{archive_id}/restore`` tells how far it has come.
    """

    client: ClientView
    restored: list[RestoredItemView]
    counts: dict[RestoreOutcome, int]
    state: RestoreState

    @classmethod
    def of(cls, restored: Restored) -> ActivatedView:
        """Show a client that is back."""
        return cls(
            client=ClientView.of(restored.client),
            restored=[RestoredItemView.of(item) for item in restored.items[:ITEMS_SHOWN]],
            counts=Counter(item.outcome for item in restored.items),
            state=restored.state,
        )


@app.post("/clients/<client_id>/activate", summary="Activate a client", tags=["clients"])
@http.may_fail_with(ClientNotFound, ReceiptNotFound, ChangedMeanwhile)
def activate(
    client_id: http.Id, body: Annotated[ActivateBody, FromBody()] = NO_BODY, if_match: IfMatch = None
) -> ActivatedView:
    """Bring a client back to active; doing it again changes nothing."""
    caller = identity.caller(app)
    activated = activate_client(
        wiring.tenant(caller.provider_id),
        client_id,
        cause=caller.cause,
        at=wiring.now(),
        asked=body.restore,
        require=only_if(if_match, tag_of_client),
    )
    return _told(activated)


@app.post(
    "/clients/<client_id>/receipts/<archive_id>/restore",
    summary="Restore from a receipt",
    tags=["clients"],
)
@http.may_fail_with(ClientNotFound, ReceiptNotFound, StillArchived)
def restore(
    client_id: http.Id, archive_id: http.Id, body: Annotated[RestoreBody, FromBody()] = EVERYTHING
) -> ActivatedView:
    """Take back what any archive of an active client did, as far as its records still are as that archive left them."""
    caller = identity.caller(app)
    restored = restore_from_receipt(
        wiring.tenant(caller.provider_id),
        client_id,
        archive_id,
        cause=caller.cause,
        at=wiring.now(),
        asked=body.restore,
    )
    return _told(restored)


@app.get(
    "/clients/<client_id>/receipts/<archive_id>/restore",
    summary="Watch a restore",
    tags=["clients"],
)
@http.may_fail_with(ClientNotFound, RestoreNotFound)
def watch(client_id: http.Id, archive_id: http.Id) -> RestorationView:
    """Tell how far the last restore from a receipt has come, and what could not be taken back."""
    caller = identity.caller(app)
    return RestorationView.of(read_restore(wiring.tenant(caller.provider_id), client_id, archive_id))


def _told(restored: Restored) -> ActivatedView:
    """Count what could not be taken back, and show the client that is back."""
    view = ActivatedView.of(restored)
    missing = sum(view.counts.values()) - view.counts.get(RestoreOutcome.RESTORED, 0)
    metrics.publish(+Counter({metrics.Metric.NOT_RESTORED: missing - view.counts.get(RestoreOutcome.PENDING, 0)}))
    return view


lambda_handler = http.lambda_handler(app)
