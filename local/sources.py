"""What a system of the practice does that tells: it keeps records of its own, and follows what an archive does to them.

It acts on its own records first and tells afterwards, at the next version. What is refused stays as it was.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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

STORED = "stored"
HEARD_WITHIN_SECONDS = 30


class Door(Protocol):
    """A way to tell: what is told of one client in one go is answered in its order."""

    def tell(self, client_id: str, changes: Sequence[Change]) -> list[Result]:
        """Tell changes of one client."""


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

    def tell(self, client_id: str, *changes: Change) -> list[Result]:
        """Tell changes of one client; what is stored is in the book from then on."""
        results = self.door.tell(client_id, changes)
        for change, result in zip(changes, results, strict=True):
            if result["outcome"] == STORED:
                self.book[client_id, change["id"]] = change
        return results

    def next(self, client_id: str, record_id: str, **fields: Any) -> Change:
        """Return a record of the book with other fields, at its next version."""
        known = self.book[client_id, record_id]
        return {**known, **fields, "version": known["version"] + 1}

    def catch_up(self, expected: int) -> Counter[str]:
        """Follow events until so many were heard, and return how many changes had which outcome.

        Raises:
            LocalAwsFailed: they did not come.
        """
        outcomes: Counter[str] = Counter()
        deadline = time.monotonic() + HEARD_WITHIN_SECONDS
        while outcomes.total() < expected:
            if time.monotonic() > deadline:
                raise LocalAwsFailed(f"Of {expected} events, {outcomes.total()} were heard.")
            outcomes += self.follow(self.follower.receive())
        return outcomes

    def follow(self, events: Sequence[Event]) -> Counter[str]:
        """Do to its own records what was done here, tell so, and return the outcomes."""
        by_client: dict[str, list[Change]] = defaultdict(list)
        for event in events:
            client_id, record_id = event["detail"]["client_id"], event["detail"]["detail"][self.id_field]
            by_client[client_id].append(self.next(client_id, record_id, status=self.obeyed[event["detail-type"]]))
        outcomes: Counter[str] = Counter()
        for client_id, changes in by_client.items():
            outcomes.update(result["outcome"] for result in self.tell(client_id, *changes))
        return outcomes


def book_of(practice: SamplePractice, source: str) -> dict[tuple[str, str], Change]:
    """Return the records of a practice that a source has told of, as it told them."""
    return {
        (sample.client.client_id, record.record_id): change_of(record, version=1)
        for sample in practice.clients
        for record in sample.records_before_archive
        if SOURCE_OF[record.kind] == source
    }
