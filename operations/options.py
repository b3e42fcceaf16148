"""Options and arguments that several commands have."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

Since = Annotated[
    datetime, typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"], help="The first moment, like 2026-03-02T09:30:00Z.")
]
Until = Annotated[datetime, typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"], help="The moment before which it ends.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


def utc(moment: datetime) -> datetime:
    """Return a moment of the command line in UTC."""
    return moment.astimezone(UTC)
