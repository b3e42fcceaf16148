"""Archive, activate, restore on a real engine: there and back, in any order, with nothing lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count as counter
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import ArchiveOptions, Client, Status
from client_lifecycle.domain.effects import cancel_commitments
from client_lifecycle.domain.errors import AcknowledgementNeeded, ArchiveBlocked, GroupNotFound
from client_lifecycle.domain.records import Appointment, ChatKind, Membership, Payment, PaymentStatus, Record
from client_lifecycle.domain.restore import Restorable, RestoreOutcome, RestoreState
from client_lifecycle.domain.settings import Level, ProviderSettings, SafetyRule, SafetySettings
from client_lifecycle.storage.clients import client_write, read_client, read_live, record_item
from client_lifecycle.storage.commitments import Calendar
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.activate import activate_client
from client_lifecycle.use_cases.archive import Archived, archive_client
from client_lifecycle.use_cases.archive_effects import apply_effect
from client_lifecycle.use_cases.practice import delete_group
from client_lifecycle.use_cases.restore import Restored
from local.sample_practice import generate, load
from tests.support.builders import (
    DAY,
    HOUR,
    MOMENT,
    NOW,
    PROVIDER_ID,
    appointment,
    cause,
    client,
    group,
    membership,
    one_of_each,
    payment,
)
from tests.support.made_up_answers import answering
from tests.support.practice import count, everything, put, records_of
from tests.support.store import store_group, store_settings
from tests.support.strategies import record_sets

EVERYTHING = tuple(Restorable)
NOTHING_SAID = ArchiveOptions()
NUMBERS = counter()
ON_ONE_TABLE = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def someone(table: Table, records: Sequence[Record] = (), **fields: object) -> Client:
    return put(table, client(f"client-{next(NUMBERS)}", **fields), records)


def archive(
    table: Table,
    who: Client,
    options: ArchiveOptions = NOTHING_SAID,
    acknowledged: Sequence[SafetyRule] = (),
    at: datetime = NOW,
) -> Archived:
    return archive_client(
        Tenant(table, who.provider_id), who.client_id, cause=cause(), at=at, options=options, acknowledged=acknowledged
    )


def activate(
    table: Table, who: Client, asked: Sequence[Restorable] = (), at: datetime = NOW + timedelta(seconds=1)
) -> Restored:
    return activate_client(Tenant(table, who.provider_id), who.client_id, cause=cause(), at=at, asked=asked)


def booked(table: Table, **fields: Any) -> None:
    """Another client books, after the archive."""
    someone(table, [appointment("theirs", booked_at=NOW + MOMENT, **fields)])


def by_key(records: Sequence[Record]) -> dict[tuple[str, str], Record]:
    return {(record.kind, record.record_id): record for record in records}


def will_return(record: Record) -> bool:
    """Payments that were overdue and copies of blasts do not come back (A1)."""
    overdue = isinstance(record, Payment) and record.due_at <= NOW + timedelta(seconds=1)
    return not overdue and record.kind != "recipient"


@ON_ONE_TABLE
@given(records=record_sets)
def test_a1_archive_and_full_restore_give_back_every_record_as_it_was(table: Table, records: list[Record]) -> None:
    ahead = [replace(one, starts_at=one.starts_at + HOUR) if isinstance(one, Appointment) else one for one in records]
    who = someone(table, ahead, provider_id=f"prov-{next(NUMBERS)}")
    before = by_key(records_of(table, who))
    archive(table, who)
    back = activate(table, who, EVERYTHING).client
    after = by_key(records_of(table, who))
    assert {key for key in before if will_return(before[key]) and before[key] != after[key]} == set()
    assert before.keys() == after.keys()
    assert replace(back, last_return=None, revision=who.revision) == who


VERBS = st.lists(st.sampled_from(["archive", "activate", "restore", "restore chats", "settings"]), max_size=7)


@ON_ONE_TABLE
@given(records=record_sets, verbs=VERBS)
def test_any_sequence_of_verbs_keeps_what_must_always_hold(
    table: Table, records: list[Record], verbs: list[str]
) -> None:
    who = someone(table, records, provider_id=f"prov-{next(NUMBERS)}", credit_cents=1_000, owed_cents=500)
    known = {plain["sk"] for plain in everything(table, who)}
    for step, verb in enumerate(verbs):
        at = NOW + timedelta(minutes=step)
        perform(table, who, verb, at)
        items = {plain["sk"] for plain in everything(table, who)}
        assert known <= items, "nothing is ever deleted"
        known = items
        hold(table, who, at)


def perform(table: Table, who: Client, verb: str, at: datetime) -> None:
    match verb:
        case "archive":
            archive(table, who, at=at)
        case "activate":
            activate(table, who, at=at)
        case "restore":
            activate(table, who, EVERYTHING, at=at)
        case "restore chats":
            activate(table, who, [Restorable.CHATS], at=at)
        case "settings":
            tenant = Tenant(table, who.provider_id)
            current = read_client(tenant, who.client_id)
            table.transact([client_write(tenant, current, replace(current, revision=current.revision + 1))])


def hold(table: Table, who: Client, at: datetime) -> None:
    live = read_live(Tenant(table, who.provider_id), who.client_id, at)
    assert (live.client.credit_cents, live.client.owed_cents) == (who.credit_cents, who.owed_cents), "E11"
    if live.client.status is Status.ACTIVE:
        return
    upcoming = [one for one in live.records if isinstance(one, Appointment) and one.is_upcoming(at)]
    charging = [one for one in live.records if isinstance(one, Payment) and one.status is PaymentStatus.SCHEDULED]
    group_chats = [
        one
        for one in live.records
        if isinstance(one, Membership) and one.chat_kind is ChatKind.GROUP and not one.left_at
    ]
    assert (upcoming, charging, group_chats) == ([], [], []), "E2, E6, E7"


def test_archive_twice_is_archive_once(table: Table) -> None:
    who = someone(table, one_of_each())
    first = archive(table, who)
    stored = everything(table, who)
    assert archive(table, who, ArchiveOptions(reason=ArchiveReason.OTHER)) == first
    assert everything(table, who) == stored


def test_a1_restoring_twice_changes_nothing(table: Table) -> None:
    who = someone(table, one_of_each())
    archive(table, who)
    first = activate(table, who, EVERYTHING)
    stored = everything(table, who)
    second = activate(table, who, EVERYTHING)
    assert everything(table, who) == stored
    assert [item.outcome for item in second.items] == [item.outcome for item in first.items]


def test_a1_what_was_not_asked_back_can_be_asked_for_later(table: Table) -> None:
    who = someone(table, one_of_each())
    archive(table, who)
    activate(table, who)
    items = activate(table, who, [Restorable.CHATS]).items
    assert [(item.kind, item.outcome) for item in items] == [("membership", RestoreOutcome.RESTORED)]


def test_only_what_that_archive_touched_comes_back(table: Table, tenant: Tenant) -> None:
    who = someone(table, [membership("first")])
    archive(table, who)
    activate(table, who)
    put(table, read_client(tenant, who.client_id), [membership("second")])
    archive(table, who, at=NOW + HOUR)
    items = activate(table, who, EVERYTHING, at=NOW + 2 * HOUR).items
    assert [item.record_id for item in items] == ["second"]


def test_more_records_than_one_transaction_takes_are_all_restored(table: Table) -> None:
    who = someone(table, [payment(f"p-{n}", due_at=NOW + (n + 1) * DAY) for n in range(250)])
    before = by_key(records_of(table, who))
    archive(table, who)
    items = activate(table, who, EVERYTHING).items
    assert len(items) == 250
    assert by_key(records_of(table, who)) == before


LARGE: dict[str, list[Record]] = {
    "400 appointments": [appointment(f"a-{n:04}", starts_at=NOW + (n + 1) * HOUR) for n in range(400)],
    "1,000 appointments and 300 payments": [
        *(appointment(f"a-{n:04}", starts_at=NOW + (n + 1) * HOUR) for n in range(1_000)),
        *(payment(f"p-{n:04}", due_at=NOW + (n + 1) * DAY) for n in range(300)),
    ],
    "200 chats": [membership(f"c-{n:04}") for n in range(200)],
}


@pytest.mark.parametrize("records", LARGE.values(), ids=LARGE)
def test_a1_a_restore_makes_four_calls_and_one_for_25_records(table: Table, records: list[Record]) -> None:
    who = someone(table, records, provider_id=f"prov-{next(NUMBERS)}")
    before = by_key(records_of(table, who))
    archive(table, who)
    with counting(table) as calls:
        done = activate(table, who, EVERYTHING)
    assert {item.outcome for item in done.items} == {RestoreOutcome.RESTORED}
    assert done.state is RestoreState.FINISHED
    assert by_key(records_of(table, who)) == before
    assert calls.total() <= 4 + len(records) / 25
    assert calls["Query"] <= 4, "the newest item of the receipt, all of it in pages, and the calendar"


def test_a1_three_readings_and_one_transaction_restore_a_usual_archive(table: Table) -> None:
    who = someone(table, [appointment("mine", starts_at=NOW + DAY), payment("p-1"), membership("c-1")])
    before = by_key(records_of(table, who))
    archive(table, who)
    with counting(table) as calls:
        activate(table, who, EVERYTHING)
    assert calls == {"Query": 2, "BatchGetItem": 1, "TransactWriteItems": 1}
    assert by_key(records_of(table, who)) == before


def test_a1_a_receipt_that_the_first_reading_missed_is_found_by_its_id(table: Table) -> None:
    who = someone(table, [appointment("mine", starts_at=NOW + DAY), payment("p-1")])
    before = by_key(records_of(table, who))
    archive(table, who)

    def nothing_at_first(_: dict[str, Any]) -> dict[str, Any] | None:
        return {"Items": [], "Count": 0, "ScannedCount": 1} if len(requests) == 1 else None

    with answering(table, "Query", nothing_at_first) as requests:
        activate(table, who, EVERYTHING)
    assert by_key(records_of(table, who)) == before


def test_a1_the_sample_practice_is_as_it_was_after_archive_and_restore(table: Table) -> None:
    """Everybody is archived, then everybody comes back; no appointment and no payment is lost on the way."""
    sample = generate(at=NOW)
    load(table, sample)
    active = [one.client for one in sample.clients if not one.client.stamp]
    before = {who.client_id: by_key(records_of(table, who)) for who in active}
    for who in active:
        archive(table, who)
    outcomes: Counter[str] = Counter()
    for who in active:
        outcomes.update(item.outcome for item in activate(table, who, EVERYTHING).items)
        after = by_key(records_of(table, who))
        assert {key for key, one in before[who.client_id].items() if will_return(one) and after[key] != one} == set()
    assert outcomes.keys() == {RestoreOutcome.RESTORED}
    assert outcomes.total() > 1_000


@contextmanager
def counting(table: Table) -> Iterator[Counter[str]]:
    """Count the calls to the table, by name."""
    calls: Counter[str] = Counter()

    def count_one(model: Any, **_: object) -> None:
        calls[model.name] += 1

    table.client.meta.events.register("before-call.dynamodb", count_one)
    try:
        yield calls
    finally:
        table.client.meta.events.unregister("before-call.dynamodb", count_one)


def test_a1_what_was_added_while_the_client_came_back_is_restored_too(
    table: Table, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that is still being carried out adds to its receipt until the moment of the return."""
    who = someone(table, [payment(f"p-{n:03}", due_at=NOW + (n + 1) * DAY) for n in range(150)])
    before = by_key(records_of(table, who))
    monkeypatch.setattr("client_lifecycle.use_cases.archive._finished", lambda _table, archived, _at: archived)
    archive(table, who)

    def carry_on_first(_: dict[str, Any]) -> None:
        if len(requests) == 1:
            archive_id = read_client(tenant, who.client_id).stamp.archive_id  # type: ignore[union-attr]
            apply_effect(tenant, who.client_id, archive_id, cancel_commitments, at=NOW)

    with answering(table, "TransactWriteItems", carry_on_first) as requests:
        done = activate(table, who, EVERYTHING)
    assert len(done.items) == 150
    assert by_key(records_of(table, who)) == before


