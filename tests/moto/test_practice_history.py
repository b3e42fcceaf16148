"""The history of a practice: who changed settings and groups, and who did what with a bulk archive or import."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from client_lifecycle.storage.table import Table
from tests.moto.conftest import Clock
from tests.moto.importing import uploaded
from tests.moto.workflow import Workflow, confirmed
from tests.support.builders import GROUP_ID, OTHER_PROVIDER_ID, STAFF_ID, client, group
from tests.support.calls import MANAGER, delete, get, pages, patch, post
from tests.support.store import store, store_group

COLLEAGUE = MANAGER | {"sub": "staff-8"}
STRANGER = MANAGER | {"custom:provider_id": OTHER_PROVIDER_ID}
BY_STAFF = {"source": "staff", "actor_id": STAFF_ID, "run_id": None, "through": "api", "name": None}


def lines(query: str = "", **options: Any) -> list[dict[str, Any]]:
    """The lines of the practice, the oldest first."""
    found = [line for page in pages(f"/history?limit=3{query}", **options) for line in page["entries"]]
    return list(reversed(found))


def events(query: str = "", **options: Any) -> list[str]:
    return [line["event"] for line in lines(query, **options)]


def previewed(table: Table) -> dict[str, Any]:
    for number in range(3):
        store(table, client(f"c-{number}"))
    answer: dict[str, Any] = post("/bulk-archives", {"client_ids": ["c-0", "c-1", "c-2"]}).body
    return answer


def test_a_changed_setting_is_told_with_who_and_both_values(table: Table) -> None:
    patch("/settings", {"safety": {"owes_money": "block"}})
    patch("/settings", {"safety": {"owes_money": "allow"}}, claims=COLLEAGUE)
    patch("/settings", {"safety": {"owes_money": "allow"}})
    first, second = lines()
    assert (first["event"], first["by"]) == ("settings.changed", BY_STAFF)
    assert first["edits"] == [{"field": "safety.owes_money", "before": "allow", "after": "block"}]
    assert second["by"]["actor_id"] == "staff-8"
    assert second["edits"] == [{"field": "safety.owes_money", "before": "block", "after": "allow"}]


def test_groups_that_come_change_and_go_are_told(table: Table) -> None:
    group_id = post("/groups", {"name": "Sleep"}).body["group_id"]
    patch(f"/groups/{group_id}", {"settings": {"chat": False}})
    delete(f"/groups/{group_id}")
    delete(f"/groups/{group_id}")
    assert events() == ["group.added", "group.changed", "group.deleted"]
    assert {line["group_id"] for line in lines()} == {group_id}
    assert lines()[1]["edits"] == [{"field": "settings.chat", "before": None, "after": False}]


@pytest.mark.usefixtures("executions")
def test_all_that_people_do_with_a_run_is_told_and_the_run_shows_who(table: Table) -> None:
    shown = previewed(table)
    run = f"/bulk-archives/{shown['run_id']}"
    post(f"{run}/exclude", {"client_ids": ["c-0"]}, claims=COLLEAGUE)
    post(f"{run}/exclude", {"client_ids": ["c-0"]})
    post(f"{run}/confirm", {"token": shown["token"]})
    post(f"{run}/confirm", {"token": shown["token"]}, claims=COLLEAGUE)
    stopped = post(f"{run}/stop", claims=COLLEAGUE).body
    post(f"{run}/stop")
    told = [(line["event"].partition(".")[2], line["by"]["actor_id"], line["run_id"]) for line in lines()]
    assert told == [
        ("previewed", STAFF_ID, shown["run_id"]),
        ("clients_excluded", "staff-8", shown["run_id"]),
        ("confirmed", STAFF_ID, shown["run_id"]),
        ("stop_asked", "staff-8", shown["run_id"]),
    ]
    assert lines()[1]["client_ids"] == ["c-0"]
    assert (stopped["created_by"], stopped["confirmed_by"], stopped["stopped_by"]) == (STAFF_ID, STAFF_ID, "staff-8")


@pytest.mark.usefixtures("executions")
def test_who_tries_a_run_again_and_who_undoes_it_is_told(table: Table) -> None:
    store(table, client("c-1"))
    ended = confirmed("c-1")
    ended.finish()
    again = post(f"/bulk-archives/{ended.run_id}/retry", claims=COLLEAGUE).body
    assert (again["confirmed_by"], again["retried_by"]) == (STAFF_ID, "staff-8")
    retried = Workflow(ended.run_id, attempt=2)
    retried.prepare()
    retried.settle(retried.effects(retried.mark(retried.batch("c-1"))))
    retried.finish()
    archived_by = get("/clients/c-1").body["archived_by"]
    assert (archived_by["actor_id"], archived_by["run_id"]) == ("staff-8", ended.run_id)
    undo = post(f"/bulk-archives/{ended.run_id}/undo").body
    assert [line["event"].partition(".")[2] for line in lines()] == ["previewed", "confirmed", "retried", "undone"]
    assert (lines()[-1]["undone_by"], lines()[-1]["by"]["actor_id"]) == (undo["run_id"], STAFF_ID)


@pytest.mark.usefixtures("table", "import_executions")
def test_all_that_people_do_with_an_import_is_told_once() -> None:
    run = uploaded("Client ID,Name,Email\nx-1,Ada,ada@example.org\n")
    run.check()
    run.start()
    for _ in range(2):
        post(f"{run.address}/stop", claims=COLLEAGUE)
    run.carried_out()
    post(f"{run.address}/retry", claims=COLLEAGUE)
    told = [(line["event"], line["by"]["actor_id"], line["import_id"]) for line in lines()]
    assert told == [
        ("import.requested", STAFF_ID, run.import_id),
        ("import.check_asked", STAFF_ID, run.import_id),
        ("import.confirmed", STAFF_ID, run.import_id),
        ("import.stop_asked", "staff-8", run.import_id),
        ("import.retried", "staff-8", run.import_id),
    ]


def test_what_is_refused_has_no_line(table: Table) -> None:
    store_group(table, group())
    store(table, client(group_id=GROUP_ID))
    delete(f"/groups/{GROUP_ID}")
    patch("/groups/group-of-nobody", {"name": "Else"})
    post("/bulk-archives/run-of-nobody/stop")
    assert lines() == []


def test_it_is_read_by_actor_and_by_days_of_the_practice(table: Table, clock: Clock) -> None:
    patch("/settings", {"time_zone": "America/Los_Angeles"})
    clock.at = clock.at.replace(year=2040, month=3, day=2, hour=6)
    patch("/settings", {"undo_window_days": 10})
    clock.pass_by(timedelta(hours=3))
    patch("/settings", {"undo_window_days": 11}, claims=COLLEAGUE)

    def told(query: str) -> list[Any]:
        return [line["edits"][0]["after"] for line in lines(query)]

    assert told("&since=2040-03-01") == [10, 11]
    assert told("&since=1900-01-01&until=2200-01-01") == ["America/Los_Angeles", 10, 11]
    assert lines("&until=1900-01-01") == []
    assert told("&since=2040-03-01&until=2040-03-01") == [10], "six in the morning there is the evening before here"
    assert told("&since=2040-03-02") == [11]
    assert told("&actor_id=staff-8") == [11]
    assert told(f"&actor_id={STAFF_ID}&since=2040-03-01&until=2040-03-02") == [10]
    assert told("&actor_id=staff-9") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=tomorrow", "since"),
        ("until=2040-13-01", "until"),
        ("since=1800-01-01", "since"),
        ("since=2040-03-02&until=2040-03-01", "until"),
        ("actor_id=%20", "actor_id"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_by_its_field(table: Table, query: str, field: str) -> None:
    answer = get(f"/history?{query}")
    assert (answer.status, answer.fields) == (422, [field])


def test_a_cursor_of_another_query_or_practice_is_refused(table: Table) -> None:
    for days in range(3):
        patch("/settings", {"undo_window_days": 10 + days})
    cursor = get("/history?limit=1").body["next_cursor"]
    assert get(f"/history?limit=1&cursor={cursor}").status == 200
    assert get(f"/history?actor_id={STAFF_ID}&cursor={cursor}").fields == ["cursor"]
    assert get(f"/history?since=2040-03-02&cursor={cursor}").fields == ["cursor"]
    assert get(f"/history?cursor={cursor}", claims=STRANGER).fields == ["cursor"]


def test_pages_of_one_actor_have_every_line_once(table: Table) -> None:
    for days in range(7):
        patch("/settings", {"undo_window_days": 10 + days}, claims=COLLEAGUE if days % 2 else MANAGER)
    assert [line["edits"][0]["after"] for line in lines("&actor_id=staff-8")] == [11, 13, 15]
    assert len(events()) == 7
    assert events(claims=STRANGER) == []
