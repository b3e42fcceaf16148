"""A browser that is signed in to the console of a practice of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from http import HTTPStatus

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from local.api import Api
from local.browser import NoBrowser, headless_browser, sign_in_to_console
from local.console import console
from local.stack import PracticeStack, open_practice
from local.staff import Role, sign_in

PROVIDER = "prov-console"
CLIENTS = 320
PATIENCE_MILLISECONDS = 45_000

Staff = tuple[str, Role]
"""A provider's id, and the role of a member of its staff."""

Sessions = dict[Staff, str]
"""Refresh tokens of staff who are signed in, and have no window open."""


@pytest.fixture(scope="session")
def address(deployed: PracticeStack) -> Iterator[str]:
    """The console's address."""
    open_practice(deployed.aws, deployed.deployed, PROVIDER, CLIENTS, lambda _done, _total: None)
    with console(deployed.aws, deployed.deployed) as at:
        yield at


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    try:
        with headless_browser() as running:
            yield running
    except NoBrowser as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def api(deployed: PracticeStack, address: str) -> Iterator[Api]:
    """The API as the practice's own staff call it, to look at what the console did."""
    token = sign_in(deployed.aws.cognito, deployed.deployed, PROVIDER)
    with Api(deployed.deployed.api_url, token) as calls:
        yield calls


@pytest.fixture(scope="session")
def sessions() -> Sessions:
    """The sessions that earlier tests left open."""
    return {}


def resume(page: Page, address: str, token: str) -> None:
    """Continue a session that another window had."""
    page.goto(f"{address}icon.svg")
    page.evaluate("token => sessionStorage.setItem('refresh_token', token)", token)
    page.goto(address)
    page.wait_for_selector("#top nav, main .failure, main .calm")


Open = Callable[..., Page]
"""Opens the console for a member of staff."""


@pytest.fixture
def open_console(browser: Browser, deployed: PracticeStack, address: str, sessions: Sessions) -> Iterator[Open]:
    """Open the console in a window of its own, signed in; whatever the page complains of fails the test.

    So does an answer of 400 or more, except the ``refusals`` that a test names.
    """
    opened: list[tuple[Page, Staff]] = []
    complaints: list[str] = []

    def open_as(
        role: Role = Role.MANAGER,
        *,
        width: int = 1280,
        colours: str = "light",
        language: str = "en-GB",
        refusals: Collection[int] = (),
        provider: str = PROVIDER,
        clock: bool = False,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if colours == "dark" else "light",
            reduced_motion="reduce",
            locale=language,
        )
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        page = context.new_page()
        if clock:
            page.clock.install()
        page.on("pageerror", lambda fault: complaints.append(str(fault)))
        page.on("console", lambda said: _complain(complaints, said.type, said.text))
        page.on("response", lambda answer: _judge(complaints, answer, refusals))
        opened.append((page, (provider, role)))
        if token := sessions.pop((provider, role), ""):
            resume(page, address, token)
        else:
            sign_in_to_console(page, address, (deployed.aws, deployed.deployed), (provider, role))
        return page

    yield open_as
    for page, staff in opened:
        page.unroute_all(behavior="ignoreErrors")
        if token := page.evaluate("sessionStorage.getItem('refresh_token')"):
            sessions[staff] = token
        page.context.close()
    assert complaints == []


def _complain(complaints: list[str], kind: str, text: str) -> None:
    if kind in {"error", "warning"} and "Failed to load resource" not in text:
        complaints.append(text)


def _judge(complaints: list[str], answer: Response, refusals: Collection[int]) -> None:
    if answer.status >= HTTPStatus.BAD_REQUEST and answer.status not in refusals:
        complaints.append(f"{answer.request.method} {answer.url} answered {answer.status}")
