"""Tries mutations, several at a time, each in a process of its own, and tells what came of each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import cast

from tests.rules.citations import Cited, in_process
from tests.rules.mutation import Mutation
from tests.rules.trial import Finding, Verdict, tried

FORK = get_context("fork")
"""A child has all that this process has imported, so that a trial imports our own modules only."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A mutation, ``None`` for the code as it is; what its trial found, and how long it took."""

    mutation: Mutation | None
    finding: Finding
    seconds: float

    @property
    def is_as_it_should_be(self) -> bool:
        """A mutation is caught; the code as it is passes."""
        return self.finding.verdict is (Verdict.CAUGHT if self.mutation else Verdict.SURVIVED)


def check(
    mutations: Sequence[Mutation], citations: Mapping[str, Sequence[Cited]], *, at_a_time: int
) -> Iterator[Tried]:
    """Try the code as it is, then each mutation against the tests that its rule cites; yield in order of completion.

    Args:
        mutations: what to break.
        citations: the cited tests by rule; those of another process are left out.
        at_a_time: how many trials run side by side.
    """
    every = sorted({test for mutation in mutations for test in citations.get(mutation.rule, ())})
    left = [(mutation, in_process(citations.get(mutation.rule, ()))) for mutation in mutations]
    waiting: list[tuple[Mutation | None, Sequence[Cited]]] = [(None, in_process(every)), *left]
    running: dict[Connection, tuple[Mutation | None, float]] = {}
    while waiting or running:
        while waiting and len(running) < at_a_time:
            mutation, tests = waiting.pop(0)
            running[_begun(mutation, tests)] = mutation, time.monotonic()
        for done in cast("list[Connection]", wait(list(running))):
            mutation, began_at = running.pop(done)
            yield Tried(mutation, _received(done), time.monotonic() - began_at)


def _begun(mutation: Mutation | None, tests: Sequence[Cited]) -> Connection:
    """Begin a trial; return where its finding arrives."""
    ours, theirs = FORK.Pipe(duplex=False)
    FORK.Process(target=_send, args=(theirs, mutation, tests), daemon=True).start()
    theirs.close()
    return ours


def _send(to: Connection, mutation: Mutation | None, tests: Sequence[Cited]) -> None:
    to.send(tried(mutation, tests))


def _received(connection: Connection) -> Finding:
    try:
        return cast("Finding", connection.recv())
    except EOFError:
        return Finding(Verdict.DOES_NOT_RUN, "the trial ended without a finding")
    finally:
        connection.close()
