"""The sample events: one at least for every function and every route, each with what it needs and what it is answered.

A test compares this list with the routes of template.yaml. To add a sample is to add an entry.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from msgspec.structs import replace

from client_lifecycle.domain.client import ArchiveOptions, Cause, Source
from client_lifecycle.domain.effects import Change
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent, Receipt, ReceiptState
from client_lifecycle.domain.records import Appointment, AppointmentStatus
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.values import to_plain
from local.deploy import STACK
from local.functions import functions
from local.samples.given import STAFF_ID, Given
from local.samples.shapes import Event, api_event, bus_event, queue_event, scheduler_event, stream_event
from local.signatures import signed_headers, webhook_headers

AHEAD = timedelta(days=30)


class Need(Enum):
    """The state that a sample needs to do what its name says, in words."""

    NOTHING = "nothing"
    ACTIVE = "an active client"
    ARCHIVED = "an archived client"
    RETURNED = "a client that is back from an archive"
    RESTORED = "the same, with what was restored"
    PLANNED = "an active client with a plan to be archived"
    DUE = "an active client whose plan is due today"
    EMPTY_GROUP = "a client group that nobody is in"
    WAITING = "a bulk archive that waits to be confirmed"
    FAILED = "a finished bulk archive with one failed client of two"
    CONFIRMED = "a confirmed bulk archive whose workflow was not started"
    MARKED = "the same, its clients marked"
    APPLIED = "the same, with all effects"
    SETTLED = "the same, with all outcomes"
    RETRIED = "the retry of a bulk archive with one failed client of two, whose workflow was not started"
    UNDO_CONFIRMED = "an undo whose workflow was not started"
    UPLOADED = "an import with a file of two clients"
    CHECKING = "the same, being checked, its workflow not started"
    READ = "the same, its rows read"
    PREDICTED = "the same, its rows' outcomes predicted"
    CHECKED = "an import that was checked"
    NOT_REACHED = "an import that ended and has reached no row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An event of one function.

    Args:
        name: the file's, without ``.json``.
        function: the function's package.
        route: method and path, for a request.
        need: the state it needs.
        event: makes the event.
        answer: the part of the answer that tells that the work was done; a request's body is read as JSON.
        again: whether the same event may be sent again, to be answered alike.
        afterwards: a route of a GET and the part of its answer that shows the work, if the answer does not.
    """

    name: str
    function: str
    route: str | None = None
    need: Need
    event: Callable[[Given], Event]
    answer: Callable[[Given], Any]
    again: bool
    afterwards: tuple[str, Mapping[str, Any]] | None = None


def _request(
    name: str,
    route: str,
    need: Need,
    answer: Callable[[Given], Mapping[str, Any]] | Mapping[str, Any] | None = None,
    *,
    query: Mapping[str, str] | None = None,
    body: Callable[[Given], object] | object = None,
    status: int = 200,
    again: bool = True,
) -> Sample:
    """Return the sample of a route; the parameters of its path are the ids of what it needs."""
    expected: dict[str, Any] = {"statusCode": status}

    def event(given: Given) -> Event:
        path = {name: getattr(given, name) for name in ("client_id", "archive_id", "run_id", "group_id", "import_id")}
        path = {name: value for name, value in path.items() if f"{{{name}}}" in route}
        return api_event(route, given, path=path, query=query, body=body(given) if callable(body) else body)

    def answered(given: Given) -> Mapping[str, Any]:
        told = answer(given) if callable(answer) else answer
        return expected | ({} if told is None else {"body": told})

    return Sample(
        name=name,
        function=FUNCTION_OF[route],
        route=route,
        need=need,
        event=event,
        answer=answered,
        again=again,
    )


FUNCTION_OF: Mapping[str, str] = {route: one.package for one in functions() for route in one.routes}
"""The package of the function behind each route."""


# Requests of staff


def _client(**shown: Any) -> Callable[[Given], Mapping[str, Any]]:
    return lambda given: {"client_id": given.client_id, **shown}


def _run(**shown: Any) -> Callable[[Given], Mapping[str, Any]]:
    return lambda given: {"run_id": given.run_id, **shown}


