"""``add-provider`` makes up, or renews, what a provider's scheduling system signs bookings with."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from operations.options import provider_id
from operations.stack import find_stack


def add_provider(
    context: typer.Context,
    provider: Annotated[str, typer.Argument(callback=provider_id, help="The provider's id.")],
) -> None:
    """Print a new secret for a provider's scheduling system; one it had before is good until the next."""
    stack = find_stack(context.obj)
    secret = secrets.token_urlsafe(32)
    stack.client("ssm").put_parameter(
        Name=f"/{stack.name}/bookings/{provider}", Value=secret, Type="SecureString", Overwrite=True
    )
    typer.echo(secret)
