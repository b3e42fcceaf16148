"""A booking that is sent again, an appointment that is booked again (A10), ids and moments of other systems (T2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from client_lifecycle.domain.policy import Refusal
from client_lifecycle.domain.records import Appointment, AppointmentStatus
from client_lifecycle.edge import wiring
from client_lifecycle.edge.bookings import AppointmentBody, BookingBody
from client_lifecycle.edge.reading import MAX_SIGNED_BODY_BYTES
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from tests.moto.test_booking_hook import SECRET, booking, call, of
from tests.support.booking_secrets import PREFIX, give_secret
from tests.support.builders import NOW, PROVIDER_ID, client, stamp
from tests.support.calls import get, post, request
from tests.support.store import dump, store

YEAR = timedelta(days=365)


@pytest.fixture(autouse=True)
def practice(table: Table, monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    monkeypatch.setenv("BOOKING_SECRET_PREFIX", PREFIX)
    wiring.booking_secrets.cache_clear()
    give_secret(PROVIDER_ID, SECRET)
    store(table, client("active"))
    store(table, client("archived", stamp=stamp()))
    yield table
    wiring.booking_secrets.cache_clear()


def appointment_of(table: Table, client_id: str) -> dict[str, Any] | None:
    return table.get(Keys(PROVIDER_ID).record(client_id, Appointment(**OLD).kind, "a-1"))


OLD: dict[str, Any] = {
    "record_id": "a-1",
    "starts_at": NOW + timedelta(days=1),
    "duration_minutes": 25,
    "status": AppointmentStatus.CANCELLED,
    "series_id": "series-1",
    "cancelled_by": "archive",
    "cancelled_at": NOW,
}


@pytest.mark.parametrize(("who", "activated"), [("active", False), ("archived", True)])
def test_a10_a_cancelled_appointment_is_booked_again_like_any_other(practice: Table, who: str, activated: bool) -> None:
    store(practice, client(who, stamp=stamp() if activated else None), Appointment(**OLD))
    practice.put_many([(appointment_of(practice, who) or {}) | {"title": "kept by another system"}])
    answer = call(booking(who))
    assert (answer.status, answer.body["answer"], answer.body["activated"]) == (200, "accepted", activated)
    assert get(f"/clients/{who}").body["status"] == "active"
    found = appointment_of(practice, who)
    assert found is not None
    assert (found["status"], found["duration_minutes"], found["title"]) == ("booked", 50, "kept by another system")
    assert found.keys() >= {"live_key", "commitment_key"}
    assert not found.keys() & {"cancelled_by", "cancelled_at", "series_id"}


def test_a10_one_that_another_system_wrote_in_its_own_way_is_booked_again(practice: Table) -> None:
    store(practice, client("active"), Appointment(**OLD))
    there = appointment_of(practice, "active") or {}
    moments = {"starts_at": "2026-03-03T10:30:00.000+01:00", "cancelled_at": "2026-03-02T09:30:00+00:00"}
    practice.put_many([there | moments])
    assert call(booking("active")).body["answer"] == "accepted"
    found = appointment_of(practice, "active") or {}
    assert (found["status"], found["starts_at"]) == ("booked", "2026-03-04T09:00:00Z")


@pytest.mark.parametrize("status", [AppointmentStatus.BOOKED, AppointmentStatus.COMPLETED])
def test_a10_one_that_is_not_cancelled_stays_as_it_is(practice: Table, status: AppointmentStatus) -> None:
    there = OLD | {"status": status, "cancelled_by": None, "cancelled_at": None}
    store(practice, client("archived", stamp=stamp()), Appointment(**there))
    before = appointment_of(practice, "archived")
    answer = call(booking("archived"))
    assert (answer.status, answer.body["reason"]) == (409, "appointment_exists")
    assert appointment_of(practice, "archived") == before
    assert get("/clients/archived").body["status"] == "archived"


def test_a10_what_was_cancelled_and_booked_again_is_not_restored(practice: Table) -> None:
    call(booking("active"))
    archived = post("/clients/active/archive", {}).body["receipt"]
    assert [change["record_id"] for change in archived["changes"]] == ["a-1"]
    assert call(of(duration_minutes=25) | {"client_id": "active", "event_id": "e-2"}).body["activated"]
    [item] = post("/clients/active/activate", {"restore": ["appointments"]}).body["restored"]
    assert (item["record_id"], item["outcome"]) == ("a-1", "changed_since")


def test_a10_a_record_that_changes_meanwhile_is_read_again(practice: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    store(practice, client("active"), Appointment(**OLD))
    whole = Table.transact
    tries: list[int] = []

    def beaten_once(self: Table, writes: Any) -> None:
        tries.append(len(tries))
        if len(tries) == 2:
            practice.put_many([(appointment_of(practice, "active") or {}) | {"duration_minutes": 30}])
        whole(self, writes)

    monkeypatch.setattr(Table, "transact", beaten_once)
    assert call(booking("active")).body["answer"] == "accepted"
    assert len(tries) == 4


OTHER: dict[str, dict[str, Any]] = {
    "client_id": booking("active"),
    "booked_by": booking(booked_by="staff"),
    "id": of(id="a-2"),
    "start": of(start="2026-03-04T10:00:01+01:00"),
    "duration_minutes": of(duration_minutes=51),
    "type": of(type="first"),
    "calendar_id": of(calendar_id="calendar-2"),
}


def test_all_that_is_asked_for_tells_one_booking_from_another() -> None:
    asked = BookingBody.model_fields.keys() | AppointmentBody.model_fields.keys()
    assert OTHER.keys() == asked - {"event_id", "provider_id", "appointment"}


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
def test_an_event_id_with_another_booking_is_refused_and_writes_nothing(practice: Table, other: dict[str, Any]) -> None:
    assert call(booking()).status == 200
    before = dump(practice)
    answer = call(other)
    assert (answer.status, answer.problem, answer.fields) == (422, "EventIdReused", ["event_id"])
    assert dump(practice) == before


def test_an_event_id_with_another_booking_is_refused_after_a_refusal_too(practice: Table) -> None:
    assert call(booking("nobody")).status == 409
    assert call(booking("active")).problem == "EventIdReused"


def test_the_same_booking_written_in_another_way_gets_its_answer() -> None:
    first = call(booking())
    assert call(of(start="2026-03-04T09:00:00.000Z")).body == first.body


def test_an_answer_from_before_fingerprints_counts_for_every_content(practice: Table) -> None:
    first = call(booking())
    key = Keys(PROVIDER_ID).booking_answer("e-1")
    kept = practice.get(key) or {}
    assert kept.pop("fingerprint")
    practice.put_many([kept])
    assert call(booking(booked_by="staff")).body == first.body


FOREIGN = ["urn:booking:1", "cal.example/events/1", "1@calendar.example", "a+b=c", "x" * 128]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_ids_of_other_systems_are_taken_as_they_are(practice: Table, foreign: str) -> None:
    answer = call(of(id=foreign) | {"event_id": foreign, "client_id": "archived"})
    assert (answer.status, answer.body["event_id"]) == (200, foreign)
    receipt = post("/clients/archived/archive", {}).body["receipt"]
    assert [change["record_id"] for change in receipt["changes"]] == [foreign]
    assert call(of(id=foreign) | {"event_id": foreign, "client_id": "archived"}).body == answer.body


@pytest.mark.parametrize("wrong", ["a#b", "", "x" * 129, "a b", "a\n", "é", "a\u0000"])
def test_an_id_that_would_break_a_key_is_refused(practice: Table, wrong: str) -> None:
    before = dump(practice)
    assert call(booking(event_id=wrong)).fields == ["event_id"]
    assert call(of(id=wrong)).fields == ["appointment.id"]
    assert dump(practice) == before


FAR = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1899-12-31T23:59:59Z", "2200-01-02T00:00:00Z"]
NO_MOMENT = [1772611200, "1772611200", "2026-03-04", "2026-03-04 10:00:00Z", "2026-03-04T10:00:00+25:00", "\u0662026"]


@pytest.mark.parametrize("start", [*FAR, *NO_MOMENT, (NOW + 11 * YEAR).isoformat(), "2200-01-01T00:00:00Z"])
def test_t2_a_booking_starts_within_ten_years(practice: Table, start: object) -> None:
    before = dump(practice)
    answer = call(of(start=start))
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", ["appointment.start"])
    assert dump(practice) == before


@pytest.mark.parametrize("start", [NOW + 10 * YEAR, NOW + timedelta(seconds=1)])
def test_t2_within_ten_years_it_is_booked(start: Any) -> None:
    assert call(of(start=start.isoformat())).body["answer"] == "accepted"


def test_t2_long_ago_is_in_the_past() -> None:
    assert call(of(start="1900-01-01T00:00:00Z")).body["reason"] == "slot_in_past"


DAYS = ["1899-12-31", "2200-01-02", "0001-01-01", "9999-12-31", "2026-02-30", "2026-1-1", 20260301, "2026-03-31T00:00"]


@pytest.mark.parametrize("day", DAYS)
def test_t2_a_day_lies_between_1900_and_2200(practice: Table, day: object) -> None:
    before = dump(practice)
    for field in ("added_before", "inactive_since"):
        answer = post("/bulk-archives", {"filter": {field: day}})
        assert (answer.status, answer.fields) == (422, [f"filter.{field}"])
    assert request("PUT", "/clients/active/archive-plan", {"archive_on": day}).fields == ["archive_on"]
    assert dump(practice) == before


def test_t2_at_the_ends_of_the_span_everything_can_be_computed() -> None:
    assert request("PUT", "/clients/active/archive-plan", {"archive_on": "2200-01-01"}).status == 200
    for day in ("1900-01-01", "2200-01-01"):
        assert post("/bulk-archives", {"filter": {"added_before": day, "inactive_since": day}}).status in (201, 409)
    for settings in ({"undo_window_days": 365}, {"tidy_up": {"inactive_days": 3_650, "veto_days": 30}}):
        assert request("PATCH", "/settings", settings).status == 200


LARGE = "[" * (MAX_SIGNED_BODY_BYTES + 1)


def test_a_large_booking_is_refused_once_it_can_be_from_somebody() -> None:
    assert call(LARGE, at=NOW - timedelta(hours=1)).problem == "BadSignature"
    answer = call(LARGE, secret="a guess")
    assert (answer.status, answer.problem, answer.fields) == (413, "RequestTooLarge", ["body"])
    assert call(" " * MAX_SIGNED_BODY_BYTES).problem == "InvalidRequest"


@pytest.mark.parametrize("refusal", Refusal)
def test_p6_whatever_the_table_says_a_booking_has_an_answer(monkeypatch: pytest.MonkeyPatch, refusal: Refusal) -> None:
    monkeypatch.setattr("client_lifecycle.domain.policy._refusal", lambda *_: refusal)
    assert call(booking()).body["answer"] == "refused"


UNREADABLE = [
    "null",
    "[]",
    "NaN",
    "[" * 1_000,
    '{"event_id":' + "1" * 5_000 + "}",
    r'{"\ud800":1}',
    "\ufeff{}",
]


@pytest.mark.parametrize("raw", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_signed_body_that_cannot_be_read_is_refused(practice: Table, raw: str) -> None:
    before = dump(practice)
    answer = call(raw)
    assert (answer.status in (400, 422), answer.problem, answer.fields) == (True, "InvalidRequest", ["body"])
    assert dump(practice) == before
