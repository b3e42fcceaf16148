"""The clean-up, called by a schedule: what is due -> what was done with it, in the log and as metrics.

It also counts two things that no event tells of: that nobody reads the table's stream, and the providers whose sources
do not follow an archive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.domain.errors import UnreadableRecord
from client_lifecycle.edge import patience, wiring
from client_lifecycle.edge.unreadable_reports import report
from client_lifecycle.use_cases.clean_up import ITEM_SECONDS, SweepResult, SweptItem, clean_up, unconfirmed_for_long

ENOUGH_TIME_MS = 1_000 * (ITEM_SECONDS + patience.RESERVE_SECONDS)

STREAM_UNREAD = "stream_unread"
RECORDS_UNCONFIRMED = "records_unconfirmed"

logger = Logger()
metrics = Metrics(namespace="ClientArchive")


@logger.inject_lambda_context(clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001
    """Look at everything that is due, and answer with how often each thing was done."""

    def has_time() -> bool:
        return context.get_remaining_time_in_millis() > ENOUGH_TIME_MS

    counts: Counter[str] = Counter()
    table, workflow, imports = wiring.table(), wiring.workflow(), wiring.imports()
    for done in clean_up(table, workflow, imports, now=wiring.now, has_time=has_time):
        counts[done.result.value] += 1
        _log(done)
    _publish({f"cleanup_{result}": count for result, count in counts.items()})
    logger.info("clean-up ended", extra={"counts": counts})
    if not wiring.stream_reader().reads():
        logger.error("nobody reads the table's stream")
        _publish({STREAM_UNREAD: 1})
    _tell_unconfirmed()
    return dict(counts)


def _tell_unconfirmed() -> None:
    """Count the providers that have records which an archive ended and no source has confirmed for a day (I8)."""
    waiting = list(unconfirmed_for_long(wiring.table(), wiring.now()))
    for one in waiting:
        logger.warning(
            "records are unconfirmed", extra={"provider_id": one.provider_id, "since": one.since.isoformat()}
        )
    if waiting:
        _publish({RECORDS_UNCONFIRMED: len(waiting)})


def _publish(counts: Mapping[str, int]) -> None:
    """Publish what has happened; a metric costs the same for each month in which it is published, also at zero."""
    for name, count in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
    if counts:
        metrics.flush_metrics()


def _log(done: SweptItem) -> None:
    told = {"work": done.work, "item": done.key, "result": done.result}
    if isinstance(done.fault, UnreadableRecord):
        report(done.fault.found)
    if done.result is SweepResult.FAILED:
        logger.error("clean-up of an item failed", extra=told, exc_info=done.fault)
    else:
        logger.info("item looked at", extra=told)
