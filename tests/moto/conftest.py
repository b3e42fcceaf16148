from __future__ import annotations

import copy
import io
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.loaders import Loader
from moto import mock_aws
from moto.dynamodb import models
from moto.dynamodb.models.table import Table as MotoTable
from moto.dynamodb.responses import DynamoHandler

from client_lifecycle.edge import kept_answers, steps, wiring
from client_lifecycle.storage import retries
from client_lifecycle.storage.connections import connect_seal
from client_lifecycle.storage.seal import Seal
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from local.tables import create_table
from tests.support import authors, key_limits, rights
from tests.support.builders import NOW, PROVIDER_ID
from tests.support.calls import TRAIL, Trail
from tests.support.faults import CountedTime

ACCOUNT_ID = "123456789012"
BUCKET = "manifests"
STATE_MACHINE = "archive-clients"
IMPORT_BUCKET = "imports"
IMPORT_STATE_MACHINE = "import-rows"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "TABLE_NAME": "clients-table",
    "AUDIT_LOG_GROUP": "/audit/test",
    "ALLOWED_ORIGINS": "https://console.example,https://board.example",
    "IDEMPOTENCY_TABLE_NAME": "answers-table",
    "HOOK_CALLS_PER_SECOND": "1000",
    "EXPORT_BUCKET": BUCKET,
    "MANIFEST_BUCKET": BUCKET,
    "STATE_MACHINE_ARN": f"arn:aws:states:us-east-1:{ACCOUNT_ID}:stateMachine:{STATE_MACHINE}",
    "IMPORT_BUCKET": IMPORT_BUCKET,
    "IMPORT_STATE_MACHINE_ARN": f"arn:aws:states:us-east-1:{ACCOUNT_ID}:stateMachine:{IMPORT_STATE_MACHINE}",
}


@dataclass
class Clock:
    """The present moment, which passes only when it is told to."""

    at: datetime = field(default=NOW)

    def pass_by(self, time: timedelta) -> None:
        self.at += time


SERVICE_MODELS = Loader()
"""What botocore knows of the services, read once for all tests."""


def _session() -> botocore.session.Session:
    session = botocore.session.Session()
    session.register_component("data_loader", SERVICE_MODELS)
    key_limits.watch(session.get_component("event_emitter"))
    return session


@pytest.fixture(autouse=True, scope="session")
def used_rights_are_recorded() -> Iterator[None]:
    """``python -m tests.support.rights`` compares them with the roles."""
    with rights.recorded():
        yield


@pytest.fixture(autouse=True)
def every_write_has_an_author() -> Iterator[None]:
    """Whatever a function writes, in any of these tests, says whose doing it is."""
    yield
    assert authors.without_author() == []


@pytest.fixture(autouse=True, scope="session")
def calls_come_one_at_a_time() -> Iterator[None]:
    """Calls of several threads wait for each other."""
    with one_call_at_a_time():
        yield


@contextmanager
def one_call_at_a_time() -> Iterator[None]:
    """Moto reads and copies a table while another thread writes it; the service does not."""
    call_action, lock = DynamoHandler.call_action, threading.RLock()

    def call_action_alone(handler: DynamoHandler) -> Any:
        with lock:
            return call_action(handler)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DynamoHandler, "call_action", call_action_alone)
        yield


@pytest.fixture(autouse=True, scope="session")
def transactions_copy_a_table_once(calls_come_one_at_a_time: None) -> Iterator[None]:
    """Moto copies a table once for each action of a transaction before it begins; one copy does."""
    transact = models.DynamoDBBackend.transact_write_items
    copies: dict[str, object] = {}

    def transact_with_one_copy(backend: models.DynamoDBBackend, actions: list[dict[str, Any]]) -> None:
        copies.clear()
        transact(backend, actions)

    def deepcopy(value: object) -> object:
        if not isinstance(value, MotoTable):
            return copy.deepcopy(value)
        if value.name not in copies:
            copies[value.name] = copy.deepcopy(value)
        return copies[value.name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.DynamoDBBackend, "transact_write_items", transact_with_one_copy)
        patch.setattr(models, "copy", SimpleNamespace(deepcopy=deepcopy))
        yield


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS account of the test's own, and functions that have not been called yet."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    connections = (
        wiring.table,
        wiring.workflow,
        wiring.imports,
        wiring.hook_rate,
        wiring.export_store,
        kept_answers.kept_answers,
    )
    with mock_aws():
        boto3.setup_default_session(botocore_session=_session())
        for connection in connections:
            connection.cache_clear()
        yield
    for connection in connections:
        connection.cache_clear()


