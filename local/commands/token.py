"""``token`` signs in a member of staff."""

from __future__ import annotations

import typer

from local.commands.options import As, Provider
from local.running import find
from local.sample_practice import PROVIDER_ID
from local.staff import Role


def token(context: typer.Context, role: As = Role.MANAGER, provider: Provider = PROVIDER_ID) -> None:
    """Print a token that is good for an hour, like in TOKEN=$(.venv/bin/python -m local token)."""
    typer.echo(find(context.obj).token(provider, role))
