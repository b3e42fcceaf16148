"""Bulk archives whose every step is delivered twice and sometimes fails, whose workers are killed or stopped."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.effects import all_effects
from client_lifecycle.domain.receipts import ReceiptState
from client_lifecycle.storage import archives, keys
from client_lifecycle.storage.clients import read_live
from client_lifecycle.storage.due import list_due
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.workflow import Workflow
from client_lifecycle.use_cases.clean_up import LEASE, clean_up
from local.stack import PracticeStack, practice_stack
from tests.ministack.faulty.deploy import kill_a_worker, make_faulty
from tests.support.imports import no_imports
from tests.support.practice import everything

SEED = int(os.environ.get("FAULT_SEED", "20261124"))
CLIENTS = 100
RUN_SECONDS = 240
ROUNDS = 12
ENDED = {"completed", "completed_in_part", "completed_with_failures", "stopped"}


@pytest.fixture(scope="module")
def stack() -> Iterator[PracticeStack]:
    """A deployed system of this module's own, whose steps are made faulty."""
    with practice_stack(clients=CLIENTS * 3) as running:
        yield running


@pytest.fixture(scope="module")
def everyone(stack: PracticeStack) -> Iterator[Client]:
    """The active clients, one after the other; no test takes another's."""
    return (sample.client for sample in stack.practice.clients if sample.client.status is Status.ACTIVE)


def taken(everyone: Iterator[Client], count: int) -> list[Client]:
    return [next(everyone) for _ in range(count)]


def confirmed(stack: PracticeStack, people: list[Client]) -> str:
    shown = stack.api.post("/bulk-archives", {"client_ids": [who.client_id for who in people]})
    stack.api.post(f"/bulk-archives/{shown['run_id']}/confirm", {"token": shown["token"]})
    return str(shown["run_id"])