OF_CLIENTS = (
    _request(
        "archive_client",
        "POST /clients/{client_id}/archive",
        Need.ACTIVE,
        lambda given: {"client": {"client_id": given.client_id, "status": "archived"}, "receipt": {"state": "settled"}},
        body={"notify_client": False},
    ),
    _request(
        "archive_client_preview",
        "GET /clients/{client_id}/archive-preview",
        Need.ACTIVE,
        lambda given: {"client": {"client_id": given.client_id, "status": "active"}, "blocks": [], "warnings": []},
    ),
    _request(
        "archive_client_plan",
        "PUT /clients/{client_id}/archive-plan",
        Need.ACTIVE,
        _client(status="active", archive_plan={"trigger": "after_last_appointment"}),
        body={"after_last_appointment": True, "reason": "finished"},
    ),
    _request(
        "archive_client_cancel_plan",
        "DELETE /clients/{client_id}/archive-plan",
        Need.PLANNED,
        _client(status="active", archive_plan=None),
    ),
    _request(
        "activate_client",
        "POST /clients/{client_id}/activate",
        Need.ARCHIVED,
        lambda given: {
            "client": {"client_id": given.client_id, "status": "active"},
            "restored": [{"kind": "appointment", "outcome": "restored"}],
        },
        body={"restore": ["appointments"]},
        again=False,
    ),
    _request(
        "activate_client_restore",
        "POST /clients/{client_id}/receipts/{archive_id}/restore",
        Need.RETURNED,
        lambda given: {
            "client": {"client_id": given.client_id, "status": "active"},
            "restored": [{"kind": "appointment", "outcome": "restored"}],
            "state": "finished",
        },
        body={"restore": ["appointments"]},
    ),
    _request(
        "activate_client_watch_restore",
        "GET /clients/{client_id}/receipts/{archive_id}/restore",
        Need.RESTORED,
        lambda given: {"archive_id": given.archive_id, "state": "finished", "not_restored": []},
    ),
    _request("clients_list", "GET /clients", Need.ACTIVE, {}, query={"status": "active", "limit": "5"}),
    _request("clients_export_tab", "GET /clients.csv", Need.ACTIVE, query={"status": "active"}),
    _request("clients_search", "POST /clients/_search", Need.ACTIVE, {}, body={"q": "sample", "status": "active"}),
    _request(
        "clients_list_sorted",
        "GET /clients",
        Need.ACTIVE,
        {},
        query={"owes": "false", "no_upcoming_appointment": "true", "sort": "last_active_at"},
    ),
    _request("clients_count", "GET /client-counts", Need.NOTHING, {}, query={"has_credit": "true"}),
    _request("clients_count_found", "POST /clients/_count", Need.NOTHING, {}, body={"q": "sample"}),
    _request(
        "clients_add",
        "POST /clients",
        Need.NOTHING,
        {"name": "Wren Okonjo", "status": "active"},
        body=lambda given: {"name": "Wren Okonjo", "email": f"wren.{given.fresh_id.lower()}@example.org"},
        status=201,
        again=False,
    ),
    _request("clients_read", "GET /clients/{client_id}", Need.ACTIVE, _client(status="active")),
    _request(
        "clients_change",
        "PATCH /clients/{client_id}",
        Need.ACTIVE,
        _client(settings={"email_notifications": False}),
        body={"settings": {"email_notifications": False}},
    ),
    _request(
        "clients_delete",
        "DELETE /clients/{client_id}",
        Need.ACTIVE,
        lambda given: {"archive": f"/clients/{given.client_id}/archive"},
        status=405,
    ),
    _request(
        "clients_permissions",
        "GET /clients/{client_id}/permissions",
        Need.ARCHIVED,
        _client(status="archived"),
    ),
    _request(
        "clients_check",
        "POST /permission-checks",
        Need.ARCHIVED,
        lambda given: {"allowed": [], "refused": [{"client_id": given.client_id}]},
        body=lambda given: {"action": "share_document", "client_ids": [given.client_id]},
    ),
    _request(
        "clients_export_record",
        "POST /clients/{client_id}/exports",
        Need.ARCHIVED,
        lambda given: {"client_id": given.client_id},
        status=201,
    ),
    _request(
        "clients_history",
        "GET /clients/{client_id}/history",
        Need.ARCHIVED,
        {"entries": [{"event": "client.archived"}]},
        query={"limit": "1"},
    ),
    _request(
        "clients_receipts",
        "GET /clients/{client_id}/receipts",
        Need.ARCHIVED,
        lambda given: {"receipts": [{"archive_id": given.archive_id, "state": "settled"}]},
    ),
    _request(
        "clients_records",
        "GET /clients/{client_id}/records",
        Need.ARCHIVED,
        {"records": []},
        query={"source": "calendar"},
    ),
    _request(
        "clients_unconfirmed",
        "GET /records/unconfirmed",
        Need.ARCHIVED,
        {"next_cursor": None},
        query={"hours": "48"},
    ),
    _request(
        "clients_receipt",
        "GET /clients/{client_id}/receipts/{archive_id}",
        Need.ARCHIVED,
        lambda given: {"archive_id": given.archive_id, "state": "settled"},
    ),
)

