"""``reset`` makes the practices new."""

from __future__ import annotations

from typing import Any

import typer

from client_lifecycle.domain.client import Status
from client_lifecycle.storage.client_lists import count_clients
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from local.deploy import STACK
from local.ministack import LocalAws
from local.running import EVENTS, find
from local.sample_practice import FEWEST_CLIENTS
from local.samples.running import PROVIDER_ID, write_events
from local.screen import Screen
from local.stack import Progress, load_practice

BATCH = 25


def reset(context: typer.Context) -> None:
    """Forget all that has been done: every practice is loaded again, as large as it is, and so are sample events."""
    running, screen = find(context.obj), Screen()
    sizes = {one: _size(running.table, one) for one in running.booking_secrets if one != PROVIDER_ID}
    _stop_workflows(running.aws, running.deployed.state_machine_arn)
    with screen.step("Emptying the tables") as progress:
        _empty_tables(running.aws, progress)
    for provider_id, clients in sizes.items():
        with screen.step(f"Loading a sample practice, {provider_id}") as progress:
            load_practice(running.table, provider_id, clients, progress)
    with screen.step("Making sample events") as progress:
        write_events(running.folder / EVENTS, running.aws, running.deployed, progress)


def _size(table: Table, provider_id: str) -> int:
    return max(
        FEWEST_CLIENTS, sum(count_clients(Tenant(table, provider_id), status, group_id=None) for status in Status)
    )


def _stop_workflows(aws: LocalAws, state_machine_arn: str) -> None:
    pages = aws.stepfunctions.get_paginator("list_executions").paginate(
        stateMachineArn=state_machine_arn, statusFilter="RUNNING"
    )
    for execution in [execution for page in pages for execution in page["executions"]]:
        aws.stepfunctions.stop_execution(executionArn=execution["executionArn"], cause="reset")


def _empty_tables(aws: LocalAws, on_progress: Progress) -> None:
    resources = aws.cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    tables = [one["PhysicalResourceId"] for one in resources if one["ResourceType"] == "AWS::DynamoDB::Table"]
    keys = [(table, key) for table in tables for key in _keys(aws, table)]
    for done in range(0, len(keys), BATCH):
        requests: dict[str, Any] = {}
        for table, key in keys[done : done + BATCH]:
            requests.setdefault(table, []).append({"DeleteRequest": {"Key": key}})
        aws.dynamodb.batch_write_item(RequestItems=requests)
        on_progress(done, len(keys))


def _keys(aws: LocalAws, table: str) -> list[Any]:
    schema = aws.dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
    names = {f"#{place}": key["AttributeName"] for place, key in enumerate(schema)}
    pages = aws.dynamodb.get_paginator("scan").paginate(
        TableName=table, ProjectionExpression=", ".join(names), ExpressionAttributeNames=names
    )
    return [item for page in pages for item in page["Items"]]
