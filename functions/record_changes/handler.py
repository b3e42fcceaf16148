"""What sources tell on the bus: records.changed -> use case; what is refused is answered by records.refused."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.domain.errors import InvalidRequest, TryLater
from client_lifecycle.edge import patience, wiring
from client_lifecycle.edge.bus import BusEvent, answer_or_set_aside, detail_of
from client_lifecycle.edge.id_forms import FOREIGN_ID_PATTERN
from client_lifecycle.edge.records import EventBody
from client_lifecycle.use_cases.record import record_event

logger = Logger()

SET_ASIDE = "records_set_aside"


@logger.inject_lambda_context(clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Store what the messages of the queue tell, and name those that are to be delivered again."""
    failed = [message["messageId"] for message in event["Records"] if not _is_done(message)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _is_done(message: dict[str, Any]) -> bool:
    """Deal with a message; a fault of one holds up no other."""
    try:
        event = json.loads(message["body"])
        logger.set_correlation_id(event["id"])
        answer_or_set_aside(lambda: _store(event), event, SET_ASIDE)
    except TryLater as fault:
        logger.warning("event is to come again", extra={"reason": fault.name})
        return False
    except Exception:
        logger.exception("event failed")
        return False
    return True


def _store(event: BusEvent) -> None:
    detail, source = detail_of(event), event["source"]
    if not re.fullmatch(FOREIGN_ID_PATTERN, source):
        raise InvalidRequest("The source must be an id.", "source", code="not_an_id")
    body = EventBody.model_validate(detail)
    digest = hashlib.sha256(json.dumps(detail, sort_keys=True).encode()).hexdigest()
    refused = record_event(wiring.tenant(body.provider_id), body.event_delivery(source, digest), at=wiring.now())
    logger.info(
        "records told",
        extra={
            "provider_id": body.provider_id,
            "client_id": body.client_id,
            "source": source,
            "source_event_id": body.event_id,
            "changes": len(body.changes),
            "refused": len(refused),
        },
    )
