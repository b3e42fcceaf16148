"""What is published: the name of every change, ids that stay the same, and nothing personal."""

from __future__ import annotations

import json
import re
from datetime import date
from itertools import chain
from typing import Any

import pytest
from msgspec.structs import fields, replace

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.bookings import BookedBy, Booking, BookingRefusal, acceptance, refusal_of
from client_lifecycle.domain.client import ArchiveOptions, Source, Status, Trigger
from client_lifecycle.domain.edits import Edit
from client_lifecycle.domain.effects import Change, all_effects, cancel_commitments
from client_lifecycle.domain.errors import UnreadableRecord
from client_lifecycle.domain.events import (
    RUN_EVENTS,
    TOLD_BY_THE_RUN,
    Event,
    EventName,
    Origin,
    answer_event,
    change_events,
    change_name,
    history_event,
    left_alone_events,
    practice_event,
    run_event,
)
from client_lifecycle.domain.intake import IntakeOutcome, IntakeRefusal
from client_lifecycle.domain.intake_answers import Ours, RefusedOnTheBus, Result
from client_lifecycle.domain.outcomes import OUTCOMES, Outcome, RunKind, counts_of
from client_lifecycle.domain.practice_history import PracticeEntry, PracticeEvent
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.domain.records import (
    AppointmentStatus,
    ChatKind,
    PaymentStatus,
    RecipientStatus,
    Record,
    ReminderStatus,
)
from client_lifecycle.domain.runs import RunState, finish, start
from client_lifecycle.edge.bookings import BookingBody
from client_lifecycle.edge.records import MAX_CHANGES, MAX_VERSION, EventBody, Malformed, RecordsBody
from client_lifecycle.storage import keys
from client_lifecycle.storage.archives import ReceiptPart
from client_lifecycle.storage.attributes import Plain, to_item
from client_lifecycle.storage.event_bus import EVENTS_PER_PUT, SOURCE
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.packed_changes import packed
from client_lifecycle.storage.stream import events_of, stream_record
from client_lifecycle.storage.values import to_plain
from local.template import ROOT, read_template
from tests.support.builders import (
    ARCHIVE_ID,
    DAY,
    GROUP_ID,
    HOUR,
    NOW,
    PROVIDER_ID,
    RUN_ID,
    STAFF_ID,
    appointment,
    cause,
    facts,
    feed_entry,
    member,
    membership,
    one_of_each,
    payment,
    receipt,
    recipient,
    reminder,
    run,
    terms,
)

DOCUMENT = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
MAPPING = read_template()["Resources"]["PublishEventsStream"]["Properties"]
NOTE = "told us in confidence"
OPTIONS = ArchiveOptions(reason=ArchiveReason.FINISHED, note=NOTE, group_id=GROUP_ID, notify_client=True)
PLANNED_TERMS = terms(Trigger.ARCHIVE_ON, archive_on=date(2026, 3, 9), options=OPTIONS)
ORIGIN = Origin(provider_id=PROVIDER_ID, client_id="client-1", archive_id=ARCHIVE_ID, at=NOW)

CANCELLED = {"cancelled_by": "archive", "cancelled_at": NOW}
NAMES: list[tuple[Record, dict[str, Any], str, str | None]] = [
    (
        appointment(),
        {"status": AppointmentStatus.CANCELLED, **CANCELLED},
        "appointment.cancelled",
        "appointment.restored",
    ),
    (payment(), {"status": PaymentStatus.CANCELLED, **CANCELLED}, "payment.cancelled", "payment.restored"),
    (membership(), {"left_at": NOW}, "chat.left", "chat.rejoined"),
    (reminder(), {"status": ReminderStatus.SUPPRESSED}, "reminder.suppressed", "reminder.restored"),
    (recipient(), {"status": RecipientStatus.WITHDRAWN}, "blast.withdrawn", None),
]


@pytest.mark.parametrize(("record", "done", "name", "back"), NAMES)
def test_a_change_and_its_way_back_each_have_a_name(
    record: Record, done: dict[str, Any], name: str, back: str | None
) -> None:
    change = Change(before=record, after=replace(record, **done))
    assert change_name(change) == name
    assert change_name(Change(before=change.after, after=change.before)) == back


