"""AWS throttles, is at fault, or is out of reach: calls are tried again while there is time, and no longer."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import boto3
import pytest
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from botocore.exceptions import ClientError, ReadTimeoutError

from client_lifecycle.domain.errors import StorageBusy
from client_lifecycle.domain.events import Event, EventName
from client_lifecycle.edge import wiring
from client_lifecycle.edge.kept_answers import kept_answers
from client_lifecycle.storage import connections, retries
from client_lifecycle.storage.connections import connect_table
from client_lifecycle.storage.items import put_new
from client_lifecycle.storage.table import Query, Table, nobody
from local.tables import create_table
from local.template import ROOT
from tests.moto.conftest import ACCOUNT_ID, BUCKET, ENVIRONMENT, Executions, Log
from tests.moto.workflow import EFFECTS, confirmed
from tests.support.booking_secrets import PREFIX, give_secret
from tests.support.builders import GROUP_ID, NOW, PROVIDER_ID, an_import, client, group, one_of_each, run
from tests.support.calls import TIMEOUTS_SECONDS, Answer, get, invoke, post, request
from tests.support.faults import NOT_ALLOWED, PASSING, THROTTLED, CountedTime, Fault, failing, unanswered, used_up
from tests.support.store import dump, store, store_group

KEY = {"pk": "X", "sk": "Y"}
CALLER_SECONDS = 10
"""What an HTTP caller waits for, at most, before it is told to try again."""


@pytest.fixture(autouse=True)
def _few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the counted time pass in few tries; each costs real time."""
    monkeypatch.setattr(retries, "FIRST_PAUSE_SECONDS", 0.5)
    monkeypatch.setattr(retries, "LONGEST_PAUSE_SECONDS", 60.0)


def a_reader() -> str:
    """Make a function with an event source mapping, and return its name."""
    nothing, lambda_ = io.BytesIO(), boto3.client("lambda")
    with zipfile.ZipFile(nothing, "w") as archive:
        archive.writestr("empty.py", "")
    role = boto3.client("iam").create_role(RoleName="reader", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    lambda_.create_function(
        FunctionName="reader", Runtime="python3.13", Role=role, Handler="a.b", Code={"ZipFile": nothing.getvalue()}
    )
    boto3.client("sqs").create_queue(QueueName="read")
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT_ID}:read"
    lambda_.create_event_source_mapping(FunctionName="reader", EventSourceArn=queue)
    return "reader"


@dataclass
class Storage:
    """Everything that storage calls."""

    table: Table
    queue_url: str

    def __post_init__(self) -> None:
        self.workflow = connections.connect_workflow(BUCKET, ENVIRONMENT["STATE_MACHINE_ARN"])
        self.imports = wiring.imports()
        self.seal = wiring.seal()
        self.sealed = self.seal.close("text")
        self.secrets = connections.connect_signing_secrets(PREFIX)
        self.bus = connections.connect_event_bus("client-archive")
        self.letters = connections.connect_dead_letters(self.queue_url)
        self.deliveries = connections.connect_deliveries(self.queue_url)
        self.reader = connections.connect_stream_reader(a_reader())

    def received(self) -> str:
        """Put a message into the queue and receive it."""
        sqs = boto3.client("sqs")
        sqs.send_message(QueueUrl=self.queue_url, MessageBody="{}")
        handle: str = sqs.receive_message(QueueUrl=self.queue_url)["Messages"][0]["ReceiptHandle"]
        return handle

    def put_on_bus(self) -> None:
        """Put an event, and raise what the bus says of it."""
        told: dict[str, Any] = {"provider_id": PROVIDER_ID, "correlation_id": "e-1", "detail": {}}
        event = Event(name=EventName.CLIENT_ARCHIVED, event_id="e-1", time=NOW, **told)
        refused = self.bus.put([event])
        if refused.get(0) == StorageBusy.__name__:
            raise StorageBusy("The bus is busy.")
        if refused:
            raise ClientError({"Error": {"Code": refused[0]}}, "PutEvents")


