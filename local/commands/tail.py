"""``tail`` shows what is put on the bus as it happens."""

from __future__ import annotations

import json
from contextlib import suppress

import typer

from local.bus import Event, following
from local.running import find
from local.screen import Screen


def tail(context: typer.Context) -> None:
    """Show the events on the bus as they happen, until Ctrl-C."""
    running, screen = find(context.obj), Screen()
    with suppress(KeyboardInterrupt), following(running.aws, running.deployed) as follower:
        screen.say("Following the bus. Ctrl-C ends it.")
        while True:
            for event in follower.receive():
                screen.raw(_line(event))


def _line(event: Event) -> str:
    """Return an event as a line: when, what, of whom, and the rest of its detail."""
    told = event["detail"]
    who = told.get("client_id") or told.get("run_id") or ""
    about = json.dumps(told.get("detail", {}), separators=(",", ":"))
    return f"{event['time'][11:19]} {event['detail-type']:<32} {told.get('provider_id', ''):<12} {who:<27} {about}"
