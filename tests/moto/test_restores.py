"""Restores over HTTP and by an undo: what came back, what did not and why, from the latest receipt or any other."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.records import Record
from client_lifecycle.storage import archives
from client_lifecycle.storage.clients import record_item
from client_lifecycle.storage.commitments import Calendar
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.runs import read_run
from client_lifecycle.storage.settlements import Settlement, settle_members
from client_lifecycle.storage.stream import events_of, stream_record
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases import restore as restores
from tests.moto.conftest import Clock, Executions
from tests.moto.workflow import Workflow, confirmed
from tests.support.builders import (
    DAY,
    GROUP_ID,
    HOUR,
    MOMENT,
    NOW,
    PROVIDER_ID,
    appointment,
    client,
    group,
    membership,
    one_of_each,
    payment,
)
from tests.support.calls import READER, STRANGER, get, invoke, post
from tests.support.store import dump, statuses, store, store_group

GROUP_MEMBERS = [f"g-{number}" for number in range(8)]
RECORD_KEYS = tuple(f"{kind.upper()}#" for kind in ("appointment", "payment", "membership", "feed_entry", "reminder"))


@pytest.fixture(autouse=True)
def practice(table: Table, executions: Executions) -> Table:
    return table


def class_slots(client_id: str) -> list[Record]:
    """Three meetings of a class, the client's place in each an appointment of its own."""
    return [appointment(f"class-{week}-{client_id}", starts_at=NOW + week * 7 * DAY) for week in (1, 2, 3)]


def clean_up() -> dict[str, int]:
    """Let the clean-up look at all that is due, and return what it did."""
    answer: dict[str, int] = invoke("scheduled_cleanup.handler.lambda_handler", {})
    return answer


def records(table: Table) -> dict[Any, Any]:
    """Everything that can be restored, as it is stored."""
    return {key: item for key, item in dump(table).items() if key[1].startswith(RECORD_KEYS)}


def undone(workflow: Workflow, *client_ids: str) -> Workflow:
    undo = Workflow(post(f"/bulk-archives/{workflow.run_id}/undo").body["run_id"], kind="undo")
    undo.whole(*client_ids)
    return undo


def archived_together(*client_ids: str) -> Workflow:
    workflow = confirmed(*client_ids)
    assert workflow.whole(*client_ids) == "completed"
    return workflow


def book(table: Table, clock: Clock, **fields: Any) -> None:
    """Another client books at this moment."""
    store(table, client("c-new"), appointment("new", booked_at=clock.at, **fields))


def outcomes(answer: Any) -> dict[str, str]:
    return {item["record_id"]: item["outcome"] for item in answer.body["restored"]}