def test_a_slot_that_another_client_took_meanwhile_stays_taken(table: Table) -> None:
    mine = appointment("mine", starts_at=NOW + DAY, duration_minutes=60)
    who = someone(table, [mine, appointment("free", starts_at=NOW + 3 * DAY)])
    archive(table, who)
    booked(table, starts_at=NOW + DAY + HOUR / 2, duration_minutes=30)
    outcomes = {item.record_id: item.outcome for item in activate(table, who, EVERYTHING).items}
    assert outcomes == {"mine": RestoreOutcome.SLOT_TAKEN, "free": RestoreOutcome.RESTORED}


def test_an_unreadable_appointment_of_another_client_takes_no_slot(table: Table) -> None:
    mine = appointment("mine", starts_at=NOW + DAY, duration_minutes=60)
    who = someone(table, [mine])
    archive(table, who)
    since = replace(mine, record_id="broken", booked_at=NOW + HOUR)
    broken = record_item(Keys(PROVIDER_ID), "client-broken", since) | {"starts_at": "?"}
    table.put_many([broken])
    [item] = activate(table, who, EVERYTHING).items
    assert item.outcome is RestoreOutcome.RESTORED


class TestTheCalendar:
    """It is read once for all that come back together, and again only for what was not read."""

    def reads(self, table: Table, *asked: tuple[datetime, datetime]) -> list[int]:
        """Return how many queries have been made after each of these questions."""
        calendar, made = Calendar(Tenant(table, PROVIDER_ID), NOW), []
        with counting(table) as calls:
            for since, until in asked:
                calendar.booked_since(since, until)
                made.append(calls["Query"])
        return made

    def test_it_is_read_again_only_for_earlier_archives_and_later_slots(self, table: Table) -> None:
        day, week = NOW + DAY, NOW + 7 * DAY
        asked = [(NOW, day), (NOW, day), (NOW + HOUR, day), (NOW, week), (NOW - HOUR, day), (NOW, week)]
        assert self.reads(table, *asked) == [1, 1, 1, 2, 3, 3]

    def test_it_is_read_once_by_all_who_ask_at_the_same_time(self, table: Table, tenant: Tenant) -> None:
        calendar = Calendar(tenant, NOW)
        with counting(table) as calls, ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: calendar.booked_since(NOW, NOW + DAY), range(8)))
        assert calls["Query"] == 1

    def test_what_could_not_be_read_is_not_taken_for_free(self, table: Table, tenant: Tenant) -> None:
        booked(table, starts_at=NOW + DAY)
        calendar = Calendar(tenant, NOW)
        fault = {"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "made up"}
        with pytest.raises(ClientError), answering(table, "Query", lambda _: fault):
            calendar.booked_since(NOW, NOW + 2 * DAY)
        assert len(calendar.booked_since(NOW, NOW + 2 * DAY)) == 1

    def test_what_was_booked_long_before_is_not_even_returned(self, table: Table, tenant: Tenant) -> None:
        someone(table, [appointment("old", starts_at=NOW + DAY, booked_at=NOW - 3 * DAY)])
        someone(table, [appointment("unknown", starts_at=NOW + DAY)])
        booked(table, starts_at=NOW + DAY)
        found = Calendar(tenant, NOW).booked_since(NOW, NOW + 2 * DAY)
        assert [one.appointment.record_id for one in found] == ["theirs"]


@pytest.mark.parametrize(("starts_after", "free"), [(-60, True), (-59, False), (59, False), (60, True)])
def test_a_slot_is_taken_only_by_what_overlaps(table: Table, starts_after: int, free: bool) -> None:
    mine = appointment("mine", starts_at=NOW + DAY, duration_minutes=60)
    who = someone(table, [mine])
    archive(table, who)
    other = mine.starts_at + timedelta(minutes=starts_after)
    booked(table, starts_at=other, duration_minutes=60)
    [item] = activate(table, who, EVERYTHING).items
    assert item.outcome is (RestoreOutcome.RESTORED if free else RestoreOutcome.SLOT_TAKEN)


def test_an_appointment_across_midnight_is_seen(table: Table) -> None:
    midnight = (NOW + 2 * DAY).replace(hour=0, minute=0)
    who = someone(table, [appointment("mine", starts_at=midnight, duration_minutes=30)])
    archive(table, who)
    booked(table, starts_at=midnight - HOUR, duration_minutes=90)
    [item] = activate(table, who, EVERYTHING).items
    assert item.outcome is RestoreOutcome.SLOT_TAKEN


def test_a_chat_that_was_closed_stays_closed(table: Table) -> None:
    who = someone(table, [membership("closed"), membership("open")])
    archive(table, who)
    for chat_id, closed_at in (("closed", "2026-03-02T00:00:00Z"), ("open", None)):
        table.put_many([{**Keys(PROVIDER_ID).chat(chat_id), "chat_id": chat_id, "closed_at": closed_at}])
    outcomes = {item.record_id: item.outcome for item in activate(table, who, EVERYTHING).items}
    assert outcomes == {"closed": RestoreOutcome.CHAT_CLOSED, "open": RestoreOutcome.RESTORED}


class TestOptions:
    """What is said when archiving."""

    def test_e10_the_client_is_moved_at_once_and_the_receipt_tells_from_where(
        self, table: Table, tenant: Tenant
    ) -> None:
        store_group(table, group("group-former"))
        who = someone(table, group_id="group-sleep")
        done = archive(table, who, ArchiveOptions(group_id="group-former"))
        stored = read_client(tenant, who.client_id)
        assert stored.group_id == "group-former"
        assert (done.receipt.moved_from_group_id, done.receipt.options.group_id) == ("group-sleep", "group-former")

    def test_e10_an_unknown_group_is_refused_and_nothing_is_written(self, table: Table) -> None:
        who = someone(table)
        before = everything(table, who)
        with pytest.raises(GroupNotFound):
            archive(table, who, ArchiveOptions(group_id="group-nowhere"))
        assert everything(table, who) == before

    def test_e10_a_group_that_is_deleted_meanwhile_is_refused_too(self, table: Table, tenant: Tenant) -> None:
        store_group(table, group("group-former"))
        who = someone(table)

        def delete_first(_: dict[str, Any]) -> None:
            if len(requests) == 1:
                delete_group(tenant, "group-former", cause=cause(), at=NOW)

        with pytest.raises(GroupNotFound), answering(table, "TransactWriteItems", delete_first) as requests:
            archive(table, who, ArchiveOptions(group_id="group-former"))
        assert read_client(tenant, who.client_id).status is Status.ACTIVE

    def test_reason_and_note_are_kept_in_receipt_and_history(self, table: Table, tenant: Tenant) -> None:
        who = someone(table)
        options = ArchiveOptions(reason=ArchiveReason.MOVED_AWAY, note="Moved to Lisbon.", notify_client=True)
        assert archive(table, who, options).receipt.options == options
        [line] = [plain for plain in everything(table, who) if plain["sk"].startswith("HISTORY#")]
        assert (line["options"]["reason"], line["options"]["note"]) == ("moved_away", "Moved to Lisbon.")
        assert read_client(tenant, who.client_id).stamp.reason is ArchiveReason.MOVED_AWAY  # type: ignore[union-attr]


class TestSafetyRules:
    """Single archives that a provider's rules hold back."""

    @pytest.fixture
    def debtor(self, table: Table) -> Client:
        return someone(table, one_of_each(), owed_cents=1)

    def set_level(self, table: Table, level: Level) -> None:
        store_settings(table, PROVIDER_ID, ProviderSettings(safety=SafetySettings(owes_money=level)))

    def test_block_refuses_names_the_rule_and_writes_nothing(self, table: Table, debtor: Client) -> None:
        self.set_level(table, Level.BLOCK)
        before = everything(table, debtor)
        with pytest.raises(ArchiveBlocked) as refused:
            archive(table, debtor, acknowledged=[SafetyRule.OWES_MONEY])
        assert refused.value.facts["rules"] == ["owes_money"]
        assert everything(table, debtor) == before

    def test_warn_wants_to_be_acknowledged(self, table: Table, debtor: Client) -> None:
        self.set_level(table, Level.WARN)
        with pytest.raises(AcknowledgementNeeded) as refused:
            archive(table, debtor, acknowledged=[SafetyRule.HAS_CREDITS])
        assert refused.value.facts["rules"] == ["owes_money"]
        assert count(table, debtor, "RECEIPT#") == 0
        assert archive(table, debtor, acknowledged=[SafetyRule.OWES_MONEY]).client.status is Status.ARCHIVED
