"""Tables of clients: restored, compared with one another, and put in the place of the one that the stack uses."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from operations.stack import OperationFailed, Stack

POLL_SECONDS = 5.0
ACTIVE = "ACTIVE"
IMAGES = "NEW_AND_OLD_IMAGES"
ANY_CHANGE = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}]}'
"""A stack policy forbids to take the table in use out of the stack; this one update may."""

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of an account."""

    dynamodb: Any

    def describe(self, name: str) -> Mapping[str, Any]:
        """Return what DynamoDB tells of a table.

        Raises:
            OperationFailed: there is none of this name.
        """
        try:
            table: Mapping[str, Any] = self.dynamodb.describe_table(TableName=name)["Table"]
        except self.dynamodb.exceptions.ResourceNotFoundException:
            raise OperationFailed(f"There is no table {name}.") from None
        return table

    def exists(self, name: str) -> bool:
        """Tell whether there is a table of this name."""
        try:
            self.describe(name)
        except OperationFailed:
            return False
        return True

    def restore_backup(self, backup: str, to: str) -> None:
        """Begin to restore a backup, by its ARN, as a table of this name."""
        self.dynamodb.restore_table_from_backup(TargetTableName=to, BackupArn=backup)

    def lacks(self, name: str, in_use: str) -> list[str]:
        """Tell what a table lacks to take the place of the one in use; nobody can compare it with one that is gone."""
        table = self.describe(name)
        return lacks(table, self.describe(in_use) if self.exists(in_use) else table)

    def restorable(self, name: str) -> tuple[datetime, datetime]:
        """Return the first and the last moment that a table can be restored to."""
        told = self.dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery = told["PointInTimeRecoveryDescription"]
        if recovery["PointInTimeRecoveryStatus"] != "ENABLED":
            raise OperationFailed(f"{name} has no point-in-time recovery.")
        return recovery["EarliestRestorableDateTime"], recovery["LatestRestorableDateTime"]

    def restore(self, name: str, to: str, at: datetime | None) -> None:
        """Begin to restore a table under another name, to a moment or to the last that can be had."""
        moment = {"RestoreDateTime": at} if at else {"UseLatestRestorableTime": True}
        self.dynamodb.restore_table_to_point_in_time(SourceTableName=name, TargetTableName=to, **moment)

    def check_restored(self, name: str, source: str, at: datetime | None) -> None:
        """Check that a table is the restore that is asked for, begun by a command that was interrupted.

        Args:
            name: the table that there is already.
            source: the name of the table, or the ARN of the backup, that it is to be restored from.
            at: the moment that it is to be restored to, if one is asked for.

        Raises:
            OperationFailed: it is another table, or a restore to another moment.
        """
        summary = self.describe(name).get("RestoreSummary", {})
        begun = (summary.get("SourceBackupArn"), summary.get("SourceTableArn", "").rpartition("/")[2])
        if source not in begun:
            raise OperationFailed(f"There is a table {name}, and it is not restored from {source}. Name another.")
        if at and summary["RestoreDateTime"] != at:
            raise OperationFailed(f"{name} is restored to {summary['RestoreDateTime']}. Name another table.")

    def wait_until_active(self, name: str) -> None:
        """Wait until a table and its indexes can be used; a restore takes from minutes to hours."""
        while not _is_active(self.describe(name)):
            time.sleep(POLL_SECONDS)

    def protect(self, name: str) -> None:
        """Give a restored table what a restore leaves out: stream, deletion protection, point-in-time recovery."""
        table = self.describe(name)
        if "StreamSpecification" not in table:
            stream = {"StreamEnabled": True, "StreamViewType": IMAGES}
            self.dynamodb.update_table(TableName=name, StreamSpecification=stream)
            self.wait_until_active(name)
        self.dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)
        self.wait_until_active(name)
        self.dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )


def _is_active(table: Mapping[str, Any]) -> bool:
    indexes = table.get("GlobalSecondaryIndexes", [])
    states = [table["TableStatus"], *(index.get("IndexStatus", ACTIVE) for index in indexes)]
    return all(state == ACTIVE for state in states)


def lacks(table: Mapping[str, Any], model: Mapping[str, Any]) -> list[str]:
    """Tell what a table lacks to take the place of another.

    Args:
        table: the table that is to be used.
        model: the table in use.
    """
    faults = [] if _is_active(table) else ["it is not active"]
    if _keys(table) != _keys(model):
        faults.append("its keys or indexes are others")
    if table.get("StreamSpecification", {}).get("StreamViewType") != IMAGES:
        faults.append("it has no stream of new and old images")
    if not table.get("DeletionProtectionEnabled"):
        faults.append("it is not protected from deletion")
    return faults


def _keys(table: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Return the keys of a table and its indexes, by the index's name."""
    indexes = [*table.get("LocalSecondaryIndexes", []), *table.get("GlobalSecondaryIndexes", [])]
    schemas = {"": table["KeySchema"], **{index["IndexName"]: index["KeySchema"] for index in indexes}}
    return {name: [(key["AttributeName"], key["KeyType"]) for key in schema] for name, schema in schemas.items()}


def use(stack: Stack, table: Mapping[str, Any], progress: Callable[[int, int], None]) -> None:
    """Let the stack use a table in place of its own, which leaves the stack and is kept.

    Args:
        stack: what is updated; its template and all other parameters stay as they are.
        table: the table.
        progress: told how many resources of how many are done.

    Raises:
        OperationFailed: the update failed, and CloudFormation has taken it back.
    """
    given = {"TableName": table["TableName"], "TableStreamLabel": table["LatestStreamLabel"]}
    cloudformation = stack.client("cloudformation")
    [found] = cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    others = [one["ParameterKey"] for one in found["Parameters"] if one["ParameterKey"] not in given]
    cloudformation.update_stack(
        StackName=stack.name,
        UsePreviousTemplate=True,
        Parameters=[
            *({"ParameterKey": name, "ParameterValue": value} for name, value in given.items()),
            *({"ParameterKey": name, "UsePreviousValue": True} for name in others),
        ],
        Capabilities=CAPABILITIES,
        StackPolicyDuringUpdateBody=ANY_CHANGE,
    )
    _wait(cloudformation, stack, progress)


def _wait(cloudformation: Any, stack: Stack, progress: Callable[[int, int], None]) -> None:
    while True:
        [found] = cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
        if not found["StackStatus"].endswith("IN_PROGRESS"):
            break
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
        states = [one["ResourceStatus"] for page in pages for one in page["StackResourceSummaries"]]
        progress(sum(state.endswith("COMPLETE") for state in states), len(states))
        time.sleep(1)
    if found["StackStatus"] != "UPDATE_COMPLETE":
        raise OperationFailed(f"The stack is {found['StackStatus']}: {found.get('StackStatusReason', 'no reason')}")
