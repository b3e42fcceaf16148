"""``republish`` puts the events of a time span on the bus again, from history and receipts."""

from __future__ import annotations

from collections import Counter

import typer

from local.screen import Screen
from operations.options import DryRun, Since, Until
from operations.outbox import events_between, put_on
from operations.stack import OperationFailed, find_stack


def republish(context: typer.Context, since: Since, until: Until, dry_run: DryRun = False) -> None:
    """Publish the events of a time span again, with the ids they had; it reads the whole table once."""
    if since >= until:
        raise OperationFailed("--since must be before --until.")
    stack, screen = find_stack(context.obj), Screen()
    with screen.step(f"Reading {stack.table.name}") as progress:
        told = events_between(stack.table, since, until, progress)
    for name, count in sorted(Counter(event.name.value for event in told.events).items()):
        screen.say(f"{count:>8} {name}")
    for key in told.unreadable:
        screen.raw(f"cannot be read: {key['pk']} {key['sk']}")
    if dry_run:
        screen.say(f"{len(told.events)} events would be published again. Nothing was.")
        return
    with screen.step(f"Publishing {len(told.events)} events") as progress:
        put_on(stack.event_bus, told.events, progress)
