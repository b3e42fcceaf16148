"""POST /clients/{client_id}/archive: event -> use case -> response."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from pydantic import BaseModel, Field

from client_lifecycle.domain.settings import SafetyRule
from client_lifecycle.edge import http, identity, wiring
from client_lifecycle.edge.views import ClientView, OptionsBody, ReceiptView
from client_lifecycle.use_cases.archive import archive_client

app = http.resolver()


class ArchiveBody(OptionsBody):
    """How to archive one client; ``acknowledge`` names the safety rules whose warning was seen."""

    acknowledge: list[Annotated[SafetyRule, Field(strict=False)]] = Field(default_factory=list)


NO_BODY = ArchiveBody()
"""What a request without a body says."""


class ArchivedView(BaseModel):
    """The archived client and the receipt of the archive it is under."""

    client: ClientView
    receipt: ReceiptView


@app.post("/clients/<client_id>/archive", summary="Archive a client", tags=["clients"])
def archive(client_id: http.Id, body: Annotated[ArchiveBody, FromBody()] = NO_BODY) -> ArchivedView:
    """Archive a client with all effects; archiving an archived client answers with the receipt it has."""
    caller = identity.archiver(app.current_event.raw_event)
    archived = archive_client(
        wiring.table(),
        caller.provider_id,
        client_id,
        cause=caller.cause,
        at=wiring.now(),
        options=body.options(),
        acknowledged=body.acknowledge,
    )
    return ArchivedView(client=ClientView.of(archived.client), receipt=ReceiptView.of(archived.receipt))


lambda_handler = http.lambda_handler(app)
