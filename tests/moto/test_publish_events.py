"""The function behind the table's stream: what it puts on the bus, what it sets aside, what it wants again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from client_lifecycle.domain.client import ArchiveOptions
from client_lifecycle.domain.effects import all_effects
from client_lifecycle.domain.events import Event, EventName
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.edge import wiring
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import to_item
from client_lifecycle.storage.event_bus import EVENTS_PER_PUT, EventBus
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.values import to_plain
from local.template import ROOT
from tests.moto.conftest import Log
from tests.support.builders import ARCHIVE_ID, DAY, NOW, PROVIDER_ID, cause, payment, receipt
from tests.support.calls import invoke

HANDLER = "publish_events.handler.lambda_handler"
BUS = "client-archive"
STREAM = "arn:aws:dynamodb:us-east-1:123456789012:table/clients-table/stream/now"
NOTE = "told us in confidence"
MAX_BYTES_PER_PUT = 256 * 1024
LONGEST_PARTITION, LONGEST_SORT_KEY = 2_048, 1_024


@dataclass
class Bus:
    """An EventBridge that takes everything but what it is told to refuse; ``taken`` are the ids it took."""

    refuses: set[str] = field(default_factory=set)
    fault: Exception | None = None
    taken: list[str] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)

    def put_events(self, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if self.fault:
            raise self.fault
        self.calls.append(len(Entries))
        answers = [self._answer(json.loads(entry["Detail"])["event_id"]) for entry in Entries]
        return {"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers}

    def _answer(self, event_id: str) -> dict[str, str]:
        if event_id in self.refuses:
            return {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
        self.taken.append(event_id)
        return {"EventId": "of the bus"}


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    client: Any = bus
    monkeypatch.setattr(wiring, "event_bus", lambda: EventBus(client, BUS))
    return bus


@pytest.fixture(autouse=True)
def letters(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Letters]:
    """A queue for dead letters, and connections that have not been made yet."""
    queue_url = boto3.client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
    monkeypatch.setenv("EVENT_BUS_NAME", BUS)
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", queue_url)
    wiring.dead_letters.cache_clear()
    yield Letters(queue_url)
    wiring.dead_letters.cache_clear()


@dataclass
class Letters:
    """What was set aside."""

    queue_url: str

    def __call__(self) -> list[dict[str, Any]]:
        answer = boto3.client("sqs").receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def write(number: int, key: keys.Key, plain: dict[str, Any]) -> dict[str, Any]:
    """A new item as Lambda delivers it from the stream."""
    told = {"SequenceNumber": f"{number:05d}", "Keys": to_item(key), "NewImage": to_item({**key, **plain})}
    return {"eventName": "INSERT", "eventSourceARN": STREAM, "dynamodb": told}


def history(number: int, **broken: Any) -> dict[str, Any]:
    """A client's archive in its history; its event has the id ``history-<number>``."""
    entry = HistoryEntry(
        history_id=f"history-{number}",
        at=NOW,
        event=HistoryEvent.ARCHIVED,
        cause=cause(),
        archive_id=ARCHIVE_ID,
        options=ArchiveOptions(note=NOTE),
    )
    return write(number, Keys(PROVIDER_ID).history_entry("client-1", entry.history_id), to_plain(entry) | broken)


def payments(number: int, count: int) -> dict[str, Any]:
    """The receipt of an archive that cancelled so many payments."""
    plan = all_effects([payment(f"pay-{n}", due_at=NOW + n * DAY) for n in range(count)], NOW)
    key = Keys(PROVIDER_ID).receipt("client-1", ARCHIVE_ID)
    return write(number, key, to_plain(receipt(*plan.changes)))


def ids(*numbers: int) -> list[str]:
    return [f"history-{number}" for number in numbers]


def deliver(*records: dict[str, Any]) -> list[str]:
    """Deliver a batch; return the sequence numbers that are wanted again."""
    answer = invoke(HANDLER, {"Records": list(records)})
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_the_sample_event_is_published(bus: Bus) -> None:
    sample = json.loads((ROOT / "events" / "publish_events.json").read_text(encoding="utf-8"))
    assert deliver(*sample["Records"]) == []
    history, cancelled = bus.taken
    assert cancelled.split(":")[1] == "appointment.cancelled"
    assert ":" not in history


