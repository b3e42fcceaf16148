"""Hands a confirmed run to the workflow: its manifest in the bucket, its execution in Step Functions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from client_lifecycle.domain.members import Member, batches
from client_lifecycle.domain.runs import Run
from client_lifecycle.storage.executions import Progress, StateMachine
from client_lifecycle.storage.retries import persistently

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_stepfunctions import SFNClient

__all__ = ["Progress", "Workflow"]


class Workflow(Struct, frozen=True):
    """The state machine that carries out bulk archives, and the bucket of its manifests.

    Every call raises ``StorageBusy`` when throttles or a connection's faults outlast the time there is.
    """

    s3: S3Client
    stepfunctions: SFNClient
    manifest_bucket: str
    state_machine_arn: str

    def write_manifest(self, run: Run, members: Sequence[Member]) -> None:
        """Write the batches that the workflow maps over: client ids and positions, nothing else."""
        manifest = [
            {
                "batch_number": number,
                "members": [{"client_id": member.client_id, "position": member.position} for member in batch],
            }
            for number, batch in enumerate(batches(members))
        ]
        body = json.dumps(manifest, separators=(",", ":")).encode()
        persistently(
            lambda: self.s3.put_object(
                Bucket=self.manifest_bucket, Key=_manifest_key(run), Body=body, ContentType="application/json"
            )
        )

    def start(self, run: Run) -> None:
        """Start the execution of a run's attempt; starting it again changes nothing, for it is named after both."""
        execution_input = {
            "provider_id": run.provider_id,
            "run_id": run.run_id,
            "attempt": run.attempt,
            "kind": run.kind.value,
            "manifest": {"bucket": self.manifest_bucket, "key": _manifest_key(run)},
        }
        self._machine.start(_execution_name(run), execution_input)

    def progress(self, run: Run) -> Progress:
        """Tell how far the execution of a run's attempt has come."""
        return self._machine.progress(_execution_name(run))

    @property
    def _machine(self) -> StateMachine:
        return StateMachine(self.stepfunctions, self.state_machine_arn)


def _execution_name(run: Run) -> str:
    return f"{run.run_id}-{run.attempt}"


def _manifest_key(run: Run) -> str:
    return f"{run.provider_id}/{run.run_id}-{run.attempt}.json"
