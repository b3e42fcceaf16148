"""Times how soon the console shows its first rows, and counts what a browser loads for them.

``python -m benchmarks.console --clients 1200`` opens it for a practice of that size on the local AWS, in headless
Chromium, with nothing in the browser's cache. Wall time compares versions on one machine; calls and bytes do not vary.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Response

from local.browser import PROPOSALS, headless_browser, sign_in_to_console
from local.console import console
from local.deploy import Deployed
from local.ministack import LocalAws
from local.stack import practice_stack, write_practice
from local.staff import Role

TIMES = 5


def main() -> None:
    """Open the console some times, and print the figures."""
    arguments = argparse.ArgumentParser(description=main.__doc__)
    arguments.add_argument("--clients", type=int, default=1_200, help="clients of the practice")
    asked = arguments.parse_args()
    with (
        headless_browser() as browser,
        practice_stack(clients=asked.clients, load_with=write_practice) as stack,
        console(stack.aws, stack.deployed) as address,
    ):
        system, provider_id = (stack.aws, stack.deployed), stack.practice.provider_id
        times = [opened(browser, address, system, provider_id) for _ in range(TIMES)]
    seconds = sorted(one.seconds for one in times)
    sys.stdout.write(
        f"{asked.clients:,} clients: first rows after {median(seconds):.2f} s ({seconds[0]:.2f} to {seconds[-1]:.2f}),"
        f" {len(times[-1].calls)} calls of the API, {times[-1].loaded_bytes / 1000:.0f} KB of files\n"
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """What it took from a reload of a signed-in page to its first rows: calls of the API by path, bytes of files."""

    seconds: float
    calls: list[str]
    loaded_bytes: int


def opened(browser: Browser, address: str, system: tuple[LocalAws, Deployed], provider_id: str) -> Opened:
    """Sign in to the console of a practice, load the page again, and wait for its first rows."""
    context = browser.new_context()
    page = context.new_page()
    with page.expect_response(PROPOSALS):
        sign_in_to_console(page, address, system, (provider_id, Role.MANAGER))
    page.locator("tbody tr").first.wait_for()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    with page.expect_response(PROPOSALS):
        began = time.monotonic()
        page.reload(wait_until="commit")
        page.locator("tbody tr").first.wait_for()
        seconds = time.monotonic() - began
    calls = [answer for answer in answers if "/v1/" in answer.url]
    files = [answer for answer in answers if answer not in calls and answer.request.method == "GET"]
    loaded_bytes = sum(len(answer.body()) for answer in files)
    context.close()
    return Opened(seconds, [urlsplit(answer.url).path for answer in calls], loaded_bytes)


if __name__ == "__main__":
    main()
