"""The clean-up: what a crash left is finished, for every provider, however often it is called."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest

from client_lifecycle.domain.client import ArchiveOptions, Client
from client_lifecycle.domain.runs import prepare_retry
from client_lifecycle.storage import archives, due, keys
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.runs import read_run, replace_run
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.archive import archive_client
from client_lifecycle.use_cases.clean_up import LEASE
from scheduled_cleanup.handler import STREAM_UNREAD
from tests.moto.conftest import ENVIRONMENT, Clock, Executions, Log, Reader
from tests.moto.crashes import cut_off_at_second_transaction
from tests.moto.workflow import Workflow, confirmed
from tests.support.builders import (
    DAY,
    HOUR,
    MOMENT,
    NOW,
    OTHER_PROVIDER_ID,
    PROVIDER_ID,
    STAFF_ID,
    appointment,
    cause,
    client,
    one_of_each,
    payment,
)
from tests.support.calls import get, invoke, post
from tests.support.store import dump, statuses, store

DUE = archives.CHECK_ARCHIVE_AFTER
NO_TIME = timedelta(0)
EVERYONE = ["c-1", "c-2", "c-3"]


@pytest.fixture(autouse=True)
def practice(table: Table, executions: Executions) -> Table:
    for client_id in EVERYONE:
        store(table, client(client_id), *one_of_each())
    return table


def clean_up() -> dict[str, int]:
    done: dict[str, int] = invoke("scheduled_cleanup.handler.lambda_handler", {})
    return done


def cut_off(table: Table, who: Client) -> str:
    """Archive a client whose records take several transactions, and crash after the first; return the archive's id."""
    many = [appointment(f"a-{number:03d}", starts_at=NOW + (number + 2) * DAY) for number in range(120)]
    store(table, who, *many)
    with cut_off_at_second_transaction():
        archive_client(Tenant(table, who.provider_id), who.client_id, cause=cause(), at=NOW, options=ArchiveOptions())
    stamp = read_client(Tenant(table, who.provider_id), who.client_id).stamp
    assert stamp
    return stamp.archive_id


def due_items(table: Table) -> list[tuple[str, str]]:
    return [key for key, item in dump(table).items() if "due_key" in item]


class TestArchives:
    def test_one_left_settling_by_a_crash_is_finished_with_its_receipt(
        self, table: Table, tenant: Tenant, clock: Clock
    ) -> None:
        who = client("c-large")
        archive_id = cut_off(table, who)
        clock.pass_by(DUE)
        assert clean_up() == {"archive_finished": 1}
        receipt = archives.read_receipt(tenant, "c-large", archive_id)
        assert (receipt.state, len(receipt.changes)) == ("settled", 120)
        assert "booked" not in statuses(table, "c-large").values()
        assert due_items(table) == []
        assert clean_up() == {}

    def test_one_that_may_still_be_running_is_left_alone(self, table: Table, clock: Clock) -> None:
        cut_off(table, client("c-large"))
        before = dump(table)
        clock.pass_by(DUE - MOMENT)
        assert clean_up() == {}
        assert dump(table) == before

    def test_one_whose_client_came_back_is_forgotten_and_nothing_is_cancelled(self, table: Table, clock: Clock) -> None:
        cut_off(table, client("c-large"))
        post("/clients/c-large/activate", {})
        before = statuses(table, "c-large")
        clock.pass_by(DUE)
        assert clean_up() == {"archive_superseded": 1}
        assert statuses(table, "c-large") == before
        assert due_items(table) == []

    def test_every_provider_s_are_finished_though_one_cannot_be_read(
        self, table: Table, clock: Clock, log: Log
    ) -> None:
        archive_id = cut_off(table, client("c-mine"))
        cut_off(table, client("c-theirs", provider_id=OTHER_PROVIDER_ID))
        key = {"pk": f"CLIENT#{PROVIDER_ID}#c-mine", "sk": "CLIENT"}
        readable = table.get(key)
        assert readable
        table.put_many([readable | {"added_at": "long ago"}])
        clock.pass_by(DUE)
        assert clean_up() == {"failed": 1, "archive_finished": 1}
        [failed] = [line for line in log.lines if line["message"] == "clean-up of an item failed"]
        assert failed["item"] == {"pk": key["pk"], "sk": f"RECEIPT#{archive_id}"}
        table.put_many([readable])
        assert clean_up() == {}
        clock.pass_by(LEASE)
        assert clean_up() == {"archive_finished": 1}

    def test_an_item_is_leased_from_its_own_turn_on(
        self, table: Table, monkeypatch: pytest.MonkeyPatch, clock: Clock
    ) -> None:
        cut_off(table, client("c-large"))
        client_item = table.get({"pk": f"CLIENT#{PROVIDER_ID}#c-large", "sk": "CLIENT"})
        assert client_item
        table.put_many([client_item | {"added_at": "long ago"}])
        list_due = due.list_due

        def slowly(*arguments: Any) -> list[due.Due]:
            found = list(list_due(*arguments))
            clock.pass_by(LEASE - MOMENT if found else NO_TIME)
            return found

        monkeypatch.setattr(due, "list_due", slowly)
        clock.pass_by(DUE)
        assert clean_up() == {"failed": 1}
        assert clean_up() == {}
        [item] = [item for item in dump(table).values() if "due_key" in item]
        assert item["due_since"] == keys.sortable(clock.at + LEASE)


