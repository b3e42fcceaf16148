"""What the proofs start from: a local AWS of their own, and the code under test in the hands of the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from botocore.config import Config

from client_lifecycle.storage.workflow import Workflow
from local import ministack
from local.ministack import LocalAws
from tests.proof.crashes import BUCKET, Stage
from tests.proof.figures import FIGURES
from tests.proof.scheduler import scheduled
from tests.proof.world import Controls

ONE_TRY = Config(retries={"mode": "standard", "total_max_attempts": 1}, max_pool_connections=64)


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """A local AWS with nothing deployed."""
    with ministack.local_aws() as aws:
        yield aws


@pytest.fixture
def controls(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Controls]:
    """The code under test, under the scheduler, with its chance and its time taken out."""
    dynamodb = local_aws.session.client(
        "dynamodb", endpoint_url=local_aws.endpoint, config=ministack.CONFIG.merge(ONE_TRY)
    )
    taken = Controls(dynamodb)
    taken.take_over(monkeypatch)
    with scheduled(dynamodb):
        yield taken


@pytest.fixture(scope="session")
def workflow(local_aws: LocalAws) -> Workflow:
    """A bucket and a state machine whose executions run until they are stopped."""
    config = ministack.CONFIG.merge(ONE_TRY)
    s3 = local_aws.session.client("s3", endpoint_url=local_aws.endpoint, config=config)
    stepfunctions = local_aws.session.client("stepfunctions", endpoint_url=local_aws.endpoint, config=config)
    s3.create_bucket(Bucket=BUCKET)
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 86_400, "End": True}}}
    iam = local_aws.session.client("iam", endpoint_url=local_aws.endpoint, config=config)
    role = iam.create_role(RoleName="state-machine", AssumeRolePolicyDocument="{}")["Role"]
    machine = stepfunctions.create_state_machine(
        name="archive-clients", definition=json.dumps(definition), roleArn=role["Arn"]
    )
    return Workflow(s3, stepfunctions, BUCKET, machine["stateMachineArn"])


@pytest.fixture(scope="session")
def scenes() -> Iterator[int]:
    """Numbers for the scenes of all tests."""
    return count()


@pytest.fixture
def stage(controls: Controls, workflow: Workflow, scenes: Iterator[int]) -> Iterator[Stage]:
    with scheduled(workflow.s3, workflow.stepfunctions):
        yield Stage(controls, workflow, scenes)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the figures to the process that prints them, if the proofs were run beside other tests."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["figures"] = FIGURES


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the figures of a process that has ended."""
    FIGURES.extend(getattr(node, "workeroutput", {}).get("figures", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the proofs have tried, for those who read the log of a passed run."""
    if FIGURES:
        terminalreporter.section("proof")
        for figure in FIGURES:
            terminalreporter.write_line(figure)
