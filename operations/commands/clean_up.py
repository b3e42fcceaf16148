"""``clean-up`` starts the clean-up now."""

from __future__ import annotations

import typer

from local.screen import Screen
from operations.functions import invoke
from operations.stack import find_stack


def clean_up(context: typer.Context) -> None:
    """Finish now what a crash left, as the clock does every five minutes; safe at any time."""
    stack, screen = find_stack(context.obj), Screen()
    with screen.step("Cleaning up"):
        counts = invoke(stack, "ScheduledCleanup", {})
    for name, count in sorted(counts.items()):
        screen.say(f"{name.replace('_', ' '):<24} {count:>6}")
    if not counts:
        screen.say("Nothing was due.")
