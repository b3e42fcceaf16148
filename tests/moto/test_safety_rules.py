"""No archive over a rule that forbids it, nor over a warning that nobody has acknowledged, on whatever path (S1-S3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from client_lifecycle.domain.members import FEW_RECORDS
from client_lifecycle.domain.settings import Level, ProviderSettings, SafetySettings
from client_lifecycle.storage.clients import LiveClient, read_client, read_live
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases import archive, planned_archives
from client_lifecycle.use_cases.bulk import steps
from tests.moto.conftest import Clock, Executions
from tests.moto.test_scheduled_cleanup import clean_up
from tests.moto.workflow import Workflow, confirmed
from tests.support.builders import DAY, GROUP_ID, HOUR, NOW, PROVIDER_ID, appointment, client, group
from tests.support.calls import READER, get, patch, post, put
from tests.support.store import store, store_group, store_settings

QUIET = {"added_at": NOW - 400 * DAY, "last_active_at": NOW - 120 * DAY}


@pytest.fixture(autouse=True)
def practice(table: Table, executions: Executions) -> Table:
    store_group(table, group())
    store(table, client("c-1", group_id=GROUP_ID, **QUIET))
    store(table, client("c-2", group_id=GROUP_ID, **QUIET))
    return table


def rule(table: Table, level: Level = Level.WARN, name: str = "owes_money") -> None:
    store_settings(table, PROVIDER_ID, ProviderSettings(safety=SafetySettings(**{name: level})))  # type: ignore[arg-type]


def changed(table: Table, client_id: str = "c-1", **fields: Any) -> None:
    """Change a client as another writer does: at its next revision."""
    now = read_client(Tenant(table, PROVIDER_ID), client_id)
    store(table, replace(now, revision=now.revision + 1, **fields))


def members(run_id: str) -> dict[str, tuple[str, list[str]]]:
    """Return each client's outcome, and the rules that held it back."""
    clients = get(f"/bulk-archives/{run_id}/clients").body["clients"]
    return {one["client_id"]: (one["outcome"], one["rules"]) for one in clients}


def findings(run_id: str, **options: Any) -> dict[str, list[dict[str, Any]]]:
    """Return what each client was held back by."""
    clients = get(f"/bulk-archives/{run_id}/clients", **options).body["clients"]
    return {one["client_id"]: one["findings"] for one in clients}


def confirmed_run(selection: dict[str, Any], *, accept_changes: bool = True) -> Workflow:
    run = post("/bulk-archives", selection).body
    said = {"token": run["token"], "accept_changes": accept_changes}
    assert post(f"/bulk-archives/{run['run_id']}/confirm", said).status == 202
    return Workflow(run["run_id"])


SELECTIONS: list[dict[str, Any]] = [
    {"client_ids": ["c-1", "c-2"]},
    {"group_id": GROUP_ID},
    {"filter": {"inactive_since": "2026-01-01"}},
]


@pytest.mark.parametrize("accept_changes", [False, True])
@pytest.mark.parametrize("selection", SELECTIONS, ids=["chosen", "group", "filter"])
@pytest.mark.parametrize(
    ("level", "outcome"), [(Level.WARN, "needs_acknowledgement"), (Level.BLOCK, "blocked")], ids=["warn", "block"]
)
def test_s2_s3_a_debt_since_the_preview_is_an_outcome_of_its_own(
    table: Table, selection: dict[str, Any], level: Level, outcome: str, accept_changes: bool
) -> None:
    rule(table, level)
    workflow = confirmed_run(selection, accept_changes=accept_changes)
    changed(table, owed_cents=1)
    assert workflow.whole("c-1", "c-2") == "completed"
    assert members(workflow.run_id) == {"c-1": (outcome, ["owes_money"]), "c-2": ("archived", [])}
    assert workflow.counts == {outcome: 1, "archived": 1}
    assert get("/clients/c-1").body["status"] == "active"


