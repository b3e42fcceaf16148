"""Lists are narrowed, sorted and selected as a whole; people and groups are told by name, with counts."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from local.api import Api
from tests.ministack.console.conftest import Open
from tests.ministack.console.test_accessible import visit

ME = "Sam Manager"


def test_a_list_is_narrowed_sorted_and_selected_as_a_whole(open_console: Open, api: Api) -> None:
    owing = api.get("/client-counts", owes="true")["active"]
    page = open_console()
    page.get_by_role("combobox", name="Show").select_option("owes")
    expect(page.get_by_role("link", name=re.compile(r"^Active "))).to_have_text(f"Active {owing}")
    page.get_by_role("link", name="Last active").click()
    expect(page.get_by_role("columnheader", name="Last active")).to_have_attribute("aria-sort", "ascending")
    quietest = api.get("/clients", owes="true", sort="last_active_at", limit=1)["clients"][0]
    expect(page.locator("tbody tr").first).to_contain_text(quietest["name"])
    page.get_by_label("Find").fill(quietest["email"])
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("link", name=re.compile(r"^Active "))).to_have_text("Active 1")


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
