"""Times how soon the console shows its first rows, and counts what a browser loads for them.

``python -m benchmarks.console --clients 1200`` opens it for a practice of that size on the local AWS, in headless
Chromium, with nothing in the browser's cache. Wall time compares versions on one machine; calls and bytes do not vary.
"""

from __future__ import annotations

import argparse
import sys
import time
from statistics import median

from playwright.sync_api import Browser, Response

from local.browser import headless_browser, sign_in_to_console
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
        opened = [_open(browser, address, system, provider_id) for _ in range(TIMES)]
    seconds = sorted(one[0] for one in opened)
    _, calls, loaded = opened[-1]
    sys.stdout.write(
        f"{asked.clients:,} clients: first rows after {median(seconds):.2f} s ({seconds[0]:.2f} to {seconds[-1]:.2f}),"
        f" {calls} calls of the API, {loaded / 1000:.0f} KB of files\n"
    )


def _open(
    browser: Browser, address: str, system: tuple[LocalAws, Deployed], provider_id: str
) -> tuple[float, int, int]:
    """Return the seconds from a reload of a signed-in page to its first rows, the calls, and the bytes of files."""
    context = browser.new_context()
    page = context.new_page()
    sign_in_to_console(page, address, system, (provider_id, Role.MANAGER))
    page.locator("tbody tr").first.wait_for()
    page.wait_for_load_state("networkidle")
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    began = time.monotonic()
    page.reload(wait_until="commit")
    page.locator("tbody tr").first.wait_for()
    seconds = time.monotonic() - began
    calls = [answer for answer in answers if "/v1/" in answer.url]
    files = [answer for answer in answers if answer not in calls and answer.request.method == "GET"]
    loaded = sum(len(answer.body()) for answer in files)
    context.close()
    return seconds, len(calls), loaded


if __name__ == "__main__":
    main()
