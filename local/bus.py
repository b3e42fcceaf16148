"""Follows the event bus as another system does: a queue that a rule fills."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from local.deploy import Deployed
from local.ministack import CONFIG, LocalAws

WAIT_SECONDS = 1
EVERYTHING: Mapping[str, Sequence[Any]] = {"source": [{"prefix": ""}]}

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Follower:
    """A queue that receives events of the bus."""

    sqs: Any
    queue_url: str

    def receive(self) -> list[Event]:
        """Return events that have come and were not returned before; wait a moment for them."""
        answer = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=WAIT_SECONDS)
        messages = answer.get("Messages", [])
        for message in messages:
            self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]


@contextmanager
def following(
    aws: LocalAws, deployed: Deployed, pattern: Mapping[str, Sequence[Any]] = EVERYTHING
) -> Iterator[Follower]:
    """Follow the bus until the block ends; what was put on it before does not come.

    Args:
        aws: the local AWS.
        deployed: names the bus.
        pattern: which events are received, by default all.
    """
    sqs = aws.session.client("sqs", endpoint_url=aws.endpoint, config=CONFIG)
    events = aws.session.client("events", endpoint_url=aws.endpoint, config=CONFIG)
    name = f"follower-{uuid4()}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventBusName=deployed.event_bus, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, EventBusName=deployed.event_bus, Targets=[{"Id": "queue", "Arn": arn}])
    try:
        yield Follower(sqs, url)
    finally:
        events.remove_targets(Rule=name, EventBusName=deployed.event_bus, Ids=["queue"])
        events.delete_rule(Name=name, EventBusName=deployed.event_bus)
        sqs.delete_queue(QueueUrl=url)
