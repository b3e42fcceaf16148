"""A11: what has become live on an archived client is ended under its archive, by the next that looks."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from client_lifecycle.domain.records import PaymentStatus, Record
from client_lifecycle.domain.restore import Restorable
from client_lifecycle.storage import archives
from client_lifecycle.storage.archives import CHECK_ARCHIVE_AFTER
from client_lifecycle.storage.clients import record_item
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from tests.moto.conftest import Clock, Executions
from tests.moto.crashes import cut_off_at_second_transaction
from tests.moto.workflow import Workflow, confirmed
from tests.support.builders import (
    DAY,
    HOUR,
    NOW,
    PROVIDER_ID,
    STAFF_ID,
    appointment,
    client,
    feed_entry,
    membership,
    one_of_each,
    payment,
    recipient,
    reminder,
)
from tests.support.calls import MANAGER, get, invoke, post
from tests.support.recorded import put_all, recorded
from tests.support.store import dump, store

CLIENT_ID = "client-1"
ARCHIVE = f"/clients/{CLIENT_ID}/archive"
CHARGING = payment("pay-charging", status=PaymentStatus.CHARGING, due_at=NOW + 9 * DAY)
FALLEN_BACK = replace(CHARGING, status=PaymentStatus.SCHEDULED)
LABEL = {"at": "2026-03-11T09:30:00Z", "title": None, "amount": {"currency": "USD", "cents": 7500}}
NAMED = [{"kind": "payment", "record_id": "pay-charging", "label": LABEL}]
OTHER_STAFF = MANAGER | {"sub": "staff-8"}
ONE_OF_EACH_ANEW: list[Record] = [
    appointment("new-appt"),
    payment("new-pay"),
    membership("new-chat"),
    recipient("new-blast"),
    feed_entry("new-feed"),
    reminder("new-reminder"),
]


def write(table: Table, *records: Record) -> None:
    """Have another system write a client's records, whatever became of the client."""
    table.put_many([record_item(Keys(PROVIDER_ID), CLIENT_ID, record) for record in records])


def archived_while_charging(table: Table) -> dict[str, Any]:
    """Archive a client one of whose payments is being charged; return the receipt."""
    store(table, client(), *one_of_each(), CHARGING)
    receipt: dict[str, Any] = post(ARCHIVE, {}).body["receipt"]
    return receipt


def clean_up() -> dict[str, int]:
    done: dict[str, int] = invoke("scheduled_cleanup.handler.lambda_handler", {})
    return done


def status(table: Table, record: Record) -> Any:
    return dump(table)[f"CLIENT#{PROVIDER_ID}#{CLIENT_ID}", f"{record.kind.upper()}#{record.record_id}"].get("status")


def lines() -> list[tuple[str, str, str]]:
    """The history, oldest first: what happened, through what, by whom."""
    entries = get(f"/clients/{CLIENT_ID}/history").body["entries"]
    return [(one["event"], one["by"]["source"], one["by"]["actor_id"]) for one in reversed(entries)]


def watched(table: Table) -> list[str]:
    return [sk for (_, sk), item in dump(table).items() if item.get("due_key", "").startswith("LEFT_ALONE")]