NAMELESS: list[tuple[Record, dict[str, Any]]] = [
    (feed_entry(), {"hidden_at": NOW}),
    (feed_entry(hidden_at=NOW), {"hidden_at": None}),
    (appointment(), {"status": AppointmentStatus.COMPLETED}),
    (payment(), {"status": PaymentStatus.CHARGING}),
    (recipient(), {"status": RecipientStatus.SENT}),
    (reminder(), {"status": ReminderStatus.SENT}),
    (membership(), {"chat_kind": ChatKind.COMMUNITY}),
]


@pytest.mark.parametrize(("record", "done"), NAMELESS)
def test_a_change_that_nobody_has_to_follow_has_no_name(record: Record, done: dict[str, Any]) -> None:
    assert change_name(Change(before=record, after=replace(record, **done))) is None


def test_the_events_of_an_archive_carry_ids_in_the_order_of_its_changes() -> None:
    plan = all_effects([appointment(series_id="series-1"), *one_of_each()[1:]], NOW)
    events = change_events(plan.changes, ORIGIN)
    assert [(event.name.value, event.detail) for event in events] == [
        ("appointment.cancelled", {"appointment_id": "appt-1", "series_id": "series-1", "notify_client": False}),
        ("payment.cancelled", {"payment_id": "pay-1", "notify_client": False}),
        ("chat.left", {"chat_id": "chat-1", "notify_client": False}),
        ("blast.withdrawn", {"blast_id": "blast-1", "notify_client": False}),
        ("reminder.suppressed", {"reminder_id": "reminder-1", "goal_id": "goal-water", "notify_client": False}),
    ]
    assert events == change_events(plan.changes, ORIGIN)
    assert len({event.event_id for event in events}) == len(events)


@pytest.mark.parametrize("notify_client", [True, False])
def test_e9_systems_that_write_to_clients_are_told_whether_to(notify_client: bool) -> None:
    changes = all_effects(one_of_each(), NOW).changes
    events = change_events(changes, replace(ORIGIN, notify_client=notify_client))
    assert {event.detail["notify_client"] for event in events} == {notify_client}


def test_events_are_correlated_by_the_run_or_the_archive_that_caused_them() -> None:
    changes = all_effects(one_of_each(), NOW).changes
    assert {event.correlation_id for event in change_events(changes, ORIGIN)} == {ARCHIVE_ID}
    of_run = change_events(changes, replace(ORIGIN, run_id=RUN_ID))
    assert {(event.correlation_id, event.run_id, event.archive_id) for event in of_run} == {
        (RUN_ID, RUN_ID, ARCHIVE_ID)
    }


def entry(event: HistoryEvent = HistoryEvent.ARCHIVED, **fields: Any) -> HistoryEntry:
    values: dict[str, Any] = {
        "history_id": "history-1",
        "at": NOW,
        "event": event,
        "cause": cause(),
        "archive_id": ARCHIVE_ID,
    }
    return HistoryEntry(**values | fields)


def test_the_note_of_an_archive_is_not_published_but_what_systems_need_is() -> None:
    event = history_event(PROVIDER_ID, "client-1", entry(options=OPTIONS))
    assert event == Event(
        name=EventName.CLIENT_ARCHIVED,
        event_id="history-1",
        time=NOW,
        provider_id=PROVIDER_ID,
        client_id="client-1",
        archive_id=ARCHIVE_ID,
        correlation_id=ARCHIVE_ID,
        detail={
            "source": Source.STAFF,
            "actor_id": STAFF_ID,
            "through": "api",
            "reason": ArchiveReason.FINISHED,
            "notify_client": True,
            "mute_email": False,
            "group_id": GROUP_ID,
        },
    )


@pytest.mark.parametrize("kind", [HistoryEvent.ARCHIVE_PLANNED, HistoryEvent.ARCHIVE_PLAN_CANCELLED])
def test_of_a_plan_nothing_is_published_but_when_and_by_whom(kind: HistoryEvent) -> None:
    event = history_event(PROVIDER_ID, "client-1", entry(kind, archive_id=None, plan=PLANNED_TERMS))
    assert to_plain(event)["detail"] == {
        "source": "staff",
        "actor_id": STAFF_ID,
        "through": "api",
        "trigger": "archive_on",
        "archive_on": "2026-03-09",
    }