@pytest.mark.parametrize("level", [Level.WARN, Level.BLOCK])
def test_s3_who_is_held_back_tells_the_numbers_of_that_moment(table: Table, level: Level) -> None:
    rule(table, level)
    changed(table, owed_cents=100)
    workflow = confirmed("c-1", "c-2")
    changed(table, owed_cents=5_000)
    if level is Level.WARN:
        changed(table, "c-2", owed_cents=700)
    workflow.whole("c-1", "c-2")
    held_back = "c-2" if level is Level.WARN else "c-1"
    changed(table, held_back, owed_cents=9_000)
    [found] = findings(workflow.run_id)[held_back]
    assert (found["rule"], found["level"]) == ("owes_money", level.value)
    assert found["amount"] == {"currency": "USD", "cents": 700 if level is Level.WARN else 5_000}


def test_s3_who_is_held_back_tells_how_many_records_and_the_first(table: Table) -> None:
    rule(table, Level.BLOCK, name="appointment_soon")
    workflow = confirmed("c-1", accept_changes=True)
    soon = [appointment(f"a-{number}", starts_at=NOW + DAY + number * HOUR) for number in range(FEW_RECORDS + 2)]
    store(table, read_client(Tenant(table, PROVIDER_ID), "c-1"), *soon)
    workflow.whole("c-1")
    [found] = findings(workflow.run_id)["c-1"]
    assert (found["total"], found["within_days"]) == (FEW_RECORDS + 2, SafetySettings().appointment_within_days)
    assert [one["record_id"] for one in found["records"]] == [f"a-{number}" for number in range(FEW_RECORDS)]


def test_s3_readers_are_not_told_what_money_held_a_client_back(table: Table) -> None:
    rule(table, Level.BLOCK)
    changed(table, owed_cents=5_000)
    workflow = confirmed("c-1")
    workflow.whole("c-1")
    assert findings(workflow.run_id)["c-1"]
    assert findings(workflow.run_id, claims=READER)["c-1"] == []


def test_s3_what_a_delivery_found_is_not_told_of_who_is_archived_next(table: Table) -> None:
    rule(table, Level.BLOCK)
    workflow = confirmed("c-1", accept_changes=True)
    changed(table, owed_cents=5_000)
    state = workflow.batch("c-1")
    assert workflow.mark(state)["first"]["outcomes"][0]["outcome"] == "blocked"
    changed(table, owed_cents=0)
    workflow.settle(workflow.mark(state))
    assert members(workflow.run_id)["c-1"] == ("archived", [])
    assert findings(workflow.run_id)["c-1"] == []


@pytest.mark.parametrize("level", [Level.WARN, Level.BLOCK])
def test_s1_s2_a_rule_that_is_made_after_the_preview_counts(table: Table, level: Level) -> None:
    changed(table, owed_cents=1)
    workflow = confirmed("c-1", "c-2")
    rule(table, level)
    workflow.whole("c-1", "c-2")
    assert members(workflow.run_id)["c-1"][1] == ["owes_money"]
    assert get("/clients/c-1").body["status"] == "active"


def test_s2_confirming_acknowledges_only_what_was_shown_for_that_client(table: Table) -> None:
    rule(table)
    changed(table, "c-1", owed_cents=1)
    workflow = confirmed("c-1", "c-2", accept_changes=True)
    changed(table, "c-2", owed_cents=1)
    workflow.whole("c-1", "c-2")
    assert members(workflow.run_id) == {"c-1": ("archived", []), "c-2": ("needs_acknowledgement", ["owes_money"])}


def test_s2_a_warning_that_no_longer_applies_is_no_change(table: Table) -> None:
    rule(table, name="has_credits")
    changed(table, credit_cents=500)
    workflow = confirmed("c-1")
    rule(table, Level.ALLOW, name="has_credits")
    workflow.whole("c-1")
    assert members(workflow.run_id) == {"c-1": ("archived", [])}


def test_s1_who_was_shown_as_blocked_is_not_archived_once_the_rule_is_gone(table: Table) -> None:
    rule(table, Level.BLOCK)
    changed(table, owed_cents=1)
    workflow = confirmed("c-1")
    rule(table, Level.ALLOW)
    workflow.whole("c-1")
    assert members(workflow.run_id) == {"c-1": ("changed_since_preview", [])}


