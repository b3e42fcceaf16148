"""What was set aside or lost on its way is put back, with the ids it had."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from client_lifecycle.domain.bookings import BookingAnswer
from client_lifecycle.domain.client import Client
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.values import from_plain, to_plain
from local.ministack import CONFIG
from local.stack import PracticeStack
from tests.ministack.listening import HEARD_SECONDS, Listener, has, names
from tests.ministack.operating import operate
from tests.support.builders import DAY, cause, client, membership, payment
from tests.support.practice import put


@pytest.fixture
def booking_letters(outputs: dict[str, str], sqs: Any) -> str:
    url = outputs["BookingDeadLettersUrl"]
    take_all(sqs, url)
    return url


@pytest.fixture
def event_letters(outputs: dict[str, str], sqs: Any) -> str:
    url = outputs["EventDeadLettersUrl"]
    take_all(sqs, url)
    return url


def take_all(sqs: Any, url: str) -> list[dict[str, Any]]:
    taken = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            taken.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return taken


def letters_in(sqs: Any, url: str) -> int:
    attributes = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return sum(map(int, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=attributes)["Attributes"].values()))


def somebody(deployed: PracticeStack) -> Client:
    who = client(f"redriven-{uuid4()}", provider_id=deployed.practice.provider_id, email=f"{uuid4()}@example.org")
    at = datetime.now(UTC)
    return put(deployed.table, who, [payment(due_at=at + DAY), membership()])


def request_for(who: Client, **changed: Any) -> dict[str, Any]:
    """An event as EventBridge delivers it, that asks for a booking."""
    start = datetime.now(UTC) + timedelta(days=300)
    wanted = {"id": f"a-{uuid4()}", "start": start.isoformat(), "duration_minutes": 50, "type": "follow-up"}
    detail = {
        "event_id": f"e-{uuid4()}",
        "provider_id": who.provider_id,
        "client_id": who.client_id,
        "booked_by": "client",
        "appointment": wanted,
    }
    envelope = {"id": str(uuid4()), "source": "scheduling.example", "detail-type": "booking.requested"}
    return {**envelope, "detail": {**detail, **changed}}


def answer_to(deployed: PracticeStack, request: dict[str, Any]) -> BookingAnswer | None:
    plain = deployed.table.get(Keys(request["detail"]["provider_id"]).booking_answer(request["detail"]["event_id"]))
    return from_plain(BookingAnswer, plain) if plain else None


def test_bookings_set_aside_are_answered_and_a_dry_run_does_nothing(
    deployed: PracticeStack, sqs: Any, booking_letters: str
) -> None:
    requests = [request_for(somebody(deployed)) for _ in range(3)]
    of_the_function, of_lambda, of_the_bus = requests
    for letter in (
        {"error": "UnreadableRecord", "fields": ["client"], "request": of_the_function},
        {"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": of_lambda},
        of_the_bus,
    ):
        sqs.send_message(QueueUrl=booking_letters, MessageBody=json.dumps(letter))
    told = operate(deployed.aws, "redrive", "bookings", "--dry-run")
    assert "3 letters would be given another try" in told
    assert [answer_to(deployed, one) for one in requests] == [None, None, None]
    assert letters_in(sqs, booking_letters) == 3
    operate(deployed.aws, "redrive", "bookings")
    answers = [answer_to(deployed, one) for one in requests]
    assert [answer.refusal for answer in answers if answer] == [None, None, None]
    assert letters_in(sqs, booking_letters) == 0


def test_a_booking_that_can_have_no_answer_stays_until_it_is_dropped(
    deployed: PracticeStack, sqs: Any, booking_letters: str
) -> None:
    request = request_for(somebody(deployed), booked_by="nobody")
    letter = {"error": "InvalidRequest", "fields": ["booked_by"], "request": request}
    sqs.send_message(QueueUrl=booking_letters, MessageBody=json.dumps(letter))
    operate(deployed.aws, "redrive", "bookings")
    assert letters_in(sqs, booking_letters) == 1
    assert "InvalidRequest booked_by" in operate(deployed.aws, "redrive", "bookings", "--drop", "InvalidRequest")
    assert letters_in(sqs, booking_letters) == 0


def test_an_event_set_aside_is_published_once_its_item_can_be_read(
    deployed: PracticeStack, sqs: Any, event_letters: str, listener: Listener
) -> None:
    who = somebody(deployed)
    entry = HistoryEntry(history_id=str(uuid4()), at=datetime.now(UTC), event=HistoryEvent.ACTIVATED, cause=cause())
    key = Keys(who.provider_id).history_entry(who.client_id, entry.history_id)
    deployed.table.put_many([{**key, **to_plain(entry), "event": "client.vanished"}])
    deadline = time.monotonic() + HEARD_SECONDS
    while letters_in(sqs, event_letters) == 0:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    told = operate(deployed.aws, "redrive", "events", ends_with=1)
    assert "1 of 1 letters stay in the queue" in told
    deployed.table.put_many([{**key, **to_plain(entry)}])
    operate(deployed.aws, "redrive", "events")
    [event] = listener.wait_for(has("client.activated"), client_id=who.client_id)
    assert event["event_id"] == entry.history_id
    assert letters_in(sqs, event_letters) == 0


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_batch_is_published_from_the_stream_or_else_from_history(
    deployed: PracticeStack, sqs: Any, event_letters: str, listener: Listener, is_gone: bool
) -> None:
    who = somebody(deployed)
    pk = Keys(who.provider_id).client_partition(who.client_id)
    began = datetime.now(UTC)
    deployed.api.post(f"/clients/{who.client_id}/archive", {})
    first = listener.wait_for(has("client.archived", "payment.cancelled", "chat.left"), client_id=who.client_id)
    arn = deployed.aws.dynamodb.describe_table(TableName=deployed.table.name)["Table"]["LatestStreamArn"]
    streams = deployed.aws.session.client("dynamodbstreams", endpoint_url=deployed.aws.endpoint, config=CONFIG)
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    written = [number for partition, number in writes_of(streams, arn, shard["ShardId"]) if partition == pk]
    batch = {
        "streamArn": arn,
        "shardId": f"shardId-{0:021}-forgotten" if is_gone else shard["ShardId"],
        "startSequenceNumber": written[0],
        "endSequenceNumber": written[-1],
        "batchSize": len(written),
        "approximateArrivalOfFirstRecord": began.isoformat(),
        "approximateArrivalOfLastRecord": datetime.now(UTC).isoformat(),
    }
    sqs.send_message(QueueUrl=event_letters, MessageBody=json.dumps({"DDBStreamBatchInfo": batch}))
    listener.heard.clear()
    operate(deployed.aws, "redrive", "events")
    again = listener.wait_for(has("client.archived", "payment.cancelled", "chat.left"), client_id=who.client_id)
    assert {event["event_id"] for event in again} == {event["event_id"] for event in first}


def writes_of(streams: Any, arn: str, shard_id: str) -> Iterator[tuple[str, str]]:
    """The partition and the sequence number of each write that the stream still has."""
    where = {"StreamArn": arn, "ShardId": shard_id, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = streams.get_shard_iterator(**where)["ShardIterator"]
    while records := (page := streams.get_records(ShardIterator=iterator))["Records"]:
        yield from ((one["dynamodb"]["Keys"]["pk"]["S"], one["dynamodb"]["SequenceNumber"]) for one in records)
        iterator = page["NextShardIterator"]


def test_events_of_a_time_span_are_published_again_with_the_same_ids(
    deployed: PracticeStack, listener: Listener
) -> None:
    """Archived, restored, booked, archived together, undone; of a run the state that it is in."""
    people = [somebody(deployed) for _ in range(3)]
    many = client(f"many-{uuid4()}", provider_id=deployed.practice.provider_id)
    put(deployed.table, many, [payment(f"p-{n}", due_at=datetime.now(UTC) + n * DAY) for n in range(1, 120)])
    since = datetime.now(UTC)
    deployed.api.post(f"/clients/{many.client_id}/archive", {})
    deployed.api.post(f"/clients/{many.client_id}/activate", {"restore": ["payments"]})
    shown = deployed.api.post("/bulk-archives", {"client_ids": [who.client_id for who in people]})
    deployed.api.post(f"/bulk-archives/{shown['run_id']}/confirm", {"token": shown["token"]})
    listener.wait_for(has("bulk_archive.completed"), run_id=shown["run_id"])
    undo = deployed.api.post(f"/bulk-archives/{shown['run_id']}/undo")
    listener.wait_for(has("bulk_archive.completed"), run_id=undo["run_id"])
    listener.wait_for(lambda events: names(events)["payment.restored"] == 119, client_id=many.client_id)
    ours = {who.client_id for who in [*people, many]}

    def heard() -> set[str]:
        told = [one for one in listener.heard if one.get("client_id") in ours or one.get("run_id") in runs]
        return {one["event_id"] for one in told if one["name"] not in earlier_stages}

    runs = {shown["run_id"], undo["run_id"]}
    earlier_stages = {"bulk_archive.previewed", "bulk_archive.started"}
    first = heard()
    until = datetime.now(UTC) + timedelta(seconds=1)
    span = ["--since", as_option(since - timedelta(seconds=1)), "--until", as_option(until)]
    told = operate(deployed.aws, "republish", *span, "--dry-run")
    assert "122 payment.cancelled" in told  # 119, and one of each of the three
    assert "would be published again" in told
    listener.heard.clear()
    operate(deployed.aws, "republish", *span)
    deadline = time.monotonic() + HEARD_SECONDS
    while heard() != first:
        assert time.monotonic() < deadline, heard() ^ first
        listener.listen()
    nothing = ["--since", "2001-01-01T00:00:00Z", "--until", "2001-01-02T00:00:00Z"]
    assert "0 events would be" in operate(deployed.aws, "republish", *nothing, "--dry-run")


def as_option(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_archived_events_are_replayed_with_the_ids_they_had(deployed: PracticeStack, listener: Listener) -> None:
    span = ["--since", as_option(datetime.now(UTC) - timedelta(seconds=2)), "--until", "2100-01-01T00:00:00Z"]
    assert "keeps no archive of events" in operate(deployed.aws, "replay", *span, ends_with=1)
    events = deployed.aws.session.client("events", endpoint_url=deployed.aws.endpoint, config=CONFIG)
    bus = events.describe_event_bus(Name=deployed.deployed.event_bus)["Arn"]
    events.create_archive(ArchiveName=deployed.deployed.event_bus, EventSourceArn=bus)
    try:
        who = somebody(deployed)
        deployed.api.post(f"/clients/{who.client_id}/archive", {})
        first = listener.wait_for(has("client.archived", "payment.cancelled"), client_id=who.client_id)
        listener.heard.clear()
        operate(deployed.aws, "replay", *span)
        again = listener.wait_for(lambda told: len(told) >= len(first), client_id=who.client_id)
        assert {event["event_id"] for event in again} == {event["event_id"] for event in first}
    finally:
        events.delete_archive(ArchiveName=deployed.deployed.event_bus)
