"""An archive planned for later: when it is due, and what becomes of the plan until then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from msgspec.structs import replace

from client_lifecycle.domain.client import (
    ArchivePlan,
    Cause,
    Client,
    HeldBackBy,
    PlanTerms,
    Trigger,
    told_of,
    with_next_revision,
)
from client_lifecycle.domain.days import BEGINS_SOMEWHERE, start_of
from client_lifecycle.domain.errors import AlreadyArchived, InvalidRequest
from client_lifecycle.domain.records import Appointment, AppointmentStatus, Payment, Record

LONGEST_WAIT = timedelta(days=1)
"""A waiting plan is looked at this often: appointments and payments also change without the plan being told."""

NO_WAIT = timedelta(0)


def planned(client: Client, terms: PlanTerms, cause: Cause, at: datetime, zone: tzinfo) -> Client:
    """Return the client with a plan, in the place of any it has; one on the same terms is kept as it is.

    A plan for a day is first looked at when that day begins anywhere: until then the practice may move to another zone.

    Args:
        client: the client.
        terms: when and how it is to be archived.
        cause: who plans, and through what.
        at: the present moment, UTC.
        zone: the practice's time zone (T1).

    Raises:
        AlreadyArchived: there is nothing to plan.
        InvalidRequest: the day to archive on has begun.
    """
    if client.stamp:
        raise AlreadyArchived("This client is archived already.", "client_id", **told_of(client.stamp))
    if terms.archive_on and start_of(terms.archive_on, zone) <= at:
        raise InvalidRequest("This day is not ahead where the practice is.", "archive_on", code="day_not_ahead")
    if client.plan and client.plan.terms == terms:
        return client
    plan = ArchivePlan(terms=terms, planned_at=at, planned_by=cause, check_at=_first_check_at(terms, at))
    return with_next_revision(replace(client, plan=plan))


def _first_check_at(terms: PlanTerms, at: datetime) -> datetime:
    return max(at, start_of(terms.archive_on, UTC) - BEGINS_SOMEWHERE) if terms.archive_on else at


def noted_in(client: Client, history_id: str) -> Client:
    """Return the client with the note of its plan, if it has one, in this line of its history and not in the plan."""
    if not client.plan or client.plan.terms.options.note is None:
        return client
    return replace(client, plan=replace(with_note(client.plan, None), noted_in=history_id))


def with_note(plan: ArchivePlan, note: str | None) -> ArchivePlan:
    """Return a plan with this note in its terms."""
    return replace(plan, terms=replace(plan.terms, options=replace(plan.terms.options, note=note)))


def unplanned(client: Client) -> Client:
    """Return the client without its plan."""
    return with_next_revision(replace(client, plan=None))


def put_off(client: Client, plan: ArchivePlan, check_at: datetime, held_back_by: tuple[HeldBackBy, ...] = ()) -> Client:
    """Return the client with its plan to be looked at again later, and what holds it back, if anything does."""
    return with_next_revision(replace(client, plan=replace(plan, check_at=check_at, held_back_by=held_back_by)))


def next_check_at(terms: PlanTerms, records: Iterable[Record], at: datetime, zone: tzinfo) -> datetime | None:
    """Tell whether a plan is due, or when to look at it again.

    Args:
        terms: what is planned.
        records: the client's live records, appointments that have begun but are not over among them.
        at: the present moment, UTC.
        zone: the practice's time zone (T1).

    Returns:
        A moment ahead, at most ``LONGEST_WAIT`` from now; ``None`` if the client is to be archived now.
    """
    wait = _wait(terms, records, at, zone)
    return at + min(wait, LONGEST_WAIT) if wait > NO_WAIT else None


def _wait(terms: PlanTerms, records: Iterable[Record], at: datetime, zone: tzinfo) -> timedelta:
    """Return the time until a plan is due as far as is known now, nothing or less if it is."""
    if terms.archive_on:
        return start_of(terms.archive_on, zone) - at
    if terms.trigger is Trigger.AFTER_LAST_APPOINTMENT:
        return max((_until_over(record, at) for record in records), default=NO_WAIT)
    return LONGEST_WAIT if any(_is_open_payment(record) for record in records) else NO_WAIT


def _until_over(record: Record, at: datetime) -> timedelta:
    if not isinstance(record, Appointment) or record.status is not AppointmentStatus.BOOKED:
        return NO_WAIT
    return record.starts_at - at + timedelta(minutes=record.duration_minutes)


def _is_open_payment(record: Record) -> bool:
    return isinstance(record, Payment) and record.is_open
