"""Every view is accessible: in both colour schemes, and at 320 px without sideways scrolling."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from local.api import Api
from local.browser import visit
from tests.ministack.console.conftest import Open

NARROW = 320
VIEWS = (
    "#/clients",
    "#/clients?status=archived",
    "#/groups",
    "#/import",
    "#/activity",
    "#/activity?tab=history",
    "#/activity?tab=unconfirmed",
    "#/settings",
)
NARROWEST = "Math.min(999, ...[...document.querySelectorAll('.people li > span')].map(text => text.clientWidth))"
READABLE = 80
"""How wide a column of text is at least, in pixels."""

TABS = ("overview", "permissions", "receipts", "records", "history")


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize(("colours", "width"), [("light", 1280), ("dark", 1280), ("light", NARROW)])
def test_no_view_has_a_violation(open_console: Open, api: Api, colours: str, width: int) -> None:
    page = open_console(colours=colours, width=width)
    client = api.get("/clients", status="archived", limit=1)["clients"][0]["client_id"]
    for view in (*VIEWS, *(f"#/clients/{client}?tab={tab}" for tab in TABS)):
        visit(page, view)
        assert violations(page) == [], view
        assert page.get_by_role("alert").count() == 0, view
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        assert page.evaluate(NARROWEST) > READABLE, view


def test_no_dialog_has_a_violation(open_console: Open) -> None:
    page = open_console()
    page.locator("tbody tr").first.get_by_role("checkbox").check()
    assert violations(page) == []
    page.get_by_role("region", name="Selection").get_by_role("button", name="Archive").click()
    page.get_by_text("Options").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add client").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator(".dots").first.click()
    assert violations(page) == []


def test_a_focused_control_is_never_under_the_bar(open_console: Open) -> None:
    page = open_console()
    page.locator("tbody tr").first.get_by_role("checkbox").check()
    for _ in range(40):
        page.keyboard.press("Tab")
        under = page.evaluate(
            """() => {
                const at = document.activeElement, bar = document.querySelector(".bar");
                if (bar.contains(at)) return false;
                return at.getBoundingClientRect().bottom > bar.getBoundingClientRect().top;
            }"""
        )
        assert not under


def test_a_menu_is_used_by_its_keys(open_console: Open) -> None:
    page = open_console()
    opener = page.locator(".dots").first
    opener.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Open")).to_be_focused()
    for key, name in (("End", "Move to group…"), ("ArrowDown", "Open"), ("a", "Archive…")):
        page.keyboard.press(key)
        expect(page.get_by_role("menuitem", name=name)).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    expect(opener).to_have_attribute("aria-expanded", "false")
