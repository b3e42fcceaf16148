"""``seed`` opens another practice."""

from __future__ import annotations

from itertools import count
from typing import Annotated

import typer

from local.ministack import LocalAwsFailed
from local.running import Running, find
from local.sample_practice import FEWEST_CLIENTS, provider_ids
from local.screen import Screen
from local.stack import open_practice


def seed(
    context: typer.Context,
    clients: Annotated[int, typer.Option(min=FEWEST_CLIENTS, help="How many clients it has.")] = 240,
    provider: Annotated[str | None, typer.Option(help="The provider's id; the next free one by default.")] = None,
) -> None:
    """Load another provider's sample practice beside those there are."""
    running, screen = find(context.obj), Screen()
    chosen = provider or _next(running)
    if chosen in running.booking_secrets:
        raise LocalAwsFailed(f"{chosen} has a practice already. “python -m local reset” makes all of them new.")
    with screen.step(f"Loading a sample practice, {chosen}") as progress:
        open_practice(running.aws, running.deployed, chosen, clients, progress)
    screen.say(f"Its calls: python -m local call GET /clients --provider {chosen}")


def _next(running: Running) -> str:
    there = running.booking_secrets
    return next(last for number in count(1) if (last := provider_ids(number)[-1]) not in there)
