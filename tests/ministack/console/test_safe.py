"""What people wrote stays text, and the page keeps to the headers that the template gives it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import httpx
from playwright.sync_api import expect
from publish_console.handler import SITE, as_shipped

from local.api import Api
from local.stack import PracticeStack
from tests.ministack.console.conftest import Open

SCRIPT = "<img src=x onerror=alert(1)>"
MOST_BYTES = 150_000


def test_a_name_that_tries_to_be_a_script_stays_text(open_console: Open, api: Api) -> None:
    client = api.post("/clients", {"name": SCRIPT, "email": "script@example.org"})
    page = open_console()
    page.get_by_label("Find").fill("script@example.org")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr").get_by_role("link")).to_have_text(SCRIPT)
    page.evaluate("id => { location.hash = `#/clients/${id}` }", client["client_id"])
    expect(page.get_by_role("heading", level=1)).to_have_text(SCRIPT)
    assert page.locator("img").count() == 0


def test_a_name_of_200_letters_does_not_break_the_page(open_console: Open, api: Api) -> None:
    name = "W" * 200
    api.post("/clients", {"name": name, "email": "long@example.org"})
    page = open_console(width=320)
    page.get_by_label("Find").fill("long@example.org")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr").get_by_role("link")).to_have_text(name)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_page_needs_no_more_than_its_budget(address: str) -> None:
    words = list(SITE.rglob("words/??.js"))
    files = [path for path in SITE.rglob("*") if path.is_file() and path not in words]
    assert _bytes(files) + max(_bytes([language]) for language in words) <= MOST_BYTES, "each reader loads one language"
    assert httpx.get(address, trust_env=False).headers["Content-Security-Policy"].startswith("default-src 'none'")


def _bytes(files: Iterable[Path]) -> int:
    return sum(len(as_shipped(path)) for path in files)


def test_the_deployed_address_serves_the_files_with_the_headers(
    deployed: PracticeStack, outputs: dict[str, str]
) -> None:
    host = outputs["ConsoleUrl"].removeprefix("https://").rstrip("/")
    answer = httpx.get(f"{deployed.aws.endpoint}/", headers={"Host": host}, trust_env=False)
    assert answer.status_code == 200
    assert "require-trusted-types-for 'script'" in answer.headers["Content-Security-Policy"]
    assert '<script type="module" src="main.js">' in answer.text
    bucket = outputs["ConsoleBucketName"]
    assert httpx.get(f"{deployed.aws.endpoint}/{bucket}/index.html", trust_env=False).status_code in {401, 403}
