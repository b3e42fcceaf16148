"""GET /clients/{client_id}/permissions and POST /permission-checks: rules P1-P12 for other services."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import Client
from client_lifecycle.domain.policy import TABLE, Action, Actor
from client_lifecycle.domain.settings import PortalSettings, ProviderSettings
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.clients import check_permissions
from tests.moto.conftest import Log
from tests.support.builders import GROUP_ID, OTHER_PROVIDER_ID, PROVIDER_ID, STAFF_ID, client, group, stamp
from tests.support.calls import READER, get, post
from tests.support.store import dump, store, store_group, store_settings

FRONT_DESK = READER
OFF, ON = PortalSettings(schedule_appointments=False), PortalSettings(schedule_appointments=True)


def ask(action: str, *client_ids: str, **more: Any) -> dict[str, Any]:
    answer = post("/permission-checks", {"action": action, "client_ids": list(client_ids)} | more, claims=FRONT_DESK)
    assert answer.status == 200
    body: dict[str, Any] = answer.body
    return body


def permission(client_id: str, action: str, actor: str) -> dict[str, Any]:
    body = get(f"/clients/{client_id}/permissions", claims=FRONT_DESK).body
    [found] = [one for one in body["permissions"] if (one["action"], one["actor"]) == (action, actor)]
    answer: dict[str, Any] = found
    return answer


def people(table: Table) -> tuple[Client, Client]:
    return store(table, client("active")), store(table, client("archived", stamp=stamp()))


# One client


@pytest.mark.parametrize(("client_id", "status"), [("active", "active"), ("archived", "archived")])
def test_the_whole_answer_names_every_action_for_every_actor(table: Table, client_id: str, status: str) -> None:
    people(table)
    body = get(f"/clients/{client_id}/permissions", claims=FRONT_DESK).body
    asked = [(one["action"], one["actor"], one["rule"]) for one in body["permissions"]]
    assert asked == [(action, actor, rule.number) for action, rule in TABLE.items() for actor in rule.actors]
    assert (body["client_id"], body["status"]) == (client_id, status)
    assert set(body["settings"].values()) == {True}


def test_p7_an_archived_client_is_sent_no_document(table: Table) -> None:
    people(table)
    assert permission("archived", "share_document", "staff") == {
        "action": "share_document",
        "actor": "staff",
        "allowed": False,
        "reason": "client_archived",
        "rule": "P7",
        "sentence": "The client is archived. Activate the client first.",
        "activates": False,
    }


def test_p6_a_booking_brings_an_archived_client_back(table: Table) -> None:
    people(table)
    assert permission("archived", "book_appointment", "client")["activates"] is True
    assert permission("active", "book_appointment", "client")["activates"] is False


@pytest.mark.parametrize(
    ("of_client", "of_group", "of_provider", "allowed"),
    [
        (PortalSettings(), PortalSettings(), OFF, False),
        (PortalSettings(), ON, OFF, True),
        (OFF, ON, ON, False),
        (ON, OFF, OFF, True),
        (PortalSettings(), OFF, ON, False),
    ],
)
def test_p6_client_then_group_then_provider_decide_a_switch(
    table: Table, of_client: PortalSettings, of_group: PortalSettings, of_provider: PortalSettings, allowed: bool
) -> None:
    store(table, client(group_id=GROUP_ID, settings=of_client, stamp=stamp()))
    store_group(table, group(settings=of_group))
    store_settings(table, PROVIDER_ID, ProviderSettings(portal=of_provider))
    answer = permission("client-1", "book_appointment", "client")
    assert (answer["allowed"], answer["reason"]) == (allowed, None if allowed else "scheduling_disabled")
    assert get("/clients/client-1/permissions").body["settings"]["schedule_appointments"] is allowed
    checked = ask("book_appointment", "client-1")
    assert checked["allowed"] == (["client-1"] if allowed else [])


@pytest.mark.parametrize(
    ("reasons", "reason"), [(None, "no_self_return"), ([], None), ([ArchiveReason.OTHER], None)], ids=str
)
def test_a_provider_decides_which_reasons_prevent_a_return(
    table: Table, reasons: list[ArchiveReason] | None, reason: str | None
) -> None:
    store(table, client(stamp=stamp(reason=ArchiveReason.DISCHARGED)))
    if reasons is not None:
        store_settings(table, PROVIDER_ID, ProviderSettings(no_self_return=frozenset(reasons)))
    assert permission("client-1", "book_appointment", "client")["reason"] == reason
    assert [one["reason"] for one in ask("book_appointment", "client-1")["refused"]] == ([reason] if reason else [])


# Many clients


def test_a_check_tells_who_may_who_may_not_and_why(table: Table) -> None:
    people(table)
    store(table, client("theirs", provider_id=OTHER_PROVIDER_ID))
    assert ask("request_form", "client-404", "archived", "active", "theirs", "active") == {
        "action": "request_form",
        "actor": "staff",
        "allowed": ["active"],
        "refused": [
            {
                "client_id": "client-404",
                "reason": "client_not_found",
                "rule": "P8",
                "sentence": "You have no client with this id.",
            },
            {
                "client_id": "archived",
                "reason": "client_archived",
                "rule": "P8",
                "sentence": "The client is archived. Activate the client first.",
            },
            {
                "client_id": "theirs",
                "reason": "client_not_found",
                "rule": "P8",
                "sentence": "You have no client with this id.",
            },
        ],
        "unreadable": [],
    }


@pytest.mark.parametrize("action", Action)
def test_a_check_and_the_whole_answer_of_a_client_say_the_same(table: Table, action: Action) -> None:
    for who in people(table):
        for actor in TABLE[action].actors:
            alone = permission(who.client_id, action, actor)
            checked = ask(action, who.client_id, actor=actor)
            assert checked["actor"] == actor
            assert bool(checked["allowed"]) is alone["allowed"]
            assert [one["reason"] for one in checked["refused"]] == ([] if alone["allowed"] else [alone["reason"]])
        assert ask(action, who.client_id)["actor"] == TABLE[action].actors[0]


def test_an_actor_the_action_is_not_for_is_refused(table: Table) -> None:
    people(table)
    [refused] = ask("send_goal_reminder", "active", actor="client")["refused"]
    assert refused["reason"] == "not_for_this_actor"


def test_a_thousand_clients_cost_a_dozen_reads(table: Table, tenant: Tenant) -> None:
    for number in range(3):
        store_group(table, group(f"group-{number}"))
    ids = [f"client-{number}" for number in range(1_000)]
    for number, client_id in enumerate(ids):
        store(table, client(client_id, group_id=f"group-{number % 3}"))
    made: list[str] = []
    table.client.meta.events.register("before-call.dynamodb", lambda model, **_: made.append(model.name))
    checked = check_permissions(tenant, Action.RECEIVE_BLAST, None, ids)
    assert all(answer and answer.allowed for answer in checked.permissions.values())
    assert list(checked.permissions) == ids
    assert made == ["GetItem", *["BatchGetItem"] * 10, "BatchGetItem"]
    assert checked.actor is Actor.STAFF


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"action": "delete"}, "action"),
        ({"action": None}, "action"),
        ({"actor": "nobody"}, "actor"),
        ({"client_ids": []}, "client_ids"),
        ({"client_ids": ["x"] * 1_001}, "client_ids"),
        ({"client_ids": ["client-1", "a#b"]}, "client_ids[1]"),
        ({"client_ids": [7]}, "client_ids[0]"),
        ({"provider_id": OTHER_PROVIDER_ID}, "provider_id"),
    ],
    ids=str,
)
def test_a_wrong_question_is_refused_by_its_field(table: Table, wrong: dict[str, Any], field: str) -> None:
    answer = post("/permission-checks", {"action": "send_email", "client_ids": ["client-1"]} | wrong)
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", [field])


def test_the_problem_of_an_unknown_action_lists_the_actions(table: Table) -> None:
    [fault] = post("/permission-checks", {"action": "delete", "client_ids": ["client-1"]}).body["errors"]
    assert all(f"'{action}'" in fault["message"] for action in Action)


def test_asking_needs_a_provider_writes_nothing_and_logs_no_names(table: Table, log: Log) -> None:
    people(table)
    before = dump(table)
    question = {"action": "send_email", "client_ids": ["active"]}
    assert post("/permission-checks", question, claims={"sub": STAFF_ID}).problem == "NotPermitted"
    assert get("/clients/active/permissions", claims={"sub": STAFF_ID}).problem == "NotPermitted"
    ask("send_email", "active", "archived", "client-404")
    assert dump(table) == before
    assert not [word for word in ("wren", "@") if word in log.text.casefold()]
