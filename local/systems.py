"""The systems of a practice that tell and follow: a calendar, a billing system, and one for documents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import httpx

from client_lifecycle.storage.event_bus import SOURCE as ARCHIVE
from local.api import TIMEOUT_SECONDS
from local.billing import Billing
from local.bus import Follower, following
from local.calendar import Calendar
from local.ministack import CONFIG
from local.sources import REFUSED, BusDoor, HttpDoor, book_of
from local.stack import PracticeStack


@dataclass(frozen=True, slots=True)
class Systems:
    """The systems of one practice; of documents nothing but the door is needed."""

    calendar: Calendar
    billing: Billing
    documents: HttpDoor


@contextmanager
def systems_of(stack: PracticeStack) -> Iterator[Systems]:
    """Let the systems of a practice follow what happens to its clients until the block ends."""
    provider_id = stack.practice.provider_id
    http = httpx.Client(base_url=stack.deployed.api_url, timeout=TIMEOUT_SECONDS, trust_env=False)

    def door(source: str) -> HttpDoor:
        return HttpDoor(http, provider_id, source, stack.booking_secret)

    def hearing(*names: str) -> AbstractContextManager[Follower]:
        return following(stack.aws, stack.deployed, {"source": [ARCHIVE], "detail-type": [*names]})

    events = stack.aws.session.client("events", endpoint_url=stack.aws.endpoint, config=CONFIG)
    bus = BusDoor(events, stack.deployed.event_bus, provider_id, "calendar")
    with hearing(*Calendar.obeyed, REFUSED) as calendar, hearing(*Billing.obeyed) as billing, http:
        yield Systems(
            calendar=Calendar(bus, calendar, book_of(stack.practice, "calendar")),
            billing=Billing(door("billing"), billing, book_of(stack.practice, "billing")),
            documents=door("documents"),
        )