@pytest.mark.parametrize("notify_client", [True, False])
def test_e9_events_of_archive_and_run_say_whether_the_client_is_told(notify_client: bool) -> None:
    options = ArchiveOptions(notify_client=notify_client)
    archived = history_event(PROVIDER_ID, "client-1", entry(options=options))
    previewed = run_event(None, run([member(0)], options=options))
    assert archived is not None
    assert previewed is not None
    assert archived.detail["notify_client"] is previewed.detail["notify_client"] is notify_client


def test_e9_a_plan_lets_nobody_write_to_the_client() -> None:
    planned = entry(HistoryEvent.ARCHIVE_PLANNED, plan=terms(options=ArchiveOptions(notify_client=True)))
    event = history_event(PROVIDER_ID, "client-1", planned)
    assert event is not None
    assert "notify_client" not in event.detail


@pytest.mark.parametrize("kind", sorted(set(HistoryEvent) - {HistoryEvent.BOOKING_REFUSED}))
def test_every_line_of_a_history_is_published_under_its_own_name(kind: HistoryEvent) -> None:
    event = history_event(PROVIDER_ID, "client-1", entry(kind))
    assert event is not None
    assert event.name.value == kind.value


def test_a_refused_booking_in_a_history_is_for_staff_and_no_event() -> None:
    line = entry(HistoryEvent.BOOKING_REFUSED, reason=BookingRefusal.NO_SELF_RETURN.value)
    assert history_event(PROVIDER_ID, "client-1", line) is None


BOOKING = Booking(
    event_id="booking-1",
    provider_id=PROVIDER_ID,
    client_id="client-1",
    appointment=appointment(),
    booked_by=BookedBy.STAFF,
)
ASKED = {"source": "booking", "actor_id": "booking-1", "appointment_id": "appt-1", "booked_by": "staff"}


@pytest.mark.parametrize(("archive_id", "activated"), [(ARCHIVE_ID, True), (None, False)])
def test_an_accepted_booking_tells_whether_it_activated_and_from_what(archive_id: str | None, activated: bool) -> None:
    event = answer_event(PROVIDER_ID, acceptance(BOOKING, archive_id, NOW))
    assert event == Event(
        name=EventName.BOOKING_ACCEPTED,
        event_id=f"{PROVIDER_ID}:booking-1:booking.accepted",
        time=NOW,
        provider_id=PROVIDER_ID,
        client_id="client-1",
        archive_id=archive_id,
        correlation_id=archive_id or "booking-1",
        detail={**ASKED, "activated": activated},
    )


@pytest.mark.parametrize("refusal", BookingRefusal)
def test_a_refused_booking_tells_why(refusal: BookingRefusal) -> None:
    event = answer_event(PROVIDER_ID, refusal_of(BOOKING, refusal, None, NOW))
    assert event.event_id == f"{PROVIDER_ID}:booking-1:booking.refused"
    assert event.detail == {**ASKED, "reason": refusal.value}


def test_two_providers_scheduling_systems_may_choose_the_same_event_id() -> None:
    answer = acceptance(BOOKING, None, NOW)
    assert answer_event("prov-1", answer).event_id != answer_event("prov-2", answer).event_id