class TestSlots:
    def test_a1_a_group_s_classes_are_all_booked_again_after_an_undo(self, table: Table, clock: Clock) -> None:
        store_group(table, group())
        for client_id in GROUP_MEMBERS:
            store(table, client(client_id, group_id=GROUP_ID), *class_slots(client_id), membership())
        before = records(table)
        workflow = archived_together(*GROUP_MEMBERS)
        clock.pass_by(HOUR)
        undo = undone(workflow, *GROUP_MEMBERS)
        assert undo.outcomes == dict.fromkeys(GROUP_MEMBERS, ("activated", None))
        assert records(table) == before
        assert get(f"/bulk-archives/{undo.run_id}").body["state"] == "completed"

    def test_a1_a_batch_of_an_undo_reads_the_calendar_once(
        self, table: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for client_id in GROUP_MEMBERS:
            store(table, client(client_id), *class_slots(client_id))
        workflow = archived_together(*GROUP_MEMBERS)
        clock.pass_by(HOUR)
        read: list[Calendar] = []

        def nobody(calendar: Calendar, *_: object) -> tuple[()]:
            read.append(calendar)
            return ()

        monkeypatch.setattr(Calendar, "_read", nobody)
        undone(workflow, *GROUP_MEMBERS)
        assert len(read) == 1

    @pytest.mark.parametrize(("calendar", "outcome"), [(None, "slot_taken"), ("room-2", "restored")])
    def test_a1_a_booking_through_the_hook_takes_a_slot_of_its_calendar(
        self, table: Table, clock: Clock, calendar: str | None, outcome: str
    ) -> None:
        store(table, client("c-1"), appointment())
        post("/clients/c-1/archive", {})
        clock.pass_by(HOUR)
        book(table, clock, starts_at=appointment().starts_at, calendar_id=calendar)
        assert outcomes(post("/clients/c-1/activate", {"restore": ["appointments"]})) == {"appt-1": outcome}


class TestUndoTellsAll:
    @pytest.fixture
    def undo(self, table: Table, clock: Clock) -> Workflow:
        """The undo of a run of two, of whom one finds a slot taken and a payment's date passed."""
        store(table, client("c-1"), *one_of_each(), payment("pay-2", due_at=NOW + HOUR))
        store(table, client("c-2"), membership())
        workflow = archived_together("c-1", "c-2")
        clock.pass_by(2 * HOUR)
        book(table, clock, starts_at=appointment().starts_at)
        return undone(workflow, "c-1", "c-2")

    def test_a1_a_member_names_each_record_that_did_not_come_back(self, undo: Workflow) -> None:
        assert undo.outcomes == {"c-1": ("activated_in_part", None), "c-2": ("activated", None)}
        address = f"/bulk-archives/{undo.run_id}/clients?outcome=activated_in_part"
        [member] = get(address).body["clients"]
        assert member["not_restored_total"] == 2
        assert sorted(member["not_restored"], key=lambda item: item["record_id"]) == [
            {
                "kind": "appointment",
                "record_id": "appt-1",
                "outcome": "slot_taken",
                "label": {"at": "2026-03-03T09:30:00Z", "title": None, "amount": None},
            },
            {
                "kind": "payment",
                "record_id": "pay-2",
                "outcome": "payment_date_passed",
                "label": {"at": "2026-03-02T10:30:00Z", "title": None, "amount": {"currency": "USD", "cents": 7500}},
            },
        ]

    def test_a1_the_run_does_not_look_like_one_that_restored_all(self, undo: Workflow) -> None:
        run = get(f"/bulk-archives/{undo.run_id}").body
        assert run["state"] == "completed_in_part"
        assert (run["not_restored"], run["not_restored_total"]) == ({"slot_taken": 1, "payment_date_passed": 1}, 2)
        assert (run["counts"]["activated"], run["counts"]["activated_in_part"], run["percent_done"]) == (1, 1, 100)
        [listed] = [one for one in get("/bulk-archives").body["runs"] if one["run_id"] == undo.run_id]
        assert listed["not_restored"] == run["not_restored"]

    def test_a1_the_run_s_event_counts_what_did_not_come_back(self, table: Table, undo: Workflow) -> None:
        key = Keys(PROVIDER_ID).run(undo.run_id)
        stored = table.client.get_item(TableName=table.name, Key={name: {"S": part} for name, part in key.items()})
        before = {**stored["Item"], "state": {"S": "running"}}
        write = {
            "SequenceNumber": "1",
            "Keys": {name: {"S": part} for name, part in key.items()},
            "OldImage": before,
            "NewImage": stored["Item"],
        }
        [event] = events_of(stream_record({"eventName": "MODIFY", "eventSourceARN": "arn", "dynamodb": write}))
        assert event.name == "bulk_archive.completed_in_part"
        assert event.detail["not_restored"] == {"slot_taken": 1, "payment_date_passed": 1}

    def test_a1_a_step_delivered_again_tells_the_same(self, table: Table, clock: Clock, undo: Workflow) -> None:
        member = get(f"/bulk-archives/{undo.run_id}/clients").body["clients"][0]
        undo.undo(undo.batch("c-1", "c-2"))
        assert get(f"/bulk-archives/{undo.run_id}/clients").body["clients"][0] == member


def test_a_run_stored_before_there_was_an_outcome_can_count_it(table: Table, tenant: Tenant) -> None:
    store(table, client("c-1"), membership())
    workflow = archived_together("c-1")
    undo = Workflow(post(f"/bulk-archives/{workflow.run_id}/undo").body["run_id"], kind="undo")
    run = Keys(PROVIDER_ID).run(undo.run_id)
    table.client.update_item(
        TableName=table.name,
        Key={name: {"S": part} for name, part in run.items()},
        UpdateExpression="REMOVE counts.activated_in_part, not_restored",
    )
    settled = Settlement(client_id="c-1", position=0, outcome=Outcome.ACTIVATED_IN_PART)
    settle_members(tenant, undo.run_id, 1, [settled], at=NOW)
    assert read_run(tenant, undo.run_id).counts[Outcome.ACTIVATED_IN_PART] == 1
    assert undo.finish() == "completed_in_part"


def many() -> list[Record]:
    return [payment(f"p-{number:02d}", due_at=NOW + (number + 1) * DAY) for number in range(10)]


class TestALargeRestore:
    """More than one answer waits for: two transactions of three changes."""

    @pytest.fixture(autouse=True)
    def small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archives, "CHANGES_WITH_REACTIVATION", 3)
        monkeypatch.setattr(restores, "TRANSACTIONS_PER_ANSWER", 2)
        monkeypatch.setattr("client_lifecycle.use_cases.activate.TRANSACTIONS_PER_ANSWER", 2)

    @pytest.fixture
    def archive_id(self, table: Table, clock: Clock) -> str:
        store(table, client("c-1"), *many())
        archive_id = post("/clients/c-1/archive", {}).body["receipt"]["archive_id"]
        clock.pass_by(MOMENT)
        return str(archive_id)

    def scheduled(self, table: Table) -> int:
        return sum(status == "scheduled" for status in statuses(table, "c-1").values())

    def test_a1_the_answer_says_restoring_and_the_clean_up_finishes(
        self, table: Table, clock: Clock, archive_id: str
    ) -> None:
        answer = post("/clients/c-1/activate", {"restore": ["payments"]})
        assert (answer.status, answer.body["state"], answer.body["client"]["status"]) == (200, "restoring", "active")
        assert list(outcomes(answer).values()) == ["restored"] * 6 + ["pending"] * 4
        address = f"/clients/c-1/receipts/{archive_id}/restore"
        assert get(address).body | {"state": "restoring", "restored": 6} == get(address).body
        clock.pass_by(timedelta(minutes=5))
        assert clean_up()["restore_finished"] == 1
        report = get(address, claims=READER).body
        assert (report["state"], report["restored"], report["counts"], report["not_restored"]) == (
            "finished",
            10,
            {},
            [],
        )
        assert self.scheduled(table) == 10
        assert "restore_finished" not in {name for name, times in clean_up().items() if times}

    def test_a1_asking_again_continues(self, table: Table, archive_id: str) -> None:
        post("/clients/c-1/activate", {"restore": ["payments"]})
        answer = post("/clients/c-1/activate", {"restore": ["payments"]})
        assert (answer.body["state"], set(outcomes(answer).values())) == ("finished", {"restored"})
        assert self.scheduled(table) == 10

    def test_a_new_archive_ends_it_and_nothing_becomes_live(self, table: Table, clock: Clock, archive_id: str) -> None:
        post("/clients/c-1/activate", {"restore": ["payments"]})
        clock.pass_by(HOUR)
        post("/clients/c-1/archive", {})
        clock.pass_by(HOUR)
        clean_up()
        assert self.scheduled(table) == 0
        report = get(f"/clients/c-1/receipts/{archive_id}/restore").body
        assert (report["state"], report["restored"], report["counts"]) == ("finished", 6, {"superseded": 4})

    def test_what_was_changed_meanwhile_stays_as_it_is(self, table: Table, clock: Clock, archive_id: str) -> None:
        post("/clients/c-1/activate", {"restore": ["payments"]})
        key = Keys(PROVIDER_ID).record("c-1", many()[9].kind, "p-09")
        table.client.update_item(
            TableName=table.name,
            Key={name: {"S": part} for name, part in key.items()},
            UpdateExpression="SET cancelled_by = :staff",
            ExpressionAttributeValues={":staff": {"S": "staff"}},
        )
        clock.pass_by(timedelta(minutes=5))
        clean_up()
        report = get(f"/clients/c-1/receipts/{archive_id}/restore").body
        [missing] = report["not_restored"]
        assert (report["restored"], missing["record_id"], missing["outcome"]) == (9, "p-09", "changed_since")

    def test_a_step_of_an_undo_restores_all_of_it(self, table: Table, clock: Clock) -> None:
        store(table, client("c-9"), *many())
        workflow = archived_together("c-9")
        clock.pass_by(MOMENT)
        undo = undone(workflow, "c-9")
        assert undo.outcomes == {"c-9": ("activated", None)}
        assert sum(status == "scheduled" for status in statuses(table, "c-9").values()) == 10