def watched(stack: PracticeStack, run_id: str, meanwhile: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Poll a run to its end, and hold its outcomes at every look against the number of clients selected."""
    deadline = time.monotonic() + RUN_SECONDS
    while True:
        run = stack.api.get(f"/bulk-archives/{run_id}")
        assert sum(run["counts"].values()) == run["totals"]["clients"]
        if run["state"] in ENDED or not is_at_work(stack, run_id, run["attempt"]):
            return stack.api.get(f"/bulk-archives/{run_id}")
        assert time.monotonic() < deadline, run
        meanwhile()
        time.sleep(0.2)


def is_at_work(stack: PracticeStack, run_id: str, attempt: int) -> bool:
    arn = stack.deployed.state_machine_arn.replace(":stateMachine:", ":execution:")
    answer = stack.aws.stepfunctions.describe_execution(executionArn=f"{arn}:{run_id}-{attempt}")
    return answer["status"] == "RUNNING"


class CleanUp:
    """The clean-up as it will be called later and later, so that everything left behind is due."""

    def __init__(self, stack: PracticeStack) -> None:
        self._stack = stack
        self._at = datetime.now(UTC) + archives.CHECK_ARCHIVE_AFTER
        self._workflow = Workflow(
            s3=stack.aws.s3,
            stepfunctions=stack.aws.stepfunctions,
            manifest_bucket=stack.deployed.manifest_bucket,
            state_machine_arn=stack.deployed.state_machine_arn,
        )

    def __call__(self) -> Counter[str]:
        self._at += LEASE + timedelta(seconds=1)
        done = clean_up(self._stack.table, self._workflow, no_imports(), now=lambda: self._at, has_time=lambda: True)
        return Counter(one.result.value for one in done)


def outcomes(stack: PracticeStack, run_id: str) -> Counter[str]:
    return Counter(member["outcome"] for member in stack.api.pages(f"/bulk-archives/{run_id}/clients", limit=100))


def assert_archived_once_and_in_full(stack: PracticeStack, who: Client, run_id: str) -> None:
    at = datetime.now(UTC)
    live = read_live(Tenant(stack.table, who.provider_id), who.client_id, at)
    stamp = live.client.stamp
    assert stamp
    assert stamp.cause.run_id == run_id
    assert all_effects(live.records, at).changes == ()
    items = everything(stack.table, who)
    told = [item["event"] for item in items if item["sk"].startswith(keys.HISTORY_PREFIX)]
    assert told == ["client.added", "client.archived"]
    receipt = archives.read_receipt(Tenant(stack.table, who.provider_id), who.client_id, stamp.archive_id)
    assert receipt.state is ReceiptState.SETTLED
    touched = [(change.before.kind, change.before.record_id) for change in receipt.changes]
    assert len(touched) == len(set(touched))
    sample = next(one for one in stack.practice.clients if one.client.client_id == who.client_id)
    assert set(touched) == {(one.before.kind, one.before.record_id) for one in all_effects(sample.records, at).changes}


def test_failing_repeated_and_killed_steps_archive_each_client_once(
    stack: PracticeStack, everyone: Iterator[Client]
) -> None:
    make_faulty(stack, seed=SEED, share=0.2)
    people = taken(everyone, CLIENTS)
    run_id = confirmed(stack, people)
    looks = iter(range(10_000))
    killed: list[bool] = []

    def kill_now_and_then() -> None:
        if next(looks) % 8 == 3:
            killed.append(kill_a_worker(stack))

    clean = CleanUp(stack)
    for _ in range(ROUNDS):
        run = watched(stack, run_id, kill_now_and_then)
        clean()
        run = stack.api.get(f"/bulk-archives/{run_id}")
        if run["state"] == "completed":
            break
        stack.api.post(f"/bulk-archives/{run_id}/retry")
    assert run["state"] == "completed", run
    assert run["attempt"] > 1, "no step has failed: the faults are not in the way"
    assert any(killed)
    clean()

    assert {name: count for name, count in run["counts"].items() if count} == {"archived": CLIENTS}
    assert outcomes(stack, run_id) == {"archived": CLIENTS}
    for who in people:
        assert_archived_once_and_in_full(stack, who, run_id)
    far = datetime.now(UTC) + timedelta(days=1)
    assert [one for work in (keys.Work.SETTLING, keys.Work.RUN) for one in list_due(stack.table, work, far)] == []


def test_a_dead_handler_ends_the_run_with_failures_and_all_accounted_for(
    stack: PracticeStack, everyone: Iterator[Client]
) -> None:
    make_faulty(stack, seed=SEED, share=0.0)
    make_faulty(stack, ["leave_chats"], seed=SEED, share=1.0)
    people = taken(everyone, 30)
    run_id = confirmed(stack, people)
    run = watched(stack, run_id)
    assert run["state"] == "completed_with_failures"
    assert {name: count for name, count in run["counts"].items() if count} == {"failed": 30}
    assert all(member["reason"] for member in stack.api.pages(f"/bulk-archives/{run_id}/clients", outcome="failed"))

    make_faulty(stack, ["leave_chats"], seed=SEED, share=0.0)
    stack.api.post(f"/bulk-archives/{run_id}/retry")
    assert watched(stack, run_id)["state"] == "completed"
    for who in people:
        assert_archived_once_and_in_full(stack, who, run_id)


def test_a_workflow_that_is_stopped_from_outside_is_found_and_finished(
    stack: PracticeStack, everyone: Iterator[Client]
) -> None:
    make_faulty(stack, seed=SEED, share=0.0)
    people = taken(everyone, 60)
    run_id = confirmed(stack, people)
    arn = stack.deployed.state_machine_arn.replace(":stateMachine:", ":execution:")
    stack.aws.stepfunctions.stop_execution(executionArn=f"{arn}:{run_id}-1")
    settle_down(stack, run_id)
    clean = CleanUp(stack)
    assert clean()["run_finished"] == 1
    run = stack.api.get(f"/bulk-archives/{run_id}")
    assert run["state"] == "completed_with_failures"
    assert run["counts"]["pending"] == 0
    stack.api.post(f"/bulk-archives/{run_id}/retry")
    assert watched(stack, run_id)["state"] == "completed"
    for who in people:
        assert_archived_once_and_in_full(stack, who, run_id)


def settle_down(stack: PracticeStack, run_id: str) -> None:
    """Wait until the steps that were running have ended: the counts stay."""
    before, after = None, stack.api.get(f"/bulk-archives/{run_id}")["counts"]
    while before != after:
        time.sleep(1)
        before, after = after, stack.api.get(f"/bulk-archives/{run_id}")["counts"]
