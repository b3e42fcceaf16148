"""Headless Chromium on this machine, and the console in it, signed in, at the view that is asked for."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect, sync_playwright

from local.deploy import Deployed
from local.ministack import LocalAws
from local.staff import Role, give_password

PROGRAMS = ("chromium", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
GO = """view => new Promise((left) => {
    addEventListener("hashchange", () => left((document.title = "")), { once: true });
    if (location.hash === view) dispatchEvent(new HashChangeEvent("hashchange"));
    else location.hash = view;
})"""
"""Goes to a view. The page's title is taken away once the view before has ended, which may give it none any more."""

PROPOSALS = "**/bulk-archives?*"
"""What the list of clients asks for last; no row waits for it."""

NO_BROWSER = "There is no Chromium here: apt-get install chromium."


class NoBrowser(Exception):
    """There is no browser on this machine."""


@contextmanager
def headless_browser() -> Iterator[Browser]:
    """Run Chromium, without a window, until the block ends.

    Raises:
        NoBrowser: there is none.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise NoBrowser(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


def sign_in_to_console(page: Page, address: str, system: tuple[LocalAws, Deployed], whose: tuple[str, Role]) -> None:
    """Sign a provider's member of staff in to the console, as people do, with a password made up for it.

    Args:
        page: an empty page.
        address: the console's.
        system: the local AWS, and what is deployed there.
        whose: the provider's id, and the role of the member of staff.
    """
    aws, deployed = system
    provider_id, role = whose
    password = f"{secrets.token_urlsafe(24)}aA1!"
    email = give_password(aws.cognito, deployed, provider_id, password, role=role)
    page.goto(address)
    page.locator("main button").click()
    page.fill("input[name=username]", email)
    page.fill("input[name=password]", password)
    page.locator("form button").click()
    page.wait_for_selector("#top nav, main .failure, main .calm:not(:has(.primary))")


def visit(page: Page, view: str) -> None:
    """Go to a view of the console and wait until it has loaded: the page has its title then.

    Args:
        page: a page that is signed in.
        view: its address, from the ``#`` on. If it is shown already, it is read again.
    """
    page.evaluate(GO, view)
    expect(page).to_have_title(re.compile("."))


def show_archived(page: Page) -> None:
    """Go to the archived clients by their tab, and wait for their table: only it says who archived them."""
    page.get_by_role("link", name=re.compile("^Archived Clients")).click()
    expect(page.get_by_role("columnheader", name="Archived by")).to_be_visible()
