"""The table's stream: writes -> events on the bus."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.edge import metrics, patience, wiring
from client_lifecycle.edge.unreadable_reports import report
from client_lifecycle.use_cases.publish_events import Published, publish

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Publish a batch of the stream and name the write from which on it is to be delivered again, if any."""
    result = publish(wiring.event_bus(), wiring.dead_letters(), event["Records"])
    metrics.publish(metrics.counted(result.events))
    _log(len(event["Records"]), result)
    failed = [result.again_from] if result.again_from else []
    return {"batchItemFailures": [{"itemIdentifier": record.sequence_number} for record in failed]}


def _log(delivered: int, result: Published) -> None:
    for unread in result.unread:
        report(unread.fault.found)
        logger.error(
            "write set aside",
            extra={
                "sequence_number": unread.record.sequence_number,
                "reason": type(unread.fault).__name__,
                "cause": str(unread.fault),
            },
        )
    if result.again_from:
        logger.warning(
            "bus refused an event",
            extra={"sequence_number": result.again_from.sequence_number, "reason": result.reason},
        )
    logger.info("events published", extra={"writes": delivered, "events": len(result.events)})
