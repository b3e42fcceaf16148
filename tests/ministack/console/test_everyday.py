"""What staff do every day around the article: undo at once, keys, ranges, two windows, records, lists as CSV."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from local.api import Api
from local.browser import show_archived, visit
from tests.ministack.console.conftest import Open
from tests.ministack.console.test_article import actions, confirm, rows


def client_at(page: Page, place: int) -> str:
    return str(rows(page).nth(place).get_attribute("data-client"))


def close_panel(page: Page) -> None:
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()


def test_an_archive_is_undone_from_its_note_and_focus_is_kept(open_console: Open, api: Api) -> None:
    page = open_console()
    client_id, after = client_at(page, 6), client_at(page, 7)
    actions(page, rows(page).nth(6))
    page.get_by_role("menuitem", name="Archive…").click()
    confirm(page)
    close_panel(page)
    expect(page.locator(f"tr[data-client='{client_id}']")).to_have_count(0)
    expect(page.locator(f"tr[data-client='{after}'] :focus")).to_have_count(1)
    page.keyboard.press("u")
    expect(page.locator(".toast").last).to_contain_text("1 active again")
    expect(page.locator(f"tr[data-client='{client_id}']")).to_have_count(1)
    assert api.get(f"/clients/{client_id}")["status"] == "active"


def test_a_range_is_ticked_with_shift_and_the_header_knows(open_console: Open) -> None:
    page = open_console()
    rows(page).nth(2).get_by_role("checkbox").click()
    rows(page).nth(5).get_by_role("checkbox").click(modifiers=["Shift"])
    expect(page.locator(".chosen")).to_contain_text("4 selected")
    header = page.get_by_label("Select all clients shown")
    expect(header).to_be_checked(indeterminate=True)
    header.check()
    expect(page.locator(".chosen")).to_contain_text("50 selected")
    expect(header).to_be_checked()


def test_keys_do_what_their_sheet_says(open_console: Open) -> None:
    page = open_console()
    rows(page).nth(1).get_by_role("link").focus()
    page.keyboard.press("x")
    expect(page.locator(".chosen")).to_contain_text("1 selected")
    page.keyboard.press("e")
    expect(page.get_by_role("dialog")).to_contain_text("Archive 1 client?")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Keyboard shortcuts")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.get_by_role("dialog").get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_label("Find")).to_be_focused()


def test_two_windows_do_not_archive_a_client_twice(open_console: Open, api: Api) -> None:
    one, other = open_console(), open_console()
    client_id = client_at(one, 8)
    row = f"tr[data-client='{client_id}']"
    for page in (one, other):
        actions(page, page.locator(row))
        page.get_by_role("menuitem", name="Archive…").click()
        expect(page.get_by_role("dialog").get_by_role("heading", level=2)).to_have_text("Archive 1 client?")
    confirm(one)
    confirm(other)
    expect(one.locator(".outcomes")).to_have_text("1 archived")
    expect(other.locator(".outcomes")).not_to_contain_text("1 archived")
    assert len(api.get(f"/clients/{client_id}/receipts")["receipts"]) == 1


def test_records_and_what_no_source_has_confirmed_are_seen(open_console: Open, api: Api) -> None:
    waiting = api.get("/records/unconfirmed", limit=1)["records"][0]
    page = open_console()
    page.get_by_role("link", name="Activity").click()
    page.get_by_role("link", name="Not confirmed").click()
    line = page.get_by_role("listitem").first
    expect(line).to_contain_text(f"{waiting['source']} has not confirmed it yet")
    expect(line.get_by_role("link")).to_have_text(waiting["client_name"])
    line.get_by_role("link").click()
    page.wait_for_url(re.compile(rf"{waiting['client_id']}\?tab=records$"))
    expect(page.get_by_role("listitem").filter(has_text=waiting["id"])).to_contain_text("has not confirmed it yet")


def test_the_practice_sees_who_did_what_on_which_day(open_console: Open, api: Api) -> None:
    group = api.post("/groups", {"name": "Seen in the history"})
    page = open_console()
    visit(page, "#/activity?tab=history")
    expect(page.get_by_role("link", name="Group added").first).to_be_visible()
    me = api.get("/history", limit=1)["entries"][0]["by"]["actor_id"]
    with page.expect_request(re.compile(rf"/v1/history\?.*actor_id={me}")):
        page.get_by_label("Person").select_option(me)
    expect(page.get_by_role("listitem").first).to_contain_text("Group added")
    page.get_by_label("To").fill("2020-01-01")
    page.get_by_label("To").dispatch_event("change")
    expect(page.locator("main")).to_contain_text("Nothing in these days.")
    httpx.delete(f"{api.base_url}/groups/{group['group_id']}", headers={"Authorization": api.token}, trust_env=False)


def test_a_receipt_tells_what_was_restored_later_and_by_whom(open_console: Open, api: Api) -> None:
    known = api.get("/clients", limit=1, sort="-name")["clients"][0]["client_id"]
    api.post(f"/clients/{known}/archive", {"acknowledge": ["owes_money", "has_credits", "appointment_soon"]})
    api.post(f"/clients/{known}/activate", {})
    receipt = api.get(f"/clients/{known}/receipts", limit=1)["receipts"][0]["archive_id"]
    restored = api.post(f"/clients/{known}/receipts/{receipt}/restore", {"restore": ["chats", "feed"]})["restored"]
    page = open_console()
    visit(page, f"#/clients/{known}?tab=receipts")
    page.get_by_text("Restored later").first.click()
    told = page.locator("article details").first
    expect(told).to_contain_text(re.compile(r"Begun .* by Sam Manager"))
    expect(told.get_by_role("listitem")).to_have_count(2 + sum(one["outcome"] != "restored" for one in restored))


def saved_lines(page: Page) -> list[dict[str, str]]:
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download as CSV").click()
    with Path(saved.value.path()).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_any_list_and_a_client_are_saved_as_files(open_console: Open, api: Api) -> None:
    page = open_console()
    show_archived(page)
    lines = saved_lines(page)
    assert len(lines) == api.get("/client-counts")["archived"]
    assert {line["status"] for line in lines} == {"archived"}
    rows(page).first.get_by_role("link").click()
    page.get_by_role("link", name="Receipts").click()
    client_id = re.search(r"clients/([\w-]+)", page.url)
    assert client_id
    receipts = api.get(f"/clients/{client_id[1]}/receipts")["receipts"]
    assert [line["archive_id"] for line in saved_lines(page)] == [one["archive_id"] for one in receipts]
    page.get_by_role("link", name="Client Groups").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Client Groups")
    groups = {one["name"]: str(one["clients"]["active"]) for one in api.get("/groups", limit=100)["groups"]}
    assert {line["name"]: line["active"] for line in saved_lines(page)} == groups
    page.go_back()
    with page.expect_download() as record:
        page.get_by_role("button", name="Export record").click()
    exported: dict[str, Any] = json.loads(Path(record.value.path()).read_text())
    assert exported
