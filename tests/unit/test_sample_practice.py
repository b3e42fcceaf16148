"""The sample practice: reproducible, of realistic shape, and consistent with the rules of archiving."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

import pytest

from client_lifecycle.domain.client import Client, Group, Source, Status
from client_lifecycle.domain.effects import all_effects
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent, Receipt, ReceiptState
from client_lifecycle.domain.records import (
    Appointment,
    AppointmentStatus,
    Balance,
    ChatKind,
    Document,
    FeedEntry,
    Form,
    Membership,
    Payment,
    PaymentStatus,
    Recipient,
    RecipientStatus,
    Record,
    RecordKind,
    Reminder,
    ReminderStatus,
)
from client_lifecycle.domain.settings import PortalSettings
from client_lifecycle.storage.archives import CHANGES_UNDER_STAMP, CHANGES_WITH_FLIP
from client_lifecycle.storage.attributes import from_item, to_item
from client_lifecycle.storage.clients import address_item, client_item, group_item, record_from, record_item, word_items
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import ITEMS_PER_BATCH_WRITE, Table
from client_lifecycle.storage.values import from_plain
from local.sample_practice import (
    DOCUMENTED_IDS,
    FEWEST_CLIENTS,
    FIRST_NAMES,
    LAST_NAMES,
    LONG_HISTORY_ID,
    MANY_LIVE_RECORDS_ID,
    SampleClient,
    SamplePractice,
    generate,
    items,
    load,
)
from tests.support.builders import one_of_each

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

AT = datetime(2026, 5, 11, 10, 7, tzinfo=UTC)
SUNDAY_NIGHT = datetime(2026, 5, 17, 23, 59, 59, 999_999, tzinfo=UTC)
FIVE_YEARS = timedelta(days=5 * 365)


@pytest.fixture(scope="module")
def practice() -> SamplePractice:
    return generate(at=AT)


@pytest.fixture(scope="module")
def large_practice() -> SamplePractice:
    return generate(clients=10_000, at=AT)


@pytest.fixture(params=["240 clients", "other seed", "late on a Sunday", "10,000 clients, sampled"])
def clients(request: pytest.FixtureRequest) -> tuple[SampleClient, ...]:
    """The clients that the invariants are checked on, of practices made at ``AT`` or before."""
    made: SamplePractice
    match request.param:
        case "240 clients":
            made = request.getfixturevalue("practice")
            return made.clients
        case "other seed":
            return generate(seed=7, at=AT).clients
        case "late on a Sunday":
            return generate(seed=8, at=SUNDAY_NIGHT - timedelta(weeks=1)).clients
        case _:
            made = request.getfixturevalue("large_practice")
            return made.clients[::23]


def archived(clients: Iterable[SampleClient]) -> list[SampleClient]:
    return [sample for sample in clients if sample.client.status is Status.ARCHIVED]


def active(clients: Iterable[SampleClient]) -> list[SampleClient]:
    return [sample for sample in clients if sample.client.status is Status.ACTIVE]


def by_id(practice: SamplePractice, client_id: str) -> SampleClient:
    return next(sample for sample in practice.clients if sample.client.client_id == client_id)


def of_series(sample: SampleClient) -> list[Appointment]:
    return [record for record in sample.records if isinstance(record, Appointment) and record.series_id]


# Reproducible


def test_the_same_seed_and_moment_give_the_same_practice_and_items() -> None:
    first, second = generate(clients=60, seed=3, at=AT), generate(clients=60, seed=3, at=AT)
    assert first == second
    assert list(items(first)) == list(items(second))


def test_the_same_moment_in_another_time_zone_gives_the_same_practice() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=-7)))
    assert generate(clients=20, at=elsewhere) == generate(clients=20, at=AT)


def test_another_seed_gives_other_names_and_records() -> None:
    first, second = generate(clients=60, seed=3, at=AT), generate(clients=60, seed=4, at=AT)
    assert [s.client.name for s in first.clients] != [s.client.name for s in second.clients]
    assert [s.records for s in first.clients] != [s.records for s in second.clients]


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        generate(at=AT.replace(tzinfo=None))


# Size and shape


def test_240_clients_by_default(practice: SamplePractice) -> None:
    assert len(practice.clients) == 240
    assert practice.provider_id == "prov-maple"
    assert {sample.client.provider_id for sample in practice.clients} == {"prov-maple"}


@pytest.mark.parametrize("size", [0, 1, 2, 3, 10, 25])
def test_a_small_practice_has_exactly_the_clients_asked_for(size: int) -> None:
    ids = [sample.client.client_id for sample in generate(clients=size, at=AT).clients]
    assert ids == [f"client-{number:04d}" for number in range(1, size + 1)]


def share(clients: Iterable[SampleClient], holds: Callable[[SampleClient], bool]) -> float:
    answers = [holds(sample) for sample in clients]
    return sum(answers) / len(answers)


def has(holds: Callable[[Record], bool]) -> Callable[[SampleClient], bool]:
    return lambda sample: any(holds(record) for record in sample.records)


SHARES_OF_ALL: list[tuple[str, Callable[[SampleClient], bool], float, float]] = [
    ("archived", lambda s: s.client.status is Status.ARCHIVED, 0.14, 0.16),
    ("without a group", lambda s: s.client.group_id is None, 0.25, 0.35),
    ("with credit", lambda s: s.client.credit_cents > 0, 0.19, 0.21),
    ("owing money", lambda s: s.client.owed_cents > 0, 0.14, 0.16),
    ("not allowed to book", lambda s: s.client.settings.schedule_appointments is False, 0.05, 0.16),
    ("with chat off", lambda s: s.client.settings.chat is False, 0.02, 0.10),
    ("with community chats off", lambda s: s.client.settings.community_chats is False, 0.01, 0.09),
    ("with e-mail off", lambda s: s.client.settings.email_notifications is False, 0.03, 0.13),
]

SHARES_OF_ACTIVE: list[tuple[str, Callable[[SampleClient], bool], float, float]] = [
    ("recurring series", lambda s: bool(of_series(s)), 0.31, 0.36),
    (
        "completed appointment",
        has(lambda r: isinstance(r, Appointment) and r.status is AppointmentStatus.COMPLETED),
        0.8,
        1.0,
    ),
    (
        "past appointment, cancelled",
        has(lambda r: isinstance(r, Appointment) and r.starts_at < AT and r.status is AppointmentStatus.CANCELLED),
        0.2,
        0.7,
    ),
    (
        "future appointment, booked",
        has(lambda r: isinstance(r, Appointment) and r.starts_at > AT and r.status is AppointmentStatus.BOOKED),
        0.5,
        0.8,
    ),
    ("charged payment", has(lambda r: isinstance(r, Payment) and r.status is PaymentStatus.CHARGED), 0.6, 1.0),
    (
        "payment scheduled ahead",
        has(lambda r: isinstance(r, Payment) and r.status is PaymentStatus.SCHEDULED and r.due_at > AT),
        0.25,
        0.45,
    ),
    ("payment being charged", has(lambda r: isinstance(r, Payment) and r.status is PaymentStatus.CHARGING), 0.01, 0.02),
    ("group chat", has(lambda r: isinstance(r, Membership) and r.chat_kind is ChatKind.GROUP), 0.55, 0.8),
    ("community chat", has(lambda r: isinstance(r, Membership) and r.chat_kind is ChatKind.COMMUNITY), 0.4, 0.6),
    ("direct chat", has(lambda r: isinstance(r, Membership) and r.chat_kind is ChatKind.DIRECT), 0.5, 0.7),
    ("blast to come", has(lambda r: isinstance(r, Recipient) and r.status is RecipientStatus.PENDING), 0.6, 0.95),
    ("blast sent", has(lambda r: isinstance(r, Recipient) and r.status is RecipientStatus.SENT), 0.7, 1.0),
    ("feed entry shown", has(lambda r: isinstance(r, FeedEntry) and r.hidden_at is None), 0.6, 0.95),
    ("reminder to come", has(lambda r: isinstance(r, Reminder) and r.status is ReminderStatus.PENDING), 0.35, 0.65),
    ("reminder sent", has(lambda r: isinstance(r, Reminder) and r.status is ReminderStatus.SENT), 0.25, 0.6),
]


@pytest.mark.parametrize("size", ["practice", "large_practice"])
@pytest.mark.parametrize(("what", "holds", "least", "most"), SHARES_OF_ALL, ids=[row[0] for row in SHARES_OF_ALL])
def test_share_of_all_clients(
    what: str,
    holds: Callable[[SampleClient], bool],
    least: float,
    most: float,
    size: str,
    request: pytest.FixtureRequest,
) -> None:
    assert least <= share(request.getfixturevalue(size).clients, holds) <= most


@pytest.mark.parametrize("size", ["practice", "large_practice"])
@pytest.mark.parametrize(("what", "holds", "least", "most"), SHARES_OF_ACTIVE, ids=[row[0] for row in SHARES_OF_ACTIVE])
def test_share_of_active_clients_that_have_a(
    what: str,
    holds: Callable[[SampleClient], bool],
    least: float,
    most: float,
    size: str,
    request: pytest.FixtureRequest,
) -> None:
    assert least <= share(active(request.getfixturevalue(size).clients), holds) <= most


@pytest.mark.parametrize("seed", [1, 2, 20_26])
def test_two_or_three_payments_are_being_charged_right_now(seed: int) -> None:
    charging = [
        record
        for sample in generate(seed=seed, at=AT).clients
        for record in sample.records
        if isinstance(record, Payment) and record.status is PaymentStatus.CHARGING
    ]
    assert len(charging) in (2, 3)
    assert all(timedelta(0) < AT - payment.due_at < timedelta(hours=1) for payment in charging)


def test_about_thirty_clients_take_the_spring_nutrition_course(practice: SamplePractice) -> None:
    names = {group.group_id: group.name for group in practice.groups}
    members = [s for s in practice.clients if s.client.group_id == "group-spring-nutrition"]
    assert names["group-spring-nutrition"] == "Spring Nutrition Course"
    assert 28 <= len(members) <= 33
    assert len(active(members)) >= 20


def test_groups_differ_in_size_and_every_member_belongs_to_a_known_group(practice: SamplePractice) -> None:
    sizes = Counter(sample.client.group_id for sample in practice.clients if sample.client.group_id)
    assert sizes.keys() == {group.group_id for group in practice.groups}
    assert 6 <= len(sizes) <= 8
    assert max(sizes.values()) >= 3 * min(sizes.values())


def test_archived_clients_are_spread_over_groups_and_no_group(practice: SamplePractice) -> None:
    assert len({sample.client.group_id for sample in archived(practice.clients)}) >= 5
    assert any(sample.client.group_id is None for sample in archived(practice.clients))


# One client


def test_a_series_has_4_to_12_occurrences_a_week_or_two_apart(clients: tuple[SampleClient, ...]) -> None:
    checked = 0
    for sample in clients:
        series = of_series(sample)
        if not series or sample.client.client_id == MANY_LIVE_RECORDS_ID:
            continue
        checked += 1
        gaps = {later.starts_at - earlier.starts_at for earlier, later in pairwise(series)}
        assert len({appointment.series_id for appointment in series}) == 1
        assert 4 <= len(series) <= 12
        assert gaps in ({timedelta(weeks=1)}, {timedelta(weeks=2)})
    assert checked > 10


def test_some_series_are_weekly_and_some_fortnightly(practice: SamplePractice) -> None:
    ordinary = [sample for sample in practice.clients if sample.client.client_id != MANY_LIVE_RECORDS_ID]
    gaps = {b.starts_at - a.starts_at for sample in ordinary for a, b in pairwise(of_series(sample))}
    assert gaps == {timedelta(weeks=1), timedelta(weeks=2)}


def test_a_series_of_an_active_client_has_at_least_two_occurrences_ahead(large_practice: SamplePractice) -> None:
    ahead = [
        sum(appointment.starts_at > AT for appointment in series)
        for sample in active(large_practice.clients)
        if (series := of_series(sample))
    ]
    assert min(ahead) == 2


def test_an_appointment_under_way_is_still_booked_unless_it_was_cancelled(large_practice: SamplePractice) -> None:
    statuses = {
        record.status
        for sample in large_practice.clients
        for record in sample.records
        if isinstance(record, Appointment) and record.starts_at <= AT < end_of(record)
    }
    assert AppointmentStatus.BOOKED in statuses
    assert AppointmentStatus.COMPLETED not in statuses


def test_appointments_of_a_client_never_overlap_and_fit_opening_hours(clients: tuple[SampleClient, ...]) -> None:
    for sample in clients:
        appointments = [record for record in sample.records if isinstance(record, Appointment)]
        for earlier, later in pairwise(sorted(appointments, key=lambda appointment: appointment.starts_at)):
            assert later.starts_at - earlier.starts_at >= timedelta(minutes=earlier.duration_minutes)
        assert all(a.starts_at.weekday() < 5 and 8 <= a.starts_at.hour < 18 for a in appointments)


def end_of(appointment: Appointment) -> datetime:
    return appointment.starts_at + timedelta(minutes=appointment.duration_minutes)


def lies_ahead(record: Record) -> bool:
    """Whether a record speaks of something that is not over at ``AT``."""
    match record:
        case Appointment():
            return end_of(record) > AT
        case Payment():
            return record.due_at > AT
        case Recipient():
            return record.send_at > AT
        case Reminder():
            return record.remind_at > AT
        case FeedEntry():
            return record.created_at > AT
        case Membership():
            return record.joined_at > AT
        case Document() | Form() | Balance():
            return False


STILL_TO_COME = (
    AppointmentStatus.BOOKED,
    PaymentStatus.SCHEDULED,
    RecipientStatus.PENDING,
    ReminderStatus.PENDING,
)


def test_what_is_done_is_past_and_what_is_to_come_is_ahead(practice: SamplePractice) -> None:
    for sample in active(practice.clients):
        for record in sample.records:
            status = getattr(record, "status", None)
            if status is not AppointmentStatus.CANCELLED:
                assert lies_ahead(record) == (status in STILL_TO_COME)


def test_a_cancelled_appointment_of_an_active_client_says_by_whom_and_when(practice: SamplePractice) -> None:
    cancelled = [
        record
        for sample in active(practice.clients)
        for record in sample.records
        if isinstance(record, Appointment) and record.status is AppointmentStatus.CANCELLED
    ]
    assert {appointment.cancelled_by for appointment in cancelled} == {"client", "staff"}
    for appointment in cancelled:
        assert appointment.cancelled_at is not None
        assert appointment.cancelled_at <= min(appointment.starts_at, AT)


def moments(record: Record) -> list[datetime]:
    return [value for name in type(record).__struct_fields__ if isinstance(value := getattr(record, name), datetime)]


def test_nothing_is_older_than_the_client_it_belongs_to(clients: tuple[SampleClient, ...]) -> None:
    for sample in clients:
        assert all(moment >= sample.client.added_at for record in sample.records for moment in moments(record))


def test_all_times_are_utc(clients: tuple[SampleClient, ...]) -> None:
    for sample in clients:
        times = [sample.client.added_at, *(moment for record in sample.records for moment in moments(record))]
        assert all(moment.tzinfo is UTC for moment in times)


def test_clients_were_added_within_five_years_except_the_one_with_history(
    clients: tuple[SampleClient, ...],
) -> None:
    ages = [AT - sample.client.added_at for sample in clients if sample.client.client_id != LONG_HISTORY_ID]
    assert all(timedelta(0) < age <= FIVE_YEARS + timedelta(days=3) for age in ages)
    assert min(ages) < timedelta(days=200)
    assert max(ages) > FIVE_YEARS - timedelta(days=200)


def test_all_money_is_in_whole_positive_cents_of_the_client_s_currency(clients: tuple[SampleClient, ...]) -> None:
    for sample in clients:
        payments = [record for record in sample.records if isinstance(record, Payment)]
        assert {payment.currency for payment in payments} <= {sample.client.currency}
        assert all(payment.amount_cents > 0 for payment in payments)
        assert sample.client.credit_cents >= 0
        assert sample.client.owed_cents >= 0


def test_a_tenth_of_the_clients_pays_in_a_second_currency(clients: tuple[SampleClient, ...]) -> None:
    currencies = Counter(sample.client.currency for sample in clients)
    assert currencies.keys() == {"USD", "EUR"}
    assert 0.08 < currencies["EUR"] / len(clients) < 0.12


def test_record_ids_are_unique_within_a_client_and_kind(clients: tuple[SampleClient, ...]) -> None:
    for sample in clients:
        ids = [(record.kind, record.record_id) for record in sample.records]
        assert len(ids) == len(set(ids))


# Names and addresses


def test_e_mail_addresses_are_unique_plain_and_undeliverable(large_practice: SamplePractice) -> None:
    addresses = [sample.client.email for sample in large_practice.clients]
    assert len({address.strip().casefold() for address in addresses}) == len(addresses)
    for address in addresses:
        local_part, _, domain = address.partition("@")
        assert domain == "example.org" or domain.endswith(".example.org")
        assert all(part.replace("-", "").isalnum() for part in local_part.split("."))
        assert local_part.isascii()
        assert local_part.count(".") == 2


def test_no_letter_is_lost_where_an_address_is_written_without_accents(large_practice: SamplePractice) -> None:
    for sample in large_practice.clients:
        letters = sum(character.isalpha() or character == "-" for character in sample.client.name)
        written = sample.client.email.partition("@")[0].rpartition(".")[0].replace(".", "")
        assert len(written) >= letters


def test_names_are_distinct_and_many_have_letters_beyond_ascii(practice: SamplePractice) -> None:
    names = [sample.client.name for sample in practice.clients]
    assert len(set(names)) == len(names)
    assert sum(not name.isascii() for name in names) > 60


@pytest.mark.parametrize("names", [FIRST_NAMES, LAST_NAMES], ids=["first names", "last names"])
def test_no_name_is_listed_twice(names: tuple[str, ...]) -> None:
    assert len(set(names)) == len(names)


# Archived clients


def test_an_archived_client_has_nothing_left_that_an_archive_would_touch(clients: tuple[SampleClient, ...]) -> None:
    samples = archived(clients)
    assert len(samples) > 20
    for sample in samples:
        assert sample.client.stamp is not None
        again = all_effects(sample.records, sample.client.stamp.archived_at)
        assert (again.changes, again.left_alone) == ((), ())
        assert all(record.lives_until is None for record in sample.records)


STATUSES_WHILE_ARCHIVED = {
    RecordKind.APPOINTMENT: {AppointmentStatus.COMPLETED, AppointmentStatus.CANCELLED},
    RecordKind.PAYMENT: {PaymentStatus.CHARGED, PaymentStatus.CANCELLED},
    RecordKind.RECIPIENT: {RecipientStatus.SENT, RecipientStatus.WITHDRAWN},
    RecordKind.REMINDER: {ReminderStatus.SENT, ReminderStatus.SUPPRESSED},
}


@pytest.mark.parametrize("kind", STATUSES_WHILE_ARCHIVED, ids=str)
def test_statuses_of_an_archived_clients_records(kind: RecordKind, clients: tuple[SampleClient, ...]) -> None:
    found = {
        getattr(record, "status", None)
        for sample in archived(clients)
        for record in sample.records
        if record.kind is kind
    }
    assert found == STATUSES_WHILE_ARCHIVED[kind]


def test_an_archived_client_left_its_group_chats_and_no_others(clients: tuple[SampleClient, ...]) -> None:
    chats = [
        (record.chat_kind, record.left_at, sample.client.stamp.archived_at)
        for sample in archived(clients)
        for record in sample.records
        if isinstance(record, Membership) and sample.client.stamp
    ]
    assert {kind for kind, _, _ in chats} == set(ChatKind)
    assert all(left_at == (at if kind is ChatKind.GROUP else None) for kind, left_at, at in chats)


def test_feed_entries_of_an_archived_client_are_hidden_since_its_archive(clients: tuple[SampleClient, ...]) -> None:
    entries = [
        (record.hidden_at, sample.client.stamp.archived_at)
        for sample in archived(clients)
        for record in sample.records
        if isinstance(record, FeedEntry) and sample.client.stamp
    ]
    assert entries
    assert all(hidden_at == archived_at for hidden_at, archived_at in entries)


def test_archived_clients_were_archived_in_the_past_and_got_nothing_since(
    clients: tuple[SampleClient, ...],
) -> None:
    for sample in archived(clients):
        assert sample.client.stamp is not None
        archived_at = sample.client.stamp.archived_at
        assert sample.client.added_at < archived_at < AT
        for record in sample.records:
            match record:
                case Appointment(status=AppointmentStatus.COMPLETED):
                    assert end_of(record) <= archived_at
                case Payment(status=PaymentStatus.CHARGED):
                    assert record.due_at <= archived_at
                case FeedEntry():
                    assert record.created_at <= archived_at
                case Membership():
                    assert record.joined_at <= archived_at
                case _:
                    pass


def test_the_receipt_of_an_archived_client_leads_to_the_records_it_has(
    clients: tuple[SampleClient, ...],
) -> None:
    touched: Counter[RecordKind] = Counter()
    for sample in archived(clients):
        stamp, receipt = sample.client.stamp, sample.receipt
        assert stamp is not None
        assert receipt is not None
        assert (receipt.archive_id, receipt.archived_at, receipt.cause) == (
            stamp.archive_id,
            stamp.archived_at,
            stamp.cause,
        )
        assert (receipt.state, receipt.options.notify_client, receipt.left_alone) == (ReceiptState.SETTLED, False, ())
        assert len(receipt.changes) <= CHANGES_WITH_FLIP
        assert {change.after for change in receipt.changes} <= set(sample.records)
        assert all_effects([change.before for change in receipt.changes], stamp.archived_at).changes == receipt.changes
        touched.update(change.before.kind for change in receipt.changes)
    assert touched.keys() == {record.kind for record in one_of_each()}


def test_the_history_of_an_archived_client_tells_of_its_archive(clients: tuple[SampleClient, ...]) -> None:
    for sample in archived(clients):
        stamp = sample.client.stamp
        assert stamp is not None
        (entry,) = sample.history
        assert entry.event is HistoryEvent.ARCHIVED
        assert (entry.archive_id, entry.at, entry.cause) == (stamp.archive_id, stamp.archived_at, stamp.cause)
        assert entry.cause.source is Source.STAFF
        assert sample.client.revision == 2


def test_an_active_client_has_no_receipt_and_no_history(clients: tuple[SampleClient, ...]) -> None:
    for sample in active(clients):
        assert (sample.receipt, sample.history, sample.client.revision) == (None, (), 1)


def test_archive_and_history_ids_are_never_shared(large_practice: SamplePractice) -> None:
    samples = archived(large_practice.clients)
    ids = [entry.history_id for sample in samples for entry in sample.history]
    ids += [sample.receipt.archive_id for sample in samples if sample.receipt]
    assert len(set(ids)) == len(ids) == 2 * len(samples)


def test_a_client_was_last_active_at_its_last_visit(clients: tuple[SampleClient, ...]) -> None:
    for sample in clients:
        visits = [
            record.starts_at
            for record in sample.records
            if isinstance(record, Appointment) and record.status is AppointmentStatus.COMPLETED
        ]
        assert sample.client.last_active_at == max(visits, default=None)
        assert sample.client.added_at <= sample.client.inactive_since <= AT
    assert any(sample.client.last_active_at is None for sample in clients)


# The two special clients


@pytest.mark.parametrize("size", [1, 240])
@pytest.mark.parametrize("seed", [1, 2, 20_26])
def test_one_active_client_of_no_group_needs_more_than_two_transactions(size: int, seed: int) -> None:
    practice = generate(clients=size, seed=seed, at=AT)
    beyond_one = [
        sample
        for sample in active(practice.clients)
        if len(all_effects(sample.records, AT).changes) > CHANGES_WITH_FLIP
    ]
    (sample,) = beyond_one
    assert sample == by_id(practice, MANY_LIVE_RECORDS_ID)
    assert sample.client.group_id is None
    assert len(all_effects(sample.records, AT).changes) > CHANGES_WITH_FLIP + CHANGES_UNDER_STAMP


@pytest.mark.parametrize("size", [2, 240])
@pytest.mark.parametrize("seed", [1, 2, 20_26])
def test_one_active_client_has_a_long_history_and_few_live_records(size: int, seed: int) -> None:
    practice = generate(clients=size, seed=seed, at=AT)
    completed = {
        sample.client.client_id: sum(
            isinstance(record, Appointment) and record.status is AppointmentStatus.COMPLETED
            for record in sample.records
        )
        for sample in practice.clients
    }
    sample = by_id(practice, LONG_HISTORY_ID)
    assert [client_id for client_id, count in completed.items() if count > 500] == [LONG_HISTORY_ID]
    assert sample.client.status is Status.ACTIVE
    assert len(all_effects(sample.records, AT).changes) < 30


@pytest.mark.parametrize("size", [FEWEST_CLIENTS, 240, 1_000])
@pytest.mark.parametrize("seed", [1, 2, 20_26])
def test_the_clients_of_the_readme_are_active_and_have_much_to_archive(size: int, seed: int) -> None:
    practice = generate(clients=size, seed=seed, at=AT)
    for client_id in DOCUMENTED_IDS:
        sample = by_id(practice, client_id)
        kinds = {change.before.kind for change in all_effects(sample.records, AT).changes}
        assert (sample.client.status, sample.client.settings) == (Status.ACTIVE, PortalSettings())
        assert {"appointment", "payment", "feed_entry", "reminder"} <= {str(kind) for kind in kinds}


# As stored


def test_every_item_survives_storage(practice: SamplePractice) -> None:
    stored = (from_item(to_item(item)) for item in items(practice))
    for group in practice.groups:
        assert from_plain(Group, next(stored)) == group
    for sample in practice.clients:
        assert from_plain(Client, next(stored)) == sample.client
        for record in sample.records:
            assert record_from(next(stored)) == record
        for entry in sample.history:
            assert from_plain(HistoryEntry, next(stored)) == entry
        if sample.receipt:
            assert from_plain(Receipt, next(stored)) == sample.receipt
        assert next(stored) == address_item(sample.client)
        for word in word_items(sample.client):
            assert next(stored) == word
    assert next(stored, None) is None


def test_items_are_those_of_the_storage_functions(practice: SamplePractice) -> None:
    written = list(items(practice))
    assert all(group_item(group) in written[: len(practice.groups)] for group in practice.groups)
    by_partition = defaultdict(list)
    for item in written:
        by_partition[item["pk"]].append(item)
    for sample in practice.clients:
        client = sample.client
        expected = [client_item(client)]
        expected += [record_item(Keys(client.provider_id), client.client_id, record) for record in sample.records]
        assert by_partition[expected[0]["pk"]][: len(expected)] == expected


def test_history_and_receipt_lie_where_they_are_looked_for(practice: SamplePractice) -> None:
    found = {(item["pk"], item["sk"]) for item in items(practice)}
    for sample in archived(practice.clients):
        assert sample.receipt is not None
        partition = f"CLIENT#prov-maple#{sample.client.client_id}"
        assert (partition, f"RECEIPT#{sample.receipt.archive_id}") in found
        assert (partition, f"HISTORY#{sample.history[0].history_id}") in found


def test_keys_are_unique_over_all_items(large_practice: SamplePractice) -> None:
    keys = [(item["pk"], item["sk"]) for item in items(large_practice)]
    assert len(set(keys)) == len(keys)


def test_no_two_clients_share_an_address_and_every_address_is_taken(large_practice: SamplePractice) -> None:
    taken = [item["sk"] for item in items(large_practice) if item["pk"] == f"EMAIL#{large_practice.provider_id}"]
    assert len(set(taken)) == len(taken) == len(large_practice.clients)


StoredItem: TypeAlias = "Mapping[str, AttributeValueTypeDef]"
PutRequest: TypeAlias = dict[Literal["PutRequest"], dict[Literal["Item"], StoredItem]]


class RecordingDynamoDB:
    """Takes batch writes and keeps the items."""

    def __init__(self) -> None:
        self.batches: list[list[StoredItem]] = []

    @property
    def table(self) -> Table:
        """A table whose client this is."""
        return Table(cast("DynamoDBClient", self), "clients")

    def batch_write_item(self, RequestItems: dict[str, list[PutRequest]]) -> dict[str, object]:  # noqa: N803
        (requests,) = RequestItems.values()
        self.batches.append([request["PutRequest"]["Item"] for request in requests])
        return {}


def test_loading_writes_each_item_once_in_full_batches_and_tells_progress() -> None:
    practice = generate(clients=60, at=AT)
    dynamodb = RecordingDynamoDB()
    progress: list[int] = []
    expected = [to_item(item) for item in items(practice)]

    written = load(dynamodb.table, practice, progress.append)

    assert written == len(expected)
    assert [item for batch in dynamodb.batches for item in batch] == expected
    assert all(len(batch) == ITEMS_PER_BATCH_WRITE for batch in dynamodb.batches[:-1])
    assert len(progress) > 2
    assert progress == sorted(set(progress))
    assert progress[-1] == written


def test_loading_needs_nobody_to_watch() -> None:
    practice = generate(clients=3, at=AT)
    assert load(RecordingDynamoDB().table, practice) == len(list(items(practice)))
