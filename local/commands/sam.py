"""``sam`` sets ``sam local`` up for the practice that runs."""

from __future__ import annotations

import typer

from local.running import EVENTS, find
from local.sam.files import write_sam_local
from local.screen import Screen


def sam(context: typer.Context) -> None:
    """Build for this machine, and let “sam local” work on the practice that runs; needs Docker."""
    running, screen = find(context.obj), Screen()
    with screen.step("Building for this machine"):
        write_sam_local(running.aws)
    events = context.obj / EVENTS
    screen.heading("In this folder, with a Docker engine")
    screen.raw(f".venv-sam/bin/sam local invoke ArchiveClientFunction --event {events}/archive_client.json")
    screen.raw(".venv-sam/bin/sam local start-api       # the routes, at http://127.0.0.1:3000")
    screen.raw(".venv-sam/bin/sam local start-lambda    # Lambda's own API, at http://127.0.0.1:3001")
