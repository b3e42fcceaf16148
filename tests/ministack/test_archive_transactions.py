"""The single archive and its effects on an engine whose transactions are atomic."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session
from msgspec.structs import replace

from client_lifecycle.domain.client import ArchiveOptions, Cause, Client, Source, Status
from client_lifecycle.domain.effects import all_effects, cancel_commitments
from client_lifecycle.domain.errors import StorageBusy, Superseded
from client_lifecycle.domain.receipts import ReceiptState
from client_lifecycle.domain.records import Appointment, AppointmentStatus, PaymentStatus
from client_lifecycle.storage import archives, retries
from client_lifecycle.storage import table as storage_table
from client_lifecycle.storage.clients import client_write, read_client, read_live, record_item
from client_lifecycle.storage.connections import CONFIG
from client_lifecycle.storage.items import put_new
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Page, Query, Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.activate import activate_client
from client_lifecycle.use_cases.archive import Archived, archive_client
from client_lifecycle.use_cases.archive_effects import apply_effect
from local.ministack import LocalAws
from tests.support.builders import DAY, NOW, STAFF_ID, appointment, client, one_of_each, payment
from tests.support.made_up_answers import answering, cancelled
from tests.support.practice import count, everything, put, records_of

CAUSE = Cause(source=Source.STAFF, actor_id=STAFF_ID)


def archive(table: Table, who: Client) -> Archived:
    return archive_client(Tenant(table, who.provider_id), who.client_id, cause=CAUSE, at=NOW, options=ArchiveOptions())


def activate(table: Table, who: Client) -> Client:
    return activate_client(Tenant(table, who.provider_id), who.client_id, cause=CAUSE, at=NOW).client


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(retries, "LONGEST_PAUSE_SECONDS", 0.002)


def test_s1_one_query_the_settings_and_one_transaction_archive_a_client(table: Table) -> None:
    who = put(table, client(), one_of_each())
    past = [
        appointment(f"past-{day}", starts_at=NOW - day * DAY, status=AppointmentStatus.COMPLETED) for day in range(50)
    ]
    put(table, who, past)
    calls: list[str] = []
    table.client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    archived = archive(table, who)
    assert calls == ["Query", "GetItem", "TransactWriteItems"]
    assert archived.receipt.state is ReceiptState.SETTLED
    assert {change.before for change in archived.receipt.changes} == set(one_of_each())


def test_null_that_another_system_has_stored_counts_as_absent(table: Table) -> None:
    who = put(table, client(), one_of_each())
    for sk, name in [
        ("CLIENT", "archive_id"),
        ("APPOINTMENT#appt-1", "cancelled_at"),
        ("MEMBERSHIP#chat-1", "left_at"),
    ]:
        table.client.update_item(
            TableName=table.name,
            Key={"pk": {"S": Keys(who.provider_id).client_partition(who.client_id)}, "sk": {"S": sk}},
            UpdateExpression="SET #name = :null",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":null": {"NULL": True}},
        )
    assert len(archive(table, who).receipt.changes) == len(one_of_each())


def test_e1_nothing_is_deleted_and_every_record_stays_readable(table: Table) -> None:
    who = put(table, client(), one_of_each())
    before = {plain["sk"] for plain in everything(table, who)}
    archive(table, who)
    assert before < {plain["sk"] for plain in everything(table, who)}


def test_the_receipt_stored_is_the_receipt_answered(table: Table, tenant: Tenant) -> None:
    who = put(table, client(), [*one_of_each(), payment("charging", status=PaymentStatus.CHARGING)])
    answered = archive(table, who).receipt
    assert archives.read_receipt(tenant, who.client_id, answered.archive_id) == answered
    assert [left.record_id for left in answered.left_alone] == ["charging"]


def test_of_eight_archives_at_once_one_is_done_and_all_answer_with_it(table: Table) -> None:
    who = put(table, client(), one_of_each())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: archive(table, who), range(8)))
    assert len({answer.receipt.archive_id for answer in answers}) == 1
    assert count(table, who, "HISTORY#") == 1


def test_an_appointment_booked_while_an_archive_decides_is_cancelled_too(table: Table, tenant: Tenant) -> None:
    who = put(table, client(), [appointment("seen")])
    late = appointment("late")

    def book_first(request: dict[str, Any]) -> None:
        if len(requests) == 1:
            current = read_client(tenant, who.client_id)
            booked = replace(current, revision=current.revision + 1)
            table.transact([client_write(tenant, current, booked)])
            put(table, booked, [late])

    with answering(table, "TransactWriteItems", book_first) as requests:
        archive(table, who)
    booked = [one for one in records_of(table, who) if one.lives_until]
    assert booked == []


def test_an_appointment_booked_in_the_middle_of_a_query_is_cancelled_too(
    table: Table, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query is no snapshot: what others write meanwhile is in the answer if its place is still to be read."""
    who = put(table, client(), [appointment(f"seen-{day}", starts_at=NOW + day * DAY) for day in (1, 9)])
    late = appointment("late", starts_at=NOW + 5 * DAY)
    whole = Table.page
    pages: list[Page] = []

    def page(one: Table, query: Query, **asked: Any) -> Page:
        pages.append(whole(one, query, **{**asked, "limit": 1}))
        if len(pages) == 2:
            current = read_client(tenant, who.client_id)
            booked = replace(current, revision=current.revision + 1)
            late_write = put_new(table.name, {}, record_item(tenant.keys, who.client_id, late))
            table.transact([client_write(tenant, current, booked), late_write])
        return pages[-1]

    monkeypatch.setattr(Table, "page", page)
    archive(table, who)
    assert [one for one in records_of(table, who) if one.lives_until] == []


