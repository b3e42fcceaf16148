"""The queue of events that wait to be delivered."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from client_lifecycle.storage.retries import persistently

FIRST_WAIT_SECONDS = 30
LONGEST_WAIT_SECONDS = 3_600


def wait_after(attempt: int) -> int:
    """Return the seconds to wait after this attempt, from 1 on: twice as long each time, an hour at the most."""
    return int(min(FIRST_WAIT_SECONDS * 2 ** min(attempt - 1, 10), LONGEST_WAIT_SECONDS))


class Deliveries(Struct, frozen=True):
    """The SQS queue; its redrive policy sets aside what was tried often enough."""

    client: Any
    queue_url: str

    def try_later(self, receipt_handle: str, attempt: int) -> None:
        """Hide an event until it is to be tried again.

        Raises:
            StorageBusy: the queue kept throttling, or was out of reach.
        """
        wait = wait_after(attempt)
        persistently(
            lambda: self.client.change_message_visibility(
                QueueUrl=self.queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=wait
            )
        )
