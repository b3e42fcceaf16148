"""Executions of a state machine, each started once under the name of what it carries out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from msgspec import Struct

from client_lifecycle.storage.retries import persistently

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient


class Progress(Enum):
    """How far an execution has come; one that has ended may have been stopped, or have failed."""

    NOT_STARTED = auto()
    RUNNING = auto()
    ENDED = auto()


class StateMachine(Struct, frozen=True):
    """A state machine of this stack.

    Every call raises ``StorageBusy`` when throttles or a connection's faults outlast the time there is.
    """

    client: SFNClient
    arn: str

    def start(self, name: str, given: Mapping[str, Any]) -> None:
        """Start an execution; starting it again under the same name changes nothing.

        Args:
            name: what it carries out: a run and its attempt.
            given: its input; ids and numbers only.
        """
        try:
            persistently(
                lambda: self.client.start_execution(stateMachineArn=self.arn, name=name, input=json.dumps(given))
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise

    def progress(self, name: str) -> Progress:
        """Tell how far the execution of this name has come."""
        arn = f"{self.arn.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            answer = persistently(lambda: self.client.describe_execution(executionArn=arn))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise
            return Progress.NOT_STARTED
        return Progress.RUNNING if answer["status"] in ("RUNNING", "PENDING_REDRIVE") else Progress.ENDED
