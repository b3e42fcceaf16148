"""The queue of deliveries: each event is signed and posted to the system that follows; what fails is tried later."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.edge import patience, signature, wiring
from client_lifecycle.use_cases.deliver import NotDelivered, deliver

logger = Logger()

SIGNER = "endpoint"
"""Whose secret it is that events are signed with."""


@logger.inject_lambda_context(clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Deliver a batch, and name the messages that are to be delivered again."""
    failed = [record["messageId"] for record in event["Records"] if not _is_delivered(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _is_delivered(record: dict[str, Any]) -> bool:
    """Deliver one event; the id of the message is that of the event, whenever it is sent (webhook-id)."""
    body, attempt, at = record["body"].encode(), int(record["attributes"]["ApproximateReceiveCount"]), wiring.now()
    event_id = json.loads(body)["event_id"]
    told = {"published_event_id": event_id, "attempt": attempt}
    try:
        deliver(wiring.endpoint(), body, _signed(event_id, body, at))
    except NotDelivered as fault:
        wiring.deliveries().try_later(record["receiptHandle"], attempt)
        logger.warning("event not delivered", extra={**told, "reason": str(fault)})
        return False
    logger.info("event delivered", extra=told)
    return True


def _signed(event_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """Return the headers that sign an event.

    Raises:
        NotDelivered: there is no secret to sign it with.
    """
    secrets = wiring.delivery_secrets().current(SIGNER, at)
    if not secrets:
        raise NotDelivered("no secret to sign with")
    return signature.sign_webhook(secrets, signature.message_id_of(event_id), body, at)