class TestRuns:
    waiting = run([member(0), member(1)], options=OPTIONS, group_id=GROUP_ID)
    running = start(waiting, confirmed_by="staff-8", accept_changes=False, at=NOW + HOUR)

    def test_a_new_run_is_previewed(self) -> None:
        event = run_event(None, self.waiting)
        assert event is not None
        assert (event.name, event.time, event.correlation_id) == (EventName.RUN_PREVIEWED, NOW, RUN_ID)
        assert (event.client_id, event.archive_id) == (None, None)
        assert event.detail == {
            "kind": "archive",
            "attempt": 1,
            "actor_id": STAFF_ID,
            "group_id": GROUP_ID,
            "reason": ArchiveReason.FINISHED,
            "notify_client": True,
            "clients": 2,
            "counts": {**dict.fromkeys(OUTCOMES[RunKind.ARCHIVE], 0), Outcome.PENDING: 2},
        }

    def test_a_confirmed_run_is_started(self) -> None:
        event = run_event(self.waiting, self.running)
        assert event is not None
        assert (event.name, event.time) == (EventName.RUN_STARTED, NOW + HOUR)
        assert event.detail["actor_id"] == "staff-8"

    def test_a_run_whose_counts_move_is_no_event(self) -> None:
        assert run_event(self.running, replace(self.running, counts={Outcome.ARCHIVED: 2})) is None

    @pytest.mark.parametrize(
        ("outcome", "name"),
        [
            (Outcome.ARCHIVED, EventName.RUN_COMPLETED),
            (Outcome.FAILED, EventName.RUN_COMPLETED_WITH_FAILURES),
            (Outcome.ACTIVATED_IN_PART, EventName.RUN_COMPLETED_IN_PART),
        ],
    )
    def test_a_verdict_is_told_with_its_counts(self, outcome: Outcome, name: EventName) -> None:
        settled = replace(self.running, counts=counts_of(RunKind.ARCHIVE, pending=0) | {outcome: 2})
        event = run_event(settled, finish(settled, NOW + DAY))
        assert event is not None
        assert (event.name, event.time, event.detail["counts"]) == (
            name,
            NOW + DAY,
            {one.value: count for one, count in settled.counts.items()},
        )

    def test_every_state_of_a_run_has_an_event_but_those_in_between(self) -> None:
        assert set(RunState) - set(RUN_EVENTS) == {RunState.PREPARING, RunState.STOPPING}

    def test_each_state_and_each_attempt_of_a_run_has_an_event_id_of_its_own(self) -> None:
        runs = [replace(self.waiting, state=state, attempt=attempt) for state in RUN_EVENTS for attempt in (1, 2)]
        events = [run_event(None, one) for one in runs]
        assert len({event.event_id for event in events if event}) == len(runs)

    def test_a_retry_is_started_when_its_clients_are_gathered(self) -> None:
        again = replace(self.running, attempt=2, attempt_started_at=NOW + DAY)
        assert run_event(self.running, replace(again, state=RunState.PREPARING)) is None
        event = run_event(replace(again, state=RunState.PREPARING), again)
        assert event is not None
        assert (event.name, event.time, event.detail["attempt"]) == (EventName.RUN_STARTED, NOW + DAY, 2)


@pytest.mark.parametrize("kind", sorted(set(PracticeEvent) - TOLD_BY_THE_RUN))
def test_every_line_of_a_practice_is_published_with_fields_and_no_values(kind: PracticeEvent) -> None:
    edits = (Edit(field="safety.owes_money", before="block", after="allow"),)
    event = practice_event(PROVIDER_ID, PracticeEntry(history_id="h-1", at=NOW, event=kind, cause=cause(), edits=edits))
    assert event is not None
    assert (event.name, event.event_id, event.time, event.correlation_id) == (kind.value, "h-1", NOW, "h-1")
    assert event.detail == {
        "source": "staff",
        "actor_id": STAFF_ID,
        "through": "api",
        "changed": ["safety.owes_money"],
    }


def delivered(key: keys.Key, after: Plain, *, before: Plain | None = None, kind: str = "INSERT") -> dict[str, Any]:
    """A write as Lambda delivers it from the stream."""
    write: dict[str, Any] = {"SequenceNumber": "1", "Keys": to_item(key), "NewImage": to_item({**key, **after})}
    if before is not None:
        write["OldImage"] = to_item({**key, **before})
    source = "arn:aws:dynamodb:us-east-1:123456789012:table/clients/stream/now"
    return {"eventName": kind, "eventSourceARN": source, "dynamodb": write}


def told_by(record: dict[str, Any]) -> list[str]:
    return [event.name.value for event in events_of(stream_record(record))]


