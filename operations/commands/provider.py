"""``add-provider``, ``add-source`` and ``add-endpoint`` make up, or renew, what is signed with."""

from __future__ import annotations

import base64
import secrets
from typing import Annotated

import typer

from operations.options import provider_id
from operations.stack import find_stack

Provider = Annotated[str, typer.Argument(callback=provider_id, help="The provider's id.")]


def add_provider(context: typer.Context, provider: Provider) -> None:
    """Print a new secret for a provider's scheduling system; one it had before is good until the next."""
    secret = secrets.token_urlsafe(32)
    _put(context, f"bookings/{provider}", secret)


def add_source(
    context: typer.Context,
    provider: Provider,
    source: Annotated[str, typer.Argument(callback=provider_id, help="The source's name, like calendar.")],
) -> None:
    """Print a new secret for a system that tells of records; one it had before is good until the next."""
    _put(context, f"records/{provider}/{source}", _webhook_secret())


def add_endpoint(context: typer.Context) -> None:
    """Print a new secret for what is posted to ``DeliverEventsTo``; it is signed with the one before it, too."""
    _put(context, "deliveries/endpoint", _webhook_secret())


def _webhook_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _put(context: typer.Context, name: str, secret: str) -> None:
    stack = find_stack(context.obj)
    stack.client("ssm").put_parameter(
        Name=f"/{stack.name}/{name}",
        Value=secret,
        Type="SecureString",
        KeyId=stack.outputs["DataKeyArn"],
        Overwrite=True,
    )
    typer.echo(secret)
