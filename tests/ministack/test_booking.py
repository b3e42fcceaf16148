"""A booking and an archive of the same client in the same instant: one of them is decided on the other (A2)."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from client_lifecycle.domain.bookings import BookedBy, Booking, BookingAnswer
from client_lifecycle.domain.client import ArchiveOptions, Client, Door, Status
from client_lifecycle.domain.errors import StorageBusy
from client_lifecycle.storage.clients import read_live
from client_lifecycle.storage.retries import patience
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.archive import archive_client
from client_lifecycle.use_cases.book import book
from tests.support.builders import DAY, NOW, appointment, cause, client, stamp
from tests.support.made_up_answers import answering, cancelled
from tests.support.practice import everything, put
from tests.support.store import answer_to

ROUNDS = 40


def ask(table: Table, who: Client, event_id: str, appointment_id: str | None = None) -> BookingAnswer:
    booked = appointment(appointment_id or f"a-{event_id}", starts_at=NOW + DAY)
    asked = Booking(
        event_id=event_id,
        provider_id=who.provider_id,
        client_id=who.client_id,
        appointment=booked,
        booked_by=BookedBy.CLIENT,
    )
    return book(Tenant(table, asked.provider_id), asked, at=NOW, through=Door.BOOKING_HOOK)


def archive(table: Table, who: Client) -> None:
    archive_client(Tenant(table, who.provider_id), who.client_id, cause=cause(), at=NOW, options=ArchiveOptions())


def assert_whole(table: Table, who: Client) -> None:
    """An archived client has nothing booked; a client with something booked is active."""
    live = read_live(Tenant(table, who.provider_id), who.client_id, NOW)
    assert (live.client.status is Status.ARCHIVED) is (live.records == ())


def test_a2_a_booking_ends_an_archive_made_since_it_read_the_client(table: Table) -> None:
    who = put(table, client())

    def archive_first(_: dict[str, Any]) -> None:
        if len(requests) == 1:
            archive(table, who)

    with answering(table, "TransactWriteItems", archive_first) as requests:
        answer = ask(table, who, "e-1")
    assert answer.activated
    assert_whole(table, who)


def test_a2_an_archive_cancels_a_booking_made_since_it_read_the_client(table: Table, tenant: Tenant) -> None:
    who = put(table, client())

    def book_first(_: dict[str, Any]) -> None:
        if len(requests) == 1:
            ask(table, who, "e-1")

    with answering(table, "TransactWriteItems", book_first) as requests:
        archive(table, who)
    live = read_live(tenant, who.client_id, NOW)
    assert (live.client.status, live.records) == (Status.ARCHIVED, ())


def test_a2_archives_and_bookings_at_once_never_half_archive_a_client(table: Table) -> None:
    for number in range(ROUNDS):
        who = put(table, client(f"client-{number}", provider_id=f"prov-{number}"))
        with ThreadPoolExecutor(4) as pool:
            done: list[Future[object]] = [
                pool.submit(archive, table, who),
                pool.submit(ask, table, who, "e-1"),
                pool.submit(archive, table, who),
                pool.submit(ask, table, who, "e-2"),
            ]
        assert [one.exception() for one in done] == [None] * 4
        assert_whole(table, who)


def test_of_one_event_delivered_eight_times_at_once_one_appointment_comes(table: Table, tenant: Tenant) -> None:
    who = put(table, client())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(table, who, "e-1"), range(8)))
    assert len(set(answers)) == 1
    assert len(read_live(tenant, who.client_id, NOW).records) == 1


def test_a_booking_in_conflict_with_other_transactions_is_tried_again(table: Table) -> None:
    who = put(table, client(stamp=stamp()))

    def conflict_twice(request: dict[str, Any]) -> dict[str, Any] | None:
        return cancelled(request, "TransactionConflict") if len(requests) <= 2 else None

    with answering(table, "TransactWriteItems", conflict_twice) as requests:
        answer = ask(table, who, "e-1")
    assert (answer.activated, len(requests)) == (True, 3)
    assert_whole(table, who)


def test_a_booking_stops_at_endless_conflicts_and_has_written_nothing(table: Table, tenant: Tenant) -> None:
    who = put(table, client(stamp=stamp()))
    before = everything(table, who)
    with answering(table, "TransactWriteItems", lambda request: cancelled(request, "TransactionConflict")) as requests:
        with pytest.raises(StorageBusy), patience(0.05, within_seconds=60):
            ask(table, who, "e-1")
        assert len(requests) > 1
    assert everything(table, who) == before
    assert answer_to(tenant, "e-1") is None


def test_one_of_eight_events_at_once_for_one_appointment_is_accepted(table: Table, tenant: Tenant) -> None:
    who = put(table, client(stamp=stamp()))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: ask(table, who, f"e-{n}", appointment_id="a-1"), range(8)))
    assert sorted(str(answer.refusal) for answer in answers) == ["None"] + ["appointment_exists"] * 7
    assert sum(answer.activated for answer in answers) == 1
    assert len(read_live(tenant, who.client_id, NOW).records) == 1
