"""POST /bulk-archives, …/confirm, and watching: what a caller sees of a bulk archive."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.domain.outcomes import Outcome, RunKind, counts_of
from client_lifecycle.domain.runs import MAX_CLIENTS, PREVIEW_LIFETIME, Run, RunState
from client_lifecycle.storage import runs
from client_lifecycle.storage.runs import all_members, read_run
from client_lifecycle.storage.settlements import Settlement, settle_members
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.bulk.steps import finish_run
from tests.moto.conftest import BUCKET, Clock, Executions
from tests.moto.workflow import manifest
from tests.support.builders import (
    DAY,
    GROUP_ID,
    MOMENT,
    NOW,
    OTHER_PROVIDER_ID,
    PROVIDER_ID,
    appointment,
    client,
    group,
    payment,
    stamp,
)
from tests.support.calls import ARCHIVER, JSON, MANAGER, READER, STRANGER, Answer, get, pages, post
from tests.support.store import dump, store, store_group

BULK = "/bulk-archives"


@pytest.fixture
def practice(table: Table) -> Table:
    """A group of three active clients and an archived one, and a client of no group."""
    store_group(table, group())
    store_group(table, group("group-empty"))
    store(
        table,
        client("c-1", name="Wren", group_id=GROUP_ID, credit_cents=500, owed_cents=300),
        appointment("a-1"),
        appointment("a-2"),
        appointment("a-past", starts_at=NOW - DAY),
        payment("p-1", amount_cents=7_500),
    )
    store(table, client("c-2", name="Anna", group_id=GROUP_ID, credit_cents=1_000), payment("p-1", amount_cents=500))
    store(table, client("c-3", name="Bert", group_id=GROUP_ID))
    store(table, client("c-4", name="Carla", group_id=GROUP_ID, stamp=stamp()))
    store(table, client("c-5", name="Dora"))
    store(table, client("c-6", name="Emil", provider_id=OTHER_PROVIDER_ID, group_id=GROUP_ID))
    return table


def preview(**body: Any) -> dict[str, Any]:
    answer = post(BULK, body)
    assert (answer.status, answer.content_type) == (201, JSON)
    found: dict[str, Any] = answer.body
    return found


def confirm(run: dict[str, Any], **options: Any) -> Answer:
    return post(f"{BULK}/{run['run_id']}/confirm", {"token": run["token"]}, **options)


def ids(page: dict[str, Any]) -> list[str]:
    return [client["client_id"] for client in page["clients"]]


# Preview


def test_a_preview_shows_what_is_at_stake_for_each_client(practice: Table) -> None:
    [wren, carla] = preview(client_ids=["c-1", "c-4"])["clients"]
    assert wren == {
        "client_id": "c-1",
        "name": "Wren",
        "email": None,
        "status": "active",
        "credits": [{"currency": "USD", "cents": 500}],
        "owed": [{"currency": "USD", "cents": 300}],
        "upcoming_appointments": 2,
        "scheduled_payments": 1,
        "scheduled": [{"currency": "USD", "cents": 7_500}],
        "warnings": [],
        "blocks": [],
        "outcome": "pending",
        "reason": None,
        "rules": [],
        "findings": [],
        "archive_id": None,
        "not_restored": [],
        "not_restored_total": 0,
        "unreadable": [],
        "made_good": None,
    }
    assert (carla["client_id"], carla["status"]) == ("c-4", "archived")


def test_a_preview_shows_the_totals_and_how_long_it_holds(practice: Table) -> None:
    run = preview(client_ids=["c-1", "c-2", "c-5"])
    assert run["totals"] == {
        "clients": 3,
        "credits": [{"currency": "USD", "cents": 1_500}],
        "owed": [{"currency": "USD", "cents": 300}],
        "upcoming_appointments": 2,
        "scheduled_payments": 2,
        "scheduled": [{"currency": "USD", "cents": 8_000}],
        "rules": [],
        "attention": 0,
    }
    assert run["state"] == "awaiting_confirmation"
    assert run["counts"] == counts_of(RunKind.ARCHIVE, pending=3)
    assert (run["percent_done"], run["group_id"]) == (0, None)
    assert (run["created_at"], run["expires_at"]) == ("2026-03-02T09:30:00Z", "2026-03-02T10:30:00Z")
    assert (run["started_at"], run["finished_at"]) == (None, None)


def test_m1_amounts_of_several_currencies_are_shown_and_never_added(table: Table) -> None:
    store(table, client("c-eur", currency="EUR", credit_cents=500, owed_cents=30), payment("p-1", currency="CHF"))
    store(table, client("c-usd", currency="USD", credit_cents=60, owed_cents=7), payment("p-1", currency="USD"))
    store(table, client("c-both", currency="EUR", credit_cents=4), payment("p-1"), payment("p-2", currency="CHF"))

    def money(**cents: int) -> list[dict[str, Any]]:
        return [{"currency": currency, "cents": amount} for currency, amount in cents.items()]

    run = preview(client_ids=["c-eur", "c-usd", "c-both"])
    shown = {
        "c-eur": (money(EUR=500), money(EUR=30), money(CHF=7_500)),
        "c-usd": (money(USD=60), money(USD=7), money(USD=7_500)),
        "c-both": (money(EUR=4), [], money(CHF=7_500, USD=7_500)),
    }
    listed = get(f"{BULK}/{run['run_id']}/clients").body
    for page in (run, listed):
        assert {one["client_id"]: (one["credits"], one["owed"], one["scheduled"]) for one in page["clients"]} == shown
    [of_list] = get(BULK).body["runs"]
    for told in (run, get(f"{BULK}/{run['run_id']}").body, of_list):
        totals = told["totals"]
        assert totals["credits"] == money(EUR=504, USD=60)
        assert totals["owed"] == money(EUR=30, USD=7)
        assert totals["scheduled"] == money(CHF=15_000, USD=15_000)
        assert "currency" not in told, "a run is in no currency"


def test_a_client_that_is_named_twice_counts_once_and_the_order_is_kept(practice: Table) -> None:
    run = preview(client_ids=["c-5", "c-1", "c-5", "c-2", "c-1"])
    assert ids(run) == ["c-5", "c-1", "c-2"]
    assert run["totals"]["clients"] == 3


def test_a6_a_group_means_its_active_members_by_name_and_no_one_else(practice: Table) -> None:
    run = preview(group_id=GROUP_ID)
    assert ids(run) == ["c-2", "c-3", "c-1"]
    assert run["group_id"] == GROUP_ID


def test_a6_the_members_are_those_of_the_preview_and_no_later_ones(practice: Table) -> None:
    run = preview(group_id=GROUP_ID)
    store(practice, client("c-9", name="Late", group_id=GROUP_ID))
    assert ids(get(f"{BULK}/{run['run_id']}/clients").body) == ["c-2", "c-3", "c-1"]


def test_a_preview_archives_nobody(practice: Table) -> None:
    before = dump(practice)
    run = preview(group_id=GROUP_ID)
    written = {pk for (pk, sk), item in dump(practice).items() if before.get((pk, sk)) != item}
    run_partition = f"RUN#{PROVIDER_ID}#{run['run_id']}"
    of_provider = {f"PROVIDER#{PROVIDER_ID}", f"PRACTICE#{PROVIDER_ID}"}
    assert written == {run_partition, f"{run_partition}#0", *of_provider}


def test_e9_the_run_remembers_whether_clients_are_to_be_told(practice: Table, executions: Executions) -> None:
    assert preview(client_ids=["c-1"])["options"]["notify_client"] is False
    run = preview(client_ids=["c-1"], options={"notify_client": True})
    assert confirm(run).body["options"]["notify_client"] is True


def test_two_previews_of_the_same_clients_have_tokens_of_their_own(practice: Table) -> None:
    one, other = preview(client_ids=["c-1"]), preview(client_ids=["c-1"])
    assert one["run_id"] != other["run_id"]
    assert one["token"] != other["token"]


SELECTION = "body"
REFUSED: list[tuple[str, dict[str, Any], int, str, list[str]]] = [
    ("no selection", {"body": {}}, 422, "InvalidRequest", [SELECTION]),
    ("no body", {}, 422, "InvalidRequest", [SELECTION]),
    ("both selections", {"body": {"client_ids": ["c-1"], "group_id": GROUP_ID}}, 422, "InvalidRequest", [SELECTION]),
    ("an empty list", {"body": {"client_ids": []}}, 422, "InvalidRequest", ["client_ids"]),
    ("a list of nothing", {"body": {"client_ids": None}}, 422, "InvalidRequest", [SELECTION]),
    ("a text for a list", {"body": {"client_ids": "c-1"}}, 422, "InvalidRequest", ["client_ids"]),
    ("a number for an id", {"body": {"client_ids": ["c-1", 2]}}, 422, "InvalidRequest", ["client_ids[1]"]),
    ("an empty id", {"body": {"client_ids": ["c-1", "c-2", ""]}}, 422, "InvalidRequest", ["client_ids[2]"]),
    ("an id that cannot be one", {"body": {"client_ids": ["c#1"]}}, 422, "InvalidRequest", ["client_ids[0]"]),
    ("an unknown field", {"body": {"group_id": GROUP_ID, "all": True}}, 422, "InvalidRequest", ["all"]),
    ("a body that is not JSON", {"raw": "client_ids=c-1"}, 400, "InvalidRequest", ["body"]),
    (
        "a body of another kind",
        {"raw": "<x/>", "headers": {"Content-Type": "application/xml"}},
        415,
        "InvalidRequest",
        ["Content-Type"],
    ),
    (
        "too many ids",
        {"body": {"client_ids": [f"c-{number}" for number in range(MAX_CLIENTS + 1)]}},
        422,
        "InvalidRequest",
        ["client_ids"],
    ),
    (
        "unknown ids",
        {"body": {"client_ids": ["c-404", "c-1", "c-405", "c-404"]}},
        404,
        "ClientNotFound",
        ["client_ids[0]", "client_ids[2]", "client_ids[3]"],
    ),
    (
        "another provider's client",
        {"body": {"client_ids": ["c-1", "c-6"]}},
        404,
        "ClientNotFound",
        ["client_ids[1]"],
    ),
    ("an unknown group", {"body": {"group_id": "group-404"}}, 404, "GroupNotFound", ["group_id"]),
    (
        "another provider's group",
        {"body": {"group_id": GROUP_ID}, "claims": STRANGER},
        404,
        "GroupNotFound",
        ["group_id"],
    ),
    ("an empty group", {"body": {"group_id": "group-empty"}}, 409, "NothingSelected", ["group_id"]),
    (
        "a list and a filter",
        {"body": {"client_ids": ["c-1"], "filter": {"owes_nothing": True}}},
        422,
        "InvalidRequest",
        [SELECTION],
    ),
    ("a filter without a condition", {"body": {"filter": {}}}, 422, "InvalidRequest", ["filter"]),
    (
        "a filter of conditions turned off",
        {"body": {"filter": {"owes_nothing": False}}},
        422,
        "InvalidRequest",
        ["filter"],
    ),
    (
        "a filter with a text for a truth",
        {"body": {"filter": {"owes_nothing": "yes"}}},
        422,
        "InvalidRequest",
        ["filter.owes_nothing"],
    ),
    (
        "a filter with an unknown condition",
        {"body": {"filter": {"name": "Wren"}}},
        422,
        "InvalidRequest",
        ["filter.name"],
    ),
    *(
        (
            f"a filter with {day!r} for a day",
            {"body": {"filter": {"inactive_since": day}}},
            422,
            "InvalidRequest",
            ["filter.inactive_since"],
        )
        for day in ("2026-3-1", "2026-02-30", "2026-03-01T00:00:00Z", "20260301", "\u0662026-03-01", "", 1_772_323_200)
    ),
    (
        "a filter by an unknown group",
        {"body": {"filter": {"group_id": "group-404"}}},
        404,
        "GroupNotFound",
        ["filter.group_id"],
    ),
    (
        "a filter that finds nobody",
        {"body": {"filter": {"added_before": "1999-12-31"}}},
        409,
        "NothingSelected",
        ["filter"],
    ),
    (
        "a group of whom everybody is left out",
        {"body": {"group_id": GROUP_ID, "exclude_client_ids": ["c-1", "c-2", "c-3"]}},
        409,
        "NothingSelected",
        ["group_id"],
    ),
    (
        "a list with others left out",
        {"body": {"client_ids": ["c-1", "c-2"], "exclude_client_ids": ["c-2"]}},
        422,
        "InvalidRequest",
        ["exclude_client_ids"],
    ),
    (
        "too many left out",
        {"body": {"group_id": GROUP_ID, "exclude_client_ids": [f"c-{number}" for number in range(MAX_CLIENTS + 1)]}},
        422,
        "InvalidRequest",
        ["exclude_client_ids"],
    ),
    (
        "an unknown group to move to",
        {"body": {"client_ids": ["c-1"], "options": {"group_id": "group-404"}}},
        404,
        "GroupNotFound",
        ["options.group_id"],
    ),
    ("staff who may not", {"body": {"group_id": GROUP_ID}, "claims": READER}, 403, "NotPermitted", []),
    ("nobody", {"body": {"group_id": GROUP_ID}, "claims": None}, 403, "NotPermitted", []),
]


@pytest.mark.parametrize(("_", "call", "status", "name", "fields"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_preview_of(practice: Table, _: str, call: dict[str, Any], status: int, name: str, fields: list[str]) -> None:
    before = dump(practice)
    answer = post(BULK, **call)
    assert (answer.status, answer.problem, answer.fields) == (status, name, fields)
    assert dump(practice) == before


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({"owes_nothing": True}, ["c-2", "c-3", "c-5"]),
    ({"no_upcoming_appointment": True}, ["c-2", "c-3", "c-5"]),
    ({"group_id": GROUP_ID}, ["c-2", "c-3", "c-1"]),
    ({"group_id": GROUP_ID, "owes_nothing": True}, ["c-2", "c-3"]),
    ({"added_before": "2026-03-01"}, ["c-2", "c-3", "c-5", "c-1"]),
    ({"inactive_since": "2025-12-31", "no_upcoming_appointment": True}, ["c-3", "c-5"]),
]


@pytest.mark.parametrize(("conditions", "expected"), FILTERS, ids=[str(row[0]) for row in FILTERS])
def test_a_filter_finds_active_clients_by_name_and_the_run_keeps_it(
    practice: Table, conditions: dict[str, Any], expected: list[str]
) -> None:
    store(practice, client("c-2", name="Anna", group_id=GROUP_ID, last_active_at=NOW - DAY))
    run = preview(filter=conditions)
    assert ids(run) == expected
    assert run["group_id"] is None
    watched = get(f"{BULK}/{run['run_id']}").body
    assert {name: value for name, value in watched["filter"].items() if value} == conditions


@pytest.mark.parametrize(
    "selected", [{"group_id": GROUP_ID}, {"filter": {"group_id": GROUP_ID}}], ids=["group", "filter"]
)
def test_clients_are_left_out_by_id_and_the_run_tells_how_many(practice: Table, selected: dict[str, Any]) -> None:
    run = preview(**selected, exclude_client_ids=["c-3", "c-1"])
    assert ids(run) == ["c-2"]
    assert get(f"{BULK}/{run['run_id']}").body["left_out"] == 2


def test_a_selection_of_more_than_a_run_takes_is_refused(practice: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client_lifecycle.use_cases.bulk.preview.MAX_CLIENTS", 2)
    before = dump(practice)
    for body, field in (({"group_id": GROUP_ID}, "group_id"), ({"filter": {"owes_nothing": True}}, "filter")):
        answer = post(BULK, body)
        assert (answer.status, answer.problem, answer.fields) == (409, "TooManyClients", [field])
    assert dump(practice) == before


def test_ten_thousand_unknown_ids_are_all_named(practice: Table) -> None:
    answer = post(BULK, {"client_ids": [f"nobody-{number}" for number in range(MAX_CLIENTS)]})
    assert (answer.status, answer.problem) == (404, "ClientNotFound")
    assert answer.fields == [f"client_ids[{number}]" for number in range(MAX_CLIENTS)]


@pytest.mark.parametrize("few", [True, False], ids=["few clients", "many clients"])
@pytest.mark.parametrize("kind", ["APPOINTMENT#a-2", "PAYMENT#p-1"])
def test_a_commitment_that_cannot_be_read_is_skipped(
    practice: Table, monkeypatch: pytest.MonkeyPatch, kind: str, few: bool
) -> None:
    if not few:
        monkeypatch.setattr("client_lifecycle.use_cases.bulk.preview.FEW_CLIENTS", 0)
    spoil(practice, "c-1", kind)
    [wren, anna] = preview(client_ids=["c-1", "c-2"])["clients"]
    expected = (1, 1) if kind.startswith("APPOINTMENT") else (2, 0)
    assert (wren["upcoming_appointments"], wren["scheduled_payments"]) == expected
    assert (anna["upcoming_appointments"], anna["scheduled_payments"]) == (0, 1)


def test_an_unreadable_client_is_named_if_chosen_and_else_blocks_nobody(practice: Table) -> None:
    run = preview(group_id=GROUP_ID)
    spoil(practice, "c-3", "CLIENT")
    assert ids(preview(group_id=GROUP_ID)) == ["c-2", "c-1"]
    chosen = preview(client_ids=["c-1", "c-3"])
    assert ids(chosen) == ["c-1"]
    assert chosen["unreadable"] == [{"kind": "client", "id": "c-3", "fields": ["added_at"], "client_id": None}]
    nobody = post(BULK, {"client_ids": ["c-3"]})
    assert (nobody.status, nobody.problem) == (500, "UnreadableRecord")
    assert nobody.body["unreadable"] == [{"kind": "client", "id": "c-3", "fields": ["added_at"]}]
    listed = get(f"{BULK}/{run['run_id']}/clients").body["clients"]
    assert [(one["client_id"], one["name"]) for one in listed] == [("c-2", "Anna"), ("c-3", None), ("c-1", "Wren")]


def spoil(table: Table, client_id: str, sk: str) -> None:
    """Give an item values that nothing can read."""
    item = dump(table)[f"CLIENT#{PROVIDER_ID}#{client_id}", sk]
    table.put_many([item | {"status": "?", "added_at": "?"}])


def test_a6_a_group_without_active_clients_has_nothing_to_archive(practice: Table) -> None:
    for client_id in ("c-1", "c-2", "c-3"):
        post(f"/clients/{client_id}/archive", {})
    assert post(BULK, {"group_id": GROUP_ID}).problem == "NothingSelected"


# Confirm


def test_confirming_starts_one_execution_over_a_manifest_of_ids_only(practice: Table, executions: Executions) -> None:
    run = preview(client_ids=["c-5", "c-1"])
    answer = confirm(run)
    assert (answer.status, answer.body["state"]) == (202, "running")
    assert answer.body["started_at"] == "2026-03-02T09:30:00Z"
    assert manifest(run["run_id"]) == [
        {
            "batch_number": 0,
            "members": [{"client_id": "c-5", "position": 0}, {"client_id": "c-1", "position": 1}],
        }
    ]
    started = {
        "provider_id": PROVIDER_ID,
        "run_id": run["run_id"],
        "attempt": 1,
        "kind": "archive",
        "manifest": {"bucket": BUCKET, "key": f"{PROVIDER_ID}/{run['run_id']}-1.json"},
    }
    assert executions() == [{"name": f"{run['run_id']}-1", "input": started}]


def test_a_second_confirm_changes_nothing(practice: Table, executions: Executions, clock: Clock) -> None:
    run = preview(group_id=GROUP_ID)
    first = confirm(run)
    written = dump(practice)
    clock.pass_by(DAY)
    second = confirm(run, claims=MANAGER | {"sub": "staff-8"})
    assert (second.status, second.body) == (202, first.body)
    assert dump(practice) == written
    assert len(executions()) == 1


def test_confirming_again_after_the_end_starts_nothing(practice: Table, executions: Executions) -> None:
    run = preview(client_ids=["c-5"])
    confirm(run)
    settled = Settlement(client_id="c-5", position=0, outcome=Outcome.ALREADY_ARCHIVED)
    settle_members(Tenant(practice, PROVIDER_ID), run["run_id"], 1, [settled], at=NOW)
    finish_run(Tenant(practice, PROVIDER_ID), run["run_id"], 1, at=NOW)
    again = confirm(run)
    assert (again.status, again.body["state"]) == (202, "completed")
    assert len(executions()) == 1


def test_the_verdict_knows_of_a_batch_that_settles_while_the_run_is_closed(
    practice: Table, executions: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = confirm(preview(client_ids=["c-5"])).body["run_id"]
    settled = Settlement(client_id="c-5", position=0, outcome=Outcome.FAILED, reason="CommitContended")

    def read_before_it_settles(tenant: Tenant, run_id: str) -> Run:
        run = read_run(tenant, run_id)
        settle_members(tenant, run_id, 1, [settled], at=NOW)
        return run

    monkeypatch.setattr(runs, "read_run", read_before_it_settles)
    run = finish_run(Tenant(practice, PROVIDER_ID), run_id, 1, at=NOW)
    assert (run.state, run.counts[Outcome.FAILED]) == (RunState.COMPLETED_WITH_FAILURES, 1)


def test_a_preview_holds_for_an_hour(practice: Table, executions: Executions, clock: Clock) -> None:
    run = preview(client_ids=["c-1"])
    clock.pass_by(PREVIEW_LIFETIME - MOMENT)
    assert confirm(run).status == 202


@pytest.mark.parametrize("late", [PREVIEW_LIFETIME, PREVIEW_LIFETIME + DAY], ids=["to the moment", "a day late"])
def test_an_expired_preview_is_refused_and_starts_nothing(
    practice: Table, executions: Executions, clock: Clock, late: Any
) -> None:
    run = preview(client_ids=["c-1"])
    before = dump(practice)
    clock.pass_by(late)
    answer = confirm(run)
    assert (answer.status, answer.problem, answer.fields) == (409, "PreviewExpired", ["token"])
    assert dump(practice) == before
    assert executions() == []


TOKENS: list[tuple[str, object, int, str, list[str]]] = [
    ("wrong token", {"token": "f" * 64}, 409, "PreviewMismatch", ["token"]),
    ("token beyond ASCII", {"token": "é" * 64}, 409, "PreviewMismatch", ["token"]),
    ("half a character", {"token": "\ud800"}, 422, "InvalidRequest", ["token"]),
    ("empty token", {"token": ""}, 422, "InvalidRequest", ["token"]),
    ("number for a token", {"token": 7}, 422, "InvalidRequest", ["token"]),
    ("no token", {}, 422, "InvalidRequest", ["token"]),
    ("no body", None, 422, "InvalidRequest", ["body"]),
    ("unknown field", {"token": "f", "force": True}, 422, "InvalidRequest", ["force"]),
]


@pytest.mark.parametrize(("_", "body", "status", "name", "fields"), TOKENS, ids=[row[0] for row in TOKENS])
def test_confirming_with_a(
    practice: Table, executions: Executions, _: str, body: object, status: int, name: str, fields: list[str]
) -> None:
    run = preview(client_ids=["c-1"])
    before = dump(practice)
    answer = post(f"{BULK}/{run['run_id']}/confirm", body)
    assert (answer.status, answer.problem, answer.fields) == (status, name, fields)
    assert dump(practice) == before
    assert executions() == []


def test_the_token_of_another_preview_is_refused(practice: Table, executions: Executions) -> None:
    one, other = preview(client_ids=["c-1"]), preview(client_ids=["c-2"])
    assert confirm(one | {"token": other["token"]}).problem == "PreviewMismatch"
    assert executions() == []


def test_staff_who_may_not_archive_may_not_confirm(practice: Table, executions: Executions) -> None:
    run = preview(client_ids=["c-1"])
    answer = confirm(run, claims=READER)
    assert (answer.status, answer.problem) == (403, "NotPermitted")
    assert executions() == []


def test_a_confirmation_cut_off_before_its_execution_is_picked_up(
    practice: Table, executions: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = preview(client_ids=["c-1"])
    with monkeypatch.context() as patch:
        patch.setattr("client_lifecycle.storage.workflow.Workflow.start", broken)
        assert confirm(run).problem == "InternalError"
    assert executions() == []
    assert confirm(run).body["state"] == "running"
    assert [one["name"] for one in executions()] == [f"{run['run_id']}-1"]


def broken(*_: object) -> None:
    raise RuntimeError("the connection broke off")


# Watch


@pytest.mark.parametrize("method", [get, post], ids=["read", "confirm"])
@pytest.mark.parametrize("whose", ["nobody's", "another provider's"])
def test_a_run_the_provider_does_not_have_is_a_problem_that_names_run_id(
    practice: Table, executions: Executions, method: Any, whose: str
) -> None:
    run = preview(client_ids=["c-1"])
    run_id = run["run_id"] if whose == "another provider's" else "01K404"
    address = f"{BULK}/{run_id}" if method is get else f"{BULK}/{run_id}/confirm"
    answer = method(address, claims=STRANGER, **({} if method is get else {"body": {"token": run["token"]}}))
    assert (answer.status, answer.problem, answer.fields) == (404, "RunNotFound", ["run_id"])


def test_the_clients_of_another_provider_s_run_are_not_shown(practice: Table) -> None:
    run = preview(client_ids=["c-1"])
    assert get(f"{BULK}/{run['run_id']}/clients", claims=STRANGER).problem == "RunNotFound"


def test_archivers_may_watch(practice: Table) -> None:
    run = preview(client_ids=["c-1"])
    watched = get(f"{BULK}/{run['run_id']}", claims=ARCHIVER)
    assert watched.status == 200
    assert watched.body == {name: value for name, value in run.items() if name in watched.body}
    assert run.keys() - watched.body.keys() == {"clients", "next_cursor"}


def test_once_confirmed_nobody_needs_the_token(practice: Table, executions: Executions) -> None:
    run = preview(client_ids=["c-1"])
    assert get(f"{BULK}/{run['run_id']}").body["token"] == run["token"]
    assert confirm(run).body["token"] is None


@pytest.fixture
def half_done(practice: Table) -> str:
    """A run of four, of whom one is archived already, one failed, and two are waiting."""
    run_id: str = preview(client_ids=["c-5", "c-4", "c-3", "c-2"])["run_id"]
    settled = [
        Settlement(client_id="c-4", position=1, outcome=Outcome.ALREADY_ARCHIVED),
        Settlement(client_id="c-3", position=2, outcome=Outcome.FAILED, reason="InternalError"),
    ]
    settle_members(Tenant(practice, PROVIDER_ID), run_id, 1, settled, at=NOW)
    return run_id


def test_progress_counts_clients_by_outcome(half_done: str) -> None:
    body = get(f"{BULK}/{half_done}").body
    dealt_with = {Outcome.ALREADY_ARCHIVED: 1, Outcome.FAILED: 1}
    assert body["counts"] == counts_of(RunKind.ARCHIVE, pending=2) | dealt_with
    assert body["percent_done"] == 50


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["c-5", "c-4", "c-3", "c-2"]),
        ("?outcome=pending", ["c-5", "c-2"]),
        ("?outcome=failed", ["c-3"]),
        ("?outcome=already_archived", ["c-4"]),
        ("?outcome=archived", []),
    ],
)
def test_clients_are_listed_in_the_order_of_the_preview_all_or_by_outcome(
    half_done: str, query: str, expected: list[str]
) -> None:
    page = get(f"{BULK}/{half_done}/clients{query}").body
    assert (ids(page), page["next_cursor"]) == (expected, None)


def test_a_failed_client_says_why(half_done: str) -> None:
    [failed] = get(f"{BULK}/{half_done}/clients?outcome=failed").body["clients"]
    assert (failed["client_id"], failed["outcome"], failed["reason"]) == ("c-3", "failed", "InternalError")


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("outcome", ["", "&outcome=pending"], ids=["all", "pending"])
def test_pages_of_a_run_lose_nobody(half_done: str, limit: int, outcome: str) -> None:
    address = f"{BULK}/{half_done}/clients?limit={limit}{outcome}"
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = get(f"{address}&cursor={cursor}" if cursor else address).body
        assert len(page["clients"]) <= limit
        found += ids(page)
        cursor = page["next_cursor"]
    assert found == (["c-5", "c-2"] if outcome else ["c-5", "c-4", "c-3", "c-2"])


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 7, 8])
@pytest.mark.parametrize("outcome", [None, "failed", "pending"])
def test_pages_continue_over_the_partitions_of_a_large_run(
    table: Table, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, limit: int, outcome: str | None
) -> None:
    monkeypatch.setattr("client_lifecycle.storage.keys.MEMBERS_PER_PARTITION", 3)
    everyone = [f"c-{number}" for number in range(7)]
    for client_id in everyone:
        store(table, client(client_id))
    run_id = preview(client_ids=everyone)["run_id"]
    failed = [Settlement(client_id=f"c-{at}", position=at, outcome=Outcome.FAILED, reason="x") for at in (1, 2, 5, 6)]
    settle_members(tenant, run_id, 1, failed, at=NOW)
    some = {"failed": ["c-1", "c-2", "c-5", "c-6"], "pending": ["c-0", "c-3", "c-4"]}
    expected = some[outcome] if outcome else everyone
    address = f"{BULK}/{run_id}/clients?limit={limit}" + (f"&outcome={outcome}" if outcome else "")
    found = [ids(page) for page in pages(address)]
    assert [client_id for page in found for client_id in page] == expected
    assert all(len(page) == limit for page in found[:-1])
    assert [member.client_id for member in all_members(tenant, read_run(tenant, run_id))] == everyone


def test_a_preview_of_more_than_a_page_continues_where_it_ended(table: Table) -> None:
    everyone = [f"c-{number}" for number in range(130)]
    for client_id in everyone:
        store(table, client(client_id))
    run = preview(client_ids=everyone)
    rest = get(f"{BULK}/{run['run_id']}/clients?cursor={run['next_cursor']}").body
    assert run["totals"]["clients"] == 130
    assert (ids(run), ids(rest)) == (everyone[:100], everyone[100:])
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("outcome=lost", "outcome"),
        ("cursor=first", "cursor"),
        ("cursor=-1", "cursor"),
        ("cursor=1.5", "cursor"),
        ("cursor=" + "9" * 65, "cursor"),
    ],
)
def test_a_bad_query_is_a_problem_that_names_the_parameter(half_done: str, query: str, field: str) -> None:
    answer = get(f"{BULK}/{half_done}/clients?{query}")
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", [field])
