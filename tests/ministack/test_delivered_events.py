"""Events for a system that is not on AWS: rule, queue, function and dead letters of a stack with an address."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local import ministack
from local.deploy import PARAMETERS, STACK, deploy
from local.ministack import LocalAws
from tests.ministack.operating import operate

SECONDS = 60
ENVELOPE = {"name": "client.archived", "event_id": "01KJPZ", "correlation_id": "01KJPZ", "detail": {"note": "none"}}


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """A local AWS whose stack delivers archives and returns to this machine, where nothing may be posted to."""
    given = {"DeliverEventsTo": "https://localhost/events", "DeliveredEvents": "client.archived,client.activated"}
    with ministack.local_aws() as aws:
        deploy(aws, parameters={**PARAMETERS, **given})
        operate(aws, "add-endpoint")
        yield aws


@pytest.fixture(scope="module")
def sqs(aws: LocalAws) -> Any:
    return aws.session.client("sqs", endpoint_url=aws.endpoint)


def publish(aws: LocalAws, envelope: dict[str, Any]) -> None:
    events, detail = aws.session.client("events", endpoint_url=aws.endpoint), json.dumps(envelope)
    name: str = envelope["name"]
    events.put_events(
        Entries=[{"EventBusName": STACK, "Source": "client-archive", "DetailType": name, "Detail": detail}]
    )


def waiting(sqs: Any, queue: str) -> tuple[int, int]:
    """Return how many messages can be received, and how many are hidden until they are tried again."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = sqs.get_queue_url(QueueName=f"{STACK}-{queue}")["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    visible, hidden = (int(told[name]) for name in names)
    return visible, hidden


def logged(aws: LocalAws) -> str:
    logs = aws.session.client("logs", endpoint_url=aws.endpoint)
    found = logs.filter_log_events(logGroupName=f"/aws/lambda/{STACK}-deliver-events")["events"]
    return "\n".join(event["message"] for event in found)


def eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_an_event_that_was_asked_for_is_tried_and_nothing_is_posted_inside(aws: LocalAws, sqs: Any) -> None:
    publish(aws, {**ENVELOPE, "name": "chat.left"})
    publish(aws, ENVELOPE)
    eventually(lambda: "address not public" in logged(aws))
    assert waiting(sqs, "deliveries") == (0, 1)
    assert waiting(sqs, "delivery-dead-letters") == (0, 0)


def test_what_was_set_aside_is_delivered_again(aws: LocalAws, sqs: Any) -> None:
    url = sqs.get_queue_url(QueueName=f"{STACK}-delivery-dead-letters")["QueueUrl"]
    set_aside = {**ENVELOPE, "event_id": "01KJQ0", "correlation_id": "01KJQ0"}
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(set_aside))
    assert "client.archived 01KJQ0" in operate(aws, "redrive", "deliveries", "--dry-run")
    operate(aws, "redrive", "deliveries")
    assert waiting(sqs, "delivery-dead-letters") == (0, 0)
    eventually(lambda: "01KJQ0" in logged(aws))