class TestArchivingAnArchivedClient:
    def test_a11_a_payment_that_fell_back_is_cancelled_in_receipt_and_history(self, table: Table, clock: Clock) -> None:
        first = archived_while_charging(table)
        write(table, FALLEN_BACK)
        clock.pass_by(HOUR)

        again = post(ARCHIVE, {"reason": "other", "notify_client": True}, claims=OTHER_STAFF)

        assert again.status == 200
        assert (again.body["made_good"], again.body["made_good_total"]) == (NAMED, 1)
        change = again.body["receipt"]["changes"][-1]
        assert (change["kind"], change["record_id"]) == ("payment", "pay-charging")
        assert (change["before"]["status"], change["after"]["status"]) == ("scheduled", "cancelled")
        assert (change["after"]["cancelled_by"], change["after"]["cancelled_at"]) == ("archive", "2026-03-02T10:30:00Z")
        assert again.body["receipt"] == first | {"changes": [*first["changes"], change]}
        assert get(f"/clients/{CLIENT_ID}/receipts").body["receipts"] == [again.body["receipt"]]
        assert status(table, CHARGING) == "cancelled"
        assert lines() == [
            ("client.archived", "staff", STAFF_ID),
            ("client.archive_made_good", "staff", "staff-8"),
        ]

    def test_a11_the_client_stays_as_it_is_and_its_revision_does_not_rise(self, table: Table, clock: Clock) -> None:
        archived_while_charging(table)
        write(table, FALLEN_BACK)
        key = {"pk": f"CLIENT#{PROVIDER_ID}#{CLIENT_ID}", "sk": "CLIENT"}
        before = table.get(key)
        clock.pass_by(HOUR)
        post(ARCHIVE, {"mute_email": True})
        assert table.get(key) == {**(before or {}), "made_good_at": "2026-03-02T10:30:00Z"}

    def test_a11_whatever_is_live_is_ended_whatever_wrote_it(self, table: Table, clock: Clock) -> None:
        store(table, client(), *one_of_each())
        post(ARCHIVE, {})
        write(table, *ONE_OF_EACH_ANEW, appointment("begun", starts_at=NOW))
        clock.pass_by(HOUR)
        made_good = post(ARCHIVE, {}).body["made_good"]
        assert {change["record_id"] for change in made_good} == {one.record_id for one in ONE_OF_EACH_ANEW}
        assert status(table, appointment("begun")) == "booked"

    def test_a11_nothing_live_is_nothing_made_good_and_nothing_written(self, table: Table, clock: Clock) -> None:
        store(table, client(), *one_of_each())
        assert post(ARCHIVE, {}).body["made_good"] == []
        before = dump(table)
        clock.pass_by(HOUR)
        assert post(ARCHIVE, {}).body["made_good"] == []
        assert dump(table) == before

    def test_a11_a_record_may_become_live_more_than_once(self, table: Table, clock: Clock) -> None:
        archived_while_charging(table)
        for _ in range(2):
            write(table, FALLEN_BACK)
            clock.pass_by(HOUR)
            assert len(post(ARCHIVE, {}).body["made_good"]) == 1
        receipt = post(ARCHIVE, {}).body["receipt"]
        assert [change["record_id"] for change in receipt["changes"]].count("pay-charging") == 2

    def test_a11_more_than_one_transaction_takes_is_made_good_in_full(
        self, table: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(archives, "CHANGES_UNDER_STAMP", 2)
        archived_while_charging(table)
        others = [replace(CHARGING, record_id=f"also-charging-{number}") for number in range(5)]
        write(table, *ONE_OF_EACH_ANEW, *others)
        clock.pass_by(HOUR)
        answer = post(ARCHIVE, {}).body
        assert len(answer["made_good"]) == len(ONE_OF_EACH_ANEW)
        assert len(answer["receipt"]["left_alone"]) == 6
        assert len(watched(table)) == 6

    def test_a11_who_comes_back_meanwhile_is_archived_like_any_other(
        self, table: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = archived_while_charging(table)
        write(table, FALLEN_BACK)
        transact, calls = Table.transact, []

        def once_activated_before(self: Table, writes: Any) -> None:
            calls.append(writes)
            if len(calls) == 1:
                post(f"/clients/{CLIENT_ID}/activate", {})
            transact(self, writes)

        monkeypatch.setattr(Table, "transact", once_activated_before)
        clock.pass_by(HOUR)
        answer = post(ARCHIVE, {}).body
        assert answer["receipt"]["archive_id"] != first["archive_id"]
        assert [change["record_id"] for change in answer["receipt"]["changes"]] == ["pay-charging"]
        assert answer["made_good"] == []

    def test_a11_what_was_made_good_is_restored_with_the_rest(self, table: Table, clock: Clock) -> None:
        archived_while_charging(table)
        write(table, FALLEN_BACK)
        clock.pass_by(HOUR)
        post(ARCHIVE, {})
        answer = post(f"/clients/{CLIENT_ID}/activate", {"restore": list(Restorable)}).body
        assert {item["outcome"] for item in answer["restored"]} == {"restored"}
        assert status(table, CHARGING) == "scheduled"

    def test_a11_what_cannot_be_read_is_named_and_all_else_is_ended(self, table: Table, clock: Clock) -> None:
        archived_while_charging(table)
        write(table, FALLEN_BACK)
        table.put_many([record_item(Keys(PROVIDER_ID), CLIENT_ID, reminder("odd")) | {"remind_at": "some day"}])
        clock.pass_by(HOUR)
        assert post(ARCHIVE, {}).problem == "UnreadableRecord"
        assert status(table, CHARGING) == "cancelled"


class TestTheCleanUp:
    def test_a11_it_finds_a_payment_that_fell_back_without_being_told(self, table: Table, clock: Clock) -> None:
        archived_while_charging(table)
        write(table, FALLEN_BACK)
        clock.pass_by(CHECK_ARCHIVE_AFTER)
        assert clean_up() == {"archive_made_good": 1}
        assert status(table, CHARGING) == "cancelled"
        assert lines()[-1] == ("client.archive_made_good", "staff", STAFF_ID)
        assert watched(table) == []
        clock.pass_by(DAY)
        assert clean_up() == {}

    def test_a11_it_looks_again_and_again_until_the_payment_is_charged(self, table: Table, clock: Clock) -> None:
        archived_while_charging(table)
        looks = 0
        for _ in range(4 * 24 * 4):
            clock.pass_by(HOUR / 4)
            looks += sum(clean_up().values())
        assert 4 <= looks <= 12
        write(table, replace(CHARGING, status=PaymentStatus.CHARGED))
        clock.pass_by(DAY)
        assert clean_up() == {"nothing": 1}
        assert watched(table) == []
        assert len(lines()) == 1

    @pytest.mark.parametrize("minutes", [10, 15, 20, 60])
    def test_a11_whenever_it_looks_a_payment_in_charge_stays_on_its_list(
        self, table: Table, clock: Clock, minutes: int
    ) -> None:
        archived_while_charging(table)
        clock.pass_by(minutes * HOUR / 60)
        assert clean_up() == {"nothing": 1}
        assert len(watched(table)) == 1

    def test_a11_it_forgets_a_client_who_is_back(self, table: Table, clock: Clock) -> None:
        archived_while_charging(table)
        post(f"/clients/{CLIENT_ID}/activate", {})
        write(table, FALLEN_BACK)
        clock.pass_by(CHECK_ARCHIVE_AFTER)
        assert clean_up() == {"nothing": 1}
        assert (status(table, CHARGING), watched(table)) == ("scheduled", [])

    def test_a11_what_a_large_archive_left_alone_is_looked_at_too(
        self, table: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(archives, "CHANGES_WITH_FLIP", 2)
        monkeypatch.setattr(archives, "CHANGES_UNDER_STAMP", 2)
        others = [replace(CHARGING, record_id=f"also-charging-{number}") for number in range(4)]
        store(table, client(), *one_of_each(), CHARGING, *others)
        receipt = post(ARCHIVE, {}).body["receipt"]
        assert (receipt["state"], len(receipt["changes"]), len(receipt["left_alone"])) == ("settled", 6, 5)
        assert len(watched(table)) == 5


class TestBulk:
    @pytest.fixture(autouse=True)
    def practice(self, table: Table, executions: Executions) -> None:
        store(table, client("client-2"), *one_of_each())

    @staticmethod
    def told(workflow: Workflow) -> dict[str, Any]:
        clients = get(f"/bulk-archives/{workflow.run_id}/clients").body["clients"]
        return {one["client_id"]: one["made_good"] for one in clients}

    @pytest.mark.parametrize("deliveries", [1, 2])
    def test_a11_an_archived_client_of_a_run_is_made_good_and_the_run_tells_it(
        self, table: Table, clock: Clock, deliveries: int
    ) -> None:
        first = archived_while_charging(table)
        write(table, FALLEN_BACK)
        clock.pass_by(HOUR)
        workflow = confirmed(CLIENT_ID, "client-2", deliveries=deliveries)
        assert workflow.whole(CLIENT_ID, "client-2") == "completed"
        assert workflow.outcomes == {CLIENT_ID: ("already_archived", None), "client-2": ("archived", None)}
        made_good = {"archive_id": first["archive_id"], "total": 1, "items": NAMED}
        assert self.told(workflow) == {CLIENT_ID: made_good, "client-2": None}
        assert status(table, CHARGING) == "cancelled"
        assert lines()[-1] == ("client.archive_made_good", "bulk_archive", STAFF_ID)

    def test_a11_it_is_made_good_also_if_it_became_live_after_the_preview(self, table: Table, clock: Clock) -> None:
        archived_while_charging(table)
        workflow = confirmed(CLIENT_ID)
        write(table, FALLEN_BACK)
        clock.pass_by(HOUR)
        workflow.whole(CLIENT_ID)
        assert workflow.counts == {"already_archived": 1}
        assert status(table, CHARGING) == "cancelled"

    def test_a11_a_crash_between_two_transactions_loses_no_line(
        self, table: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archived_while_charging(table)
        write(table, *ONE_OF_EACH_ANEW)
        clock.pass_by(HOUR)
        workflow = confirmed(CLIENT_ID)
        monkeypatch.setattr(archives, "CHANGES_UNDER_STAMP", 2)
        with cut_off_at_second_transaction():
            workflow.mark(workflow.batch(CLIENT_ID))
        workflow.whole(CLIENT_ID)
        told = self.told(workflow)[CLIENT_ID]
        assert told["total"] == len(told["items"]) == len(ONE_OF_EACH_ANEW)

    def test_a11_the_clean_up_finds_a_payment_that_a_run_left_alone(self, table: Table, clock: Clock) -> None:
        store(table, client(), *one_of_each(), CHARGING)
        workflow = confirmed(CLIENT_ID, deliveries=2)
        workflow.whole(CLIENT_ID)
        assert len(watched(table)) == 1
        write(table, FALLEN_BACK)
        clock.pass_by(CHECK_ARCHIVE_AFTER)
        assert clean_up()["archive_made_good"] == 1
        undo = post(f"/bulk-archives/{workflow.run_id}/undo").body["run_id"]
        assert Workflow(undo, kind="undo").whole(CLIENT_ID) == "completed"
        assert status(table, CHARGING) == "scheduled"


def test_a11_a_restore_while_a_payment_is_made_good_leaves_nothing_behind(
    table: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    archived_while_charging(table)
    write(table, FALLEN_BACK)
    clock.pass_by(HOUR)
    read, calls = archives.read_receipt, []

    def once_made_good_after(*place: Any) -> Any:
        found = read(*place)
        calls.append(place)
        if len(calls) == 1:
            assert len(post(ARCHIVE, {}).body["made_good"]) == 1
        return found

    monkeypatch.setattr(archives, "read_receipt", once_made_good_after)
    post(f"/clients/{CLIENT_ID}/activate", {"restore": list(Restorable)})
    assert status(table, CHARGING) == "scheduled"


def test_a11_what_an_older_version_left_alone_is_made_good_by_archiving(table: Table, clock: Clock) -> None:
    put_all(table, recorded("2026-11-24"))
    clock.at = NOW + DAY
    record = replace(FALLEN_BACK, due_at=NOW + DAY)
    table.put_many([record_item(Keys(PROVIDER_ID), "c-archived", record)])
    answer = post("/clients/c-archived/archive", {}).body
    assert [change["record_id"] for change in answer["made_good"]] == ["pay-charging"]
    assert [left["record_id"] for left in answer["receipt"]["left_alone"]] == ["pay-charging"]


def test_a11_finishing_a_settling_archive_makes_nothing_good(table: Table, executions: Executions) -> None:
    store(table, client(), *one_of_each(), CHARGING)
    workflow = confirmed(CLIENT_ID)
    workflow.mark(workflow.batch(CLIENT_ID))
    answer = post(ARCHIVE, {}).body
    assert (answer["receipt"]["state"], answer["made_good"]) == ("settled", [])
    assert (len(answer["receipt"]["changes"]), len(answer["receipt"]["left_alone"])) == (6, 1)
    assert workflow.whole(CLIENT_ID) == "completed"
    assert workflow.counts == {"archived": 1}
    assert [line[0] for line in lines()] == ["client.archived"]


def test_a11_a_bulk_archive_finishes_an_archive_that_is_still_settling(table: Table, executions: Executions) -> None:
    store(table, client(), *one_of_each(), CHARGING)
    first = confirmed(CLIENT_ID)
    first.mark(first.batch(CLIENT_ID))
    second = confirmed(CLIENT_ID)
    second.mark(second.batch(CLIENT_ID))
    [receipt] = get(f"/clients/{CLIENT_ID}/receipts").body["receipts"]
    assert receipt["state"] == "settled"
    assert second.whole(CLIENT_ID) == "completed"
    assert second.counts == {"already_archived": 1}
    assert [line[0] for line in lines()] == ["client.archived"]