CHANGES = all_effects(one_of_each(), NOW).changes
CLIENT = (PROVIDER_ID, "client-1")
KEYS = Keys(CLIENT[0])
HISTORY = delivered(KEYS.history_entry(CLIENT[1], "history-1"), to_plain(entry(options=OPTIONS)))
PLANNED = delivered(
    KEYS.history_entry(CLIENT[1], "history-2"),
    to_plain(entry(HistoryEvent.ARCHIVE_PLANNED, plan=PLANNED_TERMS)) | {"history_id": "history-2"},
)
HEAD = delivered(KEYS.receipt(CLIENT[1], ARCHIVE_ID), to_plain(receipt(*CHANGES, options=OPTIONS)))
PART_ID = "01KJPZ0000PART0000000000001"
PART_KEY = KEYS.receipt_part(CLIENT[1], ARCHIVE_ID, PART_ID)
PART = delivered(PART_KEY, to_plain(ReceiptPart(at=NOW, run_id=RUN_ID, notify_client=True, changes=CHANGES)))
LEFT_ALONE = cancel_commitments([payment(status=PaymentStatus.CHARGING)], NOW).left_alone
LEFT = delivered(
    KEYS.left_alone(CLIENT[1], ARCHIVE_ID, LEFT_ALONE[0]), to_plain(ReceiptPart(at=NOW, left_alone=LEFT_ALONE))
)
BACK = tuple(Change(before=change.after, after=change.before) for change in CHANGES if change.before != recipient())
RESTORE_ID = "01KJQZ0000REST0RE000000001"
RESTORE = delivered(KEYS.restored(CLIENT[1], ARCHIVE_ID, RESTORE_ID), to_plain(ReceiptPart(at=NOW + DAY, changes=BACK)))
RETURNED = delivered(
    KEYS.history_entry(CLIENT[1], RESTORE_ID),
    to_plain(replace(entry(HistoryEvent.ACTIVATED), history_id=RESTORE_ID, at=NOW + DAY, archive_id=ARCHIVE_ID))
    | packed(to_plain(ReceiptPart(at=NOW + DAY, changes=BACK))),
)
EXCLUDED = PracticeEntry(
    history_id="history-3",
    at=NOW,
    event=PracticeEvent.RUN_EXCLUDED,
    cause=cause(),
    run_id=RUN_ID,
    client_ids=("client-1",),
)


def practice_written(line: PracticeEntry) -> dict[str, Any]:
    return delivered(Keys(PROVIDER_ID).practice_entry(line.history_id), to_plain(line))


OF_PRACTICE = practice_written(EXCLUDED)
RUN_KEY = Keys(PROVIDER_ID).run(RUN_ID)
RUN = delivered(RUN_KEY, to_plain(TestRuns.waiting))
STARTED = delivered(RUN_KEY, to_plain(TestRuns.running), before=to_plain(TestRuns.waiting), kind="MODIFY")

ANSWER_KEY = Keys(PROVIDER_ID).booking_answer(BOOKING.event_id)
ACCEPTED = delivered(ANSWER_KEY, to_plain(acceptance(BOOKING, ARCHIVE_ID, NOW)))
REFUSED = delivered(ANSWER_KEY, to_plain(refusal_of(BOOKING, BookingRefusal.SLOT_IN_PAST, None, NOW)))
OURS = Ours(version=7, status="cancelled", cancelled_by="archive", archive_id=ARCHIVE_ID)
REFUSAL = RefusedOnTheBus(
    event_id="change-7",
    source="calendar.example",
    client_id=CLIENT[1],
    answered_at=NOW,
    digest="digest",
    results=(
        Result(
            kind="appointment",
            id="appt-1",
            version=8,
            outcome=IntakeOutcome.REFUSED,
            reason=IntakeRefusal.CLIENT_ARCHIVED,
            rule="I4",
            ours=OURS,
            use="booking.requested",
        ),
        Result(outcome=IntakeOutcome.INVALID, fields=("changes[3].kind",)),
    ),
)
REFUSAL_KEY = Keys(PROVIDER_ID).refused_on_the_bus(REFUSAL.source, REFUSAL.event_id)
RECORDS_REFUSED = delivered(REFUSAL_KEY, to_plain(REFUSAL))
LIKE_A_RUN = delivered(
    Keys(PROVIDER_ID).booking_answer(keys.RUN_SK),
    to_plain(acceptance(BOOKING, None, NOW)) | {"event_id": keys.RUN_SK},
)

TELLING = [
    HISTORY,
    PLANNED,
    OF_PRACTICE,
    HEAD,
    PART,
    LEFT,
    RESTORE,
    RUN,
    STARTED,
    ACCEPTED,
    REFUSED,
    LIKE_A_RUN,
    RECORDS_REFUSED,
]
CANCELLATIONS = [name for _, _, name, _ in sorted(NAMES, key=lambda row: row[2] == "reminder.suppressed")]
RETURNS = ["appointment.restored", "payment.restored", "chat.rejoined", "reminder.restored"]


