"""Options and arguments that several commands have."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

MOMENTS = ["%Y-%m-%dT%H:%M:%S%z"]
"""How moments are written."""

Since = Annotated[datetime, typer.Option(formats=MOMENTS, help="The first moment, like 2026-03-02T09:30:00Z.")]
Until = Annotated[datetime, typer.Option(formats=MOMENTS, help="The moment before which it ends.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
