"""What the rest of the platform hears: a rule on the deployed bus sends every event to a queue, which is read here."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.events import EventName
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.domain.records import Record
from client_lifecycle.storage.attributes import to_item
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.values import to_plain
from local.stack import PracticeStack
from tests.ministack.listening import HEARD_SECONDS, Listener, has, names
from tests.support.builders import DAY, appointment, cause, client, membership, one_of_each, payment, reminder
from tests.support.practice import put

EFFECTS_OF_AN_ARCHIVE = {
    "appointment.cancelled",
    "payment.cancelled",
    "chat.left",
    "reminder.suppressed",
    "blast.withdrawn",
}
NAME, EMAIL, NOTE = "Unmistakable Name", "unmistakable@example.org", "unmistakable note"
NUMBERS = iter(range(1_000))


def somebody(deployed: PracticeStack) -> Client:
    """A fresh active client with one live record of each kind, a slot of its own, and personal data easy to find."""
    at = datetime.now(UTC)
    number = next(NUMBERS)
    who = client(f"heard-{number}", provider_id=deployed.practice.provider_id, name=NAME, email=f"{number}{EMAIL}")
    others = [one for one in one_of_each() if one.kind in ("recipient", "feed_entry")]
    ahead: list[Record] = [
        appointment(starts_at=at + (4_000 + number) * DAY),
        payment(due_at=at + DAY),
        reminder(remind_at=at + DAY),
    ]
    return put(deployed.table, who, [*ahead, membership(), *others])


def test_archive_and_restore_are_published_by_id_and_nothing_personal(
    deployed: PracticeStack, listener: Listener
) -> None:
    who = somebody(deployed)
    options = {"reason": "moved_away", "note": NOTE, "notify_client": True}
    archive_id = deployed.api.post(f"/clients/{who.client_id}/archive", options)["receipt"]["archive_id"]
    archived = listener.wait_for(has("client.archived", *EFFECTS_OF_AN_ARCHIVE), client_id=who.client_id)

    assert names(archived) == Counter({"client.archived", *EFFECTS_OF_AN_ARCHIVE})
    for event in archived:
        assert (event["provider_id"], event["version"]) == (who.provider_id, 1)
        assert event["archive_id"] == event["correlation_id"] == archive_id
        assert event["detail"]["notify_client"] is True
    by_name = {event["name"]: event["detail"] for event in archived}
    assert by_name["client.archived"]["reason"] == "moved_away"
    assert by_name["appointment.cancelled"]["appointment_id"] == appointment().record_id
    assert by_name["chat.left"]["chat_id"] == membership().record_id

    asked = ["appointments", "payments", "chats", "reminders", "feed"]
    deployed.api.post(f"/clients/{who.client_id}/activate", {"restore": asked})
    restored = {"appointment.restored", "payment.restored", "chat.rejoined", "reminder.restored"}
    all_heard = listener.wait_for(has("client.activated", *restored), client_id=who.client_id)

    assert names(all_heard) == Counter({"client.archived", "client.activated", *EFFECTS_OF_AN_ARCHIVE, *restored})
    assert {event["correlation_id"] for event in all_heard} == {archive_id}
    assert len({event["event_id"] for event in all_heard}) == len(all_heard)
    assert "nmistakable" not in json.dumps(listener.heard)


def test_an_archive_beyond_one_transaction_is_heard_in_full(deployed: PracticeStack, listener: Listener) -> None:
    who = client("heard-many", provider_id=deployed.practice.provider_id)
    at = datetime.now(UTC)
    put(deployed.table, who, [payment(f"p-{n}", due_at=at + n * DAY) for n in range(1, 231)])
    deployed.api.post(f"/clients/{who.client_id}/archive", {})
    heard = listener.wait_for(lambda events: len(events) >= 231, client_id=who.client_id)
    assert names(heard) == {"client.archived": 1, "payment.cancelled": 230}
    assert not any(event["detail"]["notify_client"] for event in heard)


def test_a_bulk_archive_is_heard_from_its_preview_to_its_verdict(deployed: PracticeStack, listener: Listener) -> None:
    people = [somebody(deployed) for _ in range(3)]
    ids = {who.client_id for who in people}
    options = {"notify_client": True, "note": NOTE}
    shown = deployed.api.post("/bulk-archives", {"client_ids": sorted(ids), "options": options})
    run_id = shown["run_id"]
    deployed.api.post(f"/bulk-archives/{run_id}/confirm", {"token": shown["token"]})
    stages = ["bulk_archive.previewed", "bulk_archive.confirmed", "bulk_archive.started", "bulk_archive.completed"]
    for_each = {"client.archived", *EFFECTS_OF_AN_ARCHIVE}
    heard = listener.wait_for(lambda events: len(events) >= len(stages) + 3 * len(for_each), correlation_id=run_id)

    assert names(heard) == {**dict.fromkeys(stages, 1), **dict.fromkeys(for_each, 3)}
    assert {event["name"] for event in heard if "client_id" not in event} == set(stages)
    assert {event["run_id"] for event in heard} == {run_id}
    for who in people:
        assert {event["name"] for event in heard if event.get("client_id") == who.client_id} == for_each
    assert all(event["detail"]["notify_client"] for event in heard if event["name"] != "bulk_archive.confirmed")
    [completed] = [event for event in heard if event["name"] == EventName.RUN_COMPLETED]
    assert (completed["detail"]["clients"], completed["detail"]["counts"]["archived"]) == (3, 3)
    assert "nmistakable" not in json.dumps(heard)


def test_an_unreadable_write_is_set_aside_and_delays_no_other(
    deployed: PracticeStack, listener: Listener, outputs: dict[str, str], sqs: Any
) -> None:
    who = client("heard-poison", provider_id=deployed.practice.provider_id)
    key = Keys(who.provider_id).history_entry(who.client_id, "01HPOISON")
    entry = HistoryEntry(history_id="01HGOOD", at=datetime.now(UTC), event=HistoryEvent.ACTIVATED, cause=cause())
    good = {**Keys(who.provider_id).history_entry(who.client_id, entry.history_id), **to_plain(entry)}
    deployed.table.put_many([{**key, "event": "client.vanished", "note": NOTE}, good])

    listener.wait_for(has("client.activated"), client_id=who.client_id)
    deadline = time.monotonic() + HEARD_SECONDS
    url = outputs["EventDeadLettersUrl"]
    messages: list[dict[str, Any]] = []
    while not messages:
        assert time.monotonic() < deadline
        messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
    [message] = messages
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    deployed.table.client.delete_item(TableName=deployed.table.name, Key=to_item(key))
    letter = json.loads(message["Body"])
    assert (letter["error"], letter["key"]) == ("UnreadableRecord", key)
    assert NOTE not in json.dumps(letter)