def test_i19_a_source_is_told_what_was_refused_of_which_of_its_events() -> None:
    [event] = events_of(stream_record(RECORDS_REFUSED))
    assert (event.event_id, event.time) == (f"{PROVIDER_ID}:calendar.example:change-7:records.refused", NOW)
    assert (event.provider_id, event.client_id, event.correlation_id) == (*CLIENT, "change-7")
    assert to_plain(event)["detail"] == {
        "source": "records",
        "actor_id": "calendar.example",
        "source_event_id": "change-7",
        "results": [
            {
                "kind": "appointment",
                "id": "appt-1",
                "version": 8,
                "outcome": "refused",
                "reason": "client_archived",
                "rule": "I4",
                "ours": {"version": 7, "status": "cancelled", "cancelled_by": "archive", "archive_id": ARCHIVE_ID},
                "use": "booking.requested",
            },
            {"outcome": "invalid", "fields": ["changes[3].kind"]},
        ],
    }


@pytest.mark.parametrize(
    ("record", "names"),
    [
        (HISTORY, ["client.archived"]),
        (PLANNED, ["client.archive_planned"]),
        (OF_PRACTICE, ["bulk_archive.clients_excluded"]),
        (practice_written(replace(EXCLUDED, event=PracticeEvent.RUN_PREVIEWED)), []),
        (HEAD, CANCELLATIONS),
        (PART, CANCELLATIONS),
        (LEFT, ["payment.left_alone"]),
        (RESTORE, RETURNS),
        (RUN, ["bulk_archive.previewed"]),
        (STARTED, ["bulk_archive.started"]),
        (ACCEPTED, ["booking.accepted"]),
        (REFUSED, ["booking.refused"]),
        (LIKE_A_RUN, ["booking.accepted"]),
        (RECORDS_REFUSED, ["records.refused"]),
    ],
    ids=[
        "history",
        "plan",
        "line of the practice",
        "line of a new run",
        "receipt",
        "part of a receipt",
        "left alone",
        "restore",
        "new run",
        "started run",
        "yes",
        "no",
        "RUN as its id",
        "records",
    ],
)
def test_a_write_has_its_events(record: dict[str, Any], names: list[str]) -> None:
    assert told_by(record) == names


def test_the_receipt_and_its_parts_name_the_same_origin() -> None:
    by_run = cause(source=Source.BULK_ARCHIVE, run_id=RUN_ID)
    head = delivered(KEYS.receipt(CLIENT[1], ARCHIVE_ID), to_plain(receipt(*CHANGES, options=OPTIONS, cause=by_run)))
    of_part = [
        replace(event, event_id=event.event_id.removesuffix(f":{PART_ID}")) for event in events_of(stream_record(PART))
    ]
    assert list(events_of(stream_record(head))) == of_part


def test_what_comes_back_with_a_return_is_told_like_what_does_later() -> None:
    returned, *taken_back = events_of(stream_record(RETURNED))
    assert returned.name == EventName.CLIENT_ACTIVATED
    assert tuple(taken_back) == events_of(stream_record(RESTORE)) != ()


def test_packed_changes_are_told_like_a_list_of_them() -> None:
    listed = to_plain(receipt(*CHANGES, options=OPTIONS))
    [of_list, of_bytes] = (delivered(KEYS.receipt(CLIENT[1], ARCHIVE_ID), one) for one in (listed, packed(listed)))
    assert events_of(stream_record(of_bytes)) == events_of(stream_record(of_list)) != ()


def test_a11_what_is_ended_again_under_an_archive_is_another_event() -> None:
    again = delivered(
        KEYS.receipt_part(CLIENT[1], ARCHIVE_ID, "01KJPZ0000PART0000000000002"),
        to_plain(ReceiptPart(at=NOW + DAY, changes=CHANGES)),
    )
    ids = [event.event_id for record in (PART, again) for event in events_of(stream_record(record))]
    assert len(set(ids)) == len(ids) == 2 * len(CANCELLATIONS)


