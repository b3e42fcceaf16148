"""Connects to AWS with the settings that suit this system.

The endpoint, the region and the credentials come from the environment, as botocore reads them. boto3 would add nothing
that is needed here, and slow each cold start; what only some functions connect to is imported when they do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.session import Session

from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage.table import Table

if TYPE_CHECKING:
    from client_lifecycle.storage.audit_trail import AuditTrail
    from client_lifecycle.storage.deliveries import Deliveries
    from client_lifecycle.storage.endpoint import Endpoint
    from client_lifecycle.storage.event_bus import DeadLetters, EventBus
    from client_lifecycle.storage.exports import ExportStore
    from client_lifecycle.storage.import_files import ImportWorkflow
    from client_lifecycle.storage.seal import Seal
    from client_lifecycle.storage.signing_secrets import SigningSecrets
    from client_lifecycle.storage.stream_mapping import StreamReader
    from client_lifecycle.storage.workflow import Workflow

MAX_CONNECTIONS = 32
CONFIG = Config(
    connect_timeout=2,
    read_timeout=3,
    max_pool_connections=MAX_CONNECTIONS,
    retries={"mode": "standard", "total_max_attempts": 1},
)
"""One try each: ``retries.persistently`` alone tries again."""

OF_SERVICE = {"s3": Config(signature_version="s3v4"), "dynamodb": Config(parameter_validation=False)}
"""Forms and links of S3 are signed as every region takes it.

Requests to DynamoDB are not compared with its model: ``table`` and ``items`` give them one form, types check it, and
the comparison took a third of the CPU of a bulk archive.
"""


@cache
def _session() -> Session:
    return Session()


def _client(service: str) -> Any:
    config = CONFIG.merge(OF_SERVICE.get(service, Config()))
    return _session().create_client(service, config=config)


def connect_table(name: str, report: Callable[[Sequence[Unreadable]], None]) -> Table:
    """Connect to the table of this name; ``report`` is told of what cannot be read in it."""
    return Table(_client("dynamodb"), name, report)


def connect_workflow(manifest_bucket: str, state_machine_arn: str) -> Workflow:
    """Connect to the state machine and the bucket of its manifests."""
    from client_lifecycle.storage.workflow import Workflow

    return Workflow(
        s3=_client("s3"),
        stepfunctions=_client("stepfunctions"),
        manifest_bucket=manifest_bucket,
        state_machine_arn=state_machine_arn,
    )


def connect_export_store(bucket: str) -> ExportStore:
    """Connect to the bucket of this name."""
    from client_lifecycle.storage.exports import ExportStore

    return ExportStore(_client("s3"), bucket)


def connect_imports(bucket: str, state_machine_arn: str) -> ImportWorkflow:
    """Connect to the state machine of imports and the bucket with their files."""
    from client_lifecycle.storage.executions import StateMachine
    from client_lifecycle.storage.import_files import ImportFiles, ImportWorkflow

    machine = StateMachine(_client("stepfunctions"), state_machine_arn)
    return ImportWorkflow(ImportFiles(_client("s3"), bucket), machine)


def connect_signing_secrets(prefix: str) -> SigningSecrets:
    """Connect to the secrets whose names begin like this."""
    from client_lifecycle.storage.signing_secrets import SigningSecrets

    return SigningSecrets(_client("ssm"), prefix)


def connect_audit_trail(group: str) -> AuditTrail:
    """Connect to the log group of this name."""
    from client_lifecycle.storage.audit_trail import AuditTrail

    return AuditTrail(_client("logs"), group)


def connect_event_bus(name: str) -> EventBus:
    """Connect to the bus of this name."""
    from client_lifecycle.storage.event_bus import EventBus

    return EventBus(_client("events"), name)


def connect_dead_letters(queue_url: str) -> DeadLetters:
    """Connect to the queue at this address."""
    from client_lifecycle.storage.event_bus import DeadLetters

    return DeadLetters(_client("sqs"), queue_url)


def connect_deliveries(queue_url: str) -> Deliveries:
    """Connect to the queue of deliveries at this address."""
    from client_lifecycle.storage.deliveries import Deliveries

    return Deliveries(_client("sqs"), queue_url)


def connect_endpoint(url: str) -> Endpoint:
    """Return the system at this address; it is connected to for each event."""
    from client_lifecycle.storage.endpoint import Endpoint

    return Endpoint(url)


def connect_stream_reader(function_name: str) -> StreamReader:
    """Connect to what calls the function of this name."""
    from client_lifecycle.storage.stream_mapping import StreamReader

    return StreamReader(_client("lambda"), function_name)


def connect_seal(key_id: str) -> Seal:
    """Connect to the key of this id."""
    from client_lifecycle.storage.seal import Seal

    return Seal(_client("kms"), key_id)
