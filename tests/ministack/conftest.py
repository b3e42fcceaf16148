"""What tests on MiniStack start from: a bare local AWS with fresh tables, or the whole system, deployed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from client_lifecycle.storage.table import Table
from local import ministack
from local.ministack import LocalAws
from local.stack import PracticeStack, practice_stack
from local.template import read_template

TABLE_SHAPE = ("BillingMode", "AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes", "GlobalSecondaryIndexes")


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
    properties = read_template()["Resources"]["Table"]["Properties"]
    shape: dict[str, Any] = {name: properties[name] for name in TABLE_SHAPE}
    name = f"clients-{uuid4()}"
    local_aws.dynamodb.create_table(TableName=name, **shape)
    local_aws.dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    yield Table(local_aws.dynamodb, name)
    local_aws.dynamodb.delete_table(TableName=name)


@pytest.fixture(scope="session")
def deployed() -> Iterator[PracticeStack]:
    """The system as template.yaml deploys it, IAM enforced, with the sample practice and a signed-in caller."""
    with practice_stack() as stack:
        yield stack