def test_e7_a_payment_left_alone_is_an_event_with_its_reason() -> None:
    [event] = left_alone_events(LEFT_ALONE, replace(ORIGIN, notify_client=True))
    assert event == Event(
        name=EventName.PAYMENT_LEFT_ALONE,
        event_id=f"{ARCHIVE_ID}:payment.left_alone:pay-1",
        time=NOW,
        provider_id=PROVIDER_ID,
        client_id="client-1",
        archive_id=ARCHIVE_ID,
        correlation_id=ARCHIVE_ID,
        detail={"payment_id": "pay-1", "reason": "already_charging", "notify_client": True},
    )


@pytest.mark.parametrize(
    "key", [KEYS.receipt(CLIENT[1], ARCHIVE_ID), KEYS.receipt_part(CLIENT[1], ARCHIVE_ID, "LEFT_ALONE")]
)
def test_what_a_version_before_has_left_alone_is_told_by_the_same_event(key: keys.Key) -> None:
    head = to_plain(replace(receipt(), left_alone=LEFT_ALONE))
    part = to_plain(ReceiptPart(at=NOW, left_alone=LEFT_ALONE))
    stored = delivered(key, part if key["sk"].endswith("LEFT_ALONE") else head)
    assert events_of(stream_record(stored)) == events_of(stream_record(LEFT))


def silent_writes() -> list[dict[str, Any]]:
    """Writes that tell nothing: what is not of the outbox, and what of the outbox is not new."""
    plain = to_plain(receipt(*CHANGES))
    settled: dict[str, Any] = {"before": {**plain, "state": "settling"}, "kind": "MODIFY"}
    return [
        delivered(KEYS.client(CLIENT[1]), {"name": "Wren"}),
        *(delivered(KEYS.record(CLIENT[1], one.kind, one.record_id), to_plain(one)) for one in one_of_each()),
        delivered(Keys(PROVIDER_ID).group(GROUP_ID), {"name": "Sleep Better"}),
        delivered(Keys(PROVIDER_ID).settings(), {}),
        delivered(Keys(PROVIDER_ID).email("wren@example.org"), {}),
        delivered(Keys(PROVIDER_ID).member(RUN_ID, 0), to_plain(member(0, facts=facts(status=Status.ACTIVE)))),
        delivered(KEYS.receipt(CLIENT[1], ARCHIVE_ID), plain, **settled),
        {**LEFT, "eventName": "MODIFY"},
    ]


@pytest.mark.parametrize("record", silent_writes(), ids=lambda record: record["dynamodb"]["Keys"]["sk"]["S"])
def test_other_writes_have_no_events_and_do_not_even_reach_the_function(record: dict[str, Any]) -> None:
    assert told_by(record) == []
    assert not passes_the_filter(record)


@pytest.mark.parametrize("record", TELLING, ids=lambda record: record["dynamodb"]["Keys"]["sk"]["S"])
def test_every_write_that_has_events_reaches_the_function(record: dict[str, Any]) -> None:
    assert passes_the_filter(record)


def passes_the_filter(record: dict[str, Any]) -> bool:
    return any(matches(json.loads(one["Pattern"]), record) for one in MAPPING["FilterCriteria"]["Filters"])


def matches(pattern: Any, value: Any) -> bool:
    """Lambda's filter rules, as far as the template uses them."""
    if isinstance(pattern, dict):
        return all(matches(inner, value[name]) for name, inner in pattern.items())
    return any(value.startswith(one["prefix"]) if isinstance(one, dict) else value == one for one in pattern)


@pytest.mark.parametrize(
    "spoiled",
    [
        delivered(KEYS.history_entry(CLIENT[1], "history-1"), {**to_plain(entry()), "event": "client.vanished"}),
        delivered(KEYS.history_entry(CLIENT[1], "history-1"), {}),
        delivered({"pk": "NOBODY", "sk": "HISTORY#history-1"}, to_plain(entry())),
        delivered(KEYS.receipt(CLIENT[1], ARCHIVE_ID), {"archive_id": ARCHIVE_ID}),
        delivered(PART_KEY, {"changes": [{"before": NOTE, "after": NOTE}]}),
        delivered(KEYS.restored(CLIENT[1], ARCHIVE_ID, RESTORE_ID), {"at": "never"}),
        delivered(RUN_KEY, {**to_plain(TestRuns.waiting), "state": "lost"}),
        delivered(ANSWER_KEY, {**to_plain(acceptance(BOOKING, None, NOW)), "booked_by": NOTE}),
        delivered(REFUSAL_KEY, {**to_plain(REFUSAL), "results": NOTE}),
    ],
)
def test_a_write_that_cannot_be_understood_is_named_and_not_repeated(spoiled: dict[str, Any]) -> None:
    with pytest.raises(UnreadableRecord) as refusal_of:
        told_by(spoiled)
    assert NOTE not in str(refusal_of.value)


