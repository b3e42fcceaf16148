"""``status`` tells where the practice runs and who has one there."""

from __future__ import annotations

import typer

from local.api import Api
from local.running import Running, find
from local.screen import Screen


def status(context: typer.Context) -> None:
    """Tell where the practice runs, its providers, and how many clients they have."""
    running, screen = find(context.obj), Screen()
    screen.raw(f"{'Local AWS':<12} {running.aws.endpoint}")
    screen.raw(f"{'API':<12} {running.deployed.api_url}")
    screen.raw(f"{'Log':<12} {running.aws.log}")
    for provider_id in running.booking_secrets:
        screen.raw(f"{provider_id:<12} {_clients(running, provider_id)}")


def _clients(running: Running, provider_id: str) -> str:
    with Api(running.deployed.api_url, running.token(provider_id)) as api:
        counts = api.get("/client-counts")
    return f"{counts['active']} active, {counts['archived']} archived clients"
