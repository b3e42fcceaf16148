"""What becomes of what other systems tell: rules I1 to I17, by table and by property."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.effects import all_effects
from client_lifecycle.domain.intake import (
    UNKNOWN,
    Guard,
    IncomingChange,
    IntakeOutcome,
    IntakeRefusal,
    Judgement,
    Kept,
    guard_of,
    judge,
    judge_all,
    seen_active,
    status_of,
    with_balance,
)
from client_lifecycle.domain.policy import TABLE, Action
from client_lifecycle.domain.records import (
    Appointment,
    AppointmentStatus,
    ChatKind,
    DocumentStatus,
    FeedEntry,
    FormStatus,
    Membership,
    Payment,
    PaymentStatus,
    RecipientStatus,
    Record,
    RecordKind,
    ReminderStatus,
)
from tests.support.builders import (
    ARCHIVE_ID,
    DAY,
    HOUR,
    MOMENT,
    NOW,
    appointment,
    balance,
    client,
    document,
    feed_entry,
    form,
    membership,
    one_of_each,
    payment,
    recipient,
    reminder,
    stamp,
    untouched,
)
from tests.support.strategies import records

SOURCE = "calendar"
ACTIVE = client()
ARCHIVED = client(stamp=stamp())

BOOKED = appointment()
CANCELLED = appointment(status=AppointmentStatus.CANCELLED)
COMPLETED = appointment(status=AppointmentStatus.COMPLETED)
CHARGING = payment(status=PaymentStatus.CHARGING)
CHARGED = payment(status=PaymentStatus.CHARGED)
PAST = appointment(starts_at=NOW - HOUR, booked_at=NOW - DAY)


def incoming(record: Record, version: int = 1, digest: str | None = None) -> IncomingChange:
    return IncomingChange(
        kind=record.kind,
        record_id=record.record_id,
        version=version,
        digest=digest or repr(record),
        record=record,
    )


def removed(record: Record, version: int = 1) -> IncomingChange:
    return IncomingChange(kind=record.kind, record_id=record.record_id, version=version, digest="removed", record=None)


def kept(record: Record, version: int = 1, digest: str | None = None, ended_by: str | None = None) -> Kept:
    return Kept(record=record, source=SOURCE, version=version, digest=digest or repr(record), ended_by=ended_by)


def ended(record: Record, version: int = 1) -> Kept:
    """A record that the archive of ``ARCHIVED`` has ended; its source last told of it as it was before."""
    [change] = all_effects([record], NOW).changes
    return kept(change.after, version, digest=repr(record), ended_by=ARCHIVE_ID)


def judged(what: IncomingChange, before: Kept = UNKNOWN, of: Client = ARCHIVED) -> Judgement:
    return judge(what, before, SOURCE, of, NOW)


def is_stored(judgement: Judgement) -> bool:
    return judgement.outcome is IntakeOutcome.STORED


BY_VERSION: list[tuple[str, int, str, IntakeOutcome]] = [
    ("lower", 6, "said", IntakeOutcome.STALE),
    ("lower, other content", 6, "other", IntakeOutcome.STALE),
    ("the same", 7, "said", IntakeOutcome.UNCHANGED),
    ("the same, other content", 7, "other", IntakeOutcome.REFUSED),
    ("the next", 8, "other", IntakeOutcome.STORED),
    ("the next, same content", 8, "said", IntakeOutcome.STORED),
    ("after a gap", 70, "other", IntakeOutcome.STORED),
]


@pytest.mark.parametrize(("_", "version", "digest", "outcome"), BY_VERSION, ids=[row[0] for row in BY_VERSION])
def test_i1_i2_the_version_decides_and_no_clock(_: str, version: int, digest: str, outcome: IntakeOutcome) -> None:
    judgement = judged(incoming(COMPLETED, version, digest), kept(BOOKED, 7, digest="said"), ACTIVE)
    assert judgement.outcome is outcome
    assert judgement.after.version == (version if outcome is IntakeOutcome.STORED else 7)
    if outcome is IntakeOutcome.REFUSED:
        assert (judgement.refusal, judgement.rule) == (IntakeRefusal.VERSION_REUSED, "I2")


def test_i2_a_record_that_no_source_has_told_of_takes_any_version() -> None:
    judgement = judged(incoming(COMPLETED, 1), Kept(record=BOOKED), ACTIVE)
    assert is_stored(judgement)
    assert (judgement.after.source, judgement.after.version) == (SOURCE, 1)


def test_i3_what_was_refused_is_taken_once_the_client_is_back() -> None:
    refused = judged(incoming(BOOKED, 8), ended(BOOKED, 7))
    assert refused.after == ended(BOOKED, 7)
    assert is_stored(judged(incoming(BOOKED, 8), refused.after, ACTIVE))


BEGINNINGS: list[tuple[str, Record, str]] = [
    ("appointment ahead", BOOKED, "I4"),
    ("scheduled payment", payment(), "I4"),
    ("payment that is overdue", payment(due_at=NOW - DAY), "I4"),
    ("place in a group chat", membership(), "I4"),
    ("copy of a blast", recipient(), "I4"),
    ("feed entry", feed_entry(), "I4"),
    ("reminder", reminder(), "I4"),
    ("place in a community chat", membership(chat_kind=ChatKind.COMMUNITY), "P5"),
    ("direct chat", membership(chat_kind=ChatKind.DIRECT), "P3"),
    ("shared document", document(), "P7"),
    ("requested document", document(status=DocumentStatus.REQUESTED), "P7"),
    ("requested form", form(), "P8"),
]


@pytest.mark.parametrize(("_", "record", "rule"), BEGINNINGS, ids=[row[0] for row in BEGINNINGS])
def test_i4_i5_nothing_of_an_archived_client_begins(_: str, record: Record, rule: str) -> None:
    judgement = judged(incoming(record))
    assert (judgement.outcome, judgement.refusal) == (IntakeOutcome.REFUSED, IntakeRefusal.CLIENT_ARCHIVED)
    assert (judgement.rule, judgement.after) == (rule, UNKNOWN)
    assert is_stored(judged(incoming(record), of=ACTIVE))


AGAIN: list[tuple[str, Record, Record]] = [
    ("hidden to shared", document(status=DocumentStatus.HIDDEN), document()),
    ("shared to requested", document(), document(status=DocumentStatus.REQUESTED)),
    ("submitted to requested", form(status=FormStatus.SUBMITTED), form()),
    (
        "back in a community chat",
        membership(chat_kind=ChatKind.COMMUNITY, left_at=NOW - DAY),
        membership(chat_kind=ChatKind.COMMUNITY),
    ),
    (
        "a group chat that becomes a community",
        membership(left_at=NOW - DAY),
        membership(chat_kind=ChatKind.COMMUNITY),
    ),
]


@pytest.mark.parametrize(("_", "before", "after"), AGAIN, ids=[row[0] for row in AGAIN])
def test_i5_becoming_so_again_is_a_beginning(_: str, before: Record, after: Record) -> None:
    assert judged(incoming(after, 2), kept(before, 1)).refusal is IntakeRefusal.CLIENT_ARCHIVED


STAYING: list[Record] = [
    document(),
    document(status=DocumentStatus.REQUESTED),
    form(),
    membership(chat_kind=ChatKind.COMMUNITY),
    membership(chat_kind=ChatKind.DIRECT),
]


@pytest.mark.parametrize("record", STAYING, ids=status_of)
def test_i5_p9_staying_so_is_no_beginning(record: Record) -> None:
    judgement = judged(incoming(record, 2), kept(record, 1))
    assert is_stored(judgement)
    assert judgement.guard is Guard.NOTHING


def test_i5_the_policy_has_no_switch_for_what_sources_begin() -> None:
    """A switch would have to be asked here too."""
    asked = {
        Action.JOIN_COMMUNITY_CHAT,
        Action.START_CHAT,
        Action.SHARE_DOCUMENT,
        Action.REQUEST_DOCUMENT,
        Action.REQUEST_FORM,
    }
    assert {TABLE[action].switch for action in asked} == {None}


ENDINGS_AND_FACTS: list[Record] = [
    COMPLETED,
    CANCELLED,
    PAST,
    CHARGING,
    CHARGED,
    payment(status=PaymentStatus.CANCELLED),
    membership(left_at=NOW),
    recipient(status=RecipientStatus.SENT),
    recipient(status=RecipientStatus.WITHDRAWN),
    feed_entry(hidden_at=NOW),
    reminder(status=ReminderStatus.SENT),
    reminder(status=ReminderStatus.SUPPRESSED),
    document(status=DocumentStatus.HIDDEN),
    form(status=FormStatus.SUBMITTED),
    form(status=FormStatus.WITHDRAWN),
]


@pytest.mark.parametrize("record", ENDINGS_AND_FACTS, ids=lambda record: f"{record.kind} {status_of(record)}")
@pytest.mark.parametrize("of", [ACTIVE, ARCHIVED], ids=["active", "archived"])
def test_i6_endings_and_facts_are_always_stored(record: Record, of: Client) -> None:
    judgement = judged(incoming(record), of=of)
    assert is_stored(judgement)
    assert judgement.after.record == record


@pytest.mark.parametrize("record", one_of_each(), ids=lambda record: record.kind)
def test_i8_who_ends_what_an_archive_ended_confirms_it(record: Record) -> None:
    before = ended(record, 7)
    assert before.record
    moved: Record = before.record
    match before.record:
        case Membership():
            moved = replace(before.record, left_at=NOW + HOUR)
        case FeedEntry():
            moved = replace(before.record, hidden_at=NOW + HOUR)
    judgement = judged(incoming(moved, 8, "said"), before)
    assert is_stored(judgement)
    assert judgement.after == replace(before, version=8, digest="said")
    assert (judgement.guard, judgement.differs) == (Guard.NOTHING, False)


@pytest.mark.parametrize("of", [ACTIVE, ARCHIVED], ids=["active", "archived"])
def test_i8_a_confirmation_keeps_the_marks_also_once_the_client_is_back(of: Client) -> None:
    confirmed = judged(incoming(CANCELLED, 8), ended(BOOKED, 7), of)
    assert isinstance(confirmed.after.record, Appointment)
    assert confirmed.after.record.cancelled_by == "archive"


def test_i8_a_cancellation_of_before_archives_were_noted_is_confirmed_too() -> None:
    ours = replace(CANCELLED, cancelled_by="archive", cancelled_at=NOW)
    assert judged(incoming(CANCELLED, 1), Kept(record=ours)).after.record == ours


def test_i8_another_end_than_the_archive_s_is_a_fact_of_its_own() -> None:
    judgement = judged(incoming(COMPLETED, 8), ended(BOOKED, 7))
    assert (judgement.after.record, judgement.after.ended_by) == (COMPLETED, None)


def test_i8_an_end_that_the_source_told_itself_is_corrected() -> None:
    corrected = membership(left_at=NOW - HOUR)
    assert judged(incoming(corrected, 2), kept(membership(left_at=NOW), 1)).after.record == corrected


def test_i9_an_echo_at_the_old_version_is_unchanged_and_shows_our_state() -> None:
    judgement = judged(incoming(BOOKED, 7), ended(BOOKED, 7))
    assert judgement.outcome is IntakeOutcome.UNCHANGED
    assert judgement.differs
    assert status_of(judgement.after.record) == "cancelled"


def test_i9_an_echo_at_a_higher_version_is_refused_and_shows_our_state() -> None:
    judgement = judged(incoming(BOOKED, 8), ended(BOOKED, 7))
    assert (judgement.rule, judgement.differs) == ("I4", True)


def test_i10_a_payment_that_falls_back_is_cancelled_by_that_archive() -> None:
    judgement = judged(incoming(payment(), 2), kept(CHARGING, 1))
    cancelled = replace(payment(), status=PaymentStatus.CANCELLED, cancelled_by="archive", cancelled_at=NOW)
    assert is_stored(judgement)
    assert judgement.after == kept(cancelled, 2, digest=repr(payment()), ended_by=ARCHIVE_ID)
    assert judgement.made_good
    assert (judgement.made_good.before, judgement.made_good.after) == (payment(), cancelled)
    assert judgement.guard is Guard.STILL_ARCHIVED


def test_i10_an_active_client_s_payment_falls_back_and_stays_scheduled() -> None:
    judgement = judged(incoming(payment(), 2), kept(CHARGING, 1), ACTIVE)
    assert (judgement.after.record, judgement.made_good) == (payment(), None)


@pytest.mark.parametrize("record", [CHARGING, CHARGED], ids=status_of)
@pytest.mark.parametrize("of", [ACTIVE, ARCHIVED], ids=["active", "archived"])
def test_i11_charging_after_we_cancelled_is_stored_and_told_to_staff(record: Payment, of: Client) -> None:
    judgement = judged(incoming(record, 8), ended(payment(), 7), of)
    assert judgement.after.record == record
    assert judgement.charged_anyway


def test_i11_what_its_source_cancelled_itself_is_no_line_for_staff() -> None:
    assert not judged(incoming(CHARGED, 2), kept(payment(status=PaymentStatus.CANCELLED), 1)).charged_anyway
    assert not judged(incoming(CHARGED, 2), kept(CHARGING, 1)).charged_anyway


@pytest.mark.parametrize("record", [*one_of_each(), *untouched()], ids=lambda record: record.kind)
@pytest.mark.parametrize("of", [ACTIVE, ARCHIVED], ids=["active", "archived"])
def test_i12_a_removal_is_a_state_with_a_version(record: Record, of: Client) -> None:
    judgement = judged(removed(record, 3), kept(record, 2), of)
    assert (judgement.outcome, judgement.guard) == (IntakeOutcome.STORED, Guard.NOTHING)
    assert judgement.after == Kept(source=SOURCE, version=3, digest="removed")
    assert judged(incoming(record, 2), judgement.after, ACTIVE).outcome is IntakeOutcome.STALE
    assert judged(removed(record, 3), judgement.after, of).outcome is IntakeOutcome.UNCHANGED


def test_i13_a_record_belongs_to_the_source_that_first_versioned_it() -> None:
    judgement = judge(incoming(COMPLETED, 9), kept(BOOKED, 1), "billing", ACTIVE, NOW)
    assert (judgement.outcome, judgement.refusal) == (IntakeOutcome.REFUSED, IntakeRefusal.OTHER_SOURCE)
    assert (judgement.rule, judgement.after) == ("I13", kept(BOOKED, 1))


GUARDS: list[tuple[str, Record, Client, Guard]] = [
    ("live", BOOKED, ACTIVE, Guard.RAISE_REVISION),
    ("charging", CHARGING, ACTIVE, Guard.RAISE_REVISION),
    ("charging while archived", CHARGING, ARCHIVED, Guard.STILL_ARCHIVED),
    ("over", COMPLETED, ACTIVE, Guard.NOTHING),
    ("begun already", PAST, ACTIVE, Guard.NOTHING),
    ("shared", document(), ACTIVE, Guard.STILL_ACTIVE),
    ("asked for", form(), ACTIVE, Guard.STILL_ACTIVE),
    ("a community", membership(chat_kind=ChatKind.COMMUNITY), ACTIVE, Guard.STILL_ACTIVE),
    ("hidden", document(status=DocumentStatus.HIDDEN), ACTIVE, Guard.NOTHING),
    ("submitted", form(status=FormStatus.SUBMITTED), ACTIVE, Guard.NOTHING),
    ("balance", balance(), ACTIVE, Guard.RAISE_REVISION),
    ("balance while archived", balance(), ARCHIVED, Guard.STILL_ARCHIVED),
]


@pytest.mark.parametrize(("_", "record", "of", "guard"), GUARDS, ids=[row[0] for row in GUARDS])
def test_i15_the_revision_rises_for_what_an_archive_must_know(_: str, record: Record, of: Client, guard: Guard) -> None:
    assert judged(incoming(record), of=of).guard is guard


def test_i15_a_transaction_stands_under_the_strongest_of_its_guards() -> None:
    judgements = judge_all([incoming(COMPLETED), incoming(document()), incoming(payment())], {}, SOURCE, ACTIVE, NOW)
    assert [one.guard for one in judgements] == [Guard.NOTHING, Guard.STILL_ACTIVE, Guard.RAISE_REVISION]
    assert guard_of(judgements) is Guard.RAISE_REVISION
    assert guard_of([]) is Guard.NOTHING


@pytest.mark.parametrize("of", [ACTIVE, ARCHIVED], ids=["active", "archived"])
def test_i16_a_balance_replaces_both_amounts_archived_or_not(of: Client) -> None:
    debtor = replace(of, credit_cents=100, owed_cents=900)
    judgements = judge_all([incoming(balance(credit_cents=0, owed_cents=50))], {}, SOURCE, debtor, NOW)
    assert with_balance(debtor, judgements) == replace(debtor, credit_cents=0, owed_cents=50)


def test_i16_a_balance_that_is_stale_replaces_nothing() -> None:
    place = (RecordKind.BALANCE, balance().record_id)
    judgements = judge_all([incoming(balance(owed_cents=50), 1)], {place: kept(balance(), 2)}, SOURCE, ACTIVE, NOW)
    assert with_balance(ACTIVE, judgements) == ACTIVE


@pytest.mark.parametrize(
    ("known", "told_at", "after"),
    [(None, -DAY, -DAY), (-DAY, -HOUR, -HOUR), (-HOUR, -DAY, -HOUR), (-DAY, DAY, 0 * DAY), (None, MOMENT, 0 * DAY)],
)
def test_i17_activity_rises_by_being_told_and_never_into_the_future(
    known: timedelta | None, told_at: timedelta, after: timedelta
) -> None:
    before = client(last_active_at=None if known is None else NOW + known)
    assert seen_active(before, NOW + told_at, NOW).last_active_at == NOW + after


UNTOLD = appointment(booked_at=None)
BOOKED_AT: list[tuple[str, Appointment, Kept, object]] = [
    ("as told", appointment(booked_at=NOW - DAY), UNKNOWN, NOW - DAY),
    ("new", UNTOLD, UNKNOWN, NOW),
    ("stays", UNTOLD, kept(appointment(booked_at=NOW - DAY)), NOW - DAY),
    ("nobody ever said", UNTOLD, kept(UNTOLD), None),
    ("another hour", UNTOLD, kept(appointment(booked_at=NOW - DAY, starts_at=NOW + HOUR)), NOW),
    ("longer", UNTOLD, kept(appointment(booked_at=NOW - DAY, duration_minutes=30)), NOW),
    ("shorter", UNTOLD, kept(appointment(booked_at=NOW - DAY, duration_minutes=90)), NOW - DAY),
    ("another calendar", UNTOLD, kept(appointment(booked_at=NOW - DAY, calendar_id="room-2")), NOW),
    ("booked again", UNTOLD, kept(replace(CANCELLED, booked_at=NOW - DAY)), NOW),
    ("completed", COMPLETED, kept(appointment(booked_at=NOW - DAY)), NOW - DAY),
]


@pytest.mark.parametrize(("_", "record", "before", "booked_at"), BOOKED_AT, ids=[row[0] for row in BOOKED_AT])
def test_a1_a_slot_is_taken_since_its_calendar_says_so(
    _: str, record: Appointment, before: Kept, booked_at: object
) -> None:
    after = judged(incoming(record, 2), before, ACTIVE).after.record
    assert isinstance(after, Appointment)
    assert after.booked_at == booked_at


def test_two_changes_of_one_record_are_judged_in_their_order() -> None:
    judgements = judge_all(
        [incoming(CHARGING, 1), incoming(payment(), 2), removed(payment(), 2)], {}, SOURCE, ARCHIVED, NOW
    )
    assert [one.outcome for one in judgements] == [
        IntakeOutcome.STORED,
        IntakeOutcome.STORED,
        IntakeOutcome.REFUSED,
    ]
    assert judgements[1].made_good


clients = st.sampled_from([ACTIVE, ARCHIVED])
versions = st.integers(min_value=1, max_value=4)
pasts = st.none() | st.tuples(records, versions)


def same_place(record: Record, other: Record) -> Record:
    return replace(other, record_id=record.record_id)


@given(record=records, past=pasts, version=versions, of=clients)
def test_i4_exactly_what_an_archive_would_end_is_refused(
    record: Record, past: tuple[Record, int] | None, version: int, of: Client
) -> None:
    before = kept(same_place(record, past[0]), past[1]) if past and past[0].kind is record.kind else UNKNOWN
    judgement = judged(incoming(record, version), before, of)
    is_new = before.version is None or version > before.version
    fell_back = isinstance(before.record, Payment) and before.record.status is PaymentStatus.CHARGING
    would_end = bool(all_effects([record], NOW).changes)
    assert (judgement.rule == "I4") == bool(of.stamp and is_new and would_end and not fell_back)


@given(told_of=st.lists(st.tuples(records, versions), max_size=6), past=pasts)
def test_i4_no_judgement_leaves_an_archived_client_with_anything_new_alive(
    told_of: list[tuple[Record, int]], past: tuple[Record, int] | None
) -> None:
    before = {} if past is None else {(past[0].kind, past[0].record_id): kept(*past)}
    judgements = judge_all([incoming(*one) for one in told_of], before, SOURCE, ARCHIVED, NOW)
    stored = [one.after.record for one in judgements if is_stored(one)]
    assert not all_effects([record for record in stored if record], NOW).changes


@given(record=records, past=pasts, version=versions, of=clients)
def test_i2_i3_telling_it_again_changes_nothing(
    record: Record, past: tuple[Record, int] | None, version: int, of: Client
) -> None:
    before = kept(same_place(record, past[0]), past[1]) if past and past[0].kind is record.kind else UNKNOWN
    first = judged(incoming(record, version), before, of)
    again = judged(incoming(record, version), first.after, of)
    assert again.after == first.after
    assert again.outcome is (IntakeOutcome.UNCHANGED if is_stored(first) else first.outcome)


@given(order=st.lists(st.integers(min_value=1, max_value=5), min_size=1, max_size=12))
def test_i2_whatever_the_order_the_highest_version_stays(order: list[int]) -> None:
    states = [BOOKED, PAST, COMPLETED, CANCELLED, appointment(starts_at=NOW + 2 * DAY)]
    judgements = judge_all([incoming(states[version - 1], version) for version in order], {}, SOURCE, ACTIVE, NOW)
    after = judgements[-1].after
    assert after.version == max(order)
    assert status_of(after.record) == status_of(states[max(order) - 1])


@given(record=records, past=records)
def test_i15_who_is_not_seen_by_an_archive_would_not_be_ended_by_it(record: Record, past: Record) -> None:
    """What is stored without a look at the client is nothing that an archive, or the policy, would have to know."""
    before = kept(same_place(record, past)) if past.kind is record.kind else UNKNOWN
    stored = judged(incoming(record, 2), before, ACTIVE)
    if stored.guard is Guard.NOTHING:
        assert is_stored(judged(incoming(record, 2), before, ARCHIVED))
    if all_effects([record], NOW):
        assert stored.guard is Guard.RAISE_REVISION or stored.after.record == before.record
