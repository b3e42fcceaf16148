"""``pause`` lets nothing of the system write, and ``resume`` lets it work again."""

from __future__ import annotations

import typer

from local.screen import Screen
from operations import traffic
from operations.options import DryRun
from operations.stack import find_stack

ANSWER_BOOKINGS = "python -m operations redrive bookings"


def pause(context: typer.Context, dry_run: DryRun = False) -> None:
    """Let nothing write to the table: calls fail, bookings on the bus are set aside, and events are still published."""
    stack, screen = find_stack(context.obj), Screen()
    writers = traffic.writers(stack)
    if dry_run:
        screen.say(f"{len(writers)} functions would stop. Nothing was done.")
        return
    with screen.step(f"Stopping {len(writers)} functions") as progress:
        for number, function in enumerate(writers.values(), start=1):
            traffic.pause(stack, function)
            progress(number, len(writers))
    screen.raw("What runs now may take up to 15 minutes to end. Let all work again: python -m operations resume")


def resume(context: typer.Context) -> None:
    """Let the system work again: its functions, the reader of the stream and the clock of the clean-up."""
    stack, screen = find_stack(context.obj), Screen()
    writers = traffic.writers(stack)
    with screen.step(f"Starting {len(writers)} functions") as progress:
        for number, function in enumerate(writers.values(), start=1):
            traffic.resume(stack, function)
            progress(number, len(writers))
    with screen.step("Reader of the stream, and the clock"):
        traffic.read_stream(stack)
        traffic.run_clock(stack)
    screen.raw(f"Answer the bookings that were set aside meanwhile: {ANSWER_BOOKINGS}")
    screen.raw("A run whose workflow failed meanwhile is retried by its practice: POST /bulk-archives/{run_id}/retry")
