"""What tests on MiniStack start from: a bare local AWS with fresh tables, or the whole system, deployed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from local import ministack
from local.bus import following
from local.deploy import STACK
from local.ministack import CONFIG, LocalAws
from local.providers import give_secret
from local.running import EVENTS, announced, shell_environment
from local.samples.running import write_events
from local.stack import PracticeStack, practice_stack
from local.tables import create_table
from tests.ministack.listening import Listener
from tests.support import key_limits
from tests.support.builders import PROVIDER_ID

if TYPE_CHECKING:
    from types_boto3_scheduler.literals import ScheduleStateType


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """A local AWS with nothing deployed; another engine's DynamoDB if AWS_ENDPOINT_URL_DYNAMODB names one."""
    if other := os.environ.get("AWS_ENDPOINT_URL_DYNAMODB"):
        yield LocalAws(other)
        return
    with ministack.local_aws() as aws:
        yield aws


@pytest.fixture
def table(local_aws: LocalAws) -> Iterator[Table]:
    """An empty table of the template's shape."""
    key_limits.watch(local_aws.dynamodb.meta.events)
    created = create_table(local_aws.dynamodb, f"clients-{uuid4()}")
    yield created
    local_aws.dynamodb.delete_table(TableName=created.name)


@pytest.fixture
def tenant(table: Table) -> Tenant:
    """The table as that of the practice whose clients the builders make."""
    return Tenant(table, PROVIDER_ID)


@pytest.fixture(scope="session")
def deployed() -> Iterator[PracticeStack]:
    """The system as template.yaml deploys it, IAM enforced, with the sample practice and a signed-in caller."""
    with practice_stack() as stack:
        yield stack


@pytest.fixture(scope="session")
def folder(deployed: PracticeStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What ``up`` leaves for other terminals in ``.local/``, here for the deployed system."""
    folder = tmp_path_factory.mktemp("local")
    environment = shell_environment(
        deployed.aws, deployed.deployed, token=deployed.api.token, booking_secret=deployed.booking_secret
    )
    write_events(folder / EVENTS, deployed.aws, deployed.deployed, lambda _done, _total: None)
    with announced(folder, deployed.aws, environment):
        yield folder


@pytest.fixture
def secrets_put_back(deployed: PracticeStack) -> Iterator[None]:
    """Put the secrets back that a test rotates: rotated twice, what other tests sign with is no longer good."""
    yield
    give_secret(deployed.aws, deployed.practice.provider_id, deployed.booking_secret)


@pytest.fixture(scope="module")
def clean_up_by_hand(deployed: PracticeStack) -> Iterator[None]:
    """Stop the clock that starts the clean-up, so that what is due waits for the test."""
    scheduler = deployed.aws.session.client("scheduler", endpoint_url=deployed.aws.endpoint, config=CONFIG)
    known = scheduler.get_schedule(Name=f"{STACK}-scheduled-cleanup")

    def switch(state: ScheduleStateType) -> None:
        scheduler.update_schedule(
            Name=known["Name"],
            ScheduleExpression=known["ScheduleExpression"],
            FlexibleTimeWindow=known["FlexibleTimeWindow"],
            Target=known["Target"],
            State=state,
        )

    switch("DISABLED")
    yield
    switch("ENABLED")


@pytest.fixture(scope="module")
def outputs(deployed: PracticeStack) -> dict[str, str]:
    stack = deployed.aws.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.fixture(scope="module")
def sqs(deployed: PracticeStack) -> Any:
    return deployed.aws.session.client("sqs", endpoint_url=deployed.aws.endpoint, config=CONFIG)


@pytest.fixture(scope="module")
def listener(deployed: PracticeStack) -> Iterator[Listener]:
    with following(deployed.aws, deployed.deployed) as follower:
        yield Listener(follower)
