"""Carries out the shipped workflow on the functions in this process, batch by batch, as Step Functions does."""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from unittest.mock import patch

from benchmarks.latencies import STATE_SECONDS
from benchmarks.timeline import Timeline
from client_lifecycle.domain.members import Member, batches
from client_lifecycle.domain.runs import Run
from client_lifecycle.edge import steps, wiring
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.workflow import Progress, Workflow
from local.template import read_template
from tests.support import state_machine
from tests.support.state_machine import DEFINITION, Answer, Log, Reached, Replay, State, Waiting, item_of, states_of

MAP: Mapping[str, Any] = next(step for step in states_of(DEFINITION).values() if step["Type"] == "Map")
FUNCTIONS = {
    resource["Properties"]["Handler"].split(".")[0]: resource["Properties"]
    for resource in read_template()["Resources"].values()
    if resource["Type"] == "AWS::Serverless::Function"
}
MEMORY_OF_ALL: int = read_template()["Globals"]["Function"]["MemorySize"]
SECONDS_LEFT = 120


@dataclass
class KeptManifest:
    """Stands for the bucket and the state machine: keeps the batches of a run and starts nothing."""

    items: list[State] = field(default_factory=list)
    started: Run | None = None

    @property
    def attempt(self) -> State:
        """What every step is told: the run that was started, and its attempt."""
        assert self.started
        told = {"provider_id": self.started.provider_id, "run_id": self.started.run_id}
        return {**told, "attempt": self.started.attempt, "kind": self.started.kind.value}

    @property
    def stand_in(self) -> Workflow:
        """Return this in the place of the deployed one."""
        return cast("Workflow", self)

    def write_manifest(self, _: Run, members: Sequence[Member]) -> None:
        """Keep the batches."""
        self.items = [
            {
                "batch_number": number,
                "members": [{"client_id": one.client_id, "position": one.position} for one in each],
            }
            for number, each in enumerate(batches(members))
        ]

    def start(self, run: Run) -> None:
        """Keep the run, and start nothing."""
        self.started = run

    def progress(self, _: Run) -> Progress:
        """Tell that nothing was started."""
        return Progress.NOT_STARTED


@dataclass
class Carried:
    """What carrying a batch out took beside calls: states, invocations, and what functions are paid for."""

    transitions: int = 0
    invocations: int = 0
    gibibyte_seconds: float = 0.0


def carry_out(kept: KeptManifest, batch: Mapping[str, Any], timeline: Timeline, carried: Carried) -> None:
    """Carry out one batch of a run.

    Args:
        kept: the run's manifest, and its attempt.
        batch: an item of the manifest.
        timeline: where the batch is on the modelled AWS.
        carried: gets what it took beside calls.
    """
    state = item_of(MAP, kept.attempt, batch)

    def replayed(log: Log) -> Reached:
        return state_machine.replay(MAP["ItemProcessor"], state, Replay(log, lambda *_: []))

    log: dict[str, list[Answer | state_machine.Fault]] = {}
    while True:
        with _counting_states() as seen:
            reached = replayed(log)
        if not isinstance(reached, Waiting):
            break
        tasks = list(reached.tasks.items())
        answers = timeline.apart(lambda task: _invoke(*task, timeline, carried), tasks)
        for (place, _), answer in zip(tasks, answers, strict=True):
            log[place] = [Answer(answer)]
    carried.transitions = len(seen) + 1
    timeline.at += STATE_SECONDS * (carried.transitions - carried.invocations)


def invoke(package: str, event: Mapping[str, Any]) -> Any:
    """Call a function by its package; what goes in and out passes through JSON, as in Lambda."""
    handler = importlib.import_module(f"{package}.handler").lambda_handler
    return json.loads(json.dumps(handler(json.loads(json.dumps(event)), Context(package))))


def _invoke(package: str, event: Any, timeline: Timeline, carried: Carried) -> Any:
    memory = FUNCTIONS[package].get("MemorySize", MEMORY_OF_ALL)
    timeline.at += STATE_SECONDS
    timeline.memory_mebibytes = memory
    begun_at = timeline.at
    answer = invoke(package, event)
    timeline.compute()
    carried.invocations += 1
    carried.gibibyte_seconds += (timeline.at - begun_at) * memory / 1_024
    return answer


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a function about itself."""

    function_name: str
    aws_request_id: str = "benchmark"
    memory_limit_in_mb: int = MEMORY_OF_ALL
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:benchmark"

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""
        return 1_000 * SECONDS_LEFT


@contextmanager
def _counting_states() -> Iterator[list[str]]:
    """Gather the kinds of the states that a replay goes through."""
    seen: list[str] = []
    replay_state = state_machine.replay_state

    def counted(step: Mapping[str, Any], data: Any, known: Replay) -> Reached:
        seen.append(step["Type"])
        return replay_state(step, data, known)

    with patch.object(state_machine, "replay_state", counted):
        yield seen


@contextmanager
def functions_on(table: Table) -> Iterator[None]:
    """Have the functions in this process work on a table, and log nothing but faults."""
    level = steps.logger.log_level
    steps.logger.setLevel(logging.ERROR)
    try:
        with patch.object(wiring, "table", lambda: table):
            yield
    finally:
        steps.logger.setLevel(level)
