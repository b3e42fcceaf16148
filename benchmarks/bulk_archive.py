"""Times bulk archives on the whole system, deployed on the local AWS, and the memory that they take.

``python -m benchmarks.bulk_archive --clients 10000`` archives a tenth of that many clients, then all of them, each in a
run of its own on a fresh system, and a few one by one over the API. Wall time compares versions of this project on one
machine; it is mostly the local AWS's own. Calls, units and dollars are in the one table, ``python -m benchmarks``.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.members import CLIENTS_PER_BATCH
from local.stack import PracticeStack, practice_stack, write_practice

POLL_SECONDS = 1.0
MEMORY_SECONDS = 0.5
STATES_PER_BATCH = 9
"""A batch's own execution, two choices, the first step, the three effects and what holds them, the last step."""

STATES_PER_RUN = 4
INVOCATIONS_PER_BATCH = 5


@dataclass
class Peak:
    """The most memory that the local AWS took, all its Lambda workers included."""

    mebibytes: float = 0.0


def main() -> None:
    """Archive clients in bulk, at two sizes, and one by one, and print the figures."""
    arguments = argparse.ArgumentParser(description=main.__doc__)
    arguments.add_argument("--clients", type=int, default=1_000, help="active clients to archive in the larger run")
    arguments.add_argument("--one-by-one", type=int, default=100, help="clients to archive by single calls")
    asked = arguments.parse_args()
    few, many = asked.clients // 10, asked.clients
    with practice_stack(clients=_practice_size(few), load_with=write_practice) as stack:
        few_seconds = _time_run(stack, _active(stack)[:few])
    with practice_stack(clients=_practice_size(many + asked.one_by_one), load_with=write_practice) as stack:
        active = _active(stack)
        many_seconds = _time_run(stack, active[:many])
        _one_by_one(stack, active[many : many + asked.one_by_one], many_seconds / many)
    print(f"\ntime({many:,}) / time({few:,})    {many_seconds / few_seconds:>10.1f}")


def _practice_size(active: int) -> int:
    """Return how large a practice must be to have this many active clients, 15 % being archived."""
    return int(active / 0.85) + 20


def _active(stack: PracticeStack) -> list[Client]:
    return [sample.client for sample in stack.practice.clients if sample.client.status is Status.ACTIVE]


def _time_run(stack: PracticeStack, clients: Sequence[Client]) -> float:
    """Archive clients in one run, print what it took, and return the seconds from confirmation to verdict."""
    print(f"\n{len(clients):,} clients in bulk")
    with _memory_of(stack) as peak:
        begin = time.perf_counter()
        shown = stack.api.post("/bulk-archives", {"client_ids": [client.client_id for client in clients]})
        previewed = time.perf_counter()
        stack.api.post(f"/bulk-archives/{shown['run_id']}/confirm", {"token": shown["token"]})
        while (run := stack.api.get(f"/bulk-archives/{shown['run_id']}"))["state"] == "running":
            time.sleep(POLL_SECONDS)
        seconds = time.perf_counter() - previewed
    batches = -(-len(clients) // CLIENTS_PER_BATCH)
    invocations, transitions = INVOCATIONS_PER_BATCH * batches + 1, STATES_PER_BATCH * batches + STATES_PER_RUN
    print(f"preview                      {previewed - begin:>10.1f} s")
    print(f"confirm to verdict           {seconds:>10.1f} s  {len(clients) / seconds:.0f} clients/s")
    print(f"verdict                      {run['state']:>10}   {run['counts']['archived']:,} archived")
    print(f"peak memory, workers too     {peak.mebibytes:>10,.0f} MiB")
    print(f"Lambda invocations           {invocations:>10,}   {invocations / len(clients):.2f} per client")
    print(f"state transitions            {transitions:>10,}   {transitions / len(clients):.2f} per client")
    return seconds


def _one_by_one(stack: PracticeStack, clients: Sequence[Client], bulk_seconds: float) -> None:
    begin = time.perf_counter()
    for client in clients:
        stack.api.post(f"/clients/{client.client_id}/archive")
    seconds = (time.perf_counter() - begin) / len(clients)
    print(f"\n{len(clients):,} clients one by one over the API")
    print(f"each                         {1000 * seconds:>10.0f} ms, {seconds / bulk_seconds:.1f} times that of bulk")


@contextmanager
def _memory_of(stack: PracticeStack) -> Iterator[Peak]:
    """Watch the memory of the local AWS while the block runs."""
    peak, ended = Peak(), threading.Event()

    def watch() -> None:
        while not ended.wait(MEMORY_SECONDS):
            peak.mebibytes = max(peak.mebibytes, _mebibytes(stack))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()


def _mebibytes(stack: PracticeStack) -> float:
    """Return what the processes of the local AWS, which are one session, take now; Linux only."""
    server = stack.aws.process.pid if stack.aws.process else 0
    pages = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == server:
            pages += int(fields[21])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
