"""Options and arguments that several commands have."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

import typer

from client_lifecycle.edge.id_forms import ID_PATTERN

MOMENTS = ["%Y-%m-%dT%H:%M:%S%z"]
"""How moments are written."""


def provider_id(given: str) -> str:
    """Return a provider's id as it was given.

    Raises:
        BadParameter: the API would refuse it.
    """
    if not re.fullmatch(ID_PATTERN, given):
        raise typer.BadParameter("An id is 1 to 64 letters, digits, hyphens and underscores.")
    return given


Since = Annotated[datetime, typer.Option(formats=MOMENTS, help="The first moment, like 2026-03-02T09:30:00Z.")]
Until = Annotated[datetime, typer.Option(formats=MOMENTS, help="The moment before which it ends.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
