"""Many clients: what a list of them costs; 300 archived, stopped, tried again, undone; the quiet ones proposed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from local.api import Api
from local.providers import add_provider
from local.stack import PracticeStack, write_practice
from local.staff import sign_in
from tests.ministack.console.conftest import Open
from tests.ministack.console.test_article import ENDED
from tests.ministack.test_deployed_system import invoke

LARGE = "prov-large"
CLIENTS = 390
LONG = 3 * ENDED


@pytest.fixture(scope="module")
def large(deployed: PracticeStack) -> Iterator[Api]:
    """The API of a practice with more than 300 active clients."""
    add_provider(deployed.aws, LARGE)
    write_practice(deployed.table, LARGE, CLIENTS, lambda _done, _total: None)
    with Api(deployed.deployed.api_url, sign_in(deployed.aws.cognito, deployed.deployed, LARGE)) as calls:
        yield calls


def active(api: Api) -> int:
    return int(api.get("/client-counts")["active"])


def calls_of(page: Page, kept: list[str]) -> None:
    page.on("request", lambda request: kept.append(request.url) if "/v1/" in request.url else None)


def test_a_list_needs_no_call_for_each_row(open_console: Open, large: Api) -> None:
    page = open_console(provider=LARGE)
    expect(page.locator("tbody tr")).to_have_count(50)
    calls: list[str] = []
    calls_of(page, calls)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("tbody tr")).to_have_count(100)
    assert len(calls) == 1, calls
    page.get_by_role("link", name=re.compile("^Archived Clients")).click()
    expect(page.locator("tbody tr")).to_have_count(50)
    assert len(calls) <= 6, calls
    assert active(large) >= 300


def test_of_the_quiet_one_is_kept_and_the_others_are_archived(
    open_console: Open, deployed: PracticeStack, large: Api
) -> None:
    large.patch("/settings", {"tidy_up": {"inactive_days": 30, "starts_by_itself": True, "veto_days": 3}})
    invoke(deployed, "scheduled-cleanup", {})
    page = open_console(provider=LARGE)
    banner = page.get_by_role("region", name="Proposal")
    expect(banner).to_contain_text("went quiet.")
    expect(banner).to_contain_text("unless stopped.")
    banner.get_by_role("link", name="Look").click()
    row = page.get_by_role("listitem").filter(has=page.get_by_role("button", name="Keep")).first
    kept = str(row.get_by_role("link").get_attribute("href")).removeprefix("#/clients/")
    archive = page.get_by_role("button", name=re.compile(r"^Archive \d"))
    before = archive.inner_text()
    row.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("Kept", exact=True)).to_be_visible()
    expect(archive).not_to_have_text(before)
    archive.click()
    expect(page.locator(".outcomes")).to_contain_text("1 left out", timeout=ENDED)
    assert large.get(f"/clients/{kept}")["status"] == "active"
    large.patch("/settings", {"tidy_up": None})


def test_300_clients_are_stopped_tried_again_and_undone(open_console: Open, large: Api) -> None:
    before = active(large)
    page = open_console(provider=LARGE)
    page.get_by_label("Select all clients shown").check()
    page.get_by_role("button", name=f"Select all {before} clients").click()
    page.get_by_role("region", name="Selection").get_by_role("button", name="Archive").click()
    panel = page.get_by_role("dialog")
    archive = panel.get_by_role("button", name=re.compile(r"^Archive \d"))
    archive.wait_for(timeout=LONG)
    if panel.get_by_label("I have seen").count():
        panel.get_by_label("I have seen").check()
    archive.click()
    panel.get_by_role("button", name="Stop").click()
    expect(panel.locator(".outcomes")).to_contain_text("not reached", timeout=LONG)
    assert active(large) > 0
    panel.get_by_role("button", name="Try again").click()
    expect(panel.locator(".outcomes")).not_to_contain_text("not reached", timeout=LONG)
    left = active(large)
    assert left < before
    panel.get_by_role("button", name="Undo").click()
    expect(panel.locator(".outcomes")).to_contain_text("active again", timeout=LONG)
    assert active(large) == before