def test_s2_a_retry_weeks_later_judges_by_what_was_acknowledged_at_first(table: Table, clock: Clock) -> None:
    rule(table, name="appointment_soon")
    store(table, client("c-3"), appointment(starts_at=NOW + 30 * DAY))
    workflow = confirmed("c-3")
    workflow.settle({**workflow.batch("c-3"), "first_error": {"Error": "StorageBusy"}})
    assert workflow.finish() == "completed_with_failures"
    clock.pass_by(25 * DAY)
    post(f"/bulk-archives/{workflow.run_id}/retry")
    Workflow(workflow.run_id, attempt=2).whole("c-3")
    assert members(workflow.run_id) == {"c-3": ("needs_acknowledgement", ["appointment_soon"])}


def proposed(table: Table) -> Any:
    """Have a proposal made that starts by itself, for one client with credits and one without."""
    changed(table, "c-1", credit_cents=500)
    patch("/settings", {"safety": {"has_credits": "warn"}})
    patch("/settings", {"tidy_up": {"inactive_days": 90, "starts_by_itself": True}})
    clean_up()
    [proposal] = get("/bulk-archives").body["runs"]
    return proposal


def test_s2_nobody_has_acknowledged_what_starts_by_itself(table: Table, clock: Clock) -> None:
    proposal = proposed(table)
    clock.pass_by(7 * DAY)
    assert clean_up() == {"run_started": 1}
    Workflow(proposal["run_id"]).whole("c-1", "c-2")
    assert members(proposal["run_id"]) == {
        "c-1": ("needs_acknowledgement", ["has_credits"]),
        "c-2": ("archived", []),
    }


def test_s2_staff_who_confirm_a_proposal_acknowledge_what_it_shows(table: Table) -> None:
    proposal = proposed(table)
    post(f"/bulk-archives/{proposal['run_id']}/confirm", {"token": proposal["token"]})
    Workflow(proposal["run_id"]).whole("c-1", "c-2")
    assert members(proposal["run_id"]) == {"c-1": ("archived", []), "c-2": ("archived", [])}


def test_s2_a_plan_acknowledges_what_its_planner_did_and_no_more(table: Table) -> None:
    rule(table)
    put("/clients/c-1/archive-plan", {"after_last_payment": True, "acknowledge": ["has_credits"]})
    put("/clients/c-2/archive-plan", {"after_last_payment": True, "acknowledge": ["owes_money"]})
    changed(table, "c-1", owed_cents=1)
    changed(table, "c-2", owed_cents=1)
    assert clean_up() == {"plan_held_back": 1, "plan_carried_out": 1}
    held_back = get("/clients/c-1").body
    assert (held_back["status"], held_back["archive_plan"]["held_back_by"]) == ("active", ["owes_money"])
    assert get("/clients/c-2").body["status"] == "archived"


# A rule that is changed, and a debt that arises, while an archive is being decided


def single(table: Table) -> str:
    answer = post("/clients/c-1/archive", {})
    return str(answer.body["type"]).rsplit("/", 1)[-1]


def bulk(table: Table) -> str:
    workflow = confirmed("c-1", accept_changes=True)
    workflow.whole("c-1")
    return members(workflow.run_id)["c-1"][0]


def planned(table: Table) -> str:
    put("/clients/c-1/archive-plan", {"after_last_payment": True})
    clean_up()
    return str(get("/clients/c-1").body["archive_plan"]["held_back_by"])


@pytest.mark.parametrize(
    ("path", "module", "answer"),
    [
        (single, archive, "ArchiveBlocked"),
        (bulk, steps, "blocked"),
        (planned, planned_archives, "['owes_money']"),
    ],
    ids=["single", "bulk", "plan"],
)
def test_s1_a_rule_and_a_debt_in_between_hold_the_archive_back(
    table: Table, monkeypatch: pytest.MonkeyPatch, path: Callable[[Table], str], module: Any, answer: str
) -> None:
    """The rule is in force before there is a debt: no order in which the archive comes before the rule explains it."""

    def read_in_between(*place: Any) -> LiveClient:
        monkeypatch.setattr(module, "read_live", read_live)
        rule(table, Level.BLOCK)
        changed(table, owed_cents=1)
        return read_live(*place)

    monkeypatch.setattr(module, "read_live", read_in_between)
    assert path(table).endswith(answer)
    assert get("/clients/c-1").body["status"] == "active"