OF_THE_PRACTICE = (
    _request("practice_groups", "GET /groups", Need.NOTHING, {}),
    _request(
        "practice_add_group",
        "POST /groups",
        Need.NOTHING,
        {"name": "Evening Yoga"},
        body={"name": "Evening Yoga"},
        status=201,
    ),
    _request(
        "practice_read_group", "GET /groups/{group_id}", Need.EMPTY_GROUP, lambda given: {"group_id": given.group_id}
    ),
    _request(
        "practice_change_group",
        "PATCH /groups/{group_id}",
        Need.EMPTY_GROUP,
        lambda given: {"group_id": given.group_id, "name": "Morning Yoga"},
        body={"name": "Morning Yoga"},
    ),
    _request("practice_delete_group", "DELETE /groups/{group_id}", Need.EMPTY_GROUP, status=204, again=False),
    _request("practice_me", "GET /me", Need.NOTHING, {"time_zone": "UTC"}),
    _request("practice_settings", "GET /settings", Need.NOTHING, {}),
    _request("practice_history", "GET /history", Need.NOTHING, {}),
    _request(
        "practice_change_settings",
        "PATCH /settings",
        Need.NOTHING,
        {"undo_window_days": 30},
        body={"undo_window_days": 30},
    ),
)

OF_BULK_ARCHIVES = (
    _request(
        "bulk_archive_preview",
        "POST /bulk-archives",
        Need.ACTIVE,
        {"state": "awaiting_confirmation", "totals": {"clients": 2}},
        body=lambda given: {"client_ids": list(given.client_ids)},
        status=201,
    ),
    _request(
        "bulk_archive_preview_filter",
        "POST /bulk-archives",
        Need.ACTIVE,
        {"state": "awaiting_confirmation"},
        body=lambda given: {"filter": {"added_before": f"{given.at:%Y-%m-%d}", "owes_nothing": True}},
        status=201,
    ),
    _request("bulk_archive_list", "GET /bulk-archives", Need.NOTHING, {}),
    _request(
        "bulk_archive_watch",
        "GET /bulk-archives/{run_id}",
        Need.FAILED,
        _run(state="completed_with_failures", counts={"archived": 1, "failed": 1}),
    ),
    _request(
        "bulk_archive_clients",
        "GET /bulk-archives/{run_id}/clients",
        Need.FAILED,
        lambda given: {"clients": [{"client_id": given.client_ids[1], "outcome": "failed", "reason": "InternalError"}]},
        query={"outcome": "failed"},
    ),
    _request(
        "bulk_archive_exclude",
        "POST /bulk-archives/{run_id}/exclude",
        Need.WAITING,
        _run(state="awaiting_confirmation", counts={"pending": 1, "excluded": 1}),
        body=lambda given: {"client_ids": [given.client_ids[1]]},
    ),
    _request(
        "bulk_archive_confirm",
        "POST /bulk-archives/{run_id}/confirm",
        Need.WAITING,
        _run(),
        body=lambda given: {"token": given.token},
        status=202,
    ),
    _request(
        "bulk_archive_stop", "POST /bulk-archives/{run_id}/stop", Need.CONFIRMED, _run(state="stopping"), status=202
    ),
    _request(
        "bulk_archive_retry",
        "POST /bulk-archives/{run_id}/retry",
        Need.FAILED,
        _run(attempt=2),
        status=202,
        again=False,
    ),
    _request(
        "bulk_archive_undo",
        "POST /bulk-archives/{run_id}/undo",
        Need.FAILED,
        lambda given: {"kind": "undo", "undo_of": given.run_id},
        status=202,
    ),
)


