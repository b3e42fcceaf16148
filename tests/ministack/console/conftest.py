"""A browser that is signed in to the console of a practice of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from http import HTTPStatus

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

from local.api import Api
from local.browser import NoBrowser, headless_browser, sign_in_to_console
from local.console import console
from local.stack import PracticeStack, open_practice
from local.staff import Role, sign_in

PROVIDER = "prov-console"
CLIENTS = 320
PATIENCE_MILLISECONDS = 45_000


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


Open = Callable[..., Page]
"""Opens the console for a member of staff."""


@pytest.fixture
def open_console(browser: Browser, deployed: PracticeStack, address: str) -> Iterator[Open]:
    """Open the console in a window of its own, signed in; whatever the page complains of fails the test.

    So does an answer of 400 or more, except the ``refusals`` that a test names.
    """
    contexts: list[BrowserContext] = []
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
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        page = context.new_page()
        if clock:
            page.clock.install()
        page.on("pageerror", lambda fault: complaints.append(str(fault)))
        page.on("console", lambda said: _complain(complaints, said.type, said.text))
        page.on("response", lambda answer: _judge(complaints, answer, refusals))
        sign_in_to_console(page, address, (deployed.aws, deployed.deployed), (provider, role))
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert complaints == []


def _complain(complaints: list[str], kind: str, text: str) -> None:
    if kind in {"error", "warning"} and "Failed to load resource" not in text:
        complaints.append(text)


def _judge(complaints: list[str], answer: Response, refusals: Collection[int]) -> None:
    if answer.status >= HTTPStatus.BAD_REQUEST and answer.status not in refusals:
        complaints.append(f"{answer.request.method} {answer.url} answered {answer.status}")
