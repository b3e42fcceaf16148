"""What a system of the practice does that tells: it keeps records of its own, and follows what an archive does to them.

It acts on its own records first and tells afterwards, at the next version.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

import httpx
from ulid import ULID

from local.api import ApiRefused
from local.bus import Event, Follower
from local.ministack import LocalAwsFailed
from local.sample_practice import SamplePractice
from local.signatures import webhook_headers
from local.telling import SOURCE_OF, change_of

Change = dict[str, Any]
Result = dict[str, Any]

NOT_ANSWERED = "told"
"""How a change is answered that was told on the bus, where only what is refused has an answer."""

CHANGED, REFUSED = "records.changed", "records.refused"
HEARD_WITHIN_SECONDS = 30


class Door(Protocol):
    """A way to tell."""

    def tell(self, client_id: str, changes: Sequence[Change]) -> list[Result]:
        """Tell changes of one client in one go, and return what is answered at once: nothing, or a result for each."""


@dataclass(frozen=True, slots=True)
class HttpDoor:
    """``POST /hooks/records``, signed as one source of one provider.

    Args:
        http: asks the API's stage.
        provider_id: whose clients.
        source: the name of the source.
        secret: what it signs with.
    """

    http: httpx.Client
    provider_id: str
    source: str
    secret: str

    def tell(self, client_id: str, changes: Sequence[Change]) -> list[Result]:
        """Tell changes of one client, and return what became of each.

        Raises:
            ApiRefused: the whole request was refused.
        """
        told = {"provider_id": self.provider_id, "client_id": client_id, "changes": [*changes]}
        body, now = json.dumps(told).encode(), datetime.now(UTC)
        headers = webhook_headers(self.secret, self.provider_id, self.source, str(ULID()), body, now)
        path = "/hooks/records"
        answer = self.http.post(path, content=body, headers=headers)
        if answer.is_error:
            raise ApiRefused("POST", path, answer.status_code, answer.json())
        results: list[Result] = answer.json()["results"]
        return results


@dataclass(frozen=True, slots=True)
class BusDoor:
    """``records.changed`` on the bus, where only what is refused is answered.

    Args:
        events: EventBridge.
        bus: the name of the bus.
        provider_id: whose clients.
        source: the name of the source.
    """

    events: Any
    bus: str
    provider_id: str
    source: str

    def tell(self, client_id: str, changes: Sequence[Change]) -> list[Result]:
        """Tell changes of one client."""
        told = {"event_id": str(ULID()), "provider_id": self.provider_id, "client_id": client_id, "changes": [*changes]}
        entry = {"EventBusName": self.bus, "Source": self.source, "DetailType": CHANGED, "Detail": json.dumps(told)}
        self.events.put_events(Entries=[entry])
        return []


@dataclass
class Source:
    """A system with records of its own, by client and id, as it last told them.

    Args:
        door: how it tells.
        follower: how it hears.
        book: its records.
    """

    door: Door
    follower: Follower
    book: dict[tuple[str, str], Change]

    id_field: ClassVar[str]
    """Where an event has the id of a record."""

    obeyed: ClassVar[Mapping[str, str]]
    """Which state of its own record follows from an event, by the event's name."""

    refused: list[Result] = field(default_factory=list)
    """What was answered on the bus."""

    def tell(self, client_id: str, *changes: Change) -> list[Result]:
        """Write changes of one client into the book, and tell them."""
        self.book |= {(client_id, change["id"]): change for change in changes}
        return self.door.tell(client_id, changes)

    def next(self, client_id: str, record_id: str, **fields: Any) -> Change:
        """Return a record of the book with other fields, at its next version."""
        known = self.book[client_id, record_id]
        return {**known, **fields, "version": known["version"] + 1}

    def catch_up(self, expected: int, refusals: int = 0) -> Counter[str]:
        """Follow events until so many were heard, and return how many changes were answered how.

        Raises:
            LocalAwsFailed: they did not come.
        """
        answers: Counter[str] = Counter()
        deadline = time.monotonic() + HEARD_WITHIN_SECONDS
        while answers.total() < expected or len(self.refused) < refusals:
            if time.monotonic() > deadline:
                raise LocalAwsFailed(f"Of {expected} events, {answers.total()} were heard.")
            events = self.follower.receive()
            self.refused += [
                result
                for event in events
                if event["detail-type"] == REFUSED
                for result in event["detail"]["detail"]["results"]
            ]
            answers += self.follow([event for event in events if event["detail-type"] != REFUSED])
        return answers

    def follow(self, events: Sequence[Event]) -> Counter[str]:
        """Do to its own records what was done here, tell so, and return how many changes were answered how."""
        by_client: dict[str, list[Change]] = defaultdict(list)
        for event in events:
            client_id, record_id = event["detail"]["client_id"], event["detail"]["detail"][self.id_field]
            by_client[client_id].append(self.next(client_id, record_id, status=self.obeyed[event["detail-type"]]))
        answers: Counter[str] = Counter()
        for client_id, changes in by_client.items():
            results = self.tell(client_id, *changes)
            answers.update([result["outcome"] for result in results] or [NOT_ANSWERED] * len(changes))
        return answers


def book_of(practice: SamplePractice, source: str) -> dict[tuple[str, str], Change]:
    """Return the records of a practice that a source has told of, as it told them."""
    return {
        (sample.client.client_id, record.record_id): change_of(record, version=1)
        for sample in practice.clients
        for record in sample.records_before_archive
        if SOURCE_OF[record.kind] == source
    }
