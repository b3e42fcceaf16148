"""How long AWS takes, as published, for a model that anybody can run again: a seed gives the same seconds each time.

DynamoDB: percentiles that Alex DeBrie measured from Lambda in us-east-1, 400 invocations of each operation, in
milliseconds (github.com/alexdebrie/dynamodb-performance-testing, put-batch-transaction-performance). Reads are taken to
be as slow as ``PutItem``, which is on the safe side. Between 5 and 25 items they are interpolated, beyond 25 continued.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Mapping

SEED = 1

SHARES = (0.0, 0.5, 0.9, 0.95, 0.99, 1.0)
SINGLE_MS = (5.47, 7.55, 11.3, 13.2, 16.2, 29.0)
BATCH_MS: Mapping[int, tuple[float, ...]] = {
    5: (6.59, 8.14, 13.3, 15.4, 25.5, 56.8),
    25: (7.96, 10.2, 16.0, 18.0, 27.6, 76.4),
}
TRANSACTION_MS: Mapping[int, tuple[float, ...]] = {
    5: (19.4, 25.3, 30.7, 36.4, 92.5, 218.0),
    25: (23.5, 32.1, 40.5, 47.2, 97.5, 258.0),
}
BY_OPERATION = {
    "BatchGetItem": BATCH_MS,
    "BatchWriteItem": BATCH_MS,
    "TransactWriteItems": TRANSACTION_MS,
}

STATE_SECONDS = 0.025
"""From one state of a workflow to the next, or to a function that is warm. An assumption: AWS publishes none."""

WRITE_UNITS_PER_SECOND = 4_000
"""What a new on-demand table sustains at once (DynamoDB, "Initial throughput and scaling properties")."""


class Latencies:
    """Draws how long each call takes."""

    def __init__(self, seed: int = SEED) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - a model, nothing secret

    def seconds(self, operation: str, items: int) -> float:
        """Return how long a call takes.

        Args:
            operation: DynamoDB's name of it.
            items: how many items it reads by key or writes.
        """
        share = self._chance.random()
        measured = BY_OPERATION.get(operation)
        if measured is None:
            return _at(SINGLE_MS, share) / 1_000
        few, many = _at(measured[5], share), _at(measured[25], share)
        return (few + (many - few) * (max(items, 5) - 5) / 20) / 1_000


def _at(percentiles: tuple[float, ...], share: float) -> float:
    above = min(bisect(SHARES, share), len(SHARES) - 1)
    low, high = SHARES[above - 1], SHARES[above]
    begin, end = percentiles[above - 1], percentiles[above]
    return begin + (end - begin) * (share - low) / (high - low)