# Bookings


def booking(given: Given, event_id: str) -> Plain:
    """Return a booking by the client, a month ahead."""
    start = (given.at + AHEAD).replace(minute=0, second=0, microsecond=0)
    appointment = {"id": f"appointment-{event_id}", "start": start.isoformat(), "duration_minutes": 50}
    return {
        "event_id": event_id,
        "provider_id": given.provider_id,
        "client_id": given.client_id,
        "appointment": {**appointment, "type": "follow-up"},
        "booked_by": "client",
    }


def _hook_event(given: Given) -> Event:
    body = json.dumps(booking(given, f"booking-{given.fresh_id}"))
    headers = signed_headers(given.secret, given.provider_id, body.encode(), given.at)
    return api_event(HOOK, given, body=body, headers=headers, signed_in=False)


HOOK = "POST /hooks/bookings"
BOOKING_HOOK = Sample(
    name="booking_hook",
    function="booking_hook",
    route=HOOK,
    need=Need.ARCHIVED,
    event=_hook_event,
    answer=lambda _: {"statusCode": 200, "body": {"answer": "accepted", "activated": True}},
    again=True,
)


def _records(given: Given, appointment_id: str) -> Plain:
    """Return what a calendar tells of a client: an appointment a month ahead."""
    start = (given.at + AHEAD).replace(minute=0, second=0, microsecond=0)
    appointment = {"kind": "appointment", "id": appointment_id, "version": 1, "status": "booked"}
    return {
        "provider_id": given.provider_id,
        "client_id": given.client_id,
        "changes": [{**appointment, "start": start.isoformat(), "duration_minutes": 50}],
    }


def _record_hook_event(given: Given) -> Event:
    body = json.dumps(_records(given, f"appointment-{given.fresh_id}"))
    headers = webhook_headers(
        given.secret, given.provider_id, "calendar", f"message-{given.fresh_id}", body.encode(), given.at
    )
    return api_event(RECORD_HOOK, given, body=body, headers=headers, signed_in=False)


def _client_hook_event(given: Given) -> Event:
    external_id = f"platform-{given.fresh_id}"
    told = {"provider_id": given.provider_id, "version": 1, "name": "Wren Okonjo"}
    body = json.dumps({**told, "email": f"{external_id}@example.org"})
    headers = webhook_headers(given.secret, given.provider_id, "calendar", external_id, body.encode(), given.at)
    path = {"external_id": external_id}
    return api_event(CLIENT_HOOK, given, path=path, body=body, headers=headers, signed_in=False)


def _record_changes_event(given: Given) -> Event:
    detail = {"event_id": f"event-{given.fresh_id}", **_records(given, f"appointment-event-{given.fresh_id}")}
    return queue_event([bus_event("records.changed", "calendar.example", detail, given.at)], given.at)


RECORD_HOOK = "POST /hooks/records"
CLIENT_HOOK = "PUT /hooks/clients/{external_id}"
BOOKINGS = (
    BOOKING_HOOK,
    Sample(
        name="record_hook",
        function="record_hook",
        route=RECORD_HOOK,
        need=Need.ACTIVE,
        event=_record_hook_event,
        answer=lambda _: {"statusCode": 200, "body": {"client_status": "active"}},
        again=True,
    ),
    Sample(
        name="record_hook_client",
        function="record_hook",
        route=CLIENT_HOOK,
        need=Need.NOTHING,
        event=_client_hook_event,
        answer=lambda _: {"statusCode": 200, "body": {"client_status": "active"}},
        again=True,
    ),
    Sample(
        name="booking_requests",
        function="booking_requests",
        need=Need.ARCHIVED,
        event=lambda given: bus_event(
            "booking.requested", "scheduling.example", booking(given, f"booking-{given.fresh_id}"), given.at
        ),
        answer=lambda _: None,
        again=True,
        afterwards=("GET /clients/{client_id}", {"status": "active"}),
    ),
    Sample(
        name="record_changes",
        function="record_changes",
        need=Need.ACTIVE,
        event=_record_changes_event,
        answer=lambda _: {"batchItemFailures": []},
        again=True,
    ),
)


