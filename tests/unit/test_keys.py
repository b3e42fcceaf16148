"""The table's keys: unique per thing, and sorting the way the queries rely on."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.effects import LeftAlone, LeftAloneReason, all_effects, cancel_commitments
from client_lifecycle.domain.members import totals_of
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.records import FOREVER, PaymentStatus, Record, RecordKind
from client_lifecycle.domain.runs import MAX_CLIENTS
from client_lifecycle.storage import keys
from client_lifecycle.storage.keys import Keys
from tests.support.builders import (
    ARCHIVE_ID,
    DAY,
    NOW,
    PROVIDER_ID,
    RUN_ID,
    appointment,
    client,
    payment,
    run,
    stamp,
)
from tests.support.strategies import clients, far_moments, moments, records


@given(far_moments, far_moments)
def test_text_order_is_time_order(one: datetime, other: datetime) -> None:
    assert (keys.sortable(one) < keys.sortable(other)) == (one < other)


@given(moments)
def test_a_moment_is_written_alike_in_every_time_zone(moment: datetime) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(hours=-9)))
    assert keys.sortable(elsewhere) == keys.sortable(moment)


@given(records, records)
def test_live_keys_sort_by_how_long_records_live(one: Record, other: Record) -> None:
    lives = [(record.lives_until, keys.live_key(record)) for record in (one, other)]
    for until, key in lives:
        assert (key is None) == (until is None)
    (until, key), (other_until, other_key) = lives
    if until and key and other_until and other_key and until != other_until:
        assert (key < other_key) == (until < other_until)


@given(records, clients)
def test_what_lives_forever_comes_last_the_client_among_it(record: Record, owner: Client) -> None:
    forever = keys.sortable(FOREVER)
    client_live_key = Keys(PROVIDER_ID).client_index(owner)["live_key"]
    assert client_live_key is not None
    assert client_live_key.startswith(forever)
    key = keys.live_key(record)
    if key and record.lives_until != FOREVER:
        assert key < forever < client_live_key


@given(records, moments)
def test_one_query_from_now_on_finds_all_of_an_archives_work(record: Record, at: datetime) -> None:
    plan = all_effects([record], at)
    if plan.changes or plan.left_alone:
        key = keys.live_key(record)
        assert key is not None
        assert key >= keys.sortable(at)


def test_the_query_from_now_on_skips_an_appointment_that_has_started() -> None:
    begun, ahead = keys.live_key(appointment(starts_at=NOW - DAY)), keys.live_key(appointment(starts_at=NOW + DAY))
    assert begun is not None
    assert ahead is not None
    assert begun < keys.sortable(NOW) < ahead


def test_records_of_one_moment_have_live_keys_of_their_own() -> None:
    at_once: list[Record] = [appointment("appt-1"), appointment("appt-2"), payment("appt-1"), payment("appt-2")]
    assert len({keys.live_key(record) for record in at_once}) == len(at_once)


def test_items_of_a_client_share_its_partition_and_no_key() -> None:
    left = LeftAlone(kind=RecordKind.PAYMENT, record_id="1", reason=LeftAloneReason.ALREADY_CHARGING)
    found = [
        Keys(PROVIDER_ID).client("c-1"),
        Keys(PROVIDER_ID).receipt("c-1", ARCHIVE_ID),
        Keys(PROVIDER_ID).receipt_part("c-1", ARCHIVE_ID, "01K"),
        Keys(PROVIDER_ID).left_alone("c-1", ARCHIVE_ID, left),
        Keys(PROVIDER_ID).history_entry("c-1", "01K"),
        *(Keys(PROVIDER_ID).record("c-1", kind, "1") for kind in RecordKind),
    ]
    assert {key["pk"] for key in found} == {"CLIENT#prov-oak#c-1"}
    assert len({key["sk"] for key in found}) == len(found)


def test_the_same_client_id_of_two_providers_is_two_clients() -> None:
    assert Keys("prov-oak").client("c-1") != Keys("prov-elm").client("c-1")


def test_a_receipt_s_parts_are_found_under_the_receipt_and_no_other() -> None:
    part = Keys(PROVIDER_ID).receipt_part("c-1", ARCHIVE_ID, "01K")
    assert part["sk"].startswith(Keys(PROVIDER_ID).receipt("c-1", ARCHIVE_ID)["sk"] + "#")


@pytest.mark.parametrize(
    ("status", "listed_under"),
    [(Status.ACTIVE, "prov-oak#group-1#active"), (Status.ARCHIVED, "prov-oak#group-1#archived")],
)
def test_e1_e10_an_archived_client_is_in_the_other_tab_of_the_same_group(status: Status, listed_under: str) -> None:
    mark = stamp() if status is Status.ARCHIVED else None
    listed = Keys(PROVIDER_ID).client_index(client(group_id="group-1", stamp=mark))
    assert listed["group_key"] == listed_under
    assert listed["status_key"] == f"prov-oak#{status}"


def test_a_client_without_a_group_is_in_no_group_listing() -> None:
    assert Keys(PROVIDER_ID).client_index(client(group_id=None))["group_key"] is None


def test_listings_sort_by_name_whatever_its_case_and_namesakes_by_id() -> None:
    people = [client("c-2", name="anna"), client("c-1", name="Anna"), client("c-3", name="BERT")]
    by_name = sorted(people, key=lambda one: str(Keys(PROVIDER_ID).client_index(one)["name_key"]))
    assert [one.client_id for one in by_name] == ["c-1", "c-2", "c-3"]


@given(st.integers(0, 9_999), st.integers(0, 9_999))
def test_members_sort_in_the_order_of_the_preview(one: int, other: int) -> None:
    def member_sk(position: int) -> str:
        return Keys(PROVIDER_ID).member("run-1", position)["sk"]

    def outcome_key(position: int) -> str:
        return keys.outcome_key(Outcome.FAILED, position)

    assert (member_sk(one) < member_sk(other)) == (one < other)
    assert (outcome_key(one) < outcome_key(other)) == (one < other)


def test_no_outcome_s_members_are_found_under_another() -> None:
    for outcome in Outcome:
        under = [other for other in Outcome if keys.outcome_key(other, 7).startswith(keys.outcome_prefix(outcome))]
        assert under == [outcome]


@given(records)
def test_a_commitment_is_a_live_appointment_or_payment_by_kind(record: Record) -> None:
    committed = record.kind in (RecordKind.APPOINTMENT, RecordKind.PAYMENT) and keys.live_key(record) is not None
    expected = Keys(PROVIDER_ID).commitments(record.kind) if committed else None
    assert Keys(PROVIDER_ID).commitment(record) == expected


def test_no_provider_s_commitments_are_found_under_another_s() -> None:
    partitions = {Keys(owner).commitments(kind) for owner in ("prov-oak", "prov-elm") for kind in RecordKind}
    assert len(partitions) == 2 * len(RecordKind)


@given(st.integers(1, MAX_CLIENTS), st.data())
def test_members_are_in_partitions_of_bounded_size_in_their_order(clients: int, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, clients - 1))
    large = run(totals=replace(totals_of([]), clients=clients))
    partitions = Keys(PROVIDER_ID).member_partitions(large, position)
    assert partitions[0] == Keys(PROVIDER_ID).member(RUN_ID, position)["pk"]
    assert partitions[-1] == Keys(PROVIDER_ID).member(RUN_ID, clients - 1)["pk"]
    assert partitions == Keys(PROVIDER_ID).member_partitions(large)[-len(partitions) :]
    assert Keys(PROVIDER_ID).run_partition(RUN_ID) not in partitions
    assert (
        0
        <= len(Keys(PROVIDER_ID).member_partitions(large)) * keys.MEMBERS_PER_PARTITION - clients
        < keys.MEMBERS_PER_PARTITION
    )


def test_listings_sort_an_accented_letter_with_its_plain_one() -> None:
    people = ["Eve", "Ørsted", "Zoë", "Émile", "Anna B", "Anna", "Oscar", "Ella", "Paul"]
    sort_keys = {keys.name_key(client(name, name=name)): name for name in people}
    in_order = [sort_keys[key] for key in sorted(sort_keys)]
    assert in_order == ["Anna", "Anna B", "Ella", "Émile", "Eve", "Ørsted", "Oscar", "Paul", "Zoë"]


WIDE = "\N{GREEK SMALL LETTER IOTA WITH DIALYTIKA AND TONOS}"


@given(st.text(min_size=1, max_size=200) | st.just(WIDE * 200) | st.just("\ufdfa" * 200) | st.just("\U00010330" * 200))
def test_the_keys_of_any_name_fit(name: str) -> None:
    one = client("c" * 64, name=name)
    found = [keys.name_key(one), *(key["sk"] for key in Keys(PROVIDER_ID).words_of(one))]
    assert max(len(key.encode()) for key in found) <= keys.MAX_SORT_KEY_BYTES
    for key in Keys(PROVIDER_ID).words_of(one):
        word, client_id = keys.word_and_client(key["sk"])
        assert (client_id, key["sk"]) == (one.client_id, f"{word}#{keys.name_key(one)}")


@pytest.mark.parametrize("record_id", ["a" * 1_000, "\N{GREEK SMALL LETTER ALPHA}" * 500])
def test_the_keys_made_of_a_long_id_fit_and_differ(record_id: str) -> None:
    records = [appointment(record_id), appointment(record_id[:-1])]
    charging = [payment(record.record_id, status=PaymentStatus.CHARGING) for record in records]
    left_alone = cancel_commitments(charging, NOW).left_alone
    parts = [Keys(PROVIDER_ID).left_alone("c-1", ARCHIVE_ID, left)["sk"] for left in left_alone]
    live = [keys.live_key(record) or "" for record in records]
    assert len({*parts, *live}) == 4
    assert max(len(key.encode()) for key in [*parts, *live]) <= keys.MAX_SORT_KEY_BYTES
