"""``book`` books an appointment as a scheduling system does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Annotated

import httpx
import typer
from ulid import ULID

from local.api import TIMEOUT_SECONDS
from local.commands.call import show_answer
from local.commands.options import Provider
from local.running import find
from local.sample_practice import PROVIDER_ID
from local.screen import Screen
from local.signatures import signed_headers


class By(Enum):
    """Who books."""

    CLIENT = "client"
    STAFF = "staff"


def book(
    context: typer.Context,
    client_id: Annotated[str, typer.Argument(help="Who is booked for, like client-0003.")],
    in_days: Annotated[int, typer.Option(help="How many days ahead.")] = 7,
    by: Annotated[By, typer.Option(help="Who books.")] = By.CLIENT,
    provider: Provider = PROVIDER_ID,
) -> None:
    """Book an appointment by the signed hook; an archived client who books is active again."""
    running = find(context.obj)
    now = datetime.now(UTC)
    booking_id = f"booking-{ULID.from_datetime(now)}"
    booking = {
        "event_id": booking_id,
        "provider_id": provider,
        "client_id": client_id,
        "booked_by": by.value,
        "appointment": {
            "id": f"appointment-of-{booking_id}",
            "start": (now + timedelta(days=in_days)).isoformat(timespec="minutes"),
            "duration_minutes": 50,
            "type": "follow-up",
        },
    }
    body = json.dumps(booking).encode()
    with Screen().waiting(f"Booking for {client_id}"):
        answer = httpx.post(
            f"{running.deployed.api_url}/hooks/bookings",
            headers=signed_headers(running.booking_secret(provider), provider, body, now),
            content=body,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )
    show_answer(answer)
