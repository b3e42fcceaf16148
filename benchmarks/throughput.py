"""How fast a run is on AWS: batches side by side, each on its own timeline, all writing into one table.

What a table sustains is a bucket of tokens: a write that finds it empty waits until it has filled up again, as a caller
does that is throttled and tries again. There is no other chance in it than that of the timelines.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.timeline import Write


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch writes, in the order of time, and how long it takes where nothing waits."""

    writes: Sequence[Write]
    seconds: float


@dataclass
class Bucket:
    """What a table, or one partition of it, sustains; it holds one second's worth at first and at most."""

    units_per_second: float
    level: float = 0.0
    filled_at: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.units_per_second

    def take(self, at: float, units: float) -> float:
        """Take units out, and return when that is done."""
        self.level = min(self.units_per_second, self.level + (at - self.filled_at) * self.units_per_second)
        self.filled_at = at
        self.level -= units
        return at if self.level >= 0 else at - self.level / self.units_per_second


def run_seconds(batches: Sequence[Batch], at_once: int, units_per_second: float) -> float:
    """Return how long a run takes whose batches are worked on so many at once.

    Args:
        batches: the batches, in the order of the manifest.
        at_once: how many of them at once.
        units_per_second: the write units that the table sustains.
    """
    bucket = Bucket(units_per_second)
    begun, ended = 0, 0.0
    ahead: list[tuple[float, int, int]] = []

    def begin(at: float) -> None:
        nonlocal begun
        if begun < len(batches):
            heapq.heappush(ahead, (at + _first(batches[begun]), begun, 0))
            begun += 1

    for _ in range(at_once):
        begin(0.0)
    while ahead:
        at, number, place = heapq.heappop(ahead)
        batch = batches[number]
        if place == len(batch.writes):
            ended = max(ended, at)
            begin(at)
            continue
        free = bucket.take(at, batch.writes[place].units)
        heapq.heappush(ahead, (free + _gap(batch, place), number, place + 1))
    return ended


def _first(batch: Batch) -> float:
    return batch.writes[0].at if batch.writes else batch.seconds


def _gap(batch: Batch, place: int) -> float:
    """Return the time from a write to the next, or to the end."""
    following = batch.writes[place + 1].at if place + 1 < len(batch.writes) else batch.seconds
    return max(0.0, following - batch.writes[place].at)
