"""``address`` prints where the API is."""

from __future__ import annotations

import typer

from operations.stack import find_stack


def address(context: typer.Context) -> None:
    """Print the address of the API, for other tools."""
    typer.echo(find_stack(context.obj).api_url)