@pytest.fixture
def storage(table: Table, executions: Executions, import_executions: Executions) -> Storage:
    give_secret(PROVIDER_ID, "a secret")
    boto3.client("events").create_event_bus(Name="client-archive")
    ours = connect_table(table.name, nobody)
    return Storage(ours, boto3.client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"])


Made = tuple[Callable[[Storage], Any], Callable[[Storage], Any]]
"""Whose calls, and a call."""

CALLS: Mapping[str, Made] = {
    "get_item": (lambda s: s.table.client, lambda s: s.table.get(KEY)),
    "batch_get_item": (lambda s: s.table.client, lambda s: s.table.get_many([KEY])),
    "batch_write_item": (lambda s: s.table.client, lambda s: s.table.put_many([KEY])),
    "query": (lambda s: s.table.client, lambda s: s.table.page(Query("pk = :pk", {":pk": "X"}))),
    "query of a count": (
        lambda s: s.table.client,
        lambda s: s.table.count(Query("due_key = :pk", {":pk": "X"}, index="due")),
    ),
    "transact_write_items": (
        lambda s: s.table.client,
        lambda s: s.table.transact([put_new(s.table.name, {"pk": "A", "sk": str(uuid4())}, {})]),
    ),
    "put_object": (lambda s: s.workflow.s3, lambda s: s.workflow.write_manifest(run(), [])),
    "head_object": (lambda s: s.imports.files.s3, lambda s: s.imports.files.has_upload(an_import())),
    "get_object": (lambda s: s.imports.files.s3, lambda s: s.imports.files.read_header(an_import())),
    "start_execution": (lambda s: s.workflow.stepfunctions, lambda s: s.workflow.start(run())),
    "describe_execution": (lambda s: s.workflow.stepfunctions, lambda s: s.workflow.progress(run())),
    "encrypt": (lambda s: s.seal.client, lambda s: s.seal.close("text")),
    "decrypt": (lambda s: s.seal.client, lambda s: s.seal.open(s.sealed)),
    "get_parameter": (lambda s: s.secrets.client, lambda s: list(replace(s.secrets).of(PROVIDER_ID, NOW))),
    "put_events": (lambda s: s.bus.client, lambda s: s.put_on_bus()),
    "list_event_source_mappings": (lambda s: s.reader.client, lambda s: s.reader.reads()),
    "send_message": (lambda s: s.letters.client, lambda s: s.letters.put({})),
    "change_message_visibility": (lambda s: s.deliveries.client, lambda s: s.deliveries.try_later(s.received(), 1)),
}

ONE_TRY = {"put_log_events"}
"""A caller waits for the answer; a line that is not taken goes to the function's own log."""


def test_every_call_that_storage_makes_is_in_the_table() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "layers/common").glob("*/storage/*.py")]
    made = {name for text in texts for name in re.findall(r"self\.(?:client|s3|stepfunctions)\.([a-z]\w+)\(", text)}
    made -= {"generate_presigned_post", "generate_presigned_url"} | ONE_TRY
    assert made == {name.split()[0] for name in CALLS}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_made_again_while_there_is_time_and_another_try_may_help(
    storage: Storage, name: str, counted_time: CountedTime
) -> None:
    whose, call = CALLS[name]
    for kind, fault in PASSING.items():
        with failing(whose(storage), fault, times=2) as tries:
            call(storage)
        assert len(tries) >= 3, kind
        began = counted_time.now
        with failing(whose(storage), fault) as tries, pytest.raises(StorageBusy):
            call(storage)
        assert len(tries) >= 3, kind
        assert used_up(counted_time.now - began, retries.PATIENCE_SECONDS), kind
    with failing(whose(storage), NOT_ALLOWED) as tries, pytest.raises(ClientError):
        call(storage)
    assert len(tries) == 1


def test_nothing_but_our_own_loop_tries_again() -> None:
    config: Any = connections.CONFIG
    assert config.retries["total_max_attempts"] == 1
    assert config.connect_timeout + config.read_timeout + retries.PATIENCE_SECONDS <= CALLER_SECONDS
    source = (ROOT / "layers/common/client_lifecycle/storage/connections.py").read_text(encoding="utf-8")
    assert re.findall(r"create_client\(.*?\)", source) == ["create_client(service, config=config)"]


def test_calls_made_side_by_side_share_the_time_there_is(storage: Storage, counted_time: CountedTime) -> None:
    keys = [{"pk": str(number), "sk": "Y"} for number in range(250)]
    with (
        failing(storage.table.client, THROTTLED),
        pytest.raises(StorageBusy),
        retries.patience(1, within_seconds=60),
    ):
        storage.table.get_many(keys)
    assert 0.9 < counted_time.now < 2, "three batches with a second each would take three"


