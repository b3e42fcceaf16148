"""What is shown when something goes wrong, takes long, or may not be done; and how a session ends."""

from __future__ import annotations

import json
import re
from functools import partial
from http import HTTPStatus

import pytest
from playwright.sync_api import Page, Route, expect

from local.api import Api
from local.browser import visit
from local.staff import Role
from tests.ministack.console.conftest import Open

LISTED = re.compile(r"/v1/clients\?")
MEMBERS = re.compile(r"/v1/bulk-archives/[^/]+/clients\?")
GROUPS = re.compile(r"/v1/groups\?")
SETTINGS = re.compile(r"/v1/settings$")
LOGOUT = re.compile(r"/logout\?")
TOKEN = re.compile(r"/oauth2/token$")
LATE = "a-token-that-comes-late"
SIGN_OUT = "button => (button.click(), document.querySelectorAll('tbody tr').length)"
REQUEST_ID = "5f9c-request"
SENTENCES = {
    HTTPStatus.FORBIDDEN: "You may not do this. Ask your administrator.",
    HTTPStatus.NOT_FOUND: "This is not there.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too much is going on. Try again in a moment.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong on our side.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Too much is going on. Try again in a moment.",
}
FAILED = {
    "UnreadableRecord": "A stored record cannot be read. Please tell your support.",
    "StorageBusy": SENTENCES[HTTPStatus.SERVICE_UNAVAILABLE],
    "BatchNotSettled": "Something went wrong on our side. Try again.",
}
MINUTE = 60_000
PATIENCE_MILLISECONDS = 300
"""How long a view may load before it shows a skeleton."""

NOT_REVOKED = HTTPStatus.BAD_REQUEST
"""What the local AWS answers to a refresh token that is given back."""


def answer(route: Route, status: int) -> None:
    problem = {"type": "https://example.org/problems/Made", "title": "Made", "detail": "Made for a test."}
    route.fulfill(status=status, body=json.dumps(problem), headers={"x-amzn-requestid": REQUEST_ID})


def listed_again(page: Page) -> None:
    """Have the list read again."""
    page.get_by_role("link", name=re.compile("^Archived Clients")).click()


def test_a_failure_of_each_kind_is_told_with_its_request_and_a_way_on(open_console: Open) -> None:
    page = open_console(refusals=SENTENCES)
    for status, sentence in SENTENCES.items():
        visit(page, "#/clients")
        page.route(LISTED, partial(answer, status=status))
        listed_again(page)
        failure = page.get_by_role("alert")
        expect(failure).to_contain_text(sentence)
        failure.get_by_text("Details for support").click()
        expect(failure).to_contain_text(REQUEST_ID)
        page.unroute(LISTED)
        failure.get_by_role("button", name="Try again").click()
        expect(page.locator("tbody tr").first).to_be_visible()
        expect(failure).to_have_count(0)


def test_why_a_client_was_not_archived_is_told_in_words(open_console: Open, api: Api) -> None:
    who = api.get("/clients", limit=1)["clients"][0]["client_id"]
    run = api.post("/bulk-archives", {"client_ids": [who]})["run_id"]
    member = {"client_id": who, "outcome": "failed", "rules": [], "findings": [], "not_restored_total": 0}
    members = [{**member, "name": reason, "reason": reason} for reason in FAILED]
    page = open_console()
    page.route(MEMBERS, lambda route: route.fulfill(json={"clients": members, "next_cursor": None}))
    visit(page, f"#/activity/{run}")
    for reason, sentence in FAILED.items():
        row = page.get_by_role("listitem").filter(has=page.get_by_role("link", name=reason, exact=True))
        expect(row.locator("small")).to_have_text(f"Failed. {sentence}")


def test_rows_stay_while_the_practice_cannot_be_reached(open_console: Open) -> None:
    page = open_console()
    shown = page.locator("tbody tr")
    expect(shown).to_have_count(50)
    page.route(LISTED, lambda route: route.abort())
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("alert")).to_contain_text("Could not reach the practice.")
    assert shown.count() == 50
    page.unroute(LISTED)
    page.get_by_role("button", name="Try again").click()
    expect(shown).to_have_count(100)