class TestManyRecords:
    """A client whose records exceed one transaction."""

    RECORDS = 250

    @pytest.fixture
    def who(self, table: Table) -> Client:
        return put(table, client(), [appointment(f"a-{n:03}") for n in range(self.RECORDS)])

    def test_is_archived_in_chunks_with_one_complete_receipt(self, table: Table, tenant: Tenant, who: Client) -> None:
        receipt = archive(table, who).receipt
        assert receipt.state is ReceiptState.SETTLED
        assert len({change.before.record_id for change in receipt.changes}) == len(receipt.changes) == self.RECORDS
        assert read_live(tenant, who.client_id, NOW).records == ()

    def test_a_crash_leaves_it_settling_and_repeating_the_effects_ends_it(
        self, table: Table, tenant: Tenant, who: Client
    ) -> None:
        def crash_later(_: dict[str, Any]) -> None:
            if len(requests) == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), answering(table, "TransactWriteItems", crash_later) as requests:
            archive(table, who)
        stamp = read_client(tenant, who.client_id).stamp
        assert stamp
        receipt = archives.read_receipt(tenant, who.client_id, stamp.archive_id)
        assert (receipt.state, len(receipt.changes)) == (ReceiptState.SETTLING, archives.CHANGES_WITH_FLIP)
        for _ in range(2):
            apply_effect(tenant, who.client_id, stamp.archive_id, all_effects, at=NOW)
        receipt = archives.read_receipt(tenant, who.client_id, stamp.archive_id)
        assert len({change.before.record_id for change in receipt.changes}) == len(receipt.changes) == self.RECORDS

    def test_settling_what_somebody_else_has_settled_changes_nothing(
        self, table: Table, tenant: Tenant, who: Client
    ) -> None:
        archived = archive(table, who)
        archives.settle_receipt(tenant, who.client_id, archived.receipt.archive_id)
        read = archives.read_receipt(tenant, who.client_id, archived.receipt.archive_id)
        assert read == archived.receipt

    def test_coming_back_in_the_middle_stops_the_rest(self, table: Table, tenant: Tenant, who: Client) -> None:
        def activate_in_between(_: dict[str, Any]) -> None:
            if len(requests) == 2:
                activate(table, who)

        with pytest.raises(Superseded), answering(table, "TransactWriteItems", activate_in_between) as requests:
            archive(table, who)
        assert read_client(tenant, who.client_id).status is Status.ACTIVE
        still_booked = [
            one
            for one in records_of(table, who)
            if isinstance(one, Appointment) and one.status is AppointmentStatus.BOOKED
        ]
        assert len(still_booked) == self.RECORDS - archives.CHANGES_WITH_FLIP


def test_an_effect_under_a_stamp_that_is_gone_writes_nothing(table: Table, tenant: Tenant) -> None:
    who = put(table, client(), one_of_each())
    archive_id = archive(table, who).receipt.archive_id
    activate(table, who)
    put(table, who, [appointment("booked-after")])
    before = everything(table, who)
    with pytest.raises(Superseded):
        apply_effect(tenant, who.client_id, archive_id, cancel_commitments, at=NOW)
    assert everything(table, who) == before