# The workflow's steps


def _attempt(given: Given) -> Event:
    return {"provider_id": given.provider_id, "run_id": given.run_id, "attempt": 1}


def _batch(given: Given, kind: str) -> Event:
    members = [{"client_id": client_id, "position": place} for place, client_id in enumerate(given.client_ids)]
    return {**_attempt(given), "kind": kind, "batch_number": 0, "members": members}


def _marked(given: Given) -> list[Event]:
    stamps = zip(given.client_ids, given.archive_ids, strict=True)
    return [{"client_id": who, "position": place, "archive_id": stamp} for place, (who, stamp) in enumerate(stamps)]


def _settling(given: Given) -> Event:
    nothing_failed: list[Event] = [{"failures": []} for _ in range(3)]
    return {
        **_batch(given, "archive"),
        "first": {"marked": _marked(given), "outcomes": []},
        "effects": nothing_failed,
    }


def _step(
    name: str, need: Need, event: Callable[[Given], Event], answer: Callable[[Given], Any], **more: Any
) -> Sample:
    return Sample(name=name, function=name, need=need, event=event, answer=answer, again=True, **more)


def _effect(name: str) -> Sample:
    return _step(
        name,
        Need.MARKED,
        lambda given: {**_attempt(given), "marked": _marked(given)},
        lambda _: {"failures": []},
        afterwards=("GET /clients/{client_id}/receipts", {"receipts": [{"changes": [{"kind": CHANGED_BY[name]}]}]}),
    )


CHANGED_BY = {"cancel_commitments": "appointment", "leave_chats": "membership", "silence_notifications": "feed_entry"}
"""A kind of record that each effect changes."""

STEPS = (
    _step(
        "prepare_retry",
        Need.RETRIED,
        lambda given: {**_attempt(given), "attempt": 2},
        lambda _: {"goes_on": True},
        afterwards=("GET /bulk-archives/{run_id}", {"state": "running", "counts": {"pending": 1, "failed": 0}}),
    ),
    _step(
        "mark_archived",
        Need.CONFIRMED,
        lambda given: _batch(given, "archive"),
        lambda given: {"marked": [{"client_id": client_id} for client_id in given.client_ids], "outcomes": []},
    ),
    *(_effect(name) for name in CHANGED_BY),
    _step(
        "settle_batch",
        Need.APPLIED,
        _settling,
        lambda _: None,
        afterwards=("GET /bulk-archives/{run_id}", {"counts": {"archived": 2, "pending": 0}}),
    ),
    _step("finish_run", Need.SETTLED, _attempt, lambda _: {"state": "completed"}),
    _step(
        "undo_archives",
        Need.UNDO_CONFIRMED,
        lambda given: _batch(given, "undo"),
        lambda given: {
            "marked": [],
            "outcomes": [{"client_id": client_id, "outcome": "activated"} for client_id in given.client_ids],
        },
        afterwards=("GET /clients/{client_id}", {"status": "active"}),
    ),
)


# Imports


def _import(**shown: Any) -> Callable[[Given], Mapping[str, Any]]:
    return lambda given: {"import_id": given.import_id, **shown}