# The API


@pytest.fixture
def practice(table: Table, executions: Executions, monkeypatch: pytest.MonkeyPatch) -> Table:
    give_secret(PROVIDER_ID, "a secret")
    create_table(boto3.client("dynamodb"), ENVIRONMENT["IDEMPOTENCY_TABLE_NAME"], "IdempotencyTable")
    monkeypatch.setenv("BOOKING_SECRET_PREFIX", PREFIX)
    wiring.booking_secrets.cache_clear()
    store_group(table, group())
    for number in (1, 2):
        store(table, client(f"client-{number}", group_id=GROUP_ID), *one_of_each())
    return table


def hooked() -> Answer:
    at = int(NOW.timestamp())
    headers = {"X-Provider": PROVIDER_ID, "X-Signature": f"t={at},v1={'0' * 64}"}
    return post("/hooks/bookings", {"event_id": "e-1"}, headers=headers, claims=None)


def keyed() -> Answer:
    body = {"name": "Wren Fairbrook", "email": "wren@example.org"}
    return post("/clients", body, headers={"Idempotency-Key": "k-1"})


SOME = {kind: PASSING[kind] for kind in ("no endpoint", "no answer in time", "throttled")}
"""One fault of each family; that all others are dealt with alike is shown above."""

ROUTES: Mapping[str, Callable[[], Answer]] = {
    "archive": lambda: post("/clients/client-1/archive", {}),
    "activate": lambda: post("/clients/client-1/activate", {}),
    "plan": lambda: request("PUT", "/clients/client-1/archive-plan", {"after_last_payment": True}),
    "list": lambda: get("/clients"),
    "search": lambda: post("/clients/_search", {"q": "an"}),
    "count": lambda: get("/client-counts"),
    "read": lambda: get("/clients/client-1"),
    "add": keyed,
    "settings": lambda: get("/settings"),
    "preview": lambda: post("/bulk-archives", {"group_id": GROUP_ID}),
    "runs": lambda: get("/bulk-archives"),
    "watch": lambda: get("/bulk-archives/01K"),
}


def assert_told_to_try_again(answer: Answer) -> None:
    assert (answer.status, answer.problem) == (503, "StorageBusy")
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("route", ROUTES)
def test_the_api_says_try_again_while_its_caller_still_listens(
    practice: Table, route: str, counted_time: CountedTime
) -> None:
    stored = dump(practice)
    for fault in (*SOME.values(), silence(counted_time)):
        began = counted_time.now
        with failing(wiring.table().client, fault):
            assert_told_to_try_again(ROUTES[route]())
        assert counted_time.now - began <= CALLER_SECONDS
    assert dump(practice) == stored
    assert ROUTES[route]().status != 503


def silence(counted_time: CountedTime) -> Fault:
    """Return a server that takes every request and answers none."""
    config: Any = connections.CONFIG

    def wait(sent: Any) -> Any:
        counted_time.sleep(config.read_timeout)
        return unanswered(ReadTimeoutError(endpoint_url="https://aws.example"))(sent)

    return wait


@pytest.mark.parametrize("kind", SOME)
def test_an_archive_that_is_held_up_for_moments_is_answered(practice: Table, kind: str) -> None:
    with failing(wiring.table().client, SOME[kind], times=2):
        assert post("/clients/client-1/archive", {}).status == 200


