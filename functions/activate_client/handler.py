"""POST /clients/{client_id}/activate: event -> use case -> response."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from pydantic import BaseModel, Field

from client_lifecycle.domain.restore import Restorable
from client_lifecycle.edge import http, identity, wiring
from client_lifecycle.edge.views import Body, ClientView, RestoredItemView
from client_lifecycle.use_cases.activate import activate_client

app = http.resolver()


class ActivateBody(Body):
    """What shall be taken back of the archive; by default the status flips and nothing else."""

    restore: list[Annotated[Restorable, Field(strict=False)]] = Field(default_factory=list)


NO_BODY = ActivateBody()
"""What a request without a body says."""


class ActivatedView(BaseModel):
    """The active client, and what became of each record that was asked back."""

    client: ClientView
    restored: list[RestoredItemView]


@app.post("/clients/<client_id>/activate", summary="Activate a client", tags=["clients"])
def activate(client_id: http.Id, body: Annotated[ActivateBody, FromBody()] = NO_BODY) -> ActivatedView:
    """Bring a client back to active; doing it again changes nothing."""
    caller = identity.archiver(app.current_event.raw_event)
    activated = activate_client(
        wiring.table(), caller.provider_id, client_id, cause=caller.cause, at=wiring.now(), asked=body.restore
    )
    return ActivatedView(
        client=ClientView.of(activated.client), restored=[RestoredItemView.of(item) for item in activated.items]
    )


lambda_handler = http.lambda_handler(app)
