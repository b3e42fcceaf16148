"""Quiet clients are proposed for archiving: staff trim and confirm, or it starts by itself after a veto period."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from client_lifecycle.storage.table import Table
from client_lifecycle.use_cases.bulk import proposals as bulk_proposals
from client_lifecycle.use_cases.clean_up import LEASE
from tests.moto.conftest import Clock, Executions
from tests.moto.test_scheduled_cleanup import clean_up
from tests.moto.workflow import Workflow, manifest
from tests.support.builders import DAY, MOMENT, NOW, PROVIDER_ID, appointment, client
from tests.support.calls import get, patch, post
from tests.support.store import dump, store

QUIET = {"added_at": NOW - 400 * DAY, "last_active_at": NOW - 120 * DAY}
WISH = {"inactive_days": 90}
BY_ITSELF = WISH | {"starts_by_itself": True, "veto_days": 7}


@pytest.fixture(autouse=True)
def practice(table: Table, executions: Executions) -> Table:
    for client_id in ("c-quiet-1", "c-quiet-2", "c-quiet-3"):
        store(table, client(client_id, **QUIET))
    store(table, client("c-lively", last_active_at=NOW - DAY))
    store(table, client("c-new", added_at=NOW - DAY))
    store(table, client("c-booked", **QUIET), appointment(starts_at=NOW + 60 * DAY))
    store(table, client("c-owing", **QUIET, owed_cents=1))
    return table


def wish(tidy_up: dict[str, Any] | None) -> None:
    assert patch("/settings", {"tidy_up": tidy_up}).status == 200


def proposals() -> list[Any]:
    found: list[Any] = get("/bulk-archives").body["runs"]
    return found


def outcomes(run_id: str) -> dict[str, str]:
    clients = get(f"/bulk-archives/{run_id}/clients").body["clients"]
    return {one["client_id"]: one["outcome"] for one in clients}


def test_quiet_clients_are_proposed_and_nobody_is_archived(
    executions: Executions,
) -> None:
    wish(WISH)
    assert clean_up() == {"run_proposed": 1}
    [proposal] = proposals()
    assert (proposal["state"], proposal["created_by"], proposal["starts_at"]) == ("proposed", "tidy-up", None)
    assert proposal["filter"]["inactive_since"] == "2025-12-02"
    assert proposal["options"]["reason"] == "inactive"
    assert set(outcomes(proposal["run_id"])) == {"c-quiet-1", "c-quiet-2", "c-quiet-3"}
    assert get("/client-counts").body["archived"] == 0
    assert executions() == []


def test_staff_review_trim_and_confirm_a_proposal(clock: Clock) -> None:
    wish(WISH)
    clean_up()
    [proposal] = proposals()
    address = f"/bulk-archives/{proposal['run_id']}"
    clock.pass_by(29 * DAY)
    post(f"{address}/exclude", {"client_ids": ["c-quiet-2"]})
    assert post(f"{address}/confirm", {"token": proposal["token"]}).body["state"] == "running"
    assert Workflow(proposal["run_id"]).whole("c-quiet-1", "c-quiet-2", "c-quiet-3") == "completed"
    assert outcomes(proposal["run_id"]) == {
        "c-quiet-1": "archived",
        "c-quiet-2": "excluded",
        "c-quiet-3": "archived",
    }


def test_a_proposal_starts_after_its_veto_and_leaves_changed_clients_alone(
    table: Table, clock: Clock, executions: Executions
) -> None:
    wish(BY_ITSELF)
    clean_up()
    [proposal] = proposals()
    clock.pass_by(timedelta(days=7) - MOMENT)
    assert clean_up() == {}
    store(table, client("c-quiet-1", **QUIET, owed_cents=1))
    store(table, client("c-quiet-3", **QUIET | {"last_active_at": clock.at}))
    clock.pass_by(MOMENT)
    assert clean_up() == {"run_started": 1}
    assert [one["name"] for one in executions()] == [f"{proposal['run_id']}-1"]
    assert [one["client_id"] for batch in manifest(proposal["run_id"]) for one in batch["members"]] == [
        "c-quiet-1",
        "c-quiet-2",
        "c-quiet-3",
    ]
    assert Workflow(proposal["run_id"]).whole("c-quiet-1", "c-quiet-2", "c-quiet-3") == "completed"
    assert outcomes(proposal["run_id"]) == {
        "c-quiet-1": "changed_since_preview",
        "c-quiet-2": "archived",
        "c-quiet-3": "changed_since_preview",
    }
    clock.pass_by(LEASE)
    assert clean_up() == {}
    archived = get("/clients/c-quiet-2").body
    assert (archived["status"], archived["archived_by"]["actor_id"]) == ("archived", "tidy-up")


def test_a_proposal_that_staff_started_and_that_ended_is_not_checked_again(clock: Clock) -> None:
    wish(BY_ITSELF)
    clean_up()
    [proposal] = proposals()
    post(f"/bulk-archives/{proposal['run_id']}/confirm", {"token": proposal["token"]})
    assert Workflow(proposal["run_id"]).whole("c-quiet-1", "c-quiet-2", "c-quiet-3") == "completed"
    clock.pass_by(7 * DAY)
    assert clean_up() == {}


def test_a_veto_stops_it_before_it_starts(clock: Clock, executions: Executions) -> None:
    wish(BY_ITSELF)
    clean_up()
    [proposal] = proposals()
    post(f"/bulk-archives/{proposal['run_id']}/stop")
    clock.pass_by(7 * DAY)
    assert clean_up() == {}
    assert executions() == []
    assert get("/client-counts").body["archived"] == 0


@pytest.mark.parametrize("wished_by_then", [None, WISH])
def test_a_proposal_does_not_start_once_the_practice_no_longer_wants_that(
    wished_by_then: Any, clock: Clock, executions: Executions
) -> None:
    wish(BY_ITSELF)
    clean_up()
    wish(wished_by_then)
    clock.pass_by(7 * DAY)
    clean_up()
    clock.pass_by(DAY)
    clean_up()
    assert executions() == []
    assert proposals()[-1]["state"] == "proposed"
    assert get("/client-counts").body["archived"] == 0


def test_there_is_one_proposal_at_a_time_and_the_next_comes_after_its_time(clock: Clock) -> None:
    wish(WISH)
    assert clean_up() == {"run_proposed": 1}
    clock.pass_by(30 * DAY)
    assert clean_up() == {}
    wish(WISH | {"inactive_days": 80})
    clock.pass_by(DAY)
    assert clean_up() == {"run_proposed": 1}
    assert [run["state"] for run in proposals()] == ["proposed", "proposed"]


def test_another_wish_while_a_proposal_waits_makes_no_second_one() -> None:
    wish(WISH)
    clean_up()
    wish(WISH | {"inactive_days": 60})
    assert clean_up() == {"nothing": 1}
    assert len(proposals()) == 1


def test_a_proposal_is_found_behind_all_runs_that_came_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    wish(WISH)
    clean_up()
    for _ in range(3):
        post("/bulk-archives", {"client_ids": ["c-lively"]})
    monkeypatch.setattr(bulk_proposals, "RUNS_PER_READ", 2)
    wish(WISH | {"inactive_days": 60})
    assert clean_up() == {"nothing": 1}


def test_when_nobody_is_quiet_nothing_is_proposed_until_a_day_later(clock: Clock) -> None:
    wish(WISH | {"inactive_days": 365})
    assert clean_up() == {"nothing": 1}
    assert proposals() == []
    clock.pass_by(DAY - MOMENT)
    assert clean_up() == {}
    clock.pass_by(MOMENT)
    assert clean_up() == {"nothing": 1}


def test_a_wish_that_is_taken_back_is_forgotten(table: Table, clock: Clock) -> None:
    wish(WISH)
    wish(None)
    settings = dump(table)[f"PROVIDER#{PROVIDER_ID}", "SETTINGS"]
    assert not {"tidy_up", "due_key", "due_since"} & settings.keys()
    assert clean_up() == {}


def test_the_same_wish_again_does_not_look_again(clock: Clock) -> None:
    wish(WISH)
    clean_up()
    wish(WISH)
    patch("/settings", {"undo_window_days": 14})
    assert clean_up() == {}


@pytest.mark.parametrize(
    ("tidy_up", "field"),
    [
        ({}, "tidy_up.inactive_days"),
        ({"inactive_days": 29}, "tidy_up.inactive_days"),
        ({"inactive_days": "90"}, "tidy_up.inactive_days"),
        (WISH | {"veto_days": 0}, "tidy_up.veto_days"),
        (WISH | {"veto_days": 31}, "tidy_up.veto_days"),
        (WISH | {"at_once": True}, "tidy_up.at_once"),
    ],
)
def test_a_wish_out_of_range_is_refused_by_its_field(table: Table, tidy_up: dict[str, Any], field: str) -> None:
    before = dump(table)
    answer = patch("/settings", {"tidy_up": tidy_up})
    assert (answer.status, answer.fields) == (422, [field])
    assert dump(table) == before
