"""What the workflow carries: ids only, and never more for a large run than for a small one."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from client_lifecycle.domain.members import CLIENTS_PER_BATCH, Member
from client_lifecycle.domain.runs import MAX_CLIENTS
from client_lifecycle.storage import workflow as storage_workflow
from client_lifecycle.use_cases.bulk.batches import MOST_BYTES_OF_KEYS
from tests.moto.conftest import BUCKET, ENVIRONMENT, Executions
from tests.moto.workflow import EFFECTS, manifest
from tests.support.builders import ARCHIVE_ID, member, run

LONGEST_ID = 64
STATE_LIMIT_BYTES = 256 * 1024
MOST_BYTES = STATE_LIMIT_BYTES // 2


def everyone(clients: int) -> list[Member]:
    return [member(position, f"{position:0>{LONGEST_ID}}") for position in range(clients)]


def largest_state(batch: dict[str, Any], run_id: str) -> dict[str, Any]:
    """The state of a batch before its last step, when every effect has failed for every client."""
    carried = {"provider_id": "p" * LONGEST_ID, "run_id": run_id, "attempt": 99, "kind": "archive", **batch}
    named = {"work_for": EFFECTS, "records": "k" * MOST_BYTES_OF_KEYS}
    marked = [{**one, "archive_id": ARCHIVE_ID, **named} for one in batch["members"]]
    failures = [{"client_id": one["client_id"], "reason": "CommitContended"} for one in batch["members"]]
    return {**carried, "first": {"marked": marked, "outcomes": []}, "effects": [{"failures": failures}] * len(EFFECTS)}


@pytest.fixture
def workflow(executions: Executions) -> storage_workflow.Workflow:
    return storage_workflow.Workflow(
        s3=boto3.client("s3"),
        stepfunctions=boto3.client("stepfunctions"),
        manifest_bucket=BUCKET,
        state_machine_arn=ENVIRONMENT["STATE_MACHINE_ARN"],
    )


@pytest.mark.parametrize("clients", [CLIENTS_PER_BATCH, MAX_CLIENTS])
def test_no_state_is_larger_for_ten_thousand_clients_than_for_one_batch(
    workflow: storage_workflow.Workflow, executions: Executions, clients: int
) -> None:
    large = run(everyone(clients))
    workflow.write_manifest(large, everyone(clients))
    workflow.start(large)
    batches = manifest(large.run_id)
    assert sum(len(batch["members"]) for batch in batches) == clients
    assert max(len(json.dumps(largest_state(batch, large.run_id))) for batch in batches) < MOST_BYTES
    [execution] = executions()
    assert len(json.dumps(execution["input"])) < 1_000


def test_the_manifest_holds_client_ids_and_places_and_nothing_else(workflow: storage_workflow.Workflow) -> None:
    large = run(everyone(60))
    workflow.write_manifest(large, everyone(60))
    for batch in manifest(large.run_id):
        assert batch.keys() == {"batch_number", "members"}
        assert all(one.keys() == {"client_id", "position"} for one in batch["members"])