def test_what_somebody_else_has_changed_is_not_overwritten(open_console: Open) -> None:
    page = open_console(refusals={HTTPStatus.PRECONDITION_FAILED})
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("A bulk archive can be undone for").fill("20")
    page.route(SETTINGS, lambda route: answer(route, HTTPStatus.PRECONDITION_FAILED))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody else has changed this meanwhile.")


def test_a_long_wait_shows_a_skeleton(open_console: Open) -> None:
    page = open_console(clock=True)
    expect(page.locator("tbody tr").first).to_be_visible()
    held: list[Route] = []
    page.route(GROUPS, lambda route: held.append(route))
    page.clock.pause_at(page.evaluate("Date.now() / 1000 + 1"))
    listed_again(page)
    expect(page.locator(".view[inert] tbody tr").first).to_be_visible()
    page.clock.run_for(PATIENCE_MILLISECONDS)
    expect(page.locator(".skeleton")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(0)
    page.clock.resume()
    held[0].continue_()
    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)


def test_an_empty_search_leads_to_the_other_tab(open_console: Open) -> None:
    page = open_console()
    page.get_by_label("Find").fill("nobody-has-this-name")
    expect(page.locator("main")).to_contain_text("Nobody called “nobody-has-this-name” here.")
    page.get_by_role("link", name="Look in Archived Clients").click()
    expect(page.get_by_role("link", name="Look in Active")).to_be_visible()
    expect(page.get_by_label("Find")).to_have_value("nobody-has-this-name")


def test_a_refused_token_ends_the_session_with_a_reason(open_console: Open) -> None:
    page = open_console(refusals={HTTPStatus.UNAUTHORIZED, NOT_REVOKED})
    expect(page.locator("tbody tr").first).to_be_visible()
    page.route(LISTED, lambda route: answer(route, HTTPStatus.UNAUTHORIZED))
    listed_again(page)
    expect(page.locator("main")).to_contain_text("Your session has ended. Please sign in again.")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_an_idle_session_is_warned_and_then_ended(open_console: Open) -> None:
    page = open_console(clock=True, refusals={NOT_REVOKED})
    page.clock.fast_forward(28 * MINUTE)
    expect(page.locator(".toast")).to_contain_text("You will be signed out in two minutes")
    page.get_by_role("button", name="Stay signed in").click()
    page.clock.fast_forward(28 * MINUTE)
    expect(page.locator(".toast")).to_contain_text("You will be signed out in two minutes")
    page.clock.fast_forward(2 * MINUTE)
    expect(page.locator("main")).to_contain_text("nothing happened for half an hour")


def test_a_token_is_refreshed_once_for_all_calls_that_wait(open_console: Open) -> None:
    page = open_console(clock=True)
    refreshes: list[str] = []
    page.on("request", lambda request: refreshes.append(request.url) if request.url.endswith("/oauth2/token") else None)
    expect(page.locator("tbody tr").first).to_be_visible()
    for _ in range(3):
        page.clock.fast_forward(25 * MINUTE)
        page.keyboard.press("Shift")
    assert refreshes == []
    with page.expect_response("**/v1/clients/_search"), page.expect_response("**/v1/clients/_count"):
        page.get_by_label("Find").fill("a")
    assert len(refreshes) == 1


def test_a_page_that_is_loaded_again_stays_signed_in(open_console: Open) -> None:
    page = open_console()
    page.reload()
    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page.get_by_role("button", name="Add client")).to_be_visible()


def test_signing_out_leaves_nothing_behind(open_console: Open) -> None:
    page = open_console(refusals={NOT_REVOKED})
    expect(page.locator("tbody tr").first).to_be_visible()
    shown = page.get_by_role("button", name="Sign out").evaluate(SIGN_OUT)
    assert shown == 0, "not even until the next page is there"
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("Your session has ended.")
    assert page.evaluate("sessionStorage.getItem('refresh_token')") is None


