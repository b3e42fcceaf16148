"""Sources tell on the deployed bus: stored once, refused on the bus, or set aside; both entrances are one."""

from __future__ import annotations

import json
import time
from itertools import count
from typing import Any

import pytest

from client_lifecycle.domain.client import Client
from client_lifecycle.storage.incoming import kept_from
from client_lifecycle.storage.keys import Keys
from local.ministack import CONFIG
from local.stack import PracticeStack
from tests.ministack.listening import HEARD_SECONDS, Listener, has
from tests.ministack.operating import operate
from tests.ministack.test_booking_entrances import letters
from tests.support.builders import client, stamp
from tests.support.practice import put

NUMBERS = count()
SOURCE = "billing.example"


def somebody(deployed: PracticeStack, **fields: Any) -> Client:
    """A fresh client of the sample practice."""
    number = next(NUMBERS)
    values = {"provider_id": deployed.practice.provider_id, "email": f"told-{number}@example.org"}
    return put(deployed.table, client(f"told-{number}", **values | fields))


def bill(status: str, version: int = 1, record_id: str = "pay-1") -> dict[str, Any]:
    values = {"kind": "payment", "id": record_id, "version": version, "status": status}
    return values | {"due_at": "2040-01-15T10:00:00Z", "amount_cents": 9_000, "currency": "USD"}


def changed(who: Client, *changes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    detail = {"event_id": f"event-{next(NUMBERS)}", "provider_id": who.provider_id, "client_id": who.client_id}
    return {**detail, "changes": list(changes), **fields}


@pytest.fixture(scope="module")
def events(deployed: PracticeStack) -> Any:
    return deployed.aws.session.client("events", endpoint_url=deployed.aws.endpoint, config=CONFIG)


def publish(events: Any, outputs: dict[str, str], *details: dict[str, Any]) -> None:
    entry = {"Source": SOURCE, "DetailType": "records.changed", "EventBusName": outputs["EventBusName"]}
    answer = events.put_events(Entries=[{**entry, "Detail": json.dumps(detail)} for detail in details])
    assert answer["FailedEntryCount"] == 0


def kept_version(deployed: PracticeStack, who: Client, record_id: str) -> int | None:
    plain = deployed.table.get(Keys(who.provider_id).client(who.client_id) | {"sk": f"PAYMENT#{record_id}"})
    return kept_from(plain).version if plain else None


def test_i4_i19_a_refusal_is_heard_once_and_the_rest_is_stored(
    deployed: PracticeStack, outputs: dict[str, str], events: Any, listener: Listener
) -> None:
    who = somebody(deployed, stamp=stamp())
    told = changed(who, bill("scheduled"), bill("charged", record_id="pay-2"))
    publish(events, outputs, told, told, changed(who, bill("charged", 2, "pay-2")))
    publish(events, outputs, changed(who, bill("scheduled", 7), event_id="the-last"))
    heard = listener.wait_for(lambda all_of: len(all_of) == 2, client_id=who.client_id)
    assert len([one for one in listener.heard if one.get("client_id") == who.client_id]) == len(heard)
    first, _ = sorted(heard, key=lambda event: event["correlation_id"] == "the-last")
    assert (first["name"], first["detail"]["actor_id"]) == ("records.refused", SOURCE)
    assert first["detail"]["source_event_id"] == told["event_id"]
    refusal = {"outcome": "refused", "reason": "client_archived", "rule": "I4"}
    assert first["detail"]["results"] == [{"kind": "payment", "id": "pay-1", "version": 1, **refusal}]
    assert kept_version(deployed, who, "pay-1") is None
    deadline = time.monotonic() + HEARD_SECONDS
    while kept_version(deployed, who, "pay-2") != 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_i14_a_client_that_nobody_knows_is_told_on_the_bus(
    deployed: PracticeStack, outputs: dict[str, str], events: Any, listener: Listener
) -> None:
    nobody = client("nobody", provider_id=deployed.practice.provider_id)
    publish(events, outputs, changed(nobody, bill("scheduled")))
    [event] = listener.wait_for(has("records.refused"), client_id="nobody")
    assert [one["reason"] for one in event["detail"]["results"]] == ["unknown_client"]


def test_what_is_malformed_is_set_aside_and_redriven_once_it_can_be_read(
    deployed: PracticeStack, outputs: dict[str, str], events: Any, sqs: Any
) -> None:
    who, queue_url = somebody(deployed), outputs["RecordDeadLettersUrl"]
    publish(events, outputs, changed(who, bill("scheduled"), note="undocumented"))
    [letter] = letters(sqs, queue_url)
    assert (letter["error"], letter["fields"], letter["request"]["source"]) == ("InvalidRequest", ["note"], SOURCE)
    letter["request"]["detail"].pop("note")
    of_the_queue = letter["request"] | {"detail": changed(who, bill("scheduled", record_id="pay-2"))}
    for body in (letter, of_the_queue):
        sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(body))
    told = operate(deployed.aws, "redrive", "records", "--dry-run")
    assert "2 letters would be given another try" in told
    operate(deployed.aws, "redrive", "records")
    assert [kept_version(deployed, who, one) for one in ("pay-1", "pay-2")] == [1, 1]
    assert "0 letters" in operate(deployed.aws, "redrive", "records", "--dry-run")
