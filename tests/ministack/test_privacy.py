"""No name, address, note or message text leaves the tables: a story with marked data, then a search of all the rest."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from client_lifecycle.storage.keys import Keys
from local.deploy import STACK
from local.ministack import CONFIG
from local.signatures import signed_headers
from local.stack import PracticeStack
from local.staff import Role, sign_in
from tests.ministack.listening import Listener, has
from tests.ministack.test_deployed_system import finished, invoke
from tests.support.builders import DAY

MARK = "zyxmark"
"""Part of every name, address, note and text of the story, and of the name of who tells it."""

QUIET_SECONDS = 2
"""How long nothing new has to be logged or published before the search begins."""


@dataclass
class Story:
    """What a practice does with marked data, in good requests and in bad ones."""

    stack: PracticeStack
    token: str
    client_ids: list[str] = field(default_factory=list)
    run_ids: list[str] = field(default_factory=list)

    def done(self, method: str, path: str, body: object = None) -> Any:
        """Ask for what is granted."""
        answer = self.call(method, path, body)
        assert "problem" not in answer.get("type", ""), answer
        return answer

    def call(self, method: str, path: str, body: object = None, raw: bytes | None = None) -> Any:
        content = raw if raw is not None else json.dumps({} if body is None else body).encode()
        headers = {"Authorization": self.token, "Content-Type": "application/json"}
        url = self.stack.api.base_url
        with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as http:
            answer = http.request(method, path, content=content if method != "GET" else None)
        return answer.json()

    def add(self, number: int) -> str:
        added = self.call(
            "POST", "/clients", {"name": f"Wren {MARK} {number}", "email": f"{MARK}.{number}@example.org"}
        )
        self.client_ids.append(added["client_id"])
        return self.client_ids[-1]

    def book(self, client_id: str, **fields: Any) -> dict[str, Any]:
        start = datetime.now(UTC) + 3_000 * DAY
        appointment = {"id": f"apt-{client_id}", "start": start.isoformat(), "duration_minutes": 50, "type": MARK}
        provider_id = self.stack.practice.provider_id
        asked = {"event_id": f"event-{client_id}", "provider_id": provider_id, "client_id": client_id}
        booking = {**asked, "appointment": appointment, "booked_by": "client"} | fields
        raw = json.dumps(booking).encode()
        headers = signed_headers(self.stack.booking_secret, provider_id, raw, datetime.now(UTC))
        url = f"{self.stack.deployed.api_url}/hooks/bookings"
        answer: dict[str, Any] = httpx.post(url, content=raw, headers=headers, timeout=60, trust_env=False).json()
        return answer

    def damage(self, client_id: str) -> None:
        """Store an address that cannot be read, as another system might."""
        key = {name: {"S": part} for name, part in Keys(self.stack.practice.provider_id).client(client_id).items()}
        self.stack.table.client.update_item(
            TableName=self.stack.table.name,
            Key=key,
            UpdateExpression="SET email = :list",
            ExpressionAttributeValues={":list": {"L": [{"S": f"{MARK}@example.org"}]}},
        )

    def tell(self) -> None:
        self.done("GET", "/me")
        ours = [self.add(number) for number in range(5)]
        one, two, three, four, broken = ours
        note = {"note": f"She said: {MARK}", "reason": "moved_away"}
        self.done("POST", f"/clients/{one}/archive", note)
        self.book(one)
        self.done("PUT", f"/clients/{two}/archive-plan", {"after_last_appointment": True, **note})
        self.done("PATCH", f"/clients/{two}", {"name": f"Robin {MARK}"})
        self.damage(broken)
        shown = self.done("POST", "/bulk-archives", {"client_ids": [one, two, three, four], "options": note})
        self.run_ids.append(shown["run_id"])
        self.done("POST", f"/bulk-archives/{shown['run_id']}/confirm", {"token": shown["token"]})
        finished(self.stack, shown["run_id"])
        undone = self.done("POST", f"/bulk-archives/{shown['run_id']}/undo")
        self.run_ids.append(undone["run_id"])
        finished(self.stack, undone["run_id"])
        invoke(self.stack, "scheduled-cleanup", {})
        self.done("POST", "/clients/_count", {"q": MARK})
        self.done("POST", "/bulk-archives", {"filter": {"q": MARK}})
        self.ask_badly(broken)

    def ask_badly(self, broken: str) -> None:
        """Ask what is refused, with marks wherever callers can put text."""
        self.call("POST", "/clients", {"name": MARK, "email": f"{MARK}.0@example.org"})
        self.call("POST", "/clients", {"name": MARK, "email": MARK})
        self.call("POST", "/clients", {f"{MARK}@example.org": 1})
        self.call("POST", "/clients", raw=f'{{"name": "{MARK}'.encode())
        self.call("POST", "/clients/_search", {"q": MARK})
        self.call("POST", "/clients/_search", {"q": [MARK]})
        self.call("POST", "/groups", {"name": f"{MARK}\u0000"})
        self.call("POST", f"/clients/{broken}/archive", {"reason": MARK, "note": [MARK]})
        self.call("GET", f"/clients/{broken}")
        self.call("GET", "/clients?status=active&limit=100")
        self.call("GET", f"/clients?cursor={MARK}")
        self.call("GET", f"/clients?{MARK}=1&archived_by={MARK}@")
        self.book(broken, booked_by=MARK)
        self.book("nobody", **{MARK: MARK})
        self.publish({"event_id": "event-lost", "appointment": {"type": MARK}})

    def publish(self, detail: dict[str, Any]) -> None:
        """Ask for a booking on the bus."""
        events: Any = self.stack.aws.session.client("events", endpoint_url=self.stack.aws.endpoint, config=CONFIG)
        asked = {"Source": "scheduling.example", "DetailType": "booking.requested", "Detail": json.dumps(detail)}
        events.put_events(Entries=[{**asked, "EventBusName": self.stack.deployed.event_bus}])


@pytest.fixture(scope="module")
def story(deployed: PracticeStack, listener: Listener) -> Iterator[Story]:
    rename_manager(deployed, f"Sam {MARK}")
    story = Story(deployed, sign_in(deployed.aws.cognito, deployed.deployed, deployed.practice.provider_id))
    story.tell()
    until_it_is_quiet(lambda: len(logged(deployed)))
    yield story
    rename_manager(deployed, "Sam Manager")


def rename_manager(deployed: PracticeStack, name: str) -> None:
    email = f"{Role.MANAGER.value}@{deployed.practice.provider_id}.example.org"
    deployed.aws.cognito.admin_update_user_attributes(
        UserPoolId=deployed.deployed.user_pool_id,
        Username=email,
        UserAttributes=[{"Name": "name", "Value": name}],
    )


def until_it_is_quiet(size: Callable[[], int]) -> None:
    before = -1
    while (now := size()) != before:
        before = now
        time.sleep(QUIET_SECONDS)


def logged(deployed: PracticeStack) -> list[str]:
    """Every line of every log group; metrics are lines too."""
    logs = deployed.aws.logs
    groups = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    ]
    return [
        event["message"]
        for name in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=name)
        for event in page["events"]
    ]


def workflow_texts(deployed: PracticeStack, story: Story) -> Iterator[str]:
    """The inputs, outputs and histories of the story's executions, and of the batches they started."""
    states = deployed.aws.session.client("stepfunctions", endpoint_url=deployed.aws.endpoint, config=CONFIG)
    for machine in states.list_state_machines()["stateMachines"]:
        for execution in states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]:
            if any(run_id in execution["name"] for run_id in story.run_ids):
                arn = execution["executionArn"]
                yield json.dumps(states.describe_execution(executionArn=arn), default=str)
                yield json.dumps(states.get_execution_history(executionArn=arn, maxResults=1_000), default=str)