def test_a_token_that_comes_after_signing_out_is_not_kept(open_console: Open) -> None:
    page = open_console(clock=True, refusals={NOT_REVOKED})
    expect(page.locator("tbody tr").first).to_be_visible()
    for _ in range(3):
        page.clock.fast_forward(25 * MINUTE)
        page.keyboard.press("Shift")
    held: list[Route] = []

    def leave_once_the_token_is_there(route: Route) -> None:
        held[0].fulfill(json={**held[0].fetch().json(), "refresh_token": LATE})
        page.wait_for_timeout(200)
        route.continue_()

    page.route(TOKEN, lambda route: route.continue_() if held else held.append(route))
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or "") if TOKEN.search(request.url) else None)
    page.route(LOGOUT, leave_once_the_token_is_there)
    with page.expect_request(TOKEN):
        page.get_by_label("Find").fill("a")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert len(sent) == 1, "the page that is shown then has no token to begin with"
    assert page.evaluate("sessionStorage.getItem('refresh_token')") is None


def test_a_view_that_is_loading_calls_nothing_after_signing_out(open_console: Open) -> None:
    page = open_console(refusals={NOT_REVOKED})
    expect(page.locator("tbody tr").first).to_be_visible()
    held: list[Route] = []
    calls: list[str] = []

    def leave_once_the_groups_are_there(route: Route) -> None:
        page.on("request", lambda request: calls.append(request.url))
        held[0].continue_()
        page.wait_for_timeout(500)
        route.continue_()

    page.route(GROUPS, lambda route: held.append(route))
    page.route(LOGOUT, leave_once_the_groups_are_there)
    with page.expect_request(GROUPS):
        listed_again(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("Your session has ended.")
    assert [url for url in calls if "/v1/" in url or "/oauth2/token" in url] == []


def test_a_page_that_the_browser_kept_is_loaded_again(open_console: Open) -> None:
    page = open_console()
    expect(page.locator("tbody tr").first).to_be_visible()
    with page.expect_navigation():
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.locator("tbody tr").first).to_be_visible()


def test_an_account_without_a_practice_is_told_so(open_console: Open) -> None:
    page = open_console(provider="")
    expect(page.locator("main")).to_contain_text("Your account belongs to no practice. Ask your administrator.")


@pytest.mark.parametrize("role", [Role.READER, Role.ARCHIVER, Role.MANAGER])
def test_each_role_is_offered_what_it_may_do(open_console: Open, api: Api, role: Role) -> None:
    archived = api.get("/clients", status="archived", limit=1)["clients"][0]["client_id"]
    page = open_console(role)
    expect(page.locator("tbody tr").first).to_be_visible()
    archives, manages = role is not Role.READER, role is Role.MANAGER
    assert (page.get_by_role("checkbox").count() > 0) is archives
    assert (page.locator(".dots").count() > 0) is archives
    assert (page.get_by_role("button", name="Add client").count() > 0) is archives
    assert (page.get_by_role("columnheader", name="Owed").count() > 0) is archives, "readers see no money"
    visit(page, f"#/clients/{archived}?tab=receipts")
    expect(page.locator("article").first).to_be_visible()
    assert (page.get_by_role("button", name="Activate…").count() > 0) is archives
    visit(page, "#/activity")
    assert (page.get_by_role("link", name="Who did what").count() > 0) is manages
    visit(page, "#/groups")
    assert (page.get_by_role("button", name="Add group").count() > 0) is manages


def test_somebody_without_a_role_is_told_whom_to_ask(open_console: Open) -> None:
    page = open_console(Role.GUEST, refusals={HTTPStatus.FORBIDDEN})
    expect(page.get_by_role("alert")).to_contain_text("You may not do this. Ask your administrator.")
