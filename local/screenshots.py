"""Writes pictures of the console's main views into docs/images, in both colour schemes.

``make screenshots`` runs it. Names, groups and money are those of the sample practice; times and ids differ each
time, so that no test compares the pictures.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from local.browser import PROPOSALS, headless_browser, show_archived, sign_in_to_console, visit
from local.console import console
from local.importing import old_clients
from local.stack import PracticeStack, practice_stack
from local.staff import Role
from local.template import ROOT

FOLDER = ROOT / "docs" / "images"
SCHEMES = ("light", "dark")
MOST_BYTES = 100_000
WIDTH, HEIGHT = 1040, 620
PATIENCE_MILLISECONDS = 60_000

View = Callable[[Page, PracticeStack], None]
"""Leads a page that is signed in to what the picture shows."""


def clients(page: Page, _stack: PracticeStack) -> None:
    """Tick three clients."""
    for place in (1, 3, 4):
        page.locator("tbody tr").nth(place).get_by_role("checkbox").check()


def archive(page: Page, stack: PracticeStack) -> None:
    """Open the side panel, with what needs attention."""
    clients(page, stack)
    page.get_by_role("region", name="Selection").get_by_role("button", name="Archive").click()
    page.get_by_role("button", name=re.compile(r"^Archive \d")).wait_for()


def archived(page: Page, _stack: PracticeStack) -> None:
    """Open the actions of an archived client."""
    show_archived(page)
    page.locator(".dots").nth(1).click()


def client(page: Page, _stack: PracticeStack) -> None:
    """Show what an archived client may still do."""
    show_archived(page)
    page.locator("tbody tr").nth(1).get_by_role("link").click()
    page.get_by_role("link", name=re.compile("may still do$")).click()
    page.locator("td.yes").first.wait_for()


def imported(page: Page, stack: PracticeStack) -> None:
    """Check a file, and show what would become of its rows."""
    taken = stack.api.get("/clients", status="archived", limit=1)["clients"][0]["email"]
    page.get_by_role("link", name="Import…").click()
    page.get_by_label("File").set_input_files(
        {"name": "clients.csv", "mimeType": "text/csv", "buffer": old_clients(taken).encode()}
    )
    page.get_by_label("The system they come from").fill("old-system")
    page.get_by_role("button", name="Upload and check").click()
    page.locator(".rows").wait_for()


def settings(page: Page, _stack: PracticeStack) -> None:
    """Show the practice's rules as sentences."""
    page.get_by_role("link", name="Settings").click()
    page.locator("form.settings").wait_for()


VIEWS: tuple[View, ...] = (clients, archive, archived, client, imported, settings)


def main() -> None:
    """Write all pictures, and say which is too large."""
    FOLDER.mkdir(exist_ok=True)
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with headless_browser() as browser, practice_stack() as stack, console(stack.aws, stack.deployed) as address:
        for scheme in SCHEMES:
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT},
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
                locale="en-GB",
            )
            page.set_default_timeout(PATIENCE_MILLISECONDS)
            system, manager = (stack.aws, stack.deployed), (stack.practice.provider_id, Role.MANAGER)
            sign_in_to_console(page, address, system, manager)
            for view in VIEWS:
                _picture(page, stack, view, FOLDER / f"{view.__name__}-{scheme}.png")


def _picture(page: Page, stack: PracticeStack, view: View, file: Path) -> None:
    visit(page, "#/activity")
    with page.expect_response(PROPOSALS):
        visit(page, "#/clients")
    view(page, stack)
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=file)
    page.keyboard.press("Escape")
    size = file.stat().st_size
    sys.stdout.write(f"{file.relative_to(ROOT)}  {size // 1000} KB{'  TOO LARGE' if size > MOST_BYTES else ''}\n")


if __name__ == "__main__":
    main()