def manifests(deployed: PracticeStack) -> Iterator[str]:
    """Every object in every bucket."""
    s3 = deployed.aws.session.client("s3", endpoint_url=deployed.aws.endpoint, config=CONFIG)
    for bucket in s3.list_buckets()["Buckets"]:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
            for found in page.get("Contents", []):
                if not found["Key"].endswith(".zip"):
                    yield s3.get_object(Bucket=bucket["Name"], Key=found["Key"])["Body"].read().decode(errors="replace")


def marked(texts: Iterator[str] | list[str]) -> tuple[int, list[str]]:
    """Count texts, and return those with a mark."""
    found = list(texts)
    return len(found), [text for text in found if MARK in text]


def test_no_log_line_and_no_metric_holds_personal_data(deployed: PracticeStack, story: Story) -> None:
    searched, with_mark = marked(logged(deployed))
    assert with_mark == []
    assert searched > 50


def test_no_workflow_input_or_history_holds_personal_data(deployed: PracticeStack, story: Story) -> None:
    searched, with_mark = marked(workflow_texts(deployed, story))
    assert with_mark == []
    assert searched >= 4


def test_no_manifest_holds_personal_data(deployed: PracticeStack, story: Story) -> None:
    searched, with_mark = marked(manifests(deployed))
    assert with_mark == []
    assert searched >= 2


def test_no_event_holds_personal_data(listener: Listener, story: Story) -> None:
    listener.wait_for(has("bulk_archive.completed"), run_id=story.run_ids[-1])
    searched, with_mark = marked([json.dumps(event) for event in listener.heard])
    assert with_mark == []
    assert searched > 10


def test_dead_letters_hold_personal_data_only_of_unreadable_bookings(
    deployed: PracticeStack, story: Story, sqs: Any
) -> None:
    holding = set()
    for url in sqs.list_queues(QueueNamePrefix=STACK)["QueueUrls"]:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        for message in answer.get("Messages", []):
            if MARK in message["Body"]:
                holding.add(url.rpartition("/")[2])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert holding == {f"{STACK}-booking-dead-letters"}


def test_the_marks_are_where_they_are_meant_to_be(deployed: PracticeStack, story: Story) -> None:
    """The story wrote what the searches look for: into the table of clients, and nowhere else."""
    answer = story.call("GET", f"/clients/{story.client_ids[1]}")
    assert MARK in answer["name"]
    [line, *_] = story.call("GET", f"/clients/{story.client_ids[1]}/history")["entries"]
    assert line["by"]["name"] == f"Sam {MARK}"
