"""Puts events on the bus, and sets aside what cannot be dealt with. Imports the domain and this ring."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from client_lifecycle.domain.events import Event
from client_lifecycle.storage.items import to_plain

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_events.type_defs import PutEventsRequestEntryTypeDef

EVENTS_PER_PUT = 10
"""The bus takes no more in one call. Of 256 KB, ten envelopes of the longest ids the table takes fill half."""

SOURCE = "client-archive"


@dataclass(frozen=True, slots=True)
class EventBus:
    """The EventBridge bus that other systems follow."""

    client: EventBridgeClient
    name: str

    def put(self, events: Sequence[Event]) -> dict[int, str]:
        """Put up to ``EVENTS_PER_PUT`` events on the bus.

        Returns:
            Why the bus did not take an event, by its index; nothing if it took all.
        """
        try:
            answer = self.client.put_events(Entries=[self._entry(event) for event in events])
        except ClientError as error:
            return dict.fromkeys(range(len(events)), error.response["Error"]["Code"])
        except BotoCoreError as error:
            return dict.fromkeys(range(len(events)), type(error).__name__)
        return {index: entry["ErrorCode"] for index, entry in enumerate(answer["Entries"]) if entry.get("ErrorCode")}

    def _entry(self, event: Event) -> PutEventsRequestEntryTypeDef:
        return {
            "EventBusName": self.name,
            "Source": SOURCE,
            "DetailType": event.name.value,
            "Time": event.time,
            "Detail": json.dumps(to_plain(event), separators=(",", ":")),
        }


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The SQS queue for what no other try would help; people look at it."""

    client: Any
    queue_url: str

    def put(self, letter: Mapping[str, Any]) -> None:
        """Set something aside."""
        self.client.send_message(QueueUrl=self.queue_url, MessageBody=json.dumps(letter))