def abort(workflow: Workflow) -> None:
    """Stop a run's execution from outside, as a person at the console does."""
    arn = ENVIRONMENT["STATE_MACHINE_ARN"].replace(":stateMachine:", ":execution:")
    boto3.client("stepfunctions").stop_execution(executionArn=f"{arn}:{workflow.run_id}-{workflow.attempt}")


class TestRuns:
    def test_one_whose_workflow_was_stopped_is_finished_with_all_accounted_for(self, clock: Clock) -> None:
        workflow = confirmed(*EVERYONE)
        workflow.settle(workflow.effects(workflow.mark(workflow.batch("c-1"))))
        workflow.mark(workflow.batch("c-2", first=1))
        abort(workflow)
        clock.pass_by(DUE)
        assert clean_up() == {"archive_finished": 1, "run_finished": 1}
        assert get(f"/bulk-archives/{workflow.run_id}").body["state"] == "completed_with_failures"
        assert workflow.outcomes == {
            "c-1": ("archived", None),
            "c-2": ("failed", "BatchNotSettled"),
            "c-3": ("not_reached", None),
        }
        post(f"/bulk-archives/{workflow.run_id}/retry")
        again = Workflow(workflow.run_id, attempt=2)
        again.prepare()
        again.settle(again.effects(again.mark(again.batch("c-2", "c-3", first=1))))
        assert again.finish() == "completed"
        assert again.counts == {"archived": 3}
        assert clean_up() == {}

    def test_an_archive_of_a_run_is_due_by_itself_once_it_has_failed(
        self, table: Table, tenant: Tenant, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        workflow = confirmed(*EVERYONE)
        state = workflow.mark(workflow.batch(*EVERYONE))
        assert [sk for _, sk in due_items(table)] == ["RUN"]
        lost = {"failures": [{"client_id": "c-2", "reason": "InternalError"}]}
        workflow.settle({**workflow.effects(state), "effects": [lost]})
        workflow.finish()
        [(pk, _)] = due_items(table)
        assert pk == f"CLIENT#{PROVIDER_ID}#c-2"
        assert clean_up() == {"archive_finished": 1}
        stamp = read_client(tenant, "c-2").stamp
        assert stamp
        assert archives.read_receipt(tenant, "c-2", stamp.archive_id).state == "settled"
        assert due_items(table) == []

    def test_one_that_is_running_is_left_alone_and_checked_again(self, table: Table, clock: Clock) -> None:
        workflow = confirmed(*EVERYONE)
        clock.pass_by(DUE)
        assert clean_up() == {"run_at_work": 1}
        assert clean_up() == {}
        clock.pass_by(LEASE)
        assert clean_up() == {"run_at_work": 1}
        assert workflow.whole(*EVERYONE) == "completed"
        assert due_items(table) == []

    def test_one_that_was_confirmed_but_never_started_is_started(
        self, executions: Executions, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shown = post("/bulk-archives", {"client_ids": EVERYONE}).body
        with monkeypatch.context() as patched:
            patched.setattr("client_lifecycle.storage.workflow.Workflow.start", broken)
            post(f"/bulk-archives/{shown['run_id']}/confirm", {"token": shown["token"]})
        clock.pass_by(DUE)
        assert clean_up() == {"run_resumed": 1}
        assert [one["name"] for one in executions()] == [f"{shown['run_id']}-1"]

    def test_a_retry_that_was_cut_off_while_it_was_prepared_is_gone_on_with(self, tenant: Tenant, clock: Clock) -> None:
        workflow = confirmed(*EVERYONE)
        workflow.finish()
        run = read_run(tenant, workflow.run_id)
        replace_run(tenant, run, prepare_retry(run, STAFF_ID, clock.at))
        clock.pass_by(DUE)
        assert clean_up() == {"run_resumed": 1}
        assert Workflow(workflow.run_id, attempt=2).whole(*EVERYONE) == "completed"
        assert workflow.counts == {"archived": 3}

    def test_one_that_was_being_stopped_when_its_workflow_died_is_stopped(self, clock: Clock) -> None:
        workflow = confirmed(*EVERYONE)
        post(f"/bulk-archives/{workflow.run_id}/stop")
        abort(workflow)
        clock.pass_by(DUE)
        assert clean_up() == {"run_finished": 1}
        assert get(f"/bulk-archives/{workflow.run_id}").body["state"] == "stopped"
        assert workflow.counts == {"not_reached": 3}

    def test_an_undo_whose_workflow_died_tells_what_did_not_come_back(self, table: Table, clock: Clock) -> None:
        store(table, client("c-4"), payment("pay-2", due_at=NOW + HOUR))
        workflow = confirmed("c-4")
        assert workflow.whole("c-4") == "completed"
        clock.pass_by(2 * HOUR)
        undo = Workflow(post(f"/bulk-archives/{workflow.run_id}/undo").body["run_id"], kind="undo")
        undo.settle(undo.undo(undo.batch("c-4")))
        abort(undo)
        clock.pass_by(DUE)
        assert clean_up()["run_finished"] == 1
        closed = get(f"/bulk-archives/{undo.run_id}").body
        assert (closed["state"], closed["not_restored"]) == ("completed_in_part", {"payment_date_passed": 1})


def broken(*_: object) -> None:
    raise RuntimeError("the connection broke off")


def test_what_was_done_is_counted_as_metrics(table: Table, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    cut_off(table, client("c-large"))
    clock.pass_by(DUE)
    clean_up()
    [told] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    assert {name: told[name] for name in told if name.startswith("cleanup_")} == {"cleanup_archive_finished": [1.0]}


def test_no_metric_is_published_at_zero(table: Table, capsys: pytest.CaptureFixture[str]) -> None:
    assert clean_up() == {}
    assert "CloudWatchMetrics" not in capsys.readouterr().out


def test_what_there_is_no_time_for_stays_due(table: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(table, client("c-large"))
    clock.pass_by(DUE)
    before = dump(table)
    monkeypatch.setattr("scheduled_cleanup.handler.ENOUGH_TIME_MS", timedelta(days=1) / timedelta(milliseconds=1))
    assert clean_up() == {}
    assert dump(table) == before


@pytest.mark.parametrize("is_reading", [True, False])
def test_that_nobody_reads_the_stream_is_counted(
    reader: Reader, log: Log, capsys: pytest.CaptureFixture[str], is_reading: bool
) -> None:
    reader.is_reading = is_reading
    clean_up()
    assert (STREAM_UNREAD in capsys.readouterr().out) is not is_reading
    assert ("nobody reads the table's stream" in log.text) is not is_reading
