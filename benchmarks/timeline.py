"""The time that work would take on AWS: its own CPU seconds as a function has them, and calls as ``latencies`` says.

Work is done one thing after the other on a fast engine; what the code does side by side is side by side on the
timeline. So seconds of the model do not depend on how busy this machine's other processes keep the engine.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from unittest.mock import patch

from benchmarks.latencies import Latencies
from client_lifecycle.storage.table import CALLS_AT_ONCE

Wanted = TypeVar("Wanted")
Got = TypeVar("Got")

VCPU_MEBIBYTES = 1_769
"""The memory at which a function has one virtual CPU (Lambda, "Configure Lambda function memory")."""


@dataclass(frozen=True, slots=True)
class Write:
    """Write units that are asked for at a moment of a timeline, in seconds from its begin."""

    at: float
    units: float


@dataclass
class Timeline:
    """Where some work is on the timeline that it would have on AWS, and what it has written so far."""

    latencies: Latencies = field(default_factory=Latencies)
    memory_mebibytes: int = VCPU_MEBIBYTES
    at: float = 0.0
    writes: list[Write] = field(default_factory=list)
    _all_computed: float = 0.0
    _cpu: float = field(default_factory=time.process_time)

    def begin(self) -> None:
        """Count this process's CPU time from now on."""
        self._cpu = time.process_time()

    def compute(self) -> None:
        """Add the CPU time since the last call."""
        self.at += self._computed()

    def call(self, operation: str, items: int, write_units: float) -> None:
        """Add a call: as long as is published, which holds the caller's CPU time, or that time where it is more."""
        self.at += max(self.latencies.seconds(operation, items), self._computed())
        if write_units:
            self.writes.append(Write(self.at, write_units))

    def _computed(self) -> float:
        """Return the CPU seconds since this was asked last; a function with less memory has less of a CPU."""
        share = min(1.0, self.memory_mebibytes / VCPU_MEBIBYTES)
        seconds = (time.process_time() - self._cpu) / share
        self._cpu = time.process_time()
        self._all_computed += seconds
        return seconds

    def in_time(self) -> list[Write]:
        """Return what was written in the order of time, which is not that in which it was done here."""
        return sorted(self.writes, key=lambda write: write.at)

    def side_by_side(self, do: Callable[[Wanted], Got], wanted: Sequence[Wanted]) -> list[Got]:
        """Do something for each thing wanted, as if several at a time; their CPU time is one after the other."""
        self.compute()
        begun_at, computed = self.at, self._all_computed
        answers = self.apart(do, wanted)
        self.at = max(self.at, begun_at + self._all_computed - computed)
        return answers

    def apart(self, do: Callable[[Wanted], Got], wanted: Sequence[Wanted]) -> list[Got]:
        """Do something for each thing wanted, as if several at a time, each with a CPU of its own."""
        self.compute()
        free = [self.at] * min(CALLS_AT_ONCE, len(wanted))
        answers = []
        for one in wanted:
            soonest = min(range(len(free)), key=free.__getitem__)
            self.at = free[soonest]
            answers.append(do(one))
            self.compute()
            free[soonest] = self.at
        self.at = max([self.at, *free])
        return answers


@contextmanager
def in_order(timeline: Timeline) -> Iterator[None]:
    """Have the code under measurement make its calls in order, side by side on the timeline alone."""
    users = [
        module
        for name, module in sorted(sys.modules.items())
        if name.startswith("client_lifecycle.") and "side_by_side" in vars(module)
    ]
    patches = [patch.object(module, "side_by_side", timeline.side_by_side) for module in users]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()
