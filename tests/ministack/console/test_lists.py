"""Lists are narrowed, sorted and selected as a whole; people and groups are told by name, with counts."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.console import opened
from local.api import Api
from local.browser import show_archived, visit
from local.stack import PracticeStack
from tests.ministack.console.conftest import PROVIDER, Open

ME = "Sam Manager"
TODAY = datetime.now(UTC).date().isoformat()


def narrow(page: Page, **chosen: str) -> None:
    """Choose conditions by their labels, which stand here with _ for spaces."""
    page.get_by_role("button", name="Filter").click()
    panel = page.get_by_role("dialog")
    for label, value in chosen.items():
        control = panel.get_by_label(re.compile("^" + label.replace("_", " ")))
        if control.evaluate("node => node.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    panel.get_by_role("button", name="Show").click()


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Clients").get_by_role("link", name=re.compile(f"^{name}"))


def test_a_list_is_narrowed_sorted_and_selected_as_a_whole(open_console: Open, api: Api) -> None:
    asked = {"owes": "false", "inactive_since": TODAY}
    found = api.get("/client-counts", **asked)["active"]
    page = open_console()
    narrow(page, Owes_money="false", Not_active_since=asked["inactive_since"], Order="last_active_at")
    expect(tab(page, "Active")).to_have_text(f"Active {found}")
    expect(page.get_by_role("columnheader", name="Last active")).to_have_attribute("aria-sort", "ascending")
    quietest = api.get("/clients", **asked, sort="last_active_at", limit=1)["clients"][0]
    expect(page.locator("tbody tr").first).to_contain_text(quietest["name"])
    page.get_by_label("Select all clients shown").check()
    page.get_by_role("button", name=f"Select all {found} clients").click()
    with page.expect_request(re.compile("/bulk-archives$")) as preview:
        page.get_by_role("region", name="Selection").get_by_role("button", name="Archive").click()
    assert json.loads(preview.value.post_data or "")["filter"] == {"owes": False, "inactive_since": TODAY}
    expect(page.get_by_role("dialog")).to_contain_text(f"Archive {found} clients?")
    page.keyboard.press("Escape")
    page.get_by_label("Find").fill(quietest["email"])
    expect(tab(page, "Active")).to_have_text("Active 1")
    page.get_by_role("button", name="Owes money: No: remove").click()
    expect(page.get_by_role("button", name="Owes money: No: remove")).to_have_count(0)
    expect(page.get_by_label("Find")).to_have_value(quietest["email"])
    expect(tab(page, "Active")).to_have_text("Active 1")


def test_archived_clients_are_narrowed_by_who_archived_them_and_why(open_console: Open, api: Api) -> None:
    known = api.get("/clients", limit=1, sort="-name")["clients"][0]["client_id"]
    seen = ["owes_money", "has_credits", "appointment_soon"]
    api.post(f"/clients/{known}/archive", {"acknowledge": seen, "reason": "transferred"})
    me = api.get("/me")["user_id"]
    expected = api.get("/client-counts", archived_by=me, archive_reason="transferred")["archived"]
    page = open_console()
    show_archived(page)
    narrow(page, Archived_by=me, Reason="transferred", Archived_from=TODAY)
    expect(tab(page, "Archived Clients")).to_have_text(f"Archived Clients {expected}")
    expect(page.get_by_role("button", name=f"Archived by: {ME}: remove")).to_be_visible()
    assert f"archived_by={me}" in page.url
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download as CSV").click()
    with Path(saved.value.path()).open(encoding="utf-8-sig", newline="") as file:
        assert {line["archive_reason"] for line in csv.DictReader(file)} == {"transferred"}
    narrow(page, Archived_before="2020-01-01")
    expect(page.locator("main")).to_contain_text("Nobody here.")
    api.post(f"/clients/{known}/activate", {})


def test_people_are_told_by_name_and_groups_with_their_counts(open_console: Open, api: Api) -> None:
    page = open_console()
    expect(page.locator(".person")).to_contain_text(ME)
    known = api.get("/clients", limit=1, sort="-name")["clients"][0]["client_id"]
    api.post(f"/clients/{known}/archive", {"acknowledge": ["owes_money", "has_credits", "appointment_soon"]})
    visit(page, f"#/clients/{known}?tab=history")
    expect(page.locator(".timeline")).to_contain_text(ME)
    expect(page.locator("main .note").first).to_contain_text(ME)
    visit(page, "#/clients?status=archived&sort=-archived_at")
    expect(page.locator("tbody tr").first).to_contain_text(ME)
    group = api.get("/groups")["groups"][0]
    visit(page, "#/groups")
    row = page.get_by_role("row").filter(has_text=group["name"])
    expect(row.get_by_role("cell").first).to_have_text(str(group["clients"]["active"]))
    api.post(f"/clients/{known}/activate", {})


def test_first_rows_take_few_calls_and_little_to_load(browser: Browser, deployed: PracticeStack, address: str) -> None:
    """What ``python -m benchmarks.console`` counts; a practice has hundreds of clients."""
    first = opened(browser, address, (deployed.aws, deployed.deployed), PROVIDER)
    assert len(first.calls) == len(set(first.calls)) <= 6, first.calls
    assert first.loaded_bytes <= 150_000
