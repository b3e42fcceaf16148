"""Puts events on the bus, and sets aside what cannot be dealt with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from msgspec import Struct

from client_lifecycle.domain.errors import StorageBusy
from client_lifecycle.domain.events import Event
from client_lifecycle.storage.retries import persistently
from client_lifecycle.storage.values import to_plain

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_events.type_defs import PutEventsRequestEntryTypeDef

EVENTS_PER_PUT = 10
"""The bus takes no more in one call. Of 256 KB, ten envelopes of the longest ids the table takes fill half."""

SOURCE = "client-archive"


class EventBus(Struct, frozen=True):
    """The EventBridge bus that other systems follow."""

    client: EventBridgeClient
    name: str

    def put(self, events: Sequence[Event]) -> dict[int, str]:
        """Put up to ``EVENTS_PER_PUT`` events on the bus.

        A call that fails as a whole is made again; an event that is refused by itself is not, for others have
        overtaken it by then.

        Returns:
            Why the bus did not take an event, by its index; nothing if it took all.
        """
        entries = [self._entry(event) for event in events]
        try:
            answer = persistently(lambda: self.client.put_events(Entries=entries))
        except ClientError as error:
            return dict.fromkeys(range(len(events)), error.response["Error"]["Code"])
        except StorageBusy as busy:
            return dict.fromkeys(range(len(events)), busy.name)
        return {index: entry["ErrorCode"] for index, entry in enumerate(answer["Entries"]) if entry.get("ErrorCode")}

    def _entry(self, event: Event) -> PutEventsRequestEntryTypeDef:
        return {
            "EventBusName": self.name,
            "Source": SOURCE,
            "DetailType": event.name.value,
            "Time": event.time,
            "Detail": json.dumps(to_plain(event), separators=(",", ":")),
        }


class DeadLetters(Struct, frozen=True):
    """The SQS queue for what no other try would help; people look at it."""

    client: Any
    queue_url: str

    def put(self, letter: Mapping[str, Any]) -> None:
        """Set something aside.

        Raises:
            StorageBusy: the queue kept throttling, or was out of reach.
        """
        body = json.dumps(letter)
        persistently(lambda: self.client.send_message(QueueUrl=self.queue_url, MessageBody=body))
