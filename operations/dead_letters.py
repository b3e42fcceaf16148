"""Reads a queue of dead letters without losing one: a letter goes only when it is dealt with."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from operations.stack import OperationFailed, Stack

HIDDEN_SECONDS = 300
"""How long a letter that was read is hidden from other readers; longer than it takes to deal with most."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What was set aside, and the handle by which its queue takes it back or lets it go."""

    body: dict[str, Any]
    handle: str


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of dead letters."""

    sqs: Any
    url: str

    def read(self) -> list[Letter]:
        """Read every letter that there is by now; nobody else sees them for minutes."""
        found: list[Letter] = []
        while messages := self._receive():
            found += [Letter(json.loads(message["Body"]), message["ReceiptHandle"]) for message in messages]
        return found

    def _receive(self) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN_SECONDS, WaitTimeSeconds=1
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def delete(self, letter: Letter) -> None:
        """Delete a letter that was dealt with."""
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=letter.handle)

    def put_back(self, letter: Letter) -> None:
        """Let others see a letter again; after ``HIDDEN_SECONDS`` they see it already."""
        with suppress(self.sqs.exceptions.MessageNotInflight):
            self.sqs.change_message_visibility(QueueUrl=self.url, ReceiptHandle=letter.handle, VisibilityTimeout=0)


def booking_letters(stack: Stack) -> Queue:
    """Return the queue of bookings that could not be answered."""
    return Queue(stack.client("sqs"), stack.outputs["BookingDeadLettersUrl"])


def delivery_letters(stack: Stack) -> Queue:
    """Return the queue of events that the system at ``DeliverEventsTo`` did not take.

    Raises:
        OperationFailed: events are delivered to no such system.
    """
    if "DeliveryDeadLettersUrl" not in stack.outputs:
        raise OperationFailed("This stack delivers events to nobody: its parameter DeliverEventsTo is empty.")
    return Queue(stack.client("sqs"), stack.outputs["DeliveryDeadLettersUrl"])


def record_letters(stack: Stack) -> Queue:
    """Return the queue of what sources told on the bus and could not be stored."""
    return Queue(stack.client("sqs"), stack.outputs["RecordDeadLettersUrl"])


def event_letters(stack: Stack) -> Queue:
    """Return the queue of writes that could not become events."""
    return Queue(stack.client("sqs"), stack.outputs["EventDeadLettersUrl"])
