"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from local.functions import functions
from local.staff import Role

As = Annotated[Role, typer.Option("--as", help="Who is signed in: a manager may do everything, a guest nothing.")]
Provider = Annotated[str, typer.Option(help="Whose practice it is.")]


def names_of_functions() -> list[str]:
    """Return what completes the name of a function."""
    return [function.package for function in functions()]
