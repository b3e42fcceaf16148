"""booking.requested on the bus: answered like the hook, or set aside."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from client_lifecycle.domain.bookings import BookedBy, BookingAnswer, BookingRefusal
from client_lifecycle.domain.errors import StorageBusy
from client_lifecycle.domain.settings import PortalSettings
from client_lifecycle.edge import wiring
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from local.template import ROOT
from tests.moto.conftest import Log, letters
from tests.support.builders import ARCHIVE_ID, GROUP_ID, NOW, PROVIDER_ID, client, group, stamp
from tests.support.calls import invoke
from tests.support.faults import THROTTLED, failing
from tests.support.store import answer_to, dump, store, store_group

HANDLER = "booking_requests.handler.lambda_handler"
SAMPLE = json.loads((ROOT / "events" / "booking_requests.json").read_text(encoding="utf-8"))
UNDOCUMENTED = "told us in confidence"


@pytest.fixture(autouse=True)
def practice(table: Table, queue_url: str) -> Table:
    store(table, client("archived", stamp=stamp()))
    return table


def requested(**fields: Any) -> dict[str, Any]:
    """The sample event, asking for the archived client; of its detail, these fields."""
    asked = {"provider_id": PROVIDER_ID, "client_id": "archived", "event_id": "e-1"}
    return {**SAMPLE, "detail": SAMPLE["detail"] | asked | fields}


def test_the_sample_event_is_understood_and_answered(practice: Table, queue_url: str) -> None:
    invoke(HANDLER, SAMPLE)
    asked = SAMPLE["detail"]
    answer = answer_to(Tenant(practice, asked["provider_id"]), asked["event_id"])
    assert answer is not None
    assert (answer.refusal, letters(queue_url)) == ("unknown_client", [])


def test_a2_a_booking_asked_for_on_the_bus_brings_an_archived_client_back(practice: Table) -> None:
    invoke(HANDLER, requested())
    assert read_client(Tenant(practice, PROVIDER_ID), "archived").stamp is None
    answer = answer_to(Tenant(practice, PROVIDER_ID), "e-1")
    assert answer
    assert replace(answer, fingerprint=None) == BookingAnswer(
        event_id="e-1",
        client_id="archived",
        appointment_id=SAMPLE["detail"]["appointment"]["id"],
        booked_by=BookedBy.CLIENT,
        answered_at=NOW,
        archive_id=ARCHIVE_ID,
        activated=True,
    )


def test_p6_a_client_in_a_group_books_on_the_bus_by_the_rules_of_its_group(practice: Table) -> None:
    store(practice, client("in-group", group_id=GROUP_ID))
    for event_id, schedules in (("e-open", True), ("e-closed", False)):
        store_group(practice, group(settings=PortalSettings(schedule_appointments=schedules)))
        invoke(HANDLER, requested(client_id="in-group", event_id=event_id))
    answers = [answer_to(Tenant(practice, PROVIDER_ID), event_id) for event_id in ("e-open", "e-closed")]
    assert [answer and answer.refusal for answer in answers] == [None, BookingRefusal.SCHEDULING_DISABLED]


def test_a_request_delivered_twice_is_answered_once(practice: Table) -> None:
    invoke(HANDLER, requested())
    written = dump(practice)
    invoke(HANDLER, requested())
    assert dump(practice) == written


def starting(start: str) -> dict[str, Any]:
    return {"appointment": SAMPLE["detail"]["appointment"] | {"start": start}}


MALFORMED: list[tuple[dict[str, Any], list[str], list[str]]] = [
    ({UNDOCUMENTED: 1}, [UNDOCUMENTED], ["(unknown)"]),
    ({"client_id": UNDOCUMENTED, "booked_by": "robot"}, ["client_id", "booked_by"], ["client_id", "booked_by"]),
    (starting("2030-01-15T10:00:00"), ["appointment.start"], ["appointment.start"]),
    (starting("0001-01-01T00:00:00+14:00"), ["appointment.start"], ["appointment.start"]),
    (starting("2036-03-15T10:00:00Z"), ["appointment.start"], ["appointment.start"]),
    ({"booked_by": "\ud800"}, ["booked_by"], ["booked_by"]),
    ({"\ud800": 1}, ["detail"], ["detail"]),
    ({"booked_by": float("nan")}, ["detail"], ["detail"]),
]


@pytest.mark.parametrize(("wrong", "fields", "known"), MALFORMED, ids=[ascii(fields) for _, fields, _ in MALFORMED])
def test_a_malformed_request_is_set_aside_at_once_and_logged_by_fields(
    practice: Table, queue_url: str, log: Log, wrong: dict[str, Any], fields: list[str], known: list[str]
) -> None:
    before, event = dump(practice), requested(**wrong)
    invoke(HANDLER, event)
    assert dump(practice) == before
    [letter] = letters(queue_url)
    assert repr(letter) == repr({"error": "InvalidRequest", "fields": fields, "request": event})
    [line] = [line for line in log.lines if line["level"] == "ERROR"]
    assert (line["correlation_id"], line["source"], line["fields"]) == (SAMPLE["id"], SAMPLE["source"], known)
    assert UNDOCUMENTED not in log.text


def test_another_booking_under_the_same_event_id_is_set_aside_and_counted(
    practice: Table, queue_url: str, log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke(HANDLER, requested())
    before, event = dump(practice), requested(booked_by="staff")
    invoke(HANDLER, event)
    assert dump(practice) == before
    assert letters(queue_url) == [{"error": "EventIdReused", "fields": ["event_id"], "request": event}]
    assert [line["reason"] for line in log.lines if line["level"] == "ERROR"] == ["EventIdReused"]
    [metric] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "bookings_set_aside" in line]
    assert (metric["bookings_set_aside"], metric["reason"]) == ([1.0], "EventIdReused")


def test_what_can_neither_be_read_nor_set_aside_fails_and_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/gone")
    with pytest.raises(ClientError):
        invoke(HANDLER, requested(note=UNDOCUMENTED))


def test_a_busy_table_fails_the_request_so_that_it_is_tried_again(queue_url: str) -> None:
    with failing(wiring.table().client, THROTTLED), pytest.raises(StorageBusy):
        invoke(HANDLER, requested())
    assert letters(queue_url) == []