def test_work_that_is_not_held_up_may_take_longer_than_a_caller_s_patience(
    practice: Table, counted_time: CountedTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Table.get

    def get_slowly(table: Table, key: Mapping[str, str]) -> Any:
        counted_time.sleep(8)
        return slow(table, key)

    monkeypatch.setattr(Table, "get", get_slowly)
    with failing(wiring.table().client, THROTTLED, times=2) as tries:
        assert get("/clients/client-1").status == 200
    assert len(tries) == 3


def test_what_bucket_or_workflow_refuses_can_be_confirmed_again(practice: Table, executions: Executions) -> None:
    shown = post("/bulk-archives", {"group_id": GROUP_ID}).body
    address, body = f"/bulk-archives/{shown['run_id']}/confirm", {"token": shown["token"]}
    for client_of in (wiring.workflow().s3, wiring.workflow().stepfunctions):
        for fault in SOME.values():
            with failing(client_of, fault):
                assert_told_to_try_again(post(address, body))
    assert executions() == []
    assert post(address, body).status == 202
    assert len(executions()) == 1


def test_a_cursor_that_cannot_be_sealed_or_read_is_to_be_asked_for_again(practice: Table) -> None:
    cursor = get("/clients?limit=1").body["next_cursor"]
    for fault in SOME.values():
        with failing(wiring.seal().client, fault):
            assert_told_to_try_again(get("/clients?limit=1"))
            assert_told_to_try_again(get(f"/clients?limit=1&cursor={cursor}"))
    assert get(f"/clients?limit=1&cursor={cursor}").status == 200


def test_a_booking_whose_secret_cannot_be_read_is_to_be_sent_again(practice: Table) -> None:
    for fault in SOME.values():
        with failing(wiring.booking_secrets().client, fault):
            assert_told_to_try_again(hooked())
    assert hooked().problem == "BadSignature"


@pytest.mark.parametrize("kind", SOME)
def test_a_key_that_cannot_be_held_for_moments_is_held(practice: Table, kind: str) -> None:
    with failing(wiring.table().client, SOME[kind], times=2, operation="PutItem") as tries:
        first = keyed()
    assert (first.status, len(tries)) == (201, 3)
    assert keyed().headers["Idempotent-Replayed"] == "true"


def test_a_key_that_cannot_be_held_creates_nothing_and_is_to_be_sent_again(practice: Table) -> None:
    stored = dump(practice)
    with failing(wiring.table().client, THROTTLED, operation="PutItem"):
        assert_told_to_try_again(keyed())
    assert dump(practice) == stored
    assert keyed().status == 201


def test_what_was_created_is_answered_while_its_answer_cannot_be_kept(practice: Table) -> None:
    with failing(wiring.table().client, THROTTLED, operation="UpdateItem"):
        assert keyed().status == 201


def test_every_call_of_the_library_that_keeps_answers_is_made_persistently() -> None:
    its_calls = {
        name for name in vars(DynamoDBPersistenceLayer) if re.fullmatch(r"_(get|put|update|delete)_record", name)
    }
    assert its_calls <= set(vars(type(kept_answers())))
    assert len(its_calls) == 4


# The workflow and the events


STEPS = ("prepare_retry", "mark_archived", "undo_archives", *EFFECTS, "settle_batch", "finish_run")


@pytest.mark.parametrize("step", STEPS)
def test_a_step_held_up_to_its_end_is_delivered_again_and_fails_nobody(
    practice: Table, step: str, counted_time: CountedTime
) -> None:
    workflow = confirmed("client-1", "client-2")
    event = workflow.batch("client-1", "client-2")
    marked = workflow.mark(event)["first"]
    stored = dump(practice)
    for fault in SOME.values():
        began = counted_time.now
        with failing(wiring.table().client, fault), pytest.raises(StorageBusy):
            invoke(f"{step}.handler.lambda_handler", {**event, "first": marked, "marked": marked["marked"]})
        assert retries.PATIENCE_SECONDS < counted_time.now - began < TIMEOUTS_SECONDS[step]
    assert dump(practice) == stored


def test_a_run_whose_every_step_is_held_up_for_moments_archives_everyone(practice: Table) -> None:
    workflow = confirmed("client-1", "client-2")
    event = workflow.batch("client-1", "client-2")
    for fault in SOME.values():
        with failing(wiring.table().client, fault, times=2):
            state = workflow.mark(event)
        for effect in EFFECTS:
            with failing(wiring.table().client, fault, times=2):
                assert workflow.effect(effect, state) == {"failures": []}
        with failing(wiring.table().client, fault, times=2):
            workflow.settle({**state, "effects": []})
    with failing(wiring.table().client, THROTTLED, times=2):
        assert workflow.finish() == "completed"
    assert workflow.counts == {"archived": 2}


def test_a_request_held_up_to_the_end_logs_what_was_busy(practice: Table, log: Log) -> None:
    with failing(wiring.table().client, THROTTLED):
        get("/clients/client-1")
    [line] = [line for line in log.lines if line["message"] == "request refused"]
    assert (line["problem"], line["cause"]) == ("StorageBusy", "ThrottlingException of GetItem")
