"""``redrive`` gives what was set aside another try."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Annotated, Any

import typer

from local.screen import Screen
from operations.dead_letters import Letter, Queue, booking_letters, delivery_letters, event_letters, record_letters
from operations.functions import invoke
from operations.options import DryRun
from operations.outbox import Told, event_of_item, events_between, put_on
from operations.stack import OperationFailed, Stack, find_stack
from operations.stream_batches import read_batch, span_of


class What(Enum):
    """The queues of what was set aside."""

    BOOKINGS = "bookings"
    RECORDS = "records"
    EVENTS = "events"
    DELIVERIES = "deliveries"


def redrive(
    context: typer.Context,
    what: Annotated[What, typer.Argument(help="What was set aside.")],
    dry_run: DryRun = False,
    drop: Annotated[
        str | None, typer.Option(help="Delete letters of this error, like InvalidRequest, without another try.")
    ] = None,
) -> None:
    """Answer bookings, store records, publish or deliver events that were set aside; what fails again stays."""
    stack, screen = find_stack(context.obj), Screen()
    letters_of, try_again = QUEUES[what]
    queue = letters_of(stack)
    with screen.step("Reading the letters"):
        letters = queue.read()
    for told, count in Counter(map(describe, letters)).items():
        screen.raw(f"{count:>6} {told}")
    if dry_run:
        for letter in letters:
            queue.put_back(letter)
        screen.say(f"{len(letters)} letters would be given another try. Nothing was done.")
        return
    faults: list[str] = []
    with screen.step(f"Redriving {len(letters)} letters") as progress:
        for number, letter in enumerate(letters, start=1):
            fault = None if drop and letter.body.get("error") == drop else _tried(try_again, stack, letter)
            if fault:
                faults.append(fault)
                queue.put_back(letter)
            else:
                queue.delete(letter)
            progress(number, len(letters))
    if faults:
        raise OperationFailed("\n".join([f"{len(faults)} of {len(letters)} letters stay in the queue:", *faults]))


def describe(letter: Letter) -> str:
    """Tell what a letter is about, by ids and the fault; nothing of what a booking says."""
    body = letter.body
    if "correlation_id" in body:
        return f"{body['name']} {body['event_id']}"
    if "key" in body:
        return f"{body['error']} {body.get('cause', '')} {body['key']['pk']} {body['key']['sk']}"
    if batch := body.get("DDBStreamBatchInfo"):
        return f"{batch['batchSize']} writes from {batch['approximateArrivalOfFirstRecord']}"
    detail = request_of(letter).get("detail")
    ids = [detail.get(name) for name in ("provider_id", "event_id")] if isinstance(detail, dict) else []
    name = "records" if isinstance(detail, dict) and "changes" in detail else "booking"
    return " ".join([name, *map(str, ids), str(body.get("error", "not delivered")), *body.get("fields", [])])


def request_of(letter: Letter) -> dict[str, Any]:
    """Return the event of another system, whatever set it aside: the function, Lambda, the queue or EventBridge."""
    body = letter.body
    request: dict[str, Any] = body.get("request") or body.get("requestPayload") or body
    return request


def answer_booking(stack: Stack, letter: Letter) -> None:
    """Let the function answer a booking; one that can have no answer is set aside again by it."""
    invoke(stack, "BookingRequests", request_of(letter))


def store_records(stack: Stack, letter: Letter) -> None:
    """Let the function store what a source told; what can have no answer is set aside again by it.

    Raises:
        OperationFailed: the function could not deal with it yet.
    """
    message = {"messageId": "redriven", "body": json.dumps(request_of(letter))}
    if invoke(stack, "RecordChanges", {"Records": [message]})["batchItemFailures"]:
        raise OperationFailed("it could not be stored yet; the log of RecordChanges tells why")


def publish_events(stack: Stack, letter: Letter) -> None:
    """Publish what could not be published.

    Raises:
        OperationFailed: it still cannot be read, or the bus refused it.
    """
    told = _events_of(stack, letter)
    put_on(stack.event_bus, told.events, lambda _done, _total: None)
    if told.unreadable:
        [key, *_] = told.unreadable
        raise OperationFailed(f"{key['pk']} {key['sk']} cannot be read")


def _events_of(stack: Stack, letter: Letter) -> Told:
    """Read events from the item, from the stream while it has them, else from history and receipts of the time."""
    if "key" in letter.body:
        return event_of_item(stack.table, letter.body["key"])
    batch = letter.body["DDBStreamBatchInfo"]
    writes = read_batch(stack.client("dynamodbstreams"), batch)
    if writes is None:
        return events_between(stack.table, *span_of(batch), lambda _done, _total: None)
    told = Told()
    for write in writes:
        told.read(write)
    return told


def deliver_event(stack: Stack, letter: Letter) -> None:
    """Put an event back into the queue of deliveries, to be tried for another day."""
    body = json.dumps(letter.body, separators=(",", ":"))
    stack.client("sqs").send_message(QueueUrl=stack.outputs["DeliveriesUrl"], MessageBody=body)


QUEUES: Mapping[What, tuple[Callable[[Stack], Queue], Callable[[Stack, Letter], None]]] = {
    What.BOOKINGS: (booking_letters, answer_booking),
    What.RECORDS: (record_letters, store_records),
    What.EVENTS: (event_letters, publish_events),
    What.DELIVERIES: (delivery_letters, deliver_event),
}
"""Where the letters are, and what gives one another try."""


def _tried(try_again: Callable[[Stack, Letter], None], stack: Stack, letter: Letter) -> str | None:
    """Give a letter another try, and tell why that failed, if it did."""
    try:
        try_again(stack, letter)
    except OperationFailed as fault:
        return f"{describe(letter)}: {fault}"
    return None