def test_a_real_bus_accepts_the_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    boto3.client("events").create_event_bus(Name=BUS)
    wiring.event_bus.cache_clear()
    assert deliver(history(1), payments(2, 12)) == []
    wiring.event_bus.cache_clear()


def test_events_are_put_in_order_ten_at_a_time_across_writes(bus: Bus) -> None:
    assert deliver(history(1), payments(2, 23), history(3)) == []
    assert bus.calls == [10, 10, 5]
    assert (bus.taken[0], bus.taken[-1]) == ("history-1", "history-3")
    assert bus.taken[1:-1] == [f"{ARCHIVE_ID}:payment.cancelled:pay-{n}" for n in range(23)]


def test_an_event_that_the_bus_refuses_is_wanted_again_from_its_write_on(bus: Bus, log: Log) -> None:
    bus.refuses = {"history-2", "history-4"}
    assert deliver(*(history(number) for number in range(1, 6))) == ["00002"]
    assert bus.taken == ids(1, 3, 5)
    assert [line["reason"] for line in log.lines if line["level"] == "WARNING"] == ["ThrottlingException"]

    bus.refuses = set()
    assert deliver(*(history(number) for number in range(2, 6))) == []
    assert bus.taken == ids(1, 3, 5, 2, 3, 4, 5)


def test_nothing_overtakes_a_call_that_failed(bus: Bus) -> None:
    bus.refuses = {f"{ARCHIVE_ID}:payment.cancelled:pay-4"}
    assert deliver(history(1), payments(2, 30), history(3)) == ["00002"]
    assert bus.calls == [EVENTS_PER_PUT]


FAULTS = [
    ClientError({"Error": {"Code": "InternalFailure", "Message": "ours"}}, "PutEvents"),
    EndpointConnectionError(endpoint_url="https://events"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_bus_out_of_reach_makes_the_whole_batch_wanted_again(bus: Bus, fault: Exception) -> None:
    bus.fault = fault
    assert deliver(history(1), history(2)) == ["00001"]


def test_an_unreadable_write_is_set_aside_and_delays_no_other(bus: Bus, letters: Letters, log: Log) -> None:
    assert deliver(history(1), history(2, event="client.vanished"), history(3)) == []
    assert bus.taken == ids(1, 3)
    assert letters() == [
        {
            "error": "UnreadableRecord",
            "cause": "A stored record cannot be read: history_entry history-2 (event).",
            "stream_arn": STREAM,
            "sequence_number": "00002",
            "key": Keys(PROVIDER_ID).history_entry("client-1", "history-2"),
        }
    ]
    told, line = [line for line in log.lines if line["level"] == "ERROR"]
    assert (told["kind"], told["id"], told["fields"]) == ("history_entry", "history-2", ["event"])
    assert (line["sequence_number"], line["reason"]) == ("00002", "UnreadableRecord")
    assert NOTE not in log.text


def test_a_write_that_can_be_neither_read_nor_set_aside_fails_the_batch(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/gone")
    with pytest.raises(ClientError):
        deliver(history(1, at="never"))


def test_the_log_counts_what_was_published(bus: Bus, log: Log) -> None:
    deliver(history(1), payments(2, 3))
    assert [(line["writes"], line["events"]) for line in log.lines if line["level"] == "INFO"] == [(2, 4)]
    assert NOTE not in log.text


def test_ten_events_of_the_longest_ids_fit_into_one_call() -> None:
    longest = Event(
        name=EventName.RUN_COMPLETED_WITH_FAILURES,
        event_id="i" * (LONGEST_SORT_KEY + 64),
        time=NOW,
        provider_id="p" * LONGEST_PARTITION,
        client_id="c" * LONGEST_PARTITION,
        run_id="r" * LONGEST_PARTITION,
        archive_id="a" * LONGEST_SORT_KEY,
        correlation_id="r" * LONGEST_PARTITION,
        detail={"reminder_id": "m" * LONGEST_SORT_KEY, "goal_id": "g" * LONGEST_SORT_KEY},
    )
    assert EVENTS_PER_PUT * len(json.dumps(to_plain(longest))) < MAX_BYTES_PER_PUT / 2


def test_what_the_practices_do_is_counted_once_the_bus_has_it(bus: Bus, capsys: pytest.CaptureFixture[str]) -> None:
    bus.refuses = {"history-3"}
    deliver(history(1), history(2), history(3), history(4))
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    assert [one["archived"] for one in told] == [[3.0]]
