"""POST /clients/{client_id}/activate: event -> use case -> response."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from pydantic import BaseModel

from client_lifecycle.edge import http, identity, wiring
from client_lifecycle.edge.views import Body, ClientView
from client_lifecycle.use_cases.activate import activate_client

app = http.resolver()


class ActivateBody(Body):
    """Nothing to say: activating flips the status and nothing else."""


NO_BODY = ActivateBody()
"""What a request without a body says."""


class ActivatedView(BaseModel):
    """The active client."""

    client: ClientView


@app.post("/clients/<client_id>/activate", summary="Activate a client", tags=["clients"])
def activate(client_id: http.Id, body: Annotated[ActivateBody, FromBody()] = NO_BODY) -> ActivatedView:  # noqa: ARG001
    """Bring a client back to active; activating an active client changes nothing."""
    caller = identity.archiver(app.current_event.raw_event)
    client = activate_client(wiring.table(), caller.provider_id, client_id, cause=caller.cause, at=wiring.now())
    return ActivatedView(client=ClientView.of(client))


lambda_handler = http.lambda_handler(app)
