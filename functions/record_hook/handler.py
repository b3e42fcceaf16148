"""POST /hooks/records and PUT /hooks/clients: a signed request of a source -> use case -> what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from client_lifecycle.domain.client import Door
from client_lifecycle.domain.errors import BadSignature, ClientNotFound
from client_lifecycle.edge import http, signature, wiring
from client_lifecycle.edge.client_upserts import ClientBody, UpsertView
from client_lifecycle.edge.id_forms import EXTERNAL_ID_PATTERN, ID_PATTERN
from client_lifecycle.edge.reading import MAX_SIGNED_BODY_BYTES, raw_body
from client_lifecycle.edge.records import RecordsBody, RecordsView
from client_lifecycle.use_cases.client_upsert import upsert_client
from client_lifecycle.use_cases.record import record

SIGNED_BY = "signed_by"

SIGNED: list[dict[str, list[str]]] = [{"webhook": []}]
"""The ``security`` of a route for sources."""


def only_signed(app: APIGatewayRestResolver) -> None:
    """Let a request through whose signature, by Standard Webhooks, fits its raw body; of any other, nothing is read.

    Raises:
        BadSignature: the signature is missing, does not fit, or is stale.
        RequestTooLarge: the body is larger than any that tells fifty changes.
        TooManyRequests: the source calls too often, or too many call who are not known.
    """
    at, headers = wiring.now(), app.current_event.headers
    signed = signature.read_webhook(headers, at)
    signer = headers.get("X-Provider", ""), headers.get("X-Source", "")
    signature.verify(signed, raw_body(app.current_event, MAX_SIGNED_BODY_BYTES), _secrets(*signer, at))
    wiring.hook_rate().count("/".join(signer), at)
    app.context[SIGNED_BY] = signer


app = http.resolver(only_signed)

Name = Annotated[str, Header(pattern=ID_PATTERN, description="Whose secret signed the request.")]
DryRun = Annotated[Literal["true", "false"], Query(description="Judge, and store nothing.")]


@app.post(
    "/hooks/records",
    summary="Tell what exists",
    tags=["hooks"],
    security=SIGNED,
    responses={HTTPStatus.OK: {"description": "One result for each change, in their order"}},
)
@http.may_fail_with(BadSignature, ClientNotFound)
def records(
    body: Annotated[RecordsBody, FromBody()],
    x_provider: Name,  # noqa: ARG001
    x_source: Name,  # noqa: ARG001
    dry_run: DryRun = "false",
) -> Response[RecordsView]:
    """Store what a source tells of one client's records; what may not be so is refused, each change for itself."""
    provider_id, source = _signer_of(body.provider_id)
    is_dry_run = dry_run == "true"
    tenant, delivery = wiring.tenant(provider_id), body.delivery(source)
    recorded = record(tenant, delivery, at=wiring.now(), is_dry_run=is_dry_run, through=Door.RECORD_HOOK)
    view = RecordsView.of(body, recorded, is_dry_run=is_dry_run)
    return Response(status_code=HTTPStatus.OK.value, content_type="application/json", body=view)


@app.put(
    "/hooks/clients/<external_id>",
    summary="Tell what a client is",
    tags=["hooks"],
    security=SIGNED,
    responses={HTTPStatus.OK: {"description": "What became of it"}},
)
@http.may_fail_with(BadSignature, ClientNotFound)
def client(
    external_id: Annotated[str, Path(pattern=EXTERNAL_ID_PATTERN, description="The client's id in the source.")],
    body: Annotated[ClientBody, FromBody()],
    x_provider: Name,  # noqa: ARG001
    x_source: Name,  # noqa: ARG001
    dry_run: DryRun = "false",
) -> Response[UpsertView]:
    """Add or change a client as its platform has it; what staff decided since stays, and its status always does."""
    provider_id, source = _signer_of(body.provider_id)
    incoming, is_dry_run = body.incoming(source, external_id), dry_run == "true"
    upserted = upsert_client(wiring.tenant(provider_id), incoming, at=wiring.now(), is_dry_run=is_dry_run)
    view = UpsertView.of(incoming, upserted, is_dry_run=is_dry_run)
    return Response(status_code=HTTPStatus.OK.value, content_type="application/json", body=view)


def _signer_of(provider_id: str) -> tuple[str, str]:
    """Return the provider and the source whose secret signed the request, which is about this provider.

    Raises:
        BadSignature: it is about another.
    """
    signer: tuple[str, str] = app.context[SIGNED_BY]
    if provider_id != signer[0]:
        raise BadSignature("The body is not of the provider whose secret signed it.", "provider_id")
    return signer


def _secrets(provider_id: str, source: str, at: datetime) -> Iterable[str]:
    if not (re.fullmatch(ID_PATTERN, provider_id) and re.fullmatch(ID_PATTERN, source)):
        return ()
    return wiring.record_secrets().of(f"{provider_id}/{source}", at)


lambda_handler = http.lambda_handler(app)
