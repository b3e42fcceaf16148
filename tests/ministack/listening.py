"""A system that follows the bus: what it has heard."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.bus import Follower

HEARD_SECONDS = 30

Envelope = dict[str, Any]


@dataclass
class Listener:
    """A system that follows the bus; ``heard`` is everything it has received so far from the client archive."""

    follower: Follower
    heard: list[Envelope] = field(default_factory=list)

    def wait_for(self, enough: Callable[[list[Envelope]], bool], **ids: str) -> list[Envelope]:
        """Listen until what was heard with these ids is enough; one event delivered twice counts once."""
        deadline = time.monotonic() + HEARD_SECONDS
        while True:
            ours = {one["event_id"]: one for one in self.heard if ids.items() <= one.items()}
            if enough(list(ours.values())):
                return list(ours.values())
            assert time.monotonic() < deadline, names(list(ours.values()))
            self.listen()

    def listen(self) -> None:
        """Receive what has come, for a second at most."""
        for event in self.follower.receive():
            if event["source"] == "client-archive":
                assert event["detail-type"] == event["detail"]["name"]
                self.heard.append(event["detail"])


def names(events: list[Envelope]) -> Counter[str]:
    return Counter(event["name"] for event in events)


def has(*wanted: str) -> Callable[[list[Envelope]], bool]:
    return lambda events: set(wanted) <= set(names(events))