def test_an_effect_under_the_stamp_of_an_earlier_archive_writes_nothing(table: Table, tenant: Tenant) -> None:
    who = put(table, client(), one_of_each())
    first = archive(table, who).receipt.archive_id
    activate(table, who)
    archive(table, who)
    put(table, read_client(tenant, who.client_id), [appointment("added-since")])
    with pytest.raises(Superseded):
        apply_effect(tenant, who.client_id, first, cancel_commitments, at=NOW)


def test_a_payment_that_begins_to_charge_meanwhile_is_left_alone(table: Table) -> None:
    who = put(table, client(), [payment("p")])

    def charge_first(_: dict[str, Any]) -> None:
        if len(requests) == 1:
            put(table, who, [payment("p", status=PaymentStatus.CHARGING)])

    with answering(table, "TransactWriteItems", charge_first) as requests:
        receipt = archive(table, who).receipt
    assert receipt.changes == ()
    assert [left.record_id for left in receipt.left_alone] == ["p"]


def test_a1_activating_flips_the_status_and_nothing_else(table: Table) -> None:
    who = put(table, client(), one_of_each())
    archive(table, who)
    after_archive = records_of(table, who)
    back = activate(table, who)
    assert (back.status, back.stamp) == (Status.ACTIVE, None)
    assert replace(back, last_return=None, revision=who.revision) == who
    assert records_of(table, who) == after_archive
    assert activate(table, who) == back
    assert count(table, who, "HISTORY#") == 2


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_conflicts_and_throttles_are_tried_again(table: Table, code: str) -> None:
    who = put(table, client(), one_of_each())
    with answering(
        table, "TransactWriteItems", lambda request: cancelled(request, code) if len(requests) < 4 else None
    ) as requests:
        archive(table, who)
    assert len(requests) == 4
    assert count(table, who, "HISTORY#") == 1


def test_a_table_that_stays_busy_is_said_to_be_after_a_bound(table: Table) -> None:
    who = put(table, client(), one_of_each())
    before = everything(table, who)
    with (
        retries.patience(0.05, within_seconds=60),
        pytest.raises(StorageBusy),
        answering(table, "TransactWriteItems", lambda request: cancelled(request, "TransactionConflict")) as requests,
    ):
        archive(table, who)
    assert len(requests) > 1
    assert everything(table, who) == before


def test_a_commit_whose_answer_was_lost_is_made_once_and_known_to_be(table: Table, local_aws: LocalAws) -> None:
    dynamodb = local_aws.session.client("dynamodb", endpoint_url=local_aws.endpoint, config=CONFIG)
    lost: list[AWSResponse] = []

    def lose_the_first(request: AWSPreparedRequest, **_: Any) -> None:
        if not lost:
            lost.append(URLLib3Session().send(request))
            raise ReadTimeoutError(endpoint_url=request.url)

    dynamodb.meta.events.register("before-send.dynamodb.TransactWriteItems", lose_the_first)
    key = {"pk": "X", "sk": "Y"}
    Table(dynamodb, table.name).transact([put_new(table.name, key, {"value": 1})])
    assert [answer.status_code for answer in lost] == [200]
    assert table.get(key) == {**key, "value": 1}


def test_keys_left_unprocessed_are_read_again(table: Table) -> None:
    people = [put(table, client(f"c-{n}")) for n in range(3)]

    def leave_all(request: dict[str, Any]) -> dict[str, Any] | None:
        return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]} if len(requests) == 1 else None

    keys = [{"pk": f"CLIENT#{who.provider_id}#{who.client_id}", "sk": "CLIENT"} for who in people]
    with answering(table, "BatchGetItem", leave_all) as requests:
        assert len(table.get_many(keys)) == 3


def test_items_left_unprocessed_are_written_again(table: Table) -> None:
    def leave_all(request: dict[str, Any]) -> dict[str, Any] | None:
        return {"UnprocessedItems": request["RequestItems"]} if len(requests) == 1 else None

    with answering(table, "BatchWriteItem", leave_all) as requests:
        put(table, client("late"))
    assert read_client(Tenant(table, client().provider_id), "late").client_id == "late"


def test_a_condition_tells_what_it_found(table: Table) -> None:
    key = {"pk": "X", "sk": "Y"}
    table.transact([put_new(table.name, key, {"value": 1})])
    with pytest.raises(storage_table.ConditionsFailed) as refused:
        table.transact([put_new(table.name, key, {"value": 2})])
    assert refused.value.found == {0: {**key, "value": 1}}
