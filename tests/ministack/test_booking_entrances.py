"""Bookings come in by call and by event, signed or put on the bus; each is answered once, by whichever comes first."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx
import pytest

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.settings import PortalSettings
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.tenant import Tenant
from local.deploy import STACK
from local.ministack import CONFIG
from local.providers import PREFIX
from local.signatures import signed_headers
from local.stack import PracticeStack
from tests.ministack.listening import HEARD_SECONDS, Envelope, Listener, has
from tests.support.builders import ARCHIVE_ID, DAY, client, stamp
from tests.support.practice import put, records_of

NUMBERS = count()
ROUNDS = 10
SOURCE = "scheduling.example"
RULE = f"{STACK}-bookings-requested"


@dataclass
class Scheduling:
    """A scheduling system that calls the deployed hook, and one that publishes on the deployed bus."""

    stack: PracticeStack
    events: Any
    bus: str

    def booking(self, who: Client, **fields: Any) -> dict[str, Any]:
        number = next(NUMBERS)
        start = datetime.now(UTC) + (2_000 + number) * DAY
        appointment = {"id": f"booked-{number}", "start": start.isoformat(), "duration_minutes": 50, "type": "first"}
        asked = {"event_id": f"event-{number}", "provider_id": who.provider_id, "client_id": who.client_id}
        return {**asked, "appointment": appointment, "booked_by": "client"} | fields

    def call(self, booking: dict[str, Any], secret: str | None = None) -> httpx.Response:
        raw = json.dumps(booking).encode()
        headers = signed_headers(secret or self.stack.booking_secret, booking["provider_id"], raw, datetime.now(UTC))
        url = f"{self.stack.deployed.api_url}/hooks/bookings"
        return httpx.post(url, content=raw, headers=headers, timeout=60, trust_env=False)

    def publish(self, detail: dict[str, Any]) -> None:
        asked = {"Source": SOURCE, "DetailType": "booking.requested", "Detail": json.dumps(detail)}
        taken = self.events.put_events(Entries=[{**asked, "EventBusName": self.bus}])
        assert taken["FailedEntryCount"] == 0


@pytest.fixture(scope="module")
def scheduling(deployed: PracticeStack, outputs: dict[str, str]) -> Scheduling:
    events = deployed.aws.session.client("events", endpoint_url=deployed.aws.endpoint, config=CONFIG)
    return Scheduling(deployed, events, outputs["EventBusName"])


def somebody(deployed: PracticeStack, **fields: Any) -> Client:
    """A fresh archived client of the sample practice."""
    number = next(NUMBERS)
    values = {"provider_id": deployed.practice.provider_id, "email": f"booker-{number}@example.org", "stamp": stamp()}
    return put(deployed.table, client(f"booker-{number}", **values | fields))


def answers(listener: Listener, who: Client, enough: int = 1) -> list[Envelope]:
    """The answers to a client's bookings as they are heard on the bus."""
    heard = listener.wait_for(lambda events: len(told(events)) >= enough, client_id=who.client_id)
    return told(heard)


def told(events: list[Envelope]) -> list[Envelope]:
    return [event for event in events if event["name"].startswith("booking.")]


def letters(sqs: Any, queue_url: str) -> list[dict[str, Any]]:
    """What is set aside, as soon as something is; it is taken out of the queue."""
    deadline = time.monotonic() + HEARD_SECONDS
    while time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        if messages := answer.get("Messages"):
            return [json.loads(message["Body"]) for message in messages]
    return []


def test_a2_a_client_in_a_group_books_through_either_door(
    deployed: PracticeStack, scheduling: Scheduling, listener: Listener
) -> None:
    group_id = deployed.api.post("/groups", {"name": "Books through either door"})["group_id"]
    calling, publishing = somebody(deployed, group_id=group_id), somebody(deployed, group_id=group_id)
    answer = scheduling.call(scheduling.booking(calling))
    assert (answer.status_code, answer.json()["activated"]) == (200, True)
    scheduling.publish(scheduling.booking(publishing))
    [told] = answers(listener, publishing)
    assert told["detail"]["activated"]


def test_a2_a_booking_on_the_bus_activates_and_is_answered_on_the_bus(
    deployed: PracticeStack, scheduling: Scheduling, listener: Listener
) -> None:
    who = somebody(deployed)
    asked = scheduling.booking(who)
    scheduling.publish(asked)
    [answer] = answers(listener, who)
    assert (answer["name"], answer["version"]) == ("booking.accepted", 1)
    assert answer["detail"] == {
        "source": "booking",
        "actor_id": asked["event_id"],
        "appointment_id": asked["appointment"]["id"],
        "booked_by": "client",
        "activated": True,
    }
    assert deployed.api.get(f"/clients/{who.client_id}")["status"] == "active"
    heard = listener.wait_for(has("booking.accepted", "client.activated"), client_id=who.client_id)
    assert {event["correlation_id"] for event in heard} == {ARCHIVE_ID}


