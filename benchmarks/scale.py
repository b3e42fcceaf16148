"""A run of any number of clients against what limits it: the table, partitions of members and indexes, its one item.

Every batch ends with a transaction that moves the counts on the run's one item. Two such transactions at once are in
conflict: one of them fails and comes again after a pause, as ``storage.retries`` pauses. Members are in blocks, each a
partition of the table, which takes a thousand write units a second, and so does the part of an index that holds a
provider's appointments. What a batch asks for is counted on a real one.

``python -m benchmarks.scale`` prints the table that ``RESULTS.md`` has and docs/scale.md explains.
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from benchmarks.bulk import batch_calls
from benchmarks.engine import engine
from benchmarks.latencies import SEED, WRITE_UNITS_PER_SECOND, Latencies
from benchmarks.meter import Call
from benchmarks.subjects import PROVIDER_ID
from benchmarks.throughput import Bucket
from client_lifecycle.domain.members import CLIENTS_PER_BATCH
from client_lifecycle.domain.records import RecordKind
from client_lifecycle.storage.keys import MEMBERS_PER_PARTITION, Keys
from client_lifecycle.storage.retries import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS

PARTITION_UNITS_PER_SECOND = 1_000
"""Write units of one partition (DynamoDB, "Best practices for designing and using partition keys")."""

APPOINTMENT_PREFIX = Keys(PROVIDER_ID).record("", RecordKind.APPOINTMENT, "")["sk"]
TRANSACTED = 2
"""Units for each kilobyte that a transaction writes."""


SIZES = (10_000, 1_000_000)
AT_ONCE = (4, 10, 40, 100)
TABLES = (WRITE_UNITS_PER_SECOND, 10 * WRITE_UNITS_PER_SECOND)
"""A new on-demand table, and the quota of one (DynamoDB, "Throughput default quotas")."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one batch takes: its seconds alone, and write units: all, of its block, of the index, of the run."""

    seconds: float
    table_units: float
    block_units: float
    index_units: float
    run_units: float
    commits_on_run: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How a run is carried out, and what holds it back."""

    batches_at_once: int
    members_per_block: int = MEMBERS_PER_PARTITION
    table_units_per_second: float = WRITE_UNITS_PER_SECOND


@dataclass
class Simulated:
    """A run that ended: how long it took, the clients it settled, conflicts, and the seconds that batches waited."""

    seconds: float = 0.0
    settled: int = 0
    conflicts: int = 0
    waited_for_table: float = 0.0
    waited_for_block: float = 0.0
    waited_for_index: float = 0.0
    waited_for_run: float = 0.0

    @property
    def first_limit(self) -> str:
        """What batches waited for most."""
        waits = {
            "the table": self.waited_for_table,
            "a block of members": self.waited_for_block,
            "the index of appointments": self.waited_for_index,
            "the run's item": self.waited_for_run,
        }
        longest = max(waits, key=waits.__getitem__)
        return longest if waits[longest] > 0.05 * self.seconds else "batches at once"


def footprint(calls: Sequence[Call], seconds: float, run_id: str) -> Footprint:
    """Return what one batch took, by the partitions that its transactions wrote to."""
    run_partition = Keys(PROVIDER_ID).run(run_id)["pk"]
    keys = [key for call in calls for key in _keys(call.params)]
    return Footprint(
        seconds=seconds,
        table_units=sum(call.write_units for call in calls),
        block_units=TRANSACTED * sum(one.startswith(f"{run_partition}#") for one, _ in keys),
        index_units=sum(sort_key.startswith(APPOINTMENT_PREFIX) for _, sort_key in keys),
        run_units=TRANSACTED * sum(one == run_partition for one, _ in keys),
        commits_on_run=sum(any(one == run_partition for one, _ in _keys(call.params)) for call in calls),
    )


def _keys(params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for action in params.get("TransactItems", ()):
        [written] = action.values()
        key = written.get("Key") or written["Item"]
        yield key["pk"]["S"], key["sk"]["S"]


class Run:
    """A simulation of one run; a seed gives the same each time."""

    def __init__(self, each: Footprint, clients: int, limits: Limits, seed: int = SEED) -> None:
        self.each, self.clients, self.limits = each, clients, limits
        self.batches = -(-clients // CLIENTS_PER_BATCH)
        self.table = Bucket(limits.table_units_per_second)
        self.index = Bucket(PARTITION_UNITS_PER_SECOND)
        self.blocks: dict[int, Bucket] = {}
        self.chance = random.Random(seed)  # noqa: S311 - a model, nothing secret
        self.latencies = Latencies(seed)
        self.run_is_free_at = 0.0
        self.result = Simulated()

    def simulate(self) -> Simulated:
        """Work on all batches, so many at once."""
        begun = min(self.limits.batches_at_once, self.batches)
        ahead = [(self.each.seconds, number, 0) for number in range(begun)]
        while ahead:
            at, number, tries = heapq.heappop(ahead)
            written = at if tries else self._written(number, at)
            if written > at:
                heapq.heappush(ahead, (written, number, 1))
                continue
            if at < self.run_is_free_at:
                heapq.heappush(ahead, (at + self._pause(tries), number, tries + 1))
                continue
            ended = at + self.latencies.seconds("TransactWriteItems", 3 * CLIENTS_PER_BATCH)
            self.run_is_free_at = ended
            self._settle(number, ended)
            if begun < self.batches:
                heapq.heappush(ahead, (ended + self.each.seconds, begun, 0))
                begun += 1
        return self.result

    def _written(self, number: int, at: float) -> float:
        """Return when everything that a batch writes is written; it waits for what is slowest."""
        block = number * CLIENTS_PER_BATCH // self.limits.members_per_block
        bucket = self.blocks.setdefault(block, Bucket(PARTITION_UNITS_PER_SECOND, filled_at=at))
        of_table = self.table.take(at, self.each.table_units) - at
        of_block = bucket.take(at, self.each.block_units) - at
        self.result.waited_for_table += of_table
        self.result.waited_for_block += of_block
        of_index = self.index.take(at, self.each.index_units) - at
        self.result.waited_for_index += of_index
        return at + max(of_table, of_block, of_index)

    def _pause(self, tries: int) -> float:
        longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** max(0, tries - 1))
        pause = self.chance.uniform(0, longest)
        self.result.conflicts += 1
        self.result.waited_for_run += pause
        return pause

    def _settle(self, number: int, at: float) -> None:
        first = number * CLIENTS_PER_BATCH
        self.result.settled += min(CLIENTS_PER_BATCH, self.clients - first)
        self.result.seconds = max(self.result.seconds, at)


def table(each: Footprint, sizes: Sequence[int]) -> str:
    """Return, as a table in Markdown, how runs of such batches end.

    Args:
        each: what one batch takes.
        sizes: the clients of the runs.
    """
    lines = ["| clients | batches at once | table, units/s | clients/s | minutes | conflicts | first limit |"]
    lines.append("| --: | --: | --: | --: | --: | --: | --- |")
    for clients, units_per_second, at_once in product(sizes, TABLES, AT_ONCE):
        ended = Run(each, clients, Limits(at_once, table_units_per_second=units_per_second)).simulate()
        cells = (
            *(f"{clients:,}", f"{at_once}", f"{units_per_second:,}", f"{clients / ended.seconds:.0f}"),
            *(f"{ended.seconds / 60:.0f}", f"{ended.conflicts:,}", ended.first_limit),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Count what a batch takes, and print how runs of it end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[*SIZES])
    asked = parser.parse_args()
    with engine() as aws:
        each = footprint(*batch_calls(aws))
    print(f"{each}\n{table(each, asked.clients)}")


if __name__ == "__main__":
    main()