@pytest.fixture(autouse=True)
def trail(aws: None, monkeypatch: pytest.MonkeyPatch) -> Trail:
    """The lines that requests leave; ``calls.request`` requires that each leaves one."""
    TRAIL.lines.clear()
    monkeypatch.setattr(wiring, "audit_trail", lambda: TRAIL)
    return TRAIL


@pytest.fixture(autouse=True)
def cursor_key(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for cursors, made when the first cursor is."""

    @cache
    def seal() -> Seal:
        return connect_seal(boto3.client("kms").create_key()["KeyMetadata"]["KeyId"])

    monkeypatch.setattr(wiring, "seal", seal)


@pytest.fixture
def table(aws: None) -> Table:
    """The template's table, empty."""
    return create_table(boto3.client("dynamodb"), ENVIRONMENT["TABLE_NAME"])


@pytest.fixture
def tenant(table: Table) -> Tenant:
    """The table as that of the practice whose clients the builders make."""
    return Tenant(table, PROVIDER_ID)


@dataclass
class Reader:
    """Stands for what reads the table's stream."""

    is_reading: bool = True

    def reads(self) -> bool:
        return self.is_reading


@pytest.fixture(autouse=True)
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    reader = Reader()
    monkeypatch.setattr(wiring, "stream_reader", lambda: reader)
    return reader


@pytest.fixture(autouse=True)
def counted_time(monkeypatch: pytest.MonkeyPatch) -> CountedTime:
    """The time that calls wait before another try, which takes none."""
    counted = CountedTime()
    monkeypatch.setattr(retries, "time", counted)
    return counted


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(wiring, "now", lambda: clock.at)
    return clock


class Executions:
    """The executions that were started, with their input, oldest first."""

    def __init__(self, arn: str) -> None:
        self._client = boto3.client("stepfunctions")
        self._arn = arn

    def __call__(self) -> list[dict[str, Any]]:
        arn = self._arn
        found = self._client.list_executions(stateMachineArn=arn)["executions"]
        described = [self._client.describe_execution(executionArn=one["executionArn"]) for one in found]
        return [{"name": one["name"], "input": json.loads(one["input"])} for one in described]


@pytest.fixture
def executions(aws: None) -> Executions:
    """A state machine that accepts executions, and the bucket for their manifests."""
    make_machine(STATE_MACHINE, BUCKET)
    return Executions(ENVIRONMENT["STATE_MACHINE_ARN"])


@pytest.fixture
def import_executions(aws: None) -> Executions:
    """The same for imports."""
    make_machine(IMPORT_STATE_MACHINE, IMPORT_BUCKET)
    return Executions(ENVIRONMENT["IMPORT_STATE_MACHINE_ARN"])


def make_machine(name: str, bucket: str) -> None:
    """Make a state machine and the bucket that its runs are handed to."""
    boto3.client("s3").create_bucket(Bucket=bucket)
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    role_arn = f"arn:aws:iam::{ACCOUNT_ID}:role/state-machine"
    boto3.client("stepfunctions").create_state_machine(name=name, definition=json.dumps(definition), roleArn=role_arn)


class Log:
    """What the functions have written to their log."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    stream = io.StringIO()
    handler: Any = steps.logger.registered_handler
    before = handler.setStream(stream)
    yield Log(stream)
    handler.setStream(before)


@pytest.fixture
def queue_url(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The queue where a function of the bus sets things aside."""
    queue_url = boto3.client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", queue_url)
    wiring.dead_letters.cache_clear()
    yield queue_url
    wiring.dead_letters.cache_clear()


def letters(queue_url: str) -> list[dict[str, Any]]:
    """What was set aside."""
    answer = boto3.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]