def test_nothing_that_people_wrote_is_published() -> None:
    events = list(chain.from_iterable(events_of(stream_record(record)) for record in TELLING))
    envelopes = json.dumps([to_plain(event) for event in events])
    assert len(events) == 24
    for written in (NOTE, feed_entry().subject, "7500", "USD"):
        assert written not in envelopes


def test_a_put_of_the_longest_refusals_is_within_what_the_bus_takes() -> None:
    """EventBridge takes 256 KB in one call; of a change that cannot be read, each known field is named once."""
    longest = replace(REFUSAL.results[0], id="i" * 128, version=MAX_VERSION, ours=replace(OURS, version=MAX_VERSION))
    most = replace(REFUSAL, results=(longest,) * MAX_CHANGES)
    [event] = events_of(stream_record(delivered(REFUSAL_KEY, to_plain(most))))
    assert len(json.dumps(to_plain(event))) * EVENTS_PER_PUT < 256 * 1024
    worst = {"kind": "appointment", "status": 1, "bad": 1, "worse": 1}
    [malformed] = RecordsBody.model_validate({"provider_id": "p", "client_id": "c", "changes": [worst]}).read
    assert isinstance(malformed, Malformed)
    assert malformed.known_fields == ["(unknown)", "duration_minutes", "id", "start", "status", "version"]


def examples(section: str) -> list[str]:
    """The JSON of a section of the document."""
    text = DOCUMENT.partition(f"## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"```json\n(.*?)```", text, re.DOTALL)


class TestTheDocument:
    def test_it_names_exactly_the_events_that_are_published(self) -> None:
        assert re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", DOCUMENT, re.MULTILINE) == [name.value for name in EventName]

    def test_it_describes_exactly_the_fields_of_the_envelope(self) -> None:
        table = DOCUMENT.partition("## The envelope")[2].partition("## ")[0]
        assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [one.name for one in fields(Event)]

    def test_its_example_is_an_event_as_it_is_published(self) -> None:
        [example] = examples("The envelope")
        [event] = change_events(all_effects([appointment()], NOW).changes, ORIGIN)
        assert json.loads(example) == to_plain(event)

    def test_its_example_of_a_request_is_one_that_is_understood(self) -> None:
        [example] = examples("Asking for a booking")
        request = json.loads(example)
        assert (request["DetailType"], request["Source"] != SOURCE) == ("booking.requested", True)
        BookingBody.model_validate(request["Detail"])

    def test_the_example_of_what_sources_publish_is_understood(self) -> None:
        text = (ROOT / "docs" / "records.md").read_text(encoding="utf-8").partition("## On the bus\n")[2]
        request = json.loads(text.partition("```json\n")[2].partition("```")[0])
        assert (request["DetailType"], request["Source"] != SOURCE) == ("records.changed", True)
        [change] = EventBody.model_validate(request["Detail"]).read
        assert not isinstance(change, Malformed)

    def test_it_names_every_reason_for_a_refusal(self) -> None:
        assert [reason for reason in BookingRefusal if f"`{reason.value}`" not in DOCUMENT] == []

    @pytest.mark.parametrize("record", TELLING, ids=lambda record: record["dynamodb"]["Keys"]["sk"]["S"])
    def test_it_tells_of_every_field_of_a_detail(self, record: dict[str, Any]) -> None:
        for event in events_of(stream_record(record)):
            assert [name for name in event.detail if f"`{name}`" not in DOCUMENT] == []

    def test_it_names_alarms_and_outputs_of_the_template(self) -> None:
        template = read_template()
        assert {"EventsLate", "EventsSetAside", "BookingsSetAside", "RecordsLate", "RecordsSetAside"} <= set(
            template["Resources"]
        )
        assert {"EventBusName", "EventDeadLettersUrl", "BookingDeadLettersUrl", "RecordDeadLettersUrl"} <= set(
            template["Outputs"]
        )
