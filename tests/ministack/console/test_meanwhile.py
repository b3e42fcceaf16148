"""What others do meanwhile is not overwritten, and what stands in the way of an archive is told with its numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus

import httpx
import pytest
from playwright.sync_api import expect

from local.api import Api
from local.browser import visit
from local.staff import Role
from tests.ministack.console.conftest import Open
from tests.ministack.console.test_accessible import violations

BY_OTHERS = "Somebody else has changed this meanwhile"


@pytest.fixture
def settings(api: Api) -> Iterator[Api]:
    """The practice's settings, which are afterwards as they were."""
    before = api.get("/settings")
    yield api
    api.patch("/settings", {"undo_window_days": before["undo_window_days"], "safety": before["safety"]})


def test_settings_that_others_have_changed_are_not_overwritten(open_console: Open, settings: Api) -> None:
    page = open_console(refusals=[HTTPStatus.PRECONDITION_FAILED])
    visit(page, "#/settings")
    days = page.get_by_label("A bulk archive can be undone for")
    days.fill("12")
    settings.patch("/settings", {"undo_window_days": 45})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text(BY_OTHERS)
    expect(days).to_have_value("12")
    assert settings.get("/settings")["undo_window_days"] == 45
    page.reload()
    expect(days).to_have_value("45")
    save = page.get_by_role("button", name="Save")
    for value in ("13", "14"):
        days.fill(value)
        save.click()
        expect(save).to_have_js_property("disabled", True)
    assert settings.get("/settings")["undo_window_days"] == 14


def test_a_group_that_others_have_renamed_is_not_renamed(open_console: Open, api: Api) -> None:
    group = api.post("/groups", {"name": "Aquafit"})
    page = open_console(refusals=[HTTPStatus.PRECONDITION_FAILED])
    visit(page, "#/groups")
    page.get_by_role("button", name="Actions for Aquafit").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("Aqua")
    api.patch(f"/groups/{group['group_id']}", {"name": "Aquarobics"})
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text(BY_OTHERS)
    assert api.get(f"/groups/{group['group_id']}")["name"] == "Aquarobics"


def test_settings_of_a_group_are_those_that_were_seen(open_console: Open, api: Api) -> None:
    group = api.post("/groups", {"name": "Watsu"})
    path = f"/groups/{group['group_id']}"
    page = open_console(refusals=[HTTPStatus.PRECONDITION_FAILED])
    form = page.get_by_role("dialog")
    booking, chat = form.get_by_label("Schedule Appointments"), form.get_by_label("Chat with you")
    for seen in ("As for all clients", "No"):
        visit(page, "#/groups")
        page.get_by_role("button", name="Actions for Watsu").click()
        page.get_by_role("menuitem", name="Client Portal Settings").click()
        expect(form.get_by_role("heading")).to_have_text("Watsu: Client Portal Settings")
        expect(chat.locator("option:checked")).to_have_text(seen)
        booking.select_option("Yes")
        if seen != "No":
            api.patch(path, {"settings": {"chat": False}})
            form.get_by_role("button", name="Save").click()
            expect(page.get_by_role("alert")).to_contain_text(BY_OTHERS)
            assert api.get(path)["settings"]["schedule_appointments"] is None
            page.reload()
    assert violations(page) == []
    form.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("Saved.")
    untouched = {"community_chats": None, "email_notifications": None}
    assert api.get(path)["settings"] == {"schedule_appointments": True, "chat": False, **untouched}
    httpx.delete(f"{api.base_url}{path}", headers={"Authorization": api.token}, trust_env=False)


def test_a_switch_that_others_have_changed_is_shown_as_it_is_now(open_console: Open, api: Api) -> None:
    client = api.get("/clients", limit=1, sort="-name")["clients"][0]["client_id"]
    page = open_console(refusals=[HTTPStatus.PRECONDITION_FAILED])
    visit(page, f"#/clients/{client}?tab=permissions")
    chat, post = page.get_by_role("switch", name="Chat with you"), page.get_by_role("switch", name="Post in community")
    chat.uncheck()
    expect(page.get_by_role("row", name=re.compile("^Write in an existing chat"))).to_contain_text("No")
    expect(chat).to_be_focused()
    api.patch(f"/clients/{client}", {"settings": {"chat": True}})
    post.click()
    expect(page.locator(".toast").last).to_contain_text("Somebody else has changed this client meanwhile.")
    expect(chat).to_be_checked()
    expect(post).to_be_checked()
    post.uncheck()
    expect(page.get_by_role("row", name=re.compile("^Write in existing community"))).to_contain_text("No")
    api.patch(f"/clients/{client}", {"settings": {"chat": None, "community_chats": None}})


def test_each_rule_tells_its_numbers_before_a_client_is_archived(open_console: Open, settings: Api) -> None:
    owing = next(one for one in settings.pages("/clients", limit=100) if one["owed_cents"] > 0)
    settings.patch("/settings", {"safety": {"owes_money": "block"}})
    page = open_console()
    visit(page, f"#/clients/{owing['client_id']}")
    page.get_by_role("button", name="Archive…").click()
    panel = page.get_by_role("dialog")
    amount = f"{owing['owed_cents'] / 100:,.2f}"
    expect(panel.get_by_role("listitem").filter(has_text=f"Owes US${amount}.").last).to_be_visible()
    assert violations(page) == []


def test_a_run_tells_why_it_held_somebody_back(open_console: Open, settings: Api) -> None:
    owing = next(one for one in settings.pages("/clients", limit=100) if one["owed_cents"] > 0)
    run = settings.post("/bulk-archives", {"client_ids": [owing["client_id"]]})
    path = f"/bulk-archives/{run['run_id']}"
    settings.patch("/settings", {"safety": {"owes_money": "block"}})
    settings.post(f"{path}/confirm", {"token": run["token"]})
    owes = f"Owes US${owing['owed_cents'] / 100:,.2f}."
    for role, told in ((Role.MANAGER, f"Held back by your rules. {owes}"), (Role.READER, "Held back by your rules.")):
        page = open_console(role)
        visit(page, f"#/activity/{run['run_id']}")
        expect(page.locator(".outcomes")).to_contain_text("1 held back by your rules")
        expect(page.get_by_role("region", name="Clients").locator("small")).to_have_text(told)
        assert violations(page) == []
