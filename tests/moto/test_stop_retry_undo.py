"""A run that is stopped, tried again or undone: each does what it says once, and none gets in the way of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from client_lifecycle.domain.client import Status
from client_lifecycle.domain.errors import StorageBusy
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.practice_history import PracticeEvent
from client_lifecycle.domain.runs import RunState, prepare_retry
from client_lifecycle.edge import wiring
from client_lifecycle.storage import keys, runs, settlements
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.runs import create_run, read_run, replace_run
from client_lifecycle.storage.settlements import exclude_members
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.practice_lines import practice_line
from tests.moto.conftest import Clock, Executions
from tests.moto.crashes import cut_off_at_second_transaction
from tests.moto.workflow import Workflow, confirmed, manifest
from tests.support.builders import (
    DAY,
    HOUR,
    MOMENT,
    NOW,
    STAFF_ID,
    appointment,
    cause,
    client,
    facts,
    member,
    one_of_each,
    run,
    stamp,
)
from tests.support.calls import READER, STRANGER, Answer, get, patch, post
from tests.support.faults import THROTTLED, failing
from tests.support.store import dump, statuses, store

EVERYONE = ["c-1", "c-2", "c-3"]
PREVIEWED = practice_line(PracticeEvent.RUN_PREVIEWED, cause(), NOW)
BULK = "/bulk-archives"


@pytest.fixture(autouse=True)
def practice(table: Table, executions: Executions) -> Table:
    for client_id in EVERYONE:
        store(table, client(client_id), *one_of_each())
    return table


def call(verb: str, workflow: Workflow, **options: Any) -> Answer:
    return post(f"{BULK}/{workflow.run_id}/{verb}", **options)


def seen(workflow: Workflow) -> Any:
    return get(f"{BULK}/{workflow.run_id}").body


def with_a_lost_batch(*lost: str) -> Workflow:
    """A finished run of everyone, in which these clients were never reached."""
    workflow = confirmed(*(one for one in EVERYONE if one not in lost), *lost)
    reached = [one for one in EVERYONE if one not in lost]
    workflow.settle(workflow.effects(workflow.mark(workflow.batch(*reached))))
    assert workflow.finish() == "completed_with_failures"
    return workflow


def names(executions: Executions) -> list[str]:
    return sorted(one["name"] for one in executions())


class TestStop:
    def test_stopping_ends_the_running_batch_and_reaches_no_other(self, tenant: Tenant) -> None:
        workflow = confirmed(*EVERYONE)
        at_work = workflow.mark(workflow.batch("c-1"))
        assert (call("stop", workflow).status, seen(workflow)["state"]) == (202, "stopping")
        workflow.settle(workflow.effects(at_work))
        workflow.settle(workflow.effects(workflow.mark(workflow.batch("c-2", "c-3", first=1))))
        assert workflow.finish() == "stopped"
        assert workflow.outcomes == {
            "c-1": ("archived", None),
            "c-2": ("not_reached", None),
            "c-3": ("not_reached", None),
        }
        assert read_client(tenant, "c-2").stamp is None

    def test_stopping_twice_or_after_the_end_changes_nothing(self, table: Table) -> None:
        workflow = confirmed(*EVERYONE)
        call("stop", workflow)
        once = dump(table)
        assert call("stop", workflow).body["state"] == "stopping"
        assert dump(table) == once
        workflow.finish()
        ended = dump(table)
        assert call("stop", workflow).body["state"] == "stopped"
        assert dump(table) == ended

    def test_a_waiting_run_is_cancelled_and_can_no_longer_be_confirmed(self, executions: Executions) -> None:
        shown = post(BULK, {"client_ids": EVERYONE}).body
        assert post(f"{BULK}/{shown['run_id']}/stop").body["state"] == "stopped"
        answer = post(f"{BULK}/{shown['run_id']}/confirm", {"token": shown["token"]})
        assert (answer.status, answer.problem) == (409, "RunNotStarted")
        assert executions() == []

    def test_a_client_marked_while_the_run_stops_is_not_called_not_reached(self) -> None:
        workflow = confirmed("c-1")
        workflow.mark(workflow.batch("c-1"))
        call("stop", workflow)
        decided = {"marked": [], "outcomes": [{"client_id": "c-1", "outcome": "not_reached", "reason": None}]}
        workflow.settle({**workflow.batch("c-1"), "first": decided, "effects": []})
        assert workflow.outcomes == {"c-1": ("pending", None)}
        assert workflow.finish() == "stopped"
        assert workflow.outcomes == {"c-1": ("failed", "BatchNotSettled")}


class TestRetry:
    def test_the_failed_and_the_not_reached_are_tried_again_and_nobody_else(
        self, table: Table, executions: Executions
    ) -> None:
        workflow = with_a_lost_batch("c-2", "c-3")
        archived = statuses(table, "c-1")
        answer = call("retry", workflow)
        assert (answer.status, answer.body["state"], answer.body["attempt"]) == (202, "preparing", 2)
        again = Workflow(workflow.run_id, attempt=2)
        assert again.prepare()
        assert seen(workflow)["state"] == "running"
        assert workflow.counts == {"archived": 1, "pending": 2}
        assert manifest_of(workflow, 2) == ["c-2", "c-3"]
        again.settle(again.effects(again.mark(again.batch("c-2", "c-3", first=1))))
        assert again.finish() == "completed"
        assert again.outcomes == dict.fromkeys(EVERYONE, ("archived", None))
        assert statuses(table, "c-1") == archived
        assert names(executions) == [f"{workflow.run_id}-1", f"{workflow.run_id}-2"]

    def test_a_retry_is_answered_at_once_however_many_clients_it_is_about(
        self, table: Table, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        workflow = with_a_lost_batch("c-2", "c-3")
        with failing(wiring.table().client, THROTTLED, times=0) as made:
            call("retry", workflow)
        assert made == ["GetItem", "TransactWriteItems", "BatchGetItem"], "the run, the retry, and who is in the answer"

    def test_preparing_a_retry_twice_or_after_its_end_changes_nothing(self, table: Table) -> None:
        workflow = with_a_lost_batch("c-2", "c-3")
        call("retry", workflow)
        again = Workflow(workflow.run_id, attempt=2)
        assert again.prepare()
        once = dump(table)
        assert again.prepare()
        assert dump(table) == once
        assert not Workflow(workflow.run_id, attempt=1).prepare()
        assert again.whole("c-1", "c-2", "c-3") == "completed"
        ended = dump(table)
        assert not again.prepare()
        assert dump(table) == ended

    def test_clients_are_reopened_in_all_partitions_alike(
        self, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keys, "MEMBERS_PER_PARTITION", 20)
        monkeypatch.setattr(settlements, "MEMBERS_PER_TRANSACTION", 8)
        left: dict[str, Any] = {"facts": facts(status=Status.ACTIVE), "outcome": Outcome.NOT_REACHED}
        members = [member(place, **left) for place in range(80)]
        ended = run(members, state=RunState.STOPPED, started_at=NOW, finished_at=NOW)
        create_run(tenant, ended, members, PREVIEWED)
        assert post(f"{BULK}/{ended.run_id}/retry").body["state"] == "preparing"
        blocks: list[Counter[str]] = []
        transact = Table.transact

        def watched(of: Table, writes: Sequence[Any]) -> None:
            reopened = [write["Update"]["Key"] for write in writes]
            blocks.append(Counter(key["pk"]["S"] for key in reopened if key["sk"]["S"].startswith(keys.MEMBER_PREFIX)))
            transact(of, writes)

        monkeypatch.setattr(Table, "transact", watched)
        again = Workflow(ended.run_id, attempt=2)
        assert again.prepare()
        assert [set(block.values()) for block in blocks if block] == [{2}] * 10
        assert again.counts == {"pending": 80}

    def test_a_retry_that_cannot_be_prepared_ends_with_everyone_accounted_for(
        self, table: Table, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settlements, "MEMBERS_PER_TRANSACTION", 1)
        workflow = with_a_lost_batch("c-2", "c-3")
        call("retry", workflow)
        again = Workflow(workflow.run_id, attempt=2)
        with (
            failing(wiring.workflow().s3, THROTTLED),
            pytest.raises(StorageBusy),
        ):
            again.prepare()
        assert again.finish() == "completed_with_failures"
        assert again.counts == {"archived": 1, "not_reached": 2}
        assert not again.prepare()
        assert call("retry", workflow).body["attempt"] == 3
        assert Workflow(workflow.run_id, attempt=3).whole("c-1", "c-2", "c-3") == "completed"

    def test_a_client_that_failed_half_way_is_finished_under_the_stamp_it_has(self, tenant: Tenant) -> None:
        workflow = confirmed("c-1")
        state = workflow.mark(workflow.batch("c-1"))
        workflow.settle({**state, "effects": [{"error": "States.Timeout"}]})
        workflow.finish()
        before = read_client(tenant, "c-1").stamp
        call("retry", workflow)
        assert Workflow(workflow.run_id, attempt=2).whole("c-1") == "completed"
        assert read_client(tenant, "c-1").stamp == before
        assert post("/clients/c-1/archive", {}).body["receipt"]["state"] == "settled"

    def test_retrying_twice_starts_one_execution(self, table: Table, executions: Executions) -> None:
        workflow = with_a_lost_batch("c-3")
        first = call("retry", workflow).body
        once = dump(table)
        assert call("retry", workflow).body == first
        assert dump(table) == once
        assert len(executions()) == 2

    def test_a_run_with_nothing_to_retry_stays_as_it_is(self, table: Table) -> None:
        workflow = confirmed(*EVERYONE)
        workflow.whole(*EVERYONE)
        before = dump(table)
        assert call("retry", workflow).body["state"] == "completed"
        assert dump(table) == before

    def test_a_late_step_of_the_attempt_before_changes_nothing(self, table: Table) -> None:
        workflow = with_a_lost_batch("c-2", "c-3")
        call("retry", workflow)
        Workflow(workflow.run_id, attempt=2).prepare()
        before = dump(table)
        late = workflow.batch("c-2", "c-3", first=1)
        assert workflow.mark(late)["first"] == {"marked": [], "outcomes": []}
        workflow.settle({**late, "first_error": {"Error": "StorageBusy"}})
        assert workflow.finish() == "running"
        assert dump(table) == before

    def test_a_retry_that_broke_off_while_it_was_prepared_is_picked_up(
        self, tenant: Tenant, executions: Executions, clock: Clock
    ) -> None:
        workflow = with_a_lost_batch("c-2", "c-3")
        ended = read_run(tenant, workflow.run_id)
        replace_run(tenant, ended, prepare_retry(ended, STAFF_ID, clock.at))
        assert (seen(workflow)["state"], seen(workflow)["seconds_left"]) == ("preparing", None)
        assert call("retry", workflow).status == 202
        assert Workflow(workflow.run_id, attempt=2).prepare()
        assert workflow.counts == {"archived": 1, "pending": 2}
        assert names(executions)[1:] == [f"{workflow.run_id}-2"]

    def test_a_retry_that_is_stopped_while_it_is_prepared_reaches_nobody(self, tenant: Tenant, clock: Clock) -> None:
        workflow = with_a_lost_batch("c-2", "c-3")
        ended = read_run(tenant, workflow.run_id)
        replace_run(tenant, ended, prepare_retry(ended, STAFF_ID, clock.at))
        call("stop", workflow)
        call("retry", workflow)
        assert Workflow(workflow.run_id, attempt=2).whole("c-2", "c-3") == "stopped"
        assert workflow.counts == {"archived": 1, "not_reached": 2}

    def test_clients_not_reached_because_staff_stopped_can_be_retried(self) -> None:
        workflow = confirmed(*EVERYONE)
        call("stop", workflow)
        workflow.whole(*EVERYONE)
        assert workflow.counts == {"not_reached": 3}
        call("retry", workflow)
        assert Workflow(workflow.run_id, attempt=2).whole(*EVERYONE) == "completed"
        assert workflow.counts == {"archived": 3}

    def test_a_run_that_waits_has_nothing_to_retry(self) -> None:
        shown = post(BULK, {"client_ids": EVERYONE}).body
        answer = post(f"{BULK}/{shown['run_id']}/retry")
        assert (answer.status, answer.problem) == (409, "RunNotStarted")


def manifest_of(workflow: Workflow, attempt: int) -> list[str]:
    return [member["client_id"] for batch in manifest(workflow.run_id, attempt) for member in batch["members"]]


class TestUndo:
    @pytest.fixture
    def archived(self, clock: Clock) -> Workflow:
        workflow = confirmed(*EVERYONE)
        assert workflow.whole(*EVERYONE) == "completed"
        clock.pass_by(HOUR)
        return workflow

    def undone(self, workflow: Workflow) -> Workflow:
        answer = call("undo", workflow)
        assert (answer.status, answer.body["kind"], answer.body["undo_of"]) == (202, "undo", workflow.run_id)
        return Workflow(answer.body["run_id"], kind="undo")

    def test_every_client_still_under_the_run_s_stamps_comes_back_as_it_was(
        self, table: Table, archived: Workflow
    ) -> None:
        undo = self.undone(archived)
        assert undo.whole(*EVERYONE) == "completed"
        assert undo.outcomes == dict.fromkeys(EVERYONE, ("activated", None))
        for client_id in EVERYONE:
            found = statuses(table, client_id)
            assert found["CLIENT"] == "active"
            assert (found["APPOINTMENT#appt-1"], found["PAYMENT#pay-1"]) == ("booked", "scheduled")
        entry = get("/clients/c-1/history").body["entries"][0]
        assert (entry["event"], entry["by"]["source"], entry["by"]["run_id"]) == (
            "client.activated",
            "undo",
            undo.run_id,
        )
        assert seen(archived)["undone_by"] == undo.run_id

    def test_an_undo_leaves_clients_changed_since_alone(self, table: Table, archived: Workflow, clock: Clock) -> None:
        post("/clients/c-1/activate", {})
        post("/clients/c-2/activate", {})
        clock.pass_by(MOMENT)
        post("/clients/c-2/archive", {})
        patch("/clients/c-3", {"name": "Wren Quill"})
        undo = self.undone(archived)
        before = [statuses(table, client_id) for client_id in EVERYONE]
        assert undo.whole(*EVERYONE) == "completed"
        assert undo.outcomes == {
            "c-1": ("left_alone", "came_back"),
            "c-2": ("left_alone", "archived_anew"),
            "c-3": ("left_alone", "changed_since"),
        }
        assert [statuses(table, client_id) for client_id in EVERYONE] == before

    def test_a_client_that_failed_half_way_is_brought_back_too(self, table: Table, clock: Clock) -> None:
        workflow = confirmed("c-1", "c-2")
        state = workflow.mark(workflow.batch("c-1"))
        workflow.settle({**state, "effects": [{"error": "States.Timeout"}]})
        assert workflow.finish() == "completed_with_failures"
        undo = self.undone(workflow)
        assert undo.whole("c-1") == "completed"
        assert undo.outcomes == {"c-1": ("activated", None)}

    def test_asking_twice_for_an_undo_gives_one_undo(self, archived: Workflow, executions: Executions) -> None:
        first, second = call("undo", archived).body, call("undo", archived).body
        assert first == second
        assert names(executions) == sorted([f"{archived.run_id}-1", f"{first['run_id']}-1"])

    def test_a_step_of_an_undo_delivered_twice_restores_once(self, archived: Workflow) -> None:
        undo = self.undone(archived)
        twice = Workflow(undo.run_id, deliveries=2, kind="undo")
        assert twice.whole(*EVERYONE) == "completed"
        assert twice.counts == {"activated": 3}
        history = get("/clients/c-1/history").body["entries"]
        assert [entry["event"] for entry in history] == ["client.activated", "client.archived"]

    def test_clients_brought_back_by_a_stopped_undo_are_activated(self, archived: Workflow, clock: Clock) -> None:
        undo = self.undone(archived)
        undo.undo(undo.batch("c-1", "c-2"))
        clock.pass_by(MOMENT)
        post("/clients/c-2/archive", {})
        assert call("stop", undo).status == 202
        assert undo.whole(*EVERYONE) == "stopped"
        assert undo.outcomes == {
            "c-1": ("activated", None),
            "c-2": ("activated", None),
            "c-3": ("not_reached", None),
        }

    def test_clients_brought_back_by_an_undo_are_not_called_not_reached(self, archived: Workflow) -> None:
        undo = self.undone(archived)
        undo.undo(undo.batch("c-1"))
        assert undo.finish() == "completed_with_failures"
        assert undo.outcomes == {
            "c-1": ("failed", "BatchNotSettled"),
            "c-2": ("not_reached", None),
            "c-3": ("not_reached", None),
        }
        assert call("retry", undo).status == 202
        assert Workflow(undo.run_id, attempt=2, kind="undo").whole(*EVERYONE) == "completed"
        assert undo.outcomes == dict.fromkeys(EVERYONE, ("activated", None))

    def cut_off(self, table: Table) -> Workflow:
        """Begin to undo the archive of a client with many records, and end between two of its transactions."""
        many = [appointment(f"a-{number:03d}", starts_at=NOW + (number + 2) * DAY) for number in range(120)]
        store(table, client("c-large"), *many)
        workflow = confirmed("c-large")
        workflow.whole("c-large")
        undo = self.undone(workflow)
        with cut_off_at_second_transaction():
            undo.undo(undo.batch("c-large"))
        return undo

    def test_an_undo_that_was_cut_off_continues_with_the_rest_of_a_client(self, table: Table) -> None:
        undo = self.cut_off(table)
        assert statuses(table, "c-large")["CLIENT"] == "active"
        assert undo.whole("c-large") == "completed"
        assert undo.outcomes == {"c-large": ("activated", None)}
        found = statuses(table, "c-large")
        assert {found[f"APPOINTMENT#a-{number:03d}"] for number in range(120)} == {"booked"}

    def test_an_undo_that_is_delivered_again_reads_a_receipt_once(self, table: Table) -> None:
        undo = self.cut_off(table)
        asked: list[Any] = []
        events = wiring.table().client.meta.events
        events.register("before-parameter-build.dynamodb.Query", lambda params, **_: asked.append(params))
        undo.undo(undo.batch("c-large"))
        of_receipts = [one for one in asked if ":behind" in one["ExpressionAttributeValues"]]
        assert len(of_receipts) == 1
        assert statuses(table, "c-large")["APPOINTMENT#a-119"] == "booked"

    def test_an_undone_run_is_not_tried_again(self, archived: Workflow) -> None:
        undo = self.undone(archived)
        answer = call("retry", archived)
        assert (answer.status, answer.problem, answer.body["undone_by"]) == (409, "RunUndone", undo.run_id)

    def test_a_retry_that_loses_against_an_undo_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        workflow = with_a_lost_batch("c-2")

        def undone_before(*arguments: Any) -> None:
            monkeypatch.setattr(runs, "replace_run", replace_run)
            assert call("undo", workflow).status == 202
            replace_run(*arguments)

        monkeypatch.setattr(runs, "replace_run", undone_before)
        answer = call("retry", workflow)
        assert (answer.status, answer.problem) == (409, "RunUndone")

    def test_an_undo_can_be_stopped_and_retried_like_any_run(self, archived: Workflow) -> None:
        undo = self.undone(archived)
        call("stop", undo)
        assert undo.whole(*EVERYONE) == "stopped"
        assert undo.counts == {"not_reached": 3}
        call("retry", undo)
        assert Workflow(undo.run_id, attempt=2, kind="undo").whole(*EVERYONE) == "completed"
        assert undo.counts == {"activated": 3}

    def test_an_undo_is_not_undone(self, archived: Workflow) -> None:
        undo = self.undone(archived)
        undo.whole(*EVERYONE)
        assert call("undo", undo).problem == "NothingToUndo"

    def test_a_running_run_must_end_first(self) -> None:
        assert call("undo", confirmed(*EVERYONE)).problem == "RunNotFinished"

    def test_a_cancelled_run_has_nothing_to_undo(self) -> None:
        shown = post(BULK, {"client_ids": EVERYONE}).body
        post(f"{BULK}/{shown['run_id']}/stop")
        assert post(f"{BULK}/{shown['run_id']}/undo").problem == "RunNotStarted"

    def test_a_run_that_archived_nobody_has_nothing_to_undo(self, table: Table) -> None:
        store(table, client("c-archived", stamp=stamp()))
        workflow = confirmed("c-archived")
        workflow.whole("c-archived")
        assert call("undo", workflow).problem == "NothingToUndo"

    @pytest.mark.parametrize(
        ("days", "problem"), [(None, 30), (3, 3)], ids=["thirty by default", "as the practice sets"]
    )
    def test_the_window_is_counted_from_completion(
        self, archived: Workflow, clock: Clock, days: int | None, problem: int
    ) -> None:
        if days:
            patch("/settings", {"undo_window_days": days})
        clock.pass_by(timedelta(days=problem) - HOUR)
        answer = call("undo", archived)
        assert (answer.status, answer.problem) == (409, "UndoExpired")

    def test_the_window_is_open_to_its_last_moment(self, archived: Workflow, clock: Clock) -> None:
        clock.pass_by(timedelta(days=30) - HOUR - MOMENT)
        assert call("undo", archived).status == 202


class TestExclude:
    @pytest.fixture
    def shown(self) -> Any:
        return post(BULK, {"client_ids": EVERYONE}).body

    def test_excluded_clients_are_unchanged_and_the_token_stays_valid(self, table: Table, shown: Any) -> None:
        before = statuses(table, "c-2")
        answer = post(f"{BULK}/{shown['run_id']}/exclude", {"client_ids": ["c-2"]})
        assert (answer.status, answer.body["counts"]["excluded"], answer.body["counts"]["pending"]) == (200, 1, 2)
        confirmed_run = post(f"{BULK}/{shown['run_id']}/confirm", {"token": shown["token"]})
        assert confirmed_run.body["state"] == "running"
        workflow = Workflow(shown["run_id"])
        assert manifest_of(workflow, 1) == ["c-1", "c-3"]
        assert workflow.mark(workflow.batch(*EVERYONE))["first"]["marked"] != []
        workflow.settle(workflow.effects(workflow.mark(workflow.batch(*EVERYONE))))
        assert workflow.finish() == "completed"
        assert workflow.outcomes["c-2"] == ("excluded", None)
        assert statuses(table, "c-2") == before

    def test_of_an_exclusion_and_a_start_at_once_the_start_wins_whole(
        self, shown: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def start_first(*arguments: Any) -> None:
            post(f"{BULK}/{shown['run_id']}/confirm", {"token": shown["token"]})
            exclude_members(*arguments)

        monkeypatch.setattr("client_lifecycle.use_cases.bulk.control.exclude_members", start_first)
        answer = post(f"{BULK}/{shown['run_id']}/exclude", {"client_ids": ["c-2"]})
        assert (answer.status, answer.problem) == (409, "RunStarted")
        assert Workflow(shown["run_id"]).counts == {"pending": 3}

    def test_excluding_twice_changes_nothing(self, table: Table, shown: Any) -> None:
        first = post(f"{BULK}/{shown['run_id']}/exclude", {"client_ids": ["c-2", "c-2"]}).body
        once = dump(table)
        assert post(f"{BULK}/{shown['run_id']}/exclude", {"client_ids": ["c-2"]}).body == first
        assert dump(table) == once

    def test_a_client_that_is_not_in_the_run_is_named_and_nobody_is_excluded(self, table: Table, shown: Any) -> None:
        before = dump(table)
        answer = post(f"{BULK}/{shown['run_id']}/exclude", {"client_ids": ["c-1", "c-404"]})
        assert (answer.status, answer.problem, answer.fields) == (404, "ClientNotFound", ["client_ids[1]"])
        assert dump(table) == before

    def test_once_started_nobody_is_excluded(self, shown: Any) -> None:
        post(f"{BULK}/{shown['run_id']}/confirm", {"token": shown["token"]})
        answer = post(f"{BULK}/{shown['run_id']}/exclude", {"client_ids": ["c-1"]})
        assert (answer.status, answer.problem, answer.fields) == (409, "RunStarted", ["run_id"])


class TestWatching:
    def test_runs_are_listed_the_newest_first_page_by_page(self, clock: Clock) -> None:
        made = []
        for _ in range(3):
            made.append(post(BULK, {"client_ids": ["c-1"]}).body["run_id"])
            clock.pass_by(HOUR)
        first = get(f"{BULK}?limit=2").body
        rest = get(f"{BULK}?limit=2&cursor={first['next_cursor']}").body
        assert [run["run_id"] for run in first["runs"] + rest["runs"]] == made[::-1]
        assert rest["next_cursor"] is None
        assert get(BULK, claims=STRANGER).body == {"runs": [], "next_cursor": None, "unreadable": []}

    def test_a_running_run_says_when_to_ask_again_and_how_long_it_takes(self, clock: Clock) -> None:
        workflow = confirmed(*EVERYONE)
        assert seen(workflow)["seconds_left"] is None
        clock.pass_by(timedelta(seconds=10))
        workflow.settle(workflow.effects(workflow.mark(workflow.batch("c-1"))))
        answer = get(f"{BULK}/{workflow.run_id}")
        assert answer.headers["Retry-After"] == "2"
        assert (answer.body["percent_done"], answer.body["seconds_left"]) == (33, 20)
        workflow.finish()
        assert "Retry-After" not in get(f"{BULK}/{workflow.run_id}").headers
        assert seen(workflow)["seconds_left"] is None


@pytest.mark.parametrize("verb", ["stop", "retry", "undo", "exclude"])
@pytest.mark.parametrize(
    ("claims", "status", "problem"), [(READER, 403, "NotPermitted"), (STRANGER, 404, "RunNotFound")]
)
def test_only_archivers_of_the_provider_may(verb: str, claims: Any, status: int, problem: str, table: Table) -> None:
    workflow = confirmed(*EVERYONE)
    before = dump(table)
    body = {"client_ids": ["c-1"]} if verb == "exclude" else None
    answer = call(verb, workflow, body=body, claims=claims)
    assert (answer.status, answer.problem) == (status, problem)
    assert dump(table) == before
