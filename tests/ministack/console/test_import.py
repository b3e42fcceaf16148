"""A practice brings its clients in: the file, its columns, the check, the import, the report."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect

from local.api import Api
from local.importing import old_clients
from tests.ministack.console.conftest import Open
from tests.ministack.console.test_accessible import NARROW, violations
from tests.ministack.console.test_article import ENDED
from tests.ministack.console.test_everyday import saved_lines

HEADER = "Nr,Anrede,Mail,Was"
BRING = re.compile(r"^Import \d+ row")


def look_at(page: Page) -> None:
    """See that a state is accessible on a narrow page."""
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW


def upload(page: Page, text: str, source: str) -> None:
    page.get_by_role("link", name="Import…").click()
    page.get_by_label("File").set_input_files(
        FilePayload(name="clients.csv", mimeType="text/csv", buffer=text.encode())
    )
    page.get_by_label("The system they come from").fill(source)
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Import from {source}")


def test_a_file_is_checked_imported_and_reported(open_console: Open, api: Api) -> None:
    taken = api.get("/clients", status="archived", limit=1)["clients"][0]["email"]
    before = api.get("/client-counts")["active"]
    page = open_console()
    upload(page, old_clients(taken), "old-system")
    outcomes = page.locator(".rows")
    expect(outcomes).to_contain_text("1 with an e-mail in use", timeout=ENDED)
    expect(outcomes).to_contain_text("4 of a group that is not here")
    assert api.get("/client-counts")["active"] == before, "a check writes nothing"
    assert violations(page) == []
    with page.expect_download() as checked:
        page.get_by_role("button", name="Download the report").click()
    assert "email_in_use" in Path(checked.value.path()).read_text()
    page.get_by_role("button", name=BRING).click()
    expect(page.locator("main")).to_contain_text("This import is done.", timeout=ENDED)
    assert violations(page) == []
    expect(page.locator("main .note").first).to_contain_text("by Sam Manager")
    with page.expect_download() as report:
        page.get_by_role("button", name="Download the report").click()
    assert Path(report.value.path()).read_text().startswith("row,")
    assert api.get("/client-counts")["active"] > before
    page.get_by_role("link", name="Import", exact=True).click()
    expect(page.get_by_role("listitem").filter(has_text="Import from old-system").first).to_contain_text("done")
    assert "old-system" in {line["source"] for line in saved_lines(page)}


def test_columns_that_were_not_guessed_are_chosen(open_console: Open) -> None:
    page = open_console(width=NARROW)
    upload(page, f"{HEADER}\n1,Ada Columns,ada@columns.example.org,x\n", "columns")
    expect(page.locator(".refusal")).to_contain_text("no single column for this: E-mail", timeout=ENDED)
    look_at(page)
    page.get_by_role("combobox", name="E-mail").select_option("Mail")
    page.get_by_role("combobox", name="Name", exact=True).select_option("Anrede")
    page.get_by_role("button", name="Check again").click()
    expect(page.locator(".rows")).to_have_text("1 new", timeout=ENDED)
    look_at(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("main")).to_contain_text("This import is stopped.")
    look_at(page)
