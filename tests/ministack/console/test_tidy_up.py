"""Clients who went quiet are proposed: one is kept, the others archived, or none of them now."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from local.api import Api
from local.providers import add_provider
from local.stack import PracticeStack, write_practice
from local.staff import sign_in
from tests.ministack.console.conftest import Open
from tests.ministack.console.test_article import ENDED
from tests.ministack.test_deployed_system import invoke

QUIET = "prov-quiet"
CLIENTS = 40


@pytest.fixture
def quiet(deployed: PracticeStack) -> Iterator[Api]:
    """The API of a practice to which it was just proposed to archive its quiet clients."""
    add_provider(deployed.aws, QUIET)
    write_practice(deployed.table, QUIET, CLIENTS, lambda _done, _total: None)
    with Api(deployed.deployed.api_url, sign_in(deployed.aws.cognito, deployed.deployed, QUIET)) as calls:
        calls.patch("/settings", {"tidy_up": {"inactive_days": 30, "starts_by_itself": True, "veto_days": 3}})
        invoke(deployed, "scheduled-cleanup", {})
        yield calls
        calls.patch("/settings", {"tidy_up": None})


def test_of_the_quiet_one_is_kept_and_the_others_are_archived(open_console: Open, quiet: Api) -> None:
    page = open_console(provider=QUIET)
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
    assert quiet.get(f"/clients/{kept}")["status"] == "active"