IMPORTS = (
    _request(
        "imports_request",
        "POST /imports",
        Need.NOTHING,
        {"state": "awaiting_upload", "upload": {"content_type": "text/csv"}},
        body={"kind": "clients", "format": "csv", "source": "crm"},
        status=201,
        again=False,
    ),
    _request("imports_list", "GET /imports", Need.UPLOADED, {}),
    _request("imports_watch", "GET /imports/{import_id}", Need.CHECKED, _import(state="checked", counts={"added": 2})),
    _request(
        "imports_check",
        "POST /imports/{import_id}/check",
        Need.UPLOADED,
        _import(state="checking"),
        body={"mapping": {"external_id": "Client ID", "name": "Name", "email": "Email"}},
        status=202,
    ),
    _request(
        "imports_confirm",
        "POST /imports/{import_id}/confirm",
        Need.CHECKED,
        _import(phase="import"),
        body=lambda given: {"token": given.token},
        status=202,
    ),
    _request("imports_stop", "POST /imports/{import_id}/stop", Need.CHECKED, _import(state="stopped"), status=202),
    _request("imports_retry", "POST /imports/{import_id}/retry", Need.NOT_REACHED, _import(attempt=3), status=202),
    _request("imports_report", "GET /imports/{import_id}/report", Need.CHECKED, {}),
    _step("read_upload", Need.CHECKING, _attempt, lambda _: {"goes_on": True}),
    _step(
        "import_rows",
        Need.READ,
        lambda given: {**_attempt(given), "part": 0},
        lambda _: None,
        afterwards=("GET /imports/{import_id}", {"state": "checking", "counts": {"added": 2}}),
    ),
    _step("finish_import", Need.PREDICTED, _attempt, lambda _: {"state": "checked"}),
)


# The clock and the stream


def _written_by_an_archive(given: Given) -> list[Plain]:
    """Return the items of an archive's transaction that are published: its history line and its receipt."""
    cause = Cause(source=Source.STAFF, actor_id=STAFF_ID)
    options = ArchiveOptions(notify_client=False)
    entry = HistoryEntry(
        history_id=given.fresh_id,
        at=given.at,
        event=HistoryEvent.ARCHIVED,
        cause=cause,
        archive_id=given.archive_id,
        options=options,
    )
    receipt = Receipt(
        archive_id=given.archive_id,
        archived_at=given.at,
        cause=cause,
        state=ReceiptState.SETTLED,
        options=options,
        changes=(_cancelled(given),),
    )
    return [
        {**Keys(given.provider_id).history_entry(given.client_id, entry.history_id), **to_plain(entry)},
        {**Keys(given.provider_id).receipt(given.client_id, receipt.archive_id), **to_plain(receipt)},
    ]


def _cancelled(given: Given) -> Change:
    booked = Appointment(record_id=f"appointment-{given.client_id}", starts_at=given.at + AHEAD, duration_minutes=50)
    cancelled = replace(booked, status=AppointmentStatus.CANCELLED, cancelled_by="archive", cancelled_at=given.at)
    return Change(before=booked, after=cancelled)


FROM_SERVICES = (
    Sample(
        name="publish_events",
        function="publish_events",
        need=Need.ARCHIVED,
        event=lambda given: stream_event(_written_by_an_archive(given), given.at),
        answer=lambda _: {"batchItemFailures": []},
        again=True,
    ),
    Sample(
        name="scheduled_cleanup",
        function="scheduled_cleanup",
        need=Need.DUE,
        event=lambda given: scheduler_event(f"{STACK}-scheduled-cleanup", given.at),
        answer=lambda _: {},
        again=False,
        afterwards=("GET /clients/{client_id}", {"status": "archived"}),
    ),
)

SAMPLES = (*OF_CLIENTS, *OF_THE_PRACTICE, *OF_BULK_ARCHIVES, *BOOKINGS, *STEPS, *IMPORTS, *FROM_SERVICES)


def fits(expected: Any, found: Any) -> bool:
    """Tell whether an answer has all the parts that are expected of it; lists must begin with them.

    An empty list is expected to be empty.
    """
    if isinstance(expected, Mapping):
        return isinstance(found, Mapping) and all(
            name in found and fits(expected[name], found[name]) for name in expected
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and bool(expected) == bool(found)
            and all(fits(*pair) for pair in zip(expected, found, strict=False))
            and len(expected) <= len(found)
        )
    return bool(expected == found)


def readable(answer: Any) -> Any:
    """Return a function's answer with the JSON of a response's body read; what is not JSON stays a text."""
    if isinstance(answer, dict) and isinstance(answer.get("body"), str) and answer["body"].startswith("{"):
        return {**answer, "body": json.loads(answer["body"])}
    return answer
