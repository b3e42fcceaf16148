"""On a slow line nothing is done twice, no older answer is shown over a newer, and what belongs to a view goes too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http import HTTPStatus

import httpx
from playwright.sync_api import Page, Route, expect

from local.api import Api
from local.browser import show_archived, visit
from tests.ministack.console.conftest import Open
from tests.ministack.console.test_article import actions, confirm, rows

PREVIEW = re.compile(r"/v1/bulk-archives$")
GROUPS = re.compile(r"/v1/groups(\?|$)")
RUNS = re.compile(r"/v1/bulk-archives\?limit=50")
LISTED = re.compile(r"/v1/clients\?")
A_CLIENT = re.compile(r"/v1/clients/[^/?]+$")
PERMISSIONS = re.compile(r"/permissions$")

A_MOMENT_MILLISECONDS = 20


def hold(page: Page, url: re.Pattern[str], method: str = "GET") -> list[Route]:
    """Let the calls of a method wait, and return them as they come."""
    held: list[Route] = []
    page.route(url, lambda route: held.append(route) if route.request.method == method else route.continue_())
    return held


def come(page: Page, held: list[Route], url: re.Pattern[str], act: Callable[[], object]) -> Route:
    """Do what makes a call that waits, and return the call."""
    before = len(held)
    with page.expect_request(url):
        act()
    while len(held) == before:
        page.wait_for_timeout(A_MOMENT_MILLISECONDS)
    return held[before]


def asked_for(route: Route) -> list[str]:
    ids: list[str] = json.loads(route.request.post_data or "")["client_ids"]
    return ids


def test_who_was_left_out_last_is_left_out_though_an_answer_is_late(open_console: Open) -> None:
    page = open_console()
    for place in (0, 1, 2):
        rows(page).nth(place).get_by_role("checkbox").check()
    page.get_by_role("region", name="Selection").get_by_role("button", name="Archive").click()
    panel = page.get_by_role("dialog")
    archive = panel.get_by_role("button", name=re.compile(r"^Archive \d"))
    expect(archive).to_have_text("Archive 3 clients")
    held = hold(page, PREVIEW, "POST")
    leave_out = panel.get_by_role("button", name=re.compile("^Leave out"))
    first = come(page, held, PREVIEW, leave_out.nth(0).click)
    expect(archive).to_have_js_property("disabled", True)
    second = come(page, held, PREVIEW, leave_out.nth(1).click)
    assert [len(asked_for(one)) for one in (first, second)] == [2, 1]
    second.continue_()
    expect(archive).to_have_text("Archive 1 client")
    first.abort()
    expect(archive).to_be_enabled()
    expect(archive).to_have_text("Archive 1 client")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_dialog_goes_with_its_view(open_console: Open) -> None:
    page = open_console()
    visit(page, "#/clients?status=active")
    page.get_by_role("button", name="Add client").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_more_is_shown_once_however_often_it_is_asked_for(open_console: Open) -> None:
    page = open_console()
    more = page.get_by_role("button", name="Show more")
    expect(more).to_be_visible()
    held = hold(page, LISTED)
    come(page, held, LISTED, lambda: more.dblclick())
    held[0].continue_()
    expect(rows(page)).to_have_count(100)
    assert len(held) == 1


def test_an_undo_is_shown_in_the_view_that_one_has_gone_to(open_console: Open) -> None:
    page = open_console()
    link = rows(page).nth(9).get_by_role("link")
    name, address = link.inner_text(), link.get_attribute("href")
    actions(page, rows(page).nth(9))
    page.get_by_role("menuitem", name="Archive…").click()
    confirm(page)
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    show_archived(page)
    page.get_by_label("Find").fill(name)
    gone = rows(page).locator(f"a[href='{address}']")
    expect(gone).to_be_visible()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").last).to_contain_text("1 active again")
    expect(gone).to_have_count(0)


def test_a_run_is_followed_on_when_one_tries_again(open_console: Open, api: Api) -> None:
    who = api.get("/clients", limit=1)["clients"][0]["client_id"]
    run = api.post("/bulk-archives", {"client_ids": [who]})
    ended = {**run, "state": "completed", "counts": {"failed": 1}, "percent_done": 100}
    member = {"client_id": who, "name": "Ada", "rules": [], "findings": [], "reason": None, "not_restored_total": 0}
    answers = [{**ended, "state": "running", "counts": {"pending": 1}, "percent_done": 0}, None, ended]

    def tell(route: Route) -> None:
        answer = answers.pop(0)
        route.fulfill(json=answer) if answer else route.fulfill(status=HTTPStatus.INTERNAL_SERVER_ERROR, json={})

    def list_members(route: Route) -> None:
        outcome = "pending" if answers else "failed"
        route.fulfill(json={"clients": [{**member, "outcome": outcome}], "next_cursor": None})

    page = open_console(refusals={HTTPStatus.INTERNAL_SERVER_ERROR})
    path = f"/v1/bulk-archives/{run['run_id']}"
    page.route(re.compile(f"{path}$"), tell)
    page.route(re.compile(rf"{path}/clients\?"), list_members)
    visit(page, f"#/activity/{run['run_id']}")
    row = page.get_by_role("region", name="Clients").get_by_role("listitem")
    expect(row).to_contain_text("Waiting.")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".outcomes")).to_have_text("1 failed")
    expect(row).to_contain_text("Failed.")


def test_switches_are_changed_one_after_the_other(open_console: Open, api: Api) -> None:
    client = api.get("/clients", limit=1, sort="-name")["clients"][0]["client_id"]
    page = open_console(refusals={HTTPStatus.INTERNAL_SERVER_ERROR})
    visit(page, f"#/clients/{client}?tab=permissions")
    chat = page.get_by_role("switch", name="Chat with you")
    held = hold(page, A_CLIENT, "PATCH")
    change = come(page, held, A_CLIENT, chat.uncheck)
    expect(page.locator("table[inert]")).to_have_count(1)
    page.route(PERMISSIONS, lambda route: route.fulfill(status=HTTPStatus.INTERNAL_SERVER_ERROR, json={}))
    change.continue_()
    expect(page.get_by_role("alert")).to_contain_text("Something went wrong on our side.")
    page.unroute(PERMISSIONS)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("row", name=re.compile("^Write in an existing chat"))).to_contain_text("No")
    expect(chat).to_be_focused()
    api.patch(f"/clients/{client}", {"settings": {"chat": None}})


def test_a_view_that_was_left_says_nothing_any_more(open_console: Open) -> None:
    page = open_console()
    expect(rows(page).first).to_be_visible()
    runs, groups = hold(page, RUNS), hold(page, GROUPS)
    come(page, runs, RUNS, lambda: page.get_by_role("link", name="Activity").click())
    page.evaluate("document.title = 'before'")
    come(page, groups, GROUPS, lambda: page.get_by_role("link", name="Client Groups").last.click())
    page.keyboard.press("n")
    expect(page.locator(".skeleton")).to_be_visible()
    expect(page).to_have_title("before")
    expect(page.get_by_role("dialog")).to_have_count(0)
    groups[0].continue_()
    expect(page).to_have_title("Client Groups")


def test_a_group_that_is_sent_again_is_added_once(open_console: Open, api: Api) -> None:
    page = open_console()
    visit(page, "#/groups")
    held = hold(page, GROUPS, "POST")
    page.get_by_role("button", name="Add group").click()
    panel = page.get_by_role("dialog")
    panel.get_by_label("Name").fill("Sent again")
    save = panel.get_by_role("button", name="Save")
    first = come(page, held, GROUPS, save.click)
    first.fetch()
    first.abort()
    expect(panel.get_by_role("alert")).to_contain_text("Could not reach the practice.")
    page.unroute(GROUPS)
    save.click()
    expect(page.locator(".toast")).to_contain_text("Saved.")
    made = [group for group in api.get("/groups", limit=100)["groups"] if group["name"] == "Sent again"]
    assert len(made) == 1
    httpx.delete(f"{api.base_url}/groups/{made[0]['group_id']}", headers={"Authorization": api.token}, trust_env=False)
