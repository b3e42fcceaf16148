"""The deployed stack, found by its name with the credentials, the region and the endpoint that boto3 finds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from client_lifecycle.storage.event_bus import EventBus
from client_lifecycle.storage.table import Table
from local.deploy import local_address

CONFIG = Config(connect_timeout=5, read_timeout=900, retries={"mode": "standard", "total_max_attempts": 3})
"""A function may run for 15 minutes before it answers."""


class OperationFailed(Exception):
    """What an operator asked for cannot be done; the message is for people."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack: its outputs, and its resources by the names that template.yaml gives them.

    ``functions`` are those of Lambda, by these names without ``Function``.
    """

    name: str
    outputs: Mapping[str, str]
    resources: Mapping[str, str]
    functions: Mapping[str, str]

    def client(self, service: str) -> Any:
        """Return a client of an AWS service."""
        return boto3.client(service, config=CONFIG)  # type: ignore[call-overload]

    @property
    def api_url(self) -> str:
        """The address of the API; on the local AWS, the one that this machine reaches it at."""
        endpoint = os.environ.get("AWS_ENDPOINT_URL")
        return local_address(endpoint, self.outputs["ApiUrl"]) if endpoint else self.outputs["ApiUrl"]

    @cached_property
    def table(self) -> Table:
        """The table of clients."""
        return Table(self.client("dynamodb"), self.outputs["TableName"])

    @cached_property
    def event_bus(self) -> EventBus:
        """The bus that events are published on."""
        return EventBus(self.client("events"), self.outputs["EventBusName"])


def find_stack(name: str) -> Stack:
    """Find a deployed stack.

    Raises:
        OperationFailed: there is none of this name.
    """
    cloudformation = boto3.client("cloudformation", config=CONFIG)
    try:
        [found] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise OperationFailed(f"There is no stack {name} in this account and region; name another: --stack") from error
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    resources = [one for page in pages for one in page["StackResourceSummaries"] if "PhysicalResourceId" in one]
    return Stack(
        name,
        {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])},
        {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources},
        {
            one["LogicalResourceId"].removesuffix("Function"): one["PhysicalResourceId"]
            for one in resources
            if one["ResourceType"] == "AWS::Lambda::Function"
        },
    )
