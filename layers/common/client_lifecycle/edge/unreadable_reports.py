"""Tells operators of stored records that cannot be read: a line in the log for each, and a metric with an alarm.

Every function loads what logs; what counts is loaded once there is something to count.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_lambda_powertools import Logger
from msgspec.structs import asdict

from client_lifecycle.domain.unreadable import MOST_NAMED, Unreadable

METRIC = "UnreadableRecord"
NAMESPACE = "ClientArchive"

logger = Logger()


def report(found: Sequence[Unreadable]) -> None:
    """Log the first records that cannot be read, by kind, ids and fields, and count them all."""
    for one in found[:MOST_NAMED]:
        logger.error("record cannot be read", extra=asdict(one))
    _count(len(found))


def _count(records: int) -> None:
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    with single_metric(name=METRIC, unit=MetricUnit.Count, value=records, namespace=NAMESPACE):
        pass
