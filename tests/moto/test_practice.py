"""Client groups and the practice's settings."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.domain.errors import GroupNotFound
from client_lifecycle.domain.settings import Level, ProviderSettings, SafetySettings
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.providers import read_settings
from client_lifecycle.storage.table import StaleRead, Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases import practice as use_case
from client_lifecycle.use_cases.practice import change_group, change_settings
from tests.moto.conftest import Log
from tests.support.builders import GROUP_ID, NOW, OTHER_PROVIDER_ID, PROVIDER_ID, STAFF_ID, cause, client, group, stamp
from tests.support.calls import MANAGER, READER, delete, get, pages, patch, post, request
from tests.support.store import dump, store, store_group, store_settings

FRONT_DESK = READER
STRANGER = MANAGER | {"custom:provider_id": OTHER_PROVIDER_ID}
UNSET = {"chat": None, "community_chats": None, "schedule_appointments": None, "email_notifications": None}
GROUP = f"/groups/{GROUP_ID}"
DEFAULTS = {
    "portal": UNSET,
    "safety": {
        "owes_money": "allow",
        "has_credits": "allow",
        "appointment_soon": "allow",
        "payment_charging": "allow",
        "appointment_within_days": 7,
    },
    "no_self_return": ["deceased", "discharged"],
    "undo_window_days": 30,
    "tidy_up": None,
    "time_zone": "UTC",
    "readers": {"see_money": False, "see_notes": False},
    "name": None,
    "currency": "USD",
}


# Groups


def test_a_group_is_made_read_changed_and_deleted(table: Table) -> None:
    made = post("/groups", {"name": " Sleep Better ", "settings": {"chat": False}})
    assert made.status == 201
    group_id = made.body["group_id"]
    assert made.body == {"group_id": group_id, "name": "Sleep Better", "settings": UNSET | {"chat": False}}
    assert get(f"/groups/{group_id}", claims=FRONT_DESK).body == made.body

    changed = patch(f"/groups/{group_id}", {"name": "Sleep", "settings": {"chat": None, "community_chats": True}})
    assert changed.body == {"group_id": group_id, "name": "Sleep", "settings": UNSET | {"community_chats": True}}
    row = changed.body | {"clients": {"active": 0, "archived": 0}}
    assert get("/groups").body == {"groups": [row], "next_cursor": None, "unreadable": []}

    deleted = delete(f"/groups/{group_id}")
    assert (deleted.status, deleted.body) == (204, None)
    assert get(f"/groups/{group_id}").problem == "GroupNotFound"
    assert {key[1].partition("#")[0] for key in dump(table)} == {"HISTORY"}


def test_groups_are_listed_by_pages_without_those_of_other_providers(table: Table) -> None:
    for number in range(5):
        store_group(table, group(f"group-{number}"))
    store_group(table, group("group-theirs", provider_id=OTHER_PROVIDER_ID))
    store_settings(table, PROVIDER_ID, ProviderSettings())
    read = list(pages("/groups?limit=2", claims=FRONT_DESK))
    ids = [one["group_id"] for page in read for one in page["groups"]]
    assert ids == [f"group-{number}" for number in range(5)]


@pytest.mark.parametrize("fields", [{}, {"stamp": stamp()}], ids=["active", "archived"])
def test_a_group_with_a_client_in_it_is_not_deleted(table: Table, tenant: Tenant, fields: dict[str, Any]) -> None:
    store(table, client(group_id=GROUP_ID, **fields))
    store_group(table, group())
    before = dump(table)
    answer = delete(GROUP)
    assert (answer.status, answer.problem, answer.fields) == (409, "GroupNotEmpty", ["group_id"])
    assert dump(table) == before
    patch("/clients/client-1", {"group_id": None})
    assert delete(GROUP).status == 204
    assert read_client(tenant, "client-1").group_id is None


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("claims", [MANAGER, STRANGER])
def test_a_group_nobody_or_another_provider_has_is_not_found(table: Table, method: str, claims: dict[str, Any]) -> None:
    if claims == STRANGER:
        store_group(table, group())
    before = dump(table)
    answer = request(method, GROUP, {"name": "Else"} if method == "PATCH" else None, claims=claims)
    assert (answer.status, answer.problem, answer.fields) == (404, "GroupNotFound", ["group_id"])
    assert dump(table) == before


def test_a_change_that_changes_nothing_writes_nothing(table: Table) -> None:
    store_group(table, group())
    before = dump(table)
    assert patch(GROUP, {}).body["name"] == patch(GROUP, {"name": "Sleep Better"}).body["name"] == "Sleep Better"
    assert dump(table) == before


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"name": " "}, ["name"]),
        ({"name": None}, ["name"]),
        ({"name": "x" * 201}, ["name"]),
        ({"name": "a\nb"}, ["name"]),
        ({"settings": {"chat": 1}}, ["settings.chat"]),
        ({"settings": {"phone": True}}, ["settings.phone"]),
        ({"group_id": "group-2"}, ["group_id"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_wrong_value_of_a_group_is_refused_by_its_field(
    table: Table, method: str, wrong: dict[str, Any], fields: list[str]
) -> None:
    store_group(table, group())
    before = dump(table)
    answer = request(method, "/groups" if method == "POST" else GROUP, {"name": "Sleep"} | wrong)
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", fields)
    assert dump(table) == before


def test_a_group_s_change_is_decided_again_on_what_others_wrote_meanwhile(table: Table, tenant: Tenant) -> None:
    store_group(table, group())
    seen: list[str] = []

    def edit(reading: Any) -> Any:
        seen.append(reading.name)
        if len(seen) == 1:
            store_group(table, group(name="Sleep Well"))
        return group(name=f"{reading.name}!")

    assert change_group(tenant, GROUP_ID, edit, cause=cause(), at=NOW).name == "Sleep Well!"
    assert seen == ["Sleep Better", "Sleep Well"]


def test_a_group_deleted_while_it_is_changed_stays_deleted(table: Table, tenant: Tenant) -> None:
    store_group(table, group())

    def edit(reading: Any) -> Any:
        delete(GROUP)
        return group(name="Else")

    with pytest.raises(GroupNotFound):
        change_group(tenant, GROUP_ID, edit, cause=cause(), at=NOW)
    assert {key[1].partition("#")[0] for key in dump(table)} == {"HISTORY"}


# Settings


def test_a_provider_that_has_decided_nothing_has_the_defaults(table: Table) -> None:
    assert get("/settings").body == DEFAULTS
    without_money = {name: value for name, value in DEFAULTS.items() if name != "currency"}
    assert get("/settings", claims=FRONT_DESK).body == without_money


def test_settings_change_in_part_and_the_rest_stays(table: Table) -> None:
    patch("/settings", {"safety": {"owes_money": "block", "appointment_within_days": 0}})
    patch("/settings", {"portal": {"chat": False, "community_chats": True}})
    patch("/settings", {"safety": {"has_credits": "warn"}, "portal": {"chat": None}})
    last = patch("/settings", {"no_self_return": ["other", "finished", "other"]})
    safety = {"owes_money": "block", "has_credits": "warn", "appointment_within_days": 0}
    assert last.body == {
        "portal": UNSET | {"community_chats": True},
        "safety": DEFAULTS["safety"] | safety,  # type: ignore[operator]
        "no_self_return": ["finished", "other"],
        "undo_window_days": 30,
        "tidy_up": None,
        "time_zone": "UTC",
        "readers": {"see_money": False, "see_notes": False},
        "name": None,
        "currency": "USD",
    }
    assert get("/settings").body == last.body
    assert get("/settings", claims=STRANGER).body == DEFAULTS
    assert patch("/settings", {"no_self_return": []}).body["no_self_return"] == []


def test_settings_that_change_nothing_are_not_written(table: Table) -> None:
    assert patch("/settings", {}).body == DEFAULTS
    assert patch("/settings", {"safety": {"owes_money": "allow"}}).body == DEFAULTS
    assert dump(table) == {}


def test_a_safety_rule_that_is_set_holds_an_archive_back(table: Table) -> None:
    store(table, client(owed_cents=1))
    patch("/settings", {"safety": {"owes_money": "block"}})
    assert post("/clients/client-1/archive").problem == "ArchiveBlocked"


@pytest.mark.parametrize("written", [False, True], ids=["first", "later"])
def test_of_two_changes_of_settings_at_once_none_undoes_the_other(tenant: Tenant, written: bool) -> None:
    if written:
        patch("/settings", {"no_self_return": ["other", "finished", "deceased", "inactive"]})
    tries: list[ProviderSettings] = []

    def edit(reading: ProviderSettings) -> ProviderSettings:
        tries.append(reading)
        if len(tries) == 1:
            patch("/settings", {"portal": {"chat": False}})
        safety = SafetySettings(owes_money=Level.WARN)
        return ProviderSettings(portal=reading.portal, safety=safety, no_self_return=reading.no_self_return)

    changed = change_settings(tenant, edit, cause=cause(), at=NOW)
    assert len(tries) == 2
    assert (changed.portal.chat, changed.safety.owes_money) == (False, Level.WARN)
    assert read_settings(tenant) == changed


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"safety": {"owes_money": "forbid"}}, ["safety.owes_money"]),
        ({"safety": {"owes_money": None}}, ["safety.owes_money"]),
        ({"safety": {"late": "block"}}, ["safety.late"]),
        ({"safety": {"appointment_within_days": 366}}, ["safety.appointment_within_days"]),
        ({"safety": {"appointment_within_days": -1}}, ["safety.appointment_within_days"]),
        ({"safety": {"appointment_within_days": "7"}}, ["safety.appointment_within_days"]),
        ({"portal": {"chat": "off"}}, ["portal.chat"]),
        ({"portal": None}, ["portal"]),
        ({"no_self_return": ["finished", "bored"]}, ["no_self_return[1]"]),
        ({"no_self_return": None}, ["no_self_return"]),
        ({"theme": "dark"}, ["theme"]),
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused_by_its_field(table: Table, wrong: dict[str, Any], fields: list[str]) -> None:
    answer = patch("/settings", wrong)
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", fields)
    assert dump(table) == {}


# Who may


@pytest.mark.parametrize("claims", [None, {}, {"sub": STAFF_ID}, FRONT_DESK], ids=str)
@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("POST", "/groups", {"name": "Sleep"}),
        ("PATCH", GROUP, {"name": "Sleep"}),
        ("DELETE", GROUP, None),
        ("PATCH", "/settings", {"safety": {"owes_money": "block"}}),
    ],
)
def test_writing_needs_the_archivers_group(
    table: Table, method: str, address: str, body: object, claims: dict[str, Any] | None
) -> None:
    store_group(table, group())
    before = dump(table)
    answer = request(method, address, body, claims=claims)
    assert (answer.status, answer.problem) == (403, "NotPermitted")
    assert dump(table) == before


@pytest.mark.parametrize("address", ["/groups", GROUP, "/settings"])
def test_reading_needs_a_provider(table: Table, address: str) -> None:
    assert get(address, claims={"sub": STAFF_ID}).problem == "NotPermitted"


def test_settings_that_keep_changing_are_a_problem_after_some_tries(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outdated(*_: object) -> None:
        raise StaleRead

    store_group(table, group())
    monkeypatch.setattr(use_case, "commit_settings", outdated)
    monkeypatch.setattr(use_case, "commit_group", outdated)
    answers = [patch("/settings", {"portal": {"chat": False}}), patch(GROUP, {"name": "Else"})]
    assert [(answer.status, answer.problem) for answer in answers] == [(503, "CommitContended")] * 2


def test_no_log_line_holds_a_group_s_name(table: Table, log: Log) -> None:
    store(table, client(group_id=GROUP_ID))
    store_group(table, group())
    delete(GROUP)
    patch("/groups/group-404", {"name": "Sleep Better"})
    assert len(log.lines) == 2
    assert "Sleep" not in log.text


# The practice's days (T1)


def test_t1_a_practice_has_a_time_zone_which_is_utc_unless_it_says_another(table: Table) -> None:
    assert get("/settings").body["time_zone"] == "UTC"
    assert patch("/settings", {"time_zone": "America/Los_Angeles"}).body["time_zone"] == "America/Los_Angeles"
    assert patch("/settings", {"undo_window_days": 14}).body["time_zone"] == "America/Los_Angeles"


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "america/los_angeles", "../../etc/passwd", "posix/UTC", "localtime", "+01:00", "", None, 1]
)
def test_t1_a_time_zone_that_is_none_is_refused(table: Table, name: object) -> None:
    before = dump(table)
    answer = patch("/settings", {"time_zone": name})
    assert (answer.status, answer.fields) == (422, ["time_zone"])
    assert dump(table) == before
