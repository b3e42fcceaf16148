"""An account whose executions are all in use: the workflow waits for one, and archives everyone."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from client_lifecycle.domain.client import Status
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.runs import FINISHED, RunState
from client_lifecycle.storage.runs import read_run
from client_lifecycle.storage.tenant import Tenant
from local import ministack
from local.stack import PracticeStack, practice_stack

EXECUTIONS = 6
"""A new account has about ten; four batches with three effects each want twelve."""

CLIENTS = 250
RUN_SECONDS = 240


@pytest.fixture(scope="module")
def stack() -> Iterator[PracticeStack]:
    with pytest.MonkeyPatch.context() as few:
        few.setattr(ministack, "LAMBDA_ENVIRONMENTS", EXECUTIONS)
        with practice_stack(clients=CLIENTS * 3 // 2) as running:
            yield running


def test_with_six_executions_at_once_all_of_250_clients_are_archived(stack: PracticeStack) -> None:
    active = [one.client.client_id for one in stack.practice.clients if one.client.status is Status.ACTIVE]
    shown = stack.api.post("/bulk-archives", {"client_ids": active[:CLIENTS]})
    stack.api.post(f"/bulk-archives/{shown['run_id']}/confirm", {"token": shown["token"]})
    run = read_run(Tenant(stack.table, stack.practice.provider_id), shown["run_id"])
    deadline = time.monotonic() + RUN_SECONDS
    while run.state not in FINISHED and time.monotonic() < deadline:
        time.sleep(0.5)
        run = read_run(Tenant(stack.table, run.provider_id), run.run_id)
    assert {outcome: count for outcome, count in run.counts.items() if count} == {Outcome.ARCHIVED: CLIENTS}
    assert run.state is RunState.COMPLETED
    assert was_throttled(stack, run.run_id), "no invocation was throttled: the limit is not in the way"


def was_throttled(stack: PracticeStack, run_id: str) -> bool:
    """Tell whether a task of the run found no execution free."""
    step_functions = stack.aws.stepfunctions
    arn = stack.deployed.state_machine_arn.replace(":stateMachine:", ":execution:")
    [batches] = step_functions.list_map_runs(executionArn=f"{arn}:{run_id}-1")["mapRuns"]
    executions = step_functions.list_executions(mapRunArn=batches["mapRunArn"])["executions"]
    failures = [
        event["taskFailedEventDetails"]["error"]
        for execution in executions
        for event in step_functions.get_execution_history(executionArn=execution["executionArn"])["events"]
        if event["type"] == "TaskFailed"
    ]
    return "Lambda.Unknown" in failures
