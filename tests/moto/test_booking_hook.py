"""POST /hooks/bookings: who is heard, what is answered, and what is left behind (P6, A2)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest

from client_lifecycle.domain.reasons import ArchiveReason
from client_lifecycle.domain.records import AppointmentStatus
from client_lifecycle.domain.settings import PortalSettings
from client_lifecycle.edge import wiring
from client_lifecycle.edge.signature import sign
from client_lifecycle.storage.clients import read_client, read_live
from client_lifecycle.storage.table import Table
from local.sign_booking import signed_event
from tests.moto.calls import Answer, get, invoke, request
from tests.moto.conftest import Clock
from tests.moto.store import dump, store
from tests.unit.builders import NOW, OTHER_PROVIDER_ID, PROVIDER_ID, client, stamp

SECRET = "the scheduling system's secret"


@pytest.fixture(autouse=True)
def secret(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKING_SECRET_PREFIX", "test/bookings")
    wiring.booking_secrets.cache_clear()
    secrets = boto3.client("secretsmanager")
    secrets.create_secret(Name=f"test/bookings/{PROVIDER_ID}", SecretString=SECRET)
    secrets.create_secret(Name=f"test/bookings/{OTHER_PROVIDER_ID}", SecretString="another secret")


@pytest.fixture(autouse=True)
def practice(table: Table) -> Table:
    store(table, client("active"))
    store(table, client("archived", stamp=stamp()))
    return table


def booking(client_id: str = "archived", **fields: Any) -> dict[str, Any]:
    appointment = {"id": "a-1", "start": "2026-03-04T10:00:00+01:00", "duration_minutes": 50, "type": "follow-up"}
    values = {"event_id": "e-1", "provider_id": PROVIDER_ID, "client_id": client_id, "booked_by": "client"}
    return {**values, "appointment": appointment} | fields


def call(body: dict[str, Any] | str, *, secret: str = SECRET, provider: str = PROVIDER_ID, at: Any = NOW) -> Answer:
    raw = body if isinstance(body, str) else json.dumps(body)
    headers = {"X-Provider": provider, "X-Signature": sign(secret, raw, at)}
    return request("POST", "/hooks/bookings", raw=raw, claims=None, headers=headers)


def test_a2_a_booking_brings_an_archived_client_back_in_the_same_transaction(practice: Table) -> None:
    calls: list[str] = []
    wiring.table().client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    answer = call(booking())
    assert (answer.status, answer.body) == (
        200,
        {"event_id": "e-1", "answer": "accepted", "activated": True, "reason": None},
    )
    assert calls.count("TransactWriteItems") == 1
    live = read_live(practice, PROVIDER_ID, "archived", NOW)
    assert live.client.stamp is None
    [appointment] = live.records
    assert (appointment.record_id, appointment.status) == ("a-1", AppointmentStatus.BOOKED)  # type: ignore[union-attr]
    view = get("/clients/archived").body
    assert (view["status"], view["returned_by_booking"], view["returned_by"]["source"]) == ("active", True, "booking")
    [line] = get("/clients/archived/history").body["entries"]
    assert (line["event"], line["by"]["source"]) == ("client.activated", "booking")


def test_an_active_client_books_and_the_revision_rises(practice: Table) -> None:
    assert call(booking("active")).body["activated"] is False
    assert read_client(practice, PROVIDER_ID, "active").revision == client().revision + 1


@pytest.mark.parametrize("who", ["active", "archived"])
@pytest.mark.parametrize(("booked_by", "last_active_at"), [("client", "2026-03-02T09:30:00Z"), ("staff", None)])
def test_a_client_who_books_is_active_at_that_moment_and_one_who_is_booked_is_not(
    who: str, booked_by: str, last_active_at: str | None
) -> None:
    call(booking(who, booked_by=booked_by))
    assert get(f"/clients/{who}").body["last_active_at"] == last_active_at


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("scheduling_disabled", {"settings": PortalSettings(schedule_appointments=False)}, {}, True),
    ("no_self_return", {"stamp": stamp(reason=ArchiveReason.DISCHARGED)}, {}, True),
    ("unknown_client", {}, {"client_id": "nobody"}, False),
    (
        "slot_in_past",
        {},
        {"appointment": {"id": "a", "start": "2026-03-02T09:30:00Z", "duration_minutes": 5, "type": "x"}},
        False,
    ),
]


@pytest.mark.parametrize(("reason", "fields", "asked", "told"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a2_a_refused_booking_says_why_and_leaves_no_appointment(
    practice: Table, reason: str, fields: dict[str, Any], asked: dict[str, Any], told: bool
) -> None:
    store(practice, client("c", **{"stamp": stamp()} | fields))
    before = dump(practice)
    answer = call(booking("c") | asked)
    assert (answer.status, answer.body["answer"], answer.body["reason"]) == (409, "refused", reason)
    written = {sk.split("#")[0] for pk, sk in dump(practice).keys() - before.keys() if pk.startswith("CLIENT#")}
    assert written == ({"HISTORY"} if told else set())
    assert all(dump(practice)[key] == item for key, item in before.items())


def test_p6_staff_books_whatever_the_client_s_switch_says(practice: Table) -> None:
    store(practice, client("c", stamp=stamp(), settings=PortalSettings(schedule_appointments=False)))
    assert call(booking("c", booked_by="staff")).body["answer"] == "accepted"


def test_a_replayed_event_gets_its_first_answer_and_writes_nothing(practice: Table, clock: Clock) -> None:
    first = call(booking())
    written = dump(practice)
    clock.pass_by(timedelta(minutes=1))
    assert call(booking()).body == first.body
    assert dump(practice) == written


def test_a_refusal_too_is_answered_once(practice: Table) -> None:
    store(practice, client("c", settings=PortalSettings(schedule_appointments=False)))
    first = call(booking("c"))
    store(practice, client("c"))
    assert call(booking("c")).body == first.body


def test_an_appointment_that_is_there_already_is_not_booked_again(practice: Table) -> None:
    call(booking("active"))
    again = call(booking("active", event_id="e-2"))
    assert (again.status, again.body["reason"]) == (409, "appointment_exists")


def test_while_a_secret_is_rotated_both_are_good(practice: Table) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=f"test/bookings/{PROVIDER_ID}", SecretString="the next")
    assert call(booking(), secret="the next").status == 200
    assert call(booking("active", event_id="e-2"), secret=SECRET).status == 200


UNHEARD: list[tuple[str, dict[str, Any]]] = [
    ("signed with another secret", {"secret": "guess"}),
    ("signed too long ago", {"at": NOW - timedelta(minutes=5, seconds=1)}),
    ("signed for another provider", {"provider": OTHER_PROVIDER_ID}),
    ("of a provider nobody knows", {"provider": "prov-nobody"}),
    ("of no provider", {"provider": ""}),
]


@pytest.mark.parametrize(("how", "options"), UNHEARD, ids=[case[0] for case in UNHEARD])
def test_a_request_that_is_not_well_signed_is_not_heard(practice: Table, how: str, options: dict[str, Any]) -> None:
    before = dump(practice)
    answer = call(booking(), **options)
    assert (answer.status, answer.problem) == (401, "BadSignature")
    assert dump(practice) == before


def test_a_provider_cannot_book_for_another_with_its_own_secret(practice: Table) -> None:
    answer = call(booking(provider_id=OTHER_PROVIDER_ID))
    assert (answer.status, answer.fields) == (401, ["provider_id"])


def test_an_unsigned_request_is_not_heard(practice: Table) -> None:
    answer = request("POST", "/hooks/bookings", booking(), claims=None)
    assert (answer.status, answer.fields) == (401, ["X-Signature"])


def of(**fields: Any) -> dict[str, Any]:
    """A booking whose appointment has these fields."""
    return booking(appointment=booking()["appointment"] | fields)


MALFORMED: list[tuple[str, dict[str, Any] | str, int, str]] = [
    ("no JSON", "{", 400, "body"),
    ("no event id", {k: v for k, v in booking().items() if k != "event_id"}, 422, "event_id"),
    ("unknown field", booking(note="hello"), 422, "note"),
    (
        "a start without a zone",
        of(start="2026-03-04T10:00:00"),
        422,
        "appointment.start",
    ),
    (
        "no time at all",
        of(duration_minutes=0),
        422,
        "appointment.duration_minutes",
    ),
    ("somebody else", booking(booked_by="robot"), 422, "booked_by"),
]


@pytest.mark.parametrize(("what", "body", "status", "field"), MALFORMED, ids=[case[0] for case in MALFORMED])
def test_a_malformed_booking_names_the_field_and_writes_nothing(
    practice: Table, what: str, body: dict[str, Any] | str, status: int, field: str
) -> None:
    before = dump(practice)
    answer = call(body)
    assert (answer.status, answer.problem, answer.fields) == (status, "InvalidRequest", [field])
    assert dump(practice) == before


def test_the_sample_event_signed_anew_is_heard(practice: Table) -> None:
    event = json.loads(signed_event("a secret", NOW))
    boto3.client("secretsmanager").create_secret(Name="test/bookings/prov-maple", SecretString="a secret")
    answer = invoke("booking_hook.handler.lambda_handler", event)
    assert json.loads(answer["body"])["reason"] == "unknown_client"
