"""``events`` writes an event for every function and every route, each of which does what its name says."""

from __future__ import annotations

import typer

from local.running import EVENTS, find
from local.samples.catalogue import SAMPLES
from local.samples.running import PROVIDER_ID, write_events
from local.screen import Screen


def events(context: typer.Context) -> None:
    """Write new sample events, whose ids exist in the practice that runs, into .local/events/."""
    running, screen = find(context.obj), Screen()
    with screen.step("Making sample events") as progress:
        write_events(running.folder / EVENTS, running.aws, running.deployed, progress)
    screen.say(f"{len(SAMPLES)} events are in {running.folder / EVENTS}. Their clients are those of {PROVIDER_ID}.")