def test_p6_a_refusal_is_published_once_and_in_the_history_for_staff(
    deployed: PracticeStack, scheduling: Scheduling, listener: Listener
) -> None:
    who = somebody(deployed, settings=PortalSettings(schedule_appointments=False))
    refused = scheduling.call(scheduling.booking(who))
    assert (refused.status_code, refused.json()["reason"]) == (409, "scheduling_disabled")
    accepted = scheduling.call(scheduling.booking(who, booked_by="staff"))
    assert accepted.json()["activated"] is True
    heard = {event["name"]: event["detail"] for event in answers(listener, who, 2)}
    assert heard["booking.refused"]["reason"] == "scheduling_disabled"
    assert heard["booking.accepted"]["booked_by"] == "staff"
    everything = listener.wait_for(lambda events: len(events) >= 3, client_id=who.client_id)
    assert sorted(event["name"] for event in everything) == ["booking.accepted", "booking.refused", "client.activated"]
    lines = deployed.api.get(f"/clients/{who.client_id}/history")["entries"]
    assert sorted(line["event"] for line in lines) == ["booking.refused", "client.activated"]


def test_one_event_from_both_entrances_at_once_is_booked_and_answered_once(
    deployed: PracticeStack, scheduling: Scheduling, listener: Listener
) -> None:
    people = [somebody(deployed) for _ in range(ROUNDS)]
    asked = [scheduling.booking(who) for who in people]
    with ThreadPoolExecutor(8) as pool:
        called = [pool.submit(scheduling.call, one) for one in asked for _ in range(2)]
        published = [pool.submit(scheduling.publish, one) for one in asked for _ in range(2)]
        assert [one.result() for one in published] == [None] * len(published)
    assert {one.result().status_code for one in called} == {200}
    assert all(one.result().json()["activated"] for one in called)
    for who in people:
        assert [answer["name"] for answer in answers(listener, who)] == ["booking.accepted"]
        assert len(records_of(deployed.table, who)) == 1


def test_one_appointment_under_two_events_from_both_entrances_is_one(
    deployed: PracticeStack, scheduling: Scheduling, listener: Listener
) -> None:
    people = [somebody(deployed) for _ in range(ROUNDS)]
    by_call = [scheduling.booking(who) for who in people]
    by_event = [one | {"event_id": f"{one['event_id']}-again"} for one in by_call]
    with ThreadPoolExecutor(8) as pool:
        called = list(pool.map(scheduling.call, by_call))
        list(pool.map(scheduling.publish, by_event))
    assert {answer.status_code for answer in called} <= {200, 409}
    for who in people:
        heard = answers(listener, who, 2)
        assert sorted(answer["name"] for answer in heard) == ["booking.accepted", "booking.refused"]
        [reason] = [answer["detail"]["reason"] for answer in heard if "reason" in answer["detail"]]
        assert reason == "appointment_exists"
        assert len(records_of(deployed.table, who)) == 1
        assert read_client(Tenant(deployed.table, who.provider_id), who.client_id).status is Status.ACTIVE


def test_a_malformed_request_on_the_bus_is_set_aside_and_changes_nobody(
    deployed: PracticeStack, scheduling: Scheduling, outputs: dict[str, str], sqs: Any
) -> None:
    who = somebody(deployed)
    malformed = scheduling.booking(who, note="undocumented")
    scheduling.publish(malformed)
    [letter] = letters(sqs, outputs["BookingDeadLettersUrl"])
    assert (letter["error"], letter["fields"]) == ("InvalidRequest", ["note"])
    assert (letter["request"]["source"], letter["request"]["detail"]) == (SOURCE, malformed)
    assert read_client(Tenant(deployed.table, who.provider_id), who.client_id) == who


def test_a_request_that_keeps_failing_is_tried_three_times_and_set_aside(
    deployed: PracticeStack, outputs: dict[str, str], sqs: Any
) -> None:
    """Delivered as EventBridge does; the local one neither tries again nor sets aside, but Lambda's own queue does."""
    functions = deployed.aws.session.client("lambda", endpoint_url=deployed.aws.endpoint, config=CONFIG)
    broken = {"id": "request-1", "source": SOURCE}
    name = f"{STACK}-booking-requests"
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(broken).encode())
    [letter] = letters(sqs, outputs["BookingDeadLettersUrl"])
    assert letter["requestPayload"] == broken
    assert letter["requestContext"]["approximateInvokeCount"] == 3


@pytest.mark.parametrize(("source", "matches"), [(SOURCE, True), ("client-archive", False)])
def test_only_events_of_other_systems_are_requests(scheduling: Scheduling, source: str, matches: bool) -> None:
    pattern = scheduling.events.describe_rule(Name=RULE, EventBusName=scheduling.bus)["EventPattern"]
    head = {"id": "1", "account": "1", "time": "2026-03-02T09:30:00Z", "region": "us-east-1", "resources": []}
    event = {**head, "source": source, "detail-type": "booking.requested", "detail": {}}
    assert scheduling.events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"] is matches


@pytest.mark.usefixtures("secrets_put_back")
def test_a_rotation_is_never_a_refusal(deployed: PracticeStack, scheduling: Scheduling) -> None:
    who = somebody(deployed)
    name = f"{PREFIX}{who.provider_id}"
    assert scheduling.call(scheduling.booking(who)).status_code == 200
    assert scheduling.call(scheduling.booking(who), secret="the next").status_code == 401
    deployed.aws.ssm.put_parameter(Name=name, Value="the next", Type="SecureString", Overwrite=True)
    assert scheduling.call(scheduling.booking(who), secret="the next").status_code == 200
    assert scheduling.call(scheduling.booking(who)).status_code == 200
