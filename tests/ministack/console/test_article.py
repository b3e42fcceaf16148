"""A provider does what the article says by following it."""

from __future__ import annotations

import re
from http import HTTPStatus

from playwright.sync_api import Locator, Page, expect

from local.api import Api
from local.browser import show_archived
from tests.ministack.console.conftest import Open

ENDED = 60_000
"""How long a bulk archive may take on a busy machine, in milliseconds."""


def rows(page: Page) -> Locator:
    return page.locator(".view:not([inert]) tbody tr")


def actions(page: Page, row: Locator) -> None:
    """Open the three dots next to a name."""
    row.get_by_role("button", name=re.compile("^Actions for")).click()


def confirm(page: Page) -> None:
    """Confirm in the side panel, with what is owed and left over seen, and wait until it has ended."""
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("heading", level=2)).to_have_text(re.compile(r"^Archive \d"))
    if panel.get_by_label("I have seen").count():
        panel.get_by_label("I have seen").check()
    panel.get_by_role("button", name=re.compile(r"^Archive \d")).click()
    expect(panel.locator(".outcomes")).to_be_visible(timeout=ENDED)


def test_one_client_is_archived_from_the_three_dots(open_console: Open, api: Api) -> None:
    page = open_console()
    row = rows(page).nth(1)
    client_id = str(row.get_attribute("data-client"))
    actions(page, row)
    page.get_by_role("menuitem", name="Archive…").click()
    confirm(page)
    expect(page.locator(".outcomes")).to_have_text("1 archived")
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    expect(page.locator(f"tr[data-client='{client_id}']")).to_have_count(0)
    assert api.get(f"/clients/{client_id}")["status"] == "archived"


def test_several_clients_are_archived_by_their_boxes(open_console: Open, api: Api) -> None:
    page = open_console()
    for place in (2, 3, 4):
        rows(page).nth(place).get_by_role("checkbox").check()
    chosen = [str(rows(page).nth(place).get_attribute("data-client")) for place in (2, 3, 4)]
    names = [rows(page).nth(place).get_by_role("link").inner_text() for place in (2, 3, 4)]
    page.get_by_role("region", name="Selection").get_by_role("button", name="Archive").click()
    panel = page.get_by_role("dialog")
    for name in names:
        expect(panel.get_by_role("link", name=name)).to_be_visible()
    confirm(page)
    assert {api.get(f"/clients/{client_id}")["status"] for client_id in chosen} == {"archived"}


def test_all_clients_of_a_group_are_archived_and_it_stays(open_console: Open, api: Api) -> None:
    page = open_console()
    page.get_by_role("navigation", name="Clients").get_by_role("link", name="Client Groups").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Client Groups")
    row = rows(page).filter(has_text="Sleep Better")
    actions(page, row)
    page.get_by_role("menuitem", name="Archive All Clients").click()
    confirm(page)
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    expect(rows(page).filter(has_text="Sleep Better")).to_be_visible()
    group = next(group for group in api.get("/groups")["groups"] if group["name"] == "Sleep Better")
    assert api.get("/client-counts", group_id=group["group_id"])["active"] == 0


def test_an_archived_client_is_found_and_activated(open_console: Open, api: Api) -> None:
    page = open_console()
    show_archived(page)
    row = rows(page).first
    client_id, name = str(row.get_attribute("data-client")), row.get_by_role("link").inner_text()
    actions(page, row)
    page.get_by_role("menuitem", name="Activate…").click()
    page.get_by_role("dialog").get_by_role("button", name="Activate", exact=True).click()
    expect(page.locator(".toast").first).to_contain_text(f"{name} is active again.")
    assert api.get(f"/clients/{client_id}")["status"] == "active"


def test_an_address_in_use_leads_to_the_client_who_has_it(open_console: Open, api: Api) -> None:
    known = api.get("/clients", status="archived", limit=1)["clients"][0]
    page = open_console(refusals={HTTPStatus.CONFLICT})
    page.get_by_role("button", name="Add client").click()
    panel = page.get_by_role("dialog")
    panel.get_by_label("Name", exact=True).fill("Somebody Else")
    panel.get_by_label("E-mail").fill(known["email"].upper())
    panel.get_by_role("button", name="Add client").click()
    expect(panel).to_contain_text("Email in use.")
    panel.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(known["name"])
    expect(page.get_by_role("button", name="Activate…")).to_be_visible()


def test_scheduling_is_switched_off_for_a_client(open_console: Open, api: Api) -> None:
    page = open_console()
    row = rows(page).nth(5)
    client_id = str(row.get_attribute("data-client"))
    row.get_by_role("link").click()
    page.get_by_role("link", name=re.compile("may still do$")).click()
    page.get_by_role("switch", name="Schedule Appointments").uncheck()
    expect(page.get_by_role("row", name=re.compile("^Book an appointment"))).to_contain_text("No")
    assert api.get(f"/clients/{client_id}")["settings"]["schedule_appointments"] is False