class TestEveryReceipt:
    """A9: archive, activate, archive, activate; either archive can be taken back."""

    @pytest.fixture
    def receipts(self, table: Table, clock: Clock) -> list[str]:
        """The archive ids of two archives: of an appointment, and of a payment that was added in between."""
        store(table, client("c-1"), appointment(starts_at=NOW + 30 * DAY))
        archive_ids = []
        for number in range(2):
            archive_ids.append(post("/clients/c-1/archive", {}).body["receipt"]["archive_id"])
            clock.pass_by(HOUR)
            post("/clients/c-1/activate", {})
            clock.pass_by(HOUR)
            if number == 0:
                store_records(table, payment(due_at=NOW + 30 * DAY))
        return archive_ids

    def restore(self, archive_id: str, body: Any = None, **options: Any) -> Any:
        return post(f"/clients/c-1/receipts/{archive_id}/restore", body, **options)

    def test_a9_the_first_archive_s_appointments_come_back_too(self, table: Table, receipts: list[str]) -> None:
        assert outcomes(post("/clients/c-1/activate", {"restore": ["appointments"]})) == {}
        answer = self.restore(receipts[0])
        assert (answer.status, outcomes(answer), answer.body["state"]) == (200, {"appt-1": "restored"}, "finished")
        assert outcomes(self.restore(receipts[1], {"restore": ["payments"]})) == {"pay-1": "restored"}
        found = statuses(table, "c-1")
        assert (found["APPOINTMENT#appt-1"], found["PAYMENT#pay-1"]) == ("booked", "scheduled")
        report = get(f"/clients/c-1/receipts/{receipts[0]}/restore").body
        assert (report["restored"], report["asked_by"]["source"]) == (1, "staff")

    def test_what_could_not_be_taken_back_is_counted(
        self, table: Table, clock: Clock, receipts: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        book(table, clock, starts_at=NOW + 30 * DAY)
        answer = self.restore(receipts[0])
        missing = [outcome for outcome in outcomes(answer).values() if outcome != "restored"]
        told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
        assert [one["not_restored"] for one in told] == [[float(len(missing))]]

    def test_a9_restoring_twice_changes_nothing(self, table: Table, receipts: list[str]) -> None:
        first = self.restore(receipts[0])
        before = dump(table)
        assert outcomes(self.restore(receipts[0])) == outcomes(first)
        assert dump(table) == before

    def test_a9_what_a_later_archive_cancelled_is_its_to_give_back(self, table: Table, clock: Clock) -> None:
        store(table, client("c-1"), appointment(starts_at=NOW + 30 * DAY))
        archive_ids = []
        for asked in (["appointments"], []):
            archive_ids.append(post("/clients/c-1/archive", {}).body["receipt"]["archive_id"])
            clock.pass_by(HOUR)
            post("/clients/c-1/activate", {"restore": asked})
            clock.pass_by(HOUR)
        assert outcomes(self.restore(archive_ids[0])) == {"appt-1": "changed_since"}
        assert outcomes(self.restore(archive_ids[1])) == {"appt-1": "restored"}

    def test_a9_an_archived_client_is_not_activated_by_it(
        self, table: Table, clock: Clock, receipts: list[str]
    ) -> None:
        post("/clients/c-1/archive", {})
        before = dump(table)
        answer = self.restore(receipts[0])
        assert (answer.status, answer.problem, answer.fields) == (409, "StillArchived", ["client_id"])
        assert dump(table) == before

    @pytest.mark.parametrize(
        ("claims", "status", "problem"), [(READER, 403, "NotPermitted"), (STRANGER, 404, "ClientNotFound")]
    )
    def test_only_archivers_of_the_provider_may(
        self, receipts: list[str], claims: Any, status: int, problem: str
    ) -> None:
        answer = self.restore(receipts[0], claims=claims)
        assert (answer.status, answer.problem) == (status, problem)

    def test_an_unknown_receipt_and_one_not_restored_are_told_apart(self, receipts: list[str]) -> None:
        assert self.restore("01KJPZ0000ARCHVE0000000404").problem == "ReceiptNotFound"
        assert self.restore(receipts[0], {"restore": []}).problem == "InvalidRequest"
        assert get(f"/clients/c-1/receipts/{receipts[0]}/restore").problem == "RestoreNotFound"
        assert get(f"/clients/c-404/receipts/{receipts[0]}/restore").problem == "ClientNotFound"

    def test_a9_a_record_restored_twice_is_told_of_twice(self, table: Table, clock: Clock) -> None:
        """A reminder bears no mark of the archive, so that an older receipt can take a later archive back."""
        store(table, client("c-1"), *one_of_each())
        archive_ids = []
        for asked in (["reminders"], []):
            archive_ids.append(post("/clients/c-1/archive", {}).body["receipt"]["archive_id"])
            clock.pass_by(HOUR)
            post("/clients/c-1/activate", {"restore": asked})
            clock.pass_by(HOUR)
        self.restore(archive_ids[0], {"restore": ["reminders"]})
        with_return = [line for line in dump(table).values() if line.get("archive_id") == archive_ids[0]]
        [first] = [line for line in with_return if line.get("event") == "client.activated"]
        [second] = [item for (_, sk), item in dump(table).items() if sk.startswith(f"RESTORE#{archive_ids[0]}")]
        assert [len(told["changes"]) for told in (first, second)] == [1, 1]


def store_records(table: Table, *records: Record) -> None:
    table.put_many([record_item(Keys(PROVIDER_ID), "c-1", record) for record in records])


def test_no_name_is_in_what_a_restore_keeps(table: Table) -> None:
    store(table, client("c-1"), *one_of_each())
    archive_id = post("/clients/c-1/archive", {}).body["receipt"]["archive_id"]
    post("/clients/c-1/activate", {"restore": ["payments", "appointments", "feed"]})
    kept = table.get(Keys(PROVIDER_ID).restoration("c-1", archive_id))
    assert kept
    assert client().name not in json.dumps(kept, default=str)
