"""``Idempotency-Key`` on every route that creates: once for its key and its provider, however often it is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

from client_lifecycle.domain.errors import StorageBusy
from client_lifecycle.storage.attributes import Plain, from_item
from client_lifecycle.storage.table import Table
from clients import handler as clients_handler
from local.tables import create_table
from tests.moto.conftest import ENVIRONMENT, Executions, Log
from tests.support.builders import DAY, GROUP_ID, OTHER_PROVIDER_ID, client, group
from tests.support.calls import MANAGER, READER, TIMEOUTS_SECONDS, Answer, get, patch, post
from tests.support.store import dump, store, store_group

KEY = "5f0c1a9e-7c1d-4a55-9d0e-2b8f6f0d1c11"
STRANGER = MANAGER | {"custom:provider_id": OTHER_PROVIDER_ID}
FRONT_DESK = READER
WREN = {"name": "Wren Fairbrook", "email": "wren@example.org"}
SECOND = timedelta(seconds=1)

Request = tuple[str, dict[str, Any]]


@pytest.fixture
def practice(table: Table, executions: Executions) -> Table:
    """A group with a client, at each of two providers."""
    for provider_id in (MANAGER["custom:provider_id"], OTHER_PROVIDER_ID):
        store_group(table, group(provider_id=provider_id))
        store(table, client(provider_id=provider_id, group_id=GROUP_ID))
    return table


@pytest.fixture(autouse=True)
def answers(aws: None) -> Table:
    """The table of answers, empty."""
    return create_table(boto3.client("dynamodb"), ENVIRONMENT["IDEMPOTENCY_TABLE_NAME"], "IdempotencyTable")


def kept(answers: Table) -> list[Plain]:
    return [from_item(item) for item in answers.client.scan(TableName=answers.name)["Items"]]


def let_pass(answers: Table, time: timedelta) -> None:
    """Let time pass by moving every moment that the answers name into the past."""
    seconds = int(time.total_seconds())
    for item in kept(answers):
        moved = {"expiration": item["expiration"] - seconds}
        if "in_progress_expiration" in item:
            moved["in_progress_expiration"] = item["in_progress_expiration"] - seconds * 1_000
        answers.put_many([item | moved])


def send(request: Request, key: str = KEY, **options: Any) -> Answer:
    path, body = request
    return post(path, body, headers={"Idempotency-Key": key}, **options)


def replayed(answer: Answer) -> bool:
    return answer.headers.get("Idempotent-Replayed") == "true"


def preview(**options: Any) -> dict[str, Any]:
    answer = post("/bulk-archives", {"client_ids": ["client-1"]}, **options)
    assert answer.status == 201
    found: dict[str, Any] = answer.body
    return found


def a_confirmation(**options: Any) -> Request:
    run = preview(**options)
    return f"/bulk-archives/{run['run_id']}/confirm", {"token": run["token"]}


ROUTES: dict[str, Callable[..., Request]] = {
    "add a client": lambda **_: ("/clients", WREN),
    "make a group": lambda **_: ("/groups", {"name": "Sleep Better"}),
    "preview": lambda **_: ("/bulk-archives", {"group_id": GROUP_ID}),
    "confirm": a_confirmation,
}
each_route = pytest.mark.parametrize("route", ROUTES)


@each_route
def test_the_same_request_gets_its_first_answer_and_does_nothing_more(
    practice: Table, executions: Executions, route: str
) -> None:
    asked = ROUTES[route]()
    first = send(asked)
    assert first.status in (201, 202)
    assert not replayed(first)
    done, started = dump(practice), executions()
    again = send(asked)
    assert replayed(again)
    assert (again.status, again.content_type, again.body) == (first.status, first.content_type, first.body)
    assert (dump(practice), executions()) == (done, started)


@each_route
def test_a_key_belongs_to_a_provider(practice: Table, route: str) -> None:
    ours, theirs = ROUTES[route](), ROUTES[route](claims=STRANGER)
    first, second = send(ours), send(theirs, claims=STRANGER)
    assert first.status == second.status
    assert first.body != second.body
    assert not replayed(second)
    assert send(ours).body == first.body
    assert send(theirs, claims=STRANGER).body == second.body


@each_route
def test_a_key_with_another_body_is_refused(practice: Table, route: str) -> None:
    path, body = ROUTES[route]()
    send((path, body))
    done = dump(practice)
    changed = {name: f"{value}2" for name, value in body.items()}
    answer = send((path, changed))
    assert (answer.status, answer.problem, answer.fields) == (422, "IdempotencyKeyReused", ["Idempotency-Key"])
    assert dump(practice) == done


@pytest.mark.parametrize("other", ["/clients", "/bulk-archives/01K/confirm"])
def test_a_key_with_another_path_is_refused(practice: Table, other: str) -> None:
    bodies = {"/clients": WREN, "/bulk-archives/01K/confirm": {"token": "t"}}
    send(("/groups", {"name": "Sleep Better"}))
    done = dump(practice)
    assert send((other, bodies[other])).problem == "IdempotencyKeyReused"
    assert dump(practice) == done


def test_a_key_with_the_same_body_at_another_path_is_refused(practice: Table) -> None:
    (first, body), (second, _) = a_confirmation(), a_confirmation()
    assert send((first, body)).status == 202
    answer = send((second, body))
    assert (answer.status, answer.problem) == (422, "IdempotencyKeyReused")


def test_without_a_key_each_request_is_carried_out_and_no_answer_is_kept(practice: Table, answers: Table) -> None:
    first, second = (post("/groups", {"name": "Sleep Better"}) for _ in range(2))
    assert first.body["group_id"] != second.body["group_id"]
    assert kept(answers) == []


def test_the_name_of_the_header_may_be_spelled_in_small_letters(practice: Table) -> None:
    first, again = (post("/clients", WREN, headers={"idempotency-key": KEY}) for _ in range(2))
    assert (first.status, again.body, replayed(again)) == (201, first.body, True)


KINDS = ["empty", "too long", "tab", "control", "not ASCII"]


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb", "a\x7fb", "clé"], ids=KINDS)
@each_route
def test_a_malformed_key_is_refused(practice: Table, answers: Table, route: str, key: str) -> None:
    asked = ROUTES[route]()
    before = dump(practice)
    answer = send(asked, key)
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", ["Idempotency-Key"])
    assert (dump(practice), kept(answers)) == (before, [])


@pytest.mark.parametrize("key", ["k", "k" * 255, "a key with ~ and spaces"], ids=["short", "long", "printable"])
def test_every_other_key_is_good(practice: Table, key: str) -> None:
    assert send(("/clients", WREN), key).status == 201
    assert replayed(send(("/clients", WREN), key))


def test_an_answer_is_given_again_to_those_only_who_may_create(practice: Table) -> None:
    send(("/clients", WREN))
    answer = send(("/clients", WREN), claims=FRONT_DESK)
    assert (answer.status, answer.problem) == (403, "NotPermitted")


# How long


def test_an_answer_is_kept_for_24_hours(practice: Table, answers: Table) -> None:
    asked = ("/groups", {"name": "Sleep Better"})
    first = send(asked)
    let_pass(answers, DAY - 60 * SECOND)
    assert send(asked).body == first.body
    let_pass(answers, 62 * SECOND)
    later = send(asked)
    assert (later.status, replayed(later)) == (201, False)
    assert later.body["group_id"] != first.body["group_id"]


class Killed(BaseException):
    """What a function that is stopped from outside knows of its end: nothing that it could catch."""


def kill(*_: object, **__: object) -> None:
    raise Killed


def test_a_running_request_keeps_its_key_and_a_dead_one_until_its_time_out(
    practice: Table, answers: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(clients_handler, "add_client", kill)
        with pytest.raises(Killed):
            send(("/clients", WREN))
    before = dump(practice)
    let_pass(answers, (TIMEOUTS_SECONDS["clients"] - 5) * SECOND)
    waiting = send(("/clients", WREN))
    assert (waiting.status, waiting.problem, waiting.headers["Retry-After"]) == (409, "RequestStillRunning", "1")
    assert send(("/clients", WREN | {"name": "Anna"})).problem == "IdempotencyKeyReused"
    assert dump(practice) == before
    let_pass(answers, 6 * SECOND)
    answer = send(("/clients", WREN))
    assert (answer.status, replayed(answer)) == (201, False)
    assert replayed(send(("/clients", WREN)))


# What went wrong


def test_a_refusal_is_not_kept(practice: Table, answers: Table) -> None:
    store(practice, client("client-2", email=WREN["email"]))
    refused = send(("/clients", WREN))
    assert (refused.problem, kept(answers)) == ("EmailInUse", [])
    assert patch("/clients/client-2", {"email": "anna@example.org"}).status == 200
    answer = send(("/clients", WREN))
    assert (answer.status, replayed(answer)) == (201, False)


@pytest.mark.parametrize(
    ("fault", "status"), [(RuntimeError("the inner workings"), 500), (StorageBusy("The records are busy."), 503)]
)
def test_a_fault_of_our_own_is_not_kept(
    practice: Table, answers: Table, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int
) -> None:
    def broken(*_: object) -> None:
        raise fault

    with monkeypatch.context() as broke:
        broke.setattr(clients_handler, "add_client", broken)
        assert send(("/clients", WREN)).status == status
    assert kept(answers) == []
    assert send(("/clients", WREN)).status == 201


def test_a_malformed_or_forbidden_request_leaves_its_key_free(practice: Table, answers: Table) -> None:
    assert send(("/clients", {"name": "Wren"})).status == 422
    assert send(("/clients", WREN), claims=FRONT_DESK).status == 403
    assert kept(answers) == []
    assert send(("/clients", WREN)).status == 201


def test_nothing_is_created_while_the_key_cannot_be_held(practice: Table, answers: Table) -> None:
    answers.client.delete_table(TableName=answers.name)
    before = dump(practice)
    assert send(("/clients", WREN)).problem == "InternalError"
    assert dump(practice) == before


def test_what_was_created_is_answered_even_if_the_answer_cannot_be_kept(
    practice: Table, monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("out of reach")

    monkeypatch.setattr(DynamoDBPersistenceLayer, "_update_record", refuse)
    answer = send(("/clients", WREN))
    assert (answer.status, get(f"/clients/{answer.body['client_id']}").body) == (201, answer.body)
    [line] = [line for line in log.lines if line["level"] == "ERROR"]
    assert line["message"] == "answer not kept"
    assert not [word for word in WREN.values() if word in log.text]


def test_no_log_line_holds_the_answer(
    practice: Table, log: Log, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG", logger="aws_lambda_powertools.utilities.idempotency")
    send(("/clients", WREN))
    send(("/clients", WREN))
    send(("/clients", WREN | {"name": "Anna"}))
    everything = log.text + caplog.text + "".join(capfd.readouterr())
    assert "IdempotencyKeyReused" in everything
    assert not [word for word in (*WREN.values(), "Anna", KEY) if word in everything]
