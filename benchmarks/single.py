"""Warm paths: one archive, one return with all that can be taken back, one booking, a restore of many records."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from benchmarks.meter import Spent
from benchmarks.rows import Row
from benchmarks.subjects import BY_STAFF, PROVIDER_ID, Bench, Comparison, bench, client_of, commitments, usual_records
from benchmarks.workflow import MEMORY_OF_ALL
from client_lifecycle.domain.bookings import BookedBy, Booking
from client_lifecycle.domain.client import ArchiveOptions, Door
from client_lifecycle.domain.records import Appointment
from client_lifecycle.domain.restore import Restorable
from client_lifecycle.use_cases.activate import activate_client
from client_lifecycle.use_cases.archive import archive_client
from client_lifecycle.use_cases.book import book
from local.ministack import LocalAws

MEMORY_GIBIBYTES = MEMORY_OF_ALL / 1_024
SLOTS_AHEAD = timedelta(days=2_000)


def rows(aws: LocalAws, clients: int, records: int) -> list[Row]:
    """Measure each path once for each of so many clients, and a restore of so many records."""
    with bench(aws) as made:
        made.load([(client_of(number, made.at), commitments(number, made.at)) for number in range(clients)])
        archived, returned, booked, booked_back = (Comparison(made) for _ in range(4))
        for number in range(clients):
            _archive(archived, number)
            _return(returned, number)
            _book(booked, number, "active")
            made.follow(partial(_archived, made, number))
            _book(booked_back, number, "archived")
        done = [
            archived.row("archive, 10 commitments"),
            returned.row("activate and restore all 10"),
            booked.row("booking, active client"),
            booked_back.row("booking, archived client"),
            _one_by_one(made, clients),
            _many(made, 2 * clients, records),
        ]
    return [_served(row) for row in done]


def _archive(measured: Comparison, number: int) -> None:
    made = measured.bench
    plain, client_id = made.plain, client_of(number, made.at).client_id

    def instead() -> None:
        plain.mark(PROVIDER_ID, client_id, "archived")
        plain.end(client_id)

    measured.add(partial(_archived, made, number), instead)


def _archived(made: Bench, number: int) -> None:
    client_id = client_of(number, made.at).client_id
    archive_client(made.ours, client_id, cause=BY_STAFF, at=made.at, options=ArchiveOptions())


def _return(measured: Comparison, number: int) -> None:
    made = measured.bench
    plain, client_id = made.plain, client_of(number, made.at).client_id

    def ours() -> None:
        activate_client(made.ours, client_id, cause=BY_STAFF, at=made.at, asked=tuple(Restorable))

    def instead() -> None:
        plain.mark(PROVIDER_ID, client_id, "active")
        plain.bring_back(client_id)

    measured.add(ours, instead)


def _book(measured: Comparison, number: int, status: str) -> None:
    made = measured.bench
    client_id = client_of(number, made.at).client_id
    appointment = Appointment(
        record_id=f"booked-{status}-{number}", starts_at=made.at + SLOTS_AHEAD, duration_minutes=50
    )
    booking = Booking(
        event_id=f"event-{status}-{number}",
        provider_id=PROVIDER_ID,
        client_id=client_id,
        appointment=appointment,
        booked_by=BookedBy.CLIENT,
    )
    measured.add(
        lambda: book(made.ours, booking, at=made.at, through=Door.BOOKING_HOOK),
        lambda: made.plain.book(PROVIDER_ID, client_id, appointment),
    )


def _one_by_one(made: Bench, clients: int) -> Row:
    """Archive clients by calls of their own who have what those of a bulk archive have."""
    numbers = range(clients, 2 * clients)
    made.load([(client_of(number, made.at), usual_records(number, made.at)) for number in numbers])
    measured = Comparison(made)
    for number in numbers:
        _archive(measured, number)
    return measured.row("one by one, each usual client")


def _many(made: Bench, number: int, records: int) -> Row:
    """Restore many records of one client."""
    made.load([(client_of(number, made.at), commitments(number, made.at, appointments=records, payments=0))])
    made.follow(partial(_archived, made, number))
    made.plain.end(client_of(number, made.at).client_id)
    measured = Comparison(made)
    _return(measured, number)
    return measured.row(f"restore of {records:,} records")


def _served(row: Row) -> Row:
    """Add what stands before each of these: a request, and a function for as long as it takes."""

    def served(spent: Spent) -> Spent:
        return replace(spent, requests=1, invocations=1, gibibyte_seconds=spent.model_seconds * MEMORY_GIBIBYTES)

    return replace(row, ours=served(row.ours), instead=served(row.instead) if row.instead else None)
