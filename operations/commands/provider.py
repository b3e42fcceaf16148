"""``add-provider`` and ``add-source`` make up, or renew, what other systems of a provider sign with."""

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
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    _put(context, f"records/{provider}/{source}", secret)


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
