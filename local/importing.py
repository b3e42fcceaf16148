"""A practice brings its clients in: a file of 200 rows, some of them bad, as an older system might export it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from local.api import Api
from local.ministack import LocalAwsFailed
from local.sample_practice import FIRST_NAMES, LAST_NAMES

SOURCE = "old-system"
HEADER = "Client ID,First Name,Last Name,Email,Group,Status"
GOOD, ARCHIVED, BAD_OF_EACH_KIND = 176, 16, 4
IMPORT_SECONDS = 120
POLL_SECONDS = 0.2
IN_FLIGHT = ("checking", "running", "stopping")

Document = Mapping[str, Any]


def old_clients(taken: str) -> str:
    """Return the file: 176 rows that are good, 16 of them of archived clients, and four of each of six bad kinds.

    Args:
        taken: the address of a client that the practice has already.
    """
    rows = [_row(number, status="Archived" if number < ARCHIVED else "Active") for number in range(GOOD)]
    for bad in range(BAD_OF_EACH_KIND):
        rows += [
            _row(1_000 + bad, email="no address"),
            _row(2_000 + bad, email=taken.upper()),
            _row(bad, email=f"again-{bad}@import.example.org"),
            _row(3_000 + bad, email=f"{bad}@import.example.org"),
            _row(4_000 + bad, group="A group that is not here"),
            f'5{bad},"Broken"row,Row,broken-{bad}@import.example.org,,',
        ]
    return "\n".join([HEADER, *rows])


def _row(number: int, *, email: str | None = None, group: str = "", status: str = "Active") -> str:
    first, last = FIRST_NAMES[number % len(FIRST_NAMES)], LAST_NAMES[number * 7 % len(LAST_NAMES)]
    return f"{number},{first},{last},{email or f'{number}@import.example.org'},{group},{status}"


def checked_import(api: Api, text: str) -> Document:
    """Upload a file of clients and have it checked.

    Returns:
        The import as the check has left it: what would become of the rows, and the token to confirm it with.

    Raises:
        LocalAwsFailed: S3 refused the file, or the check did not end in time.
    """
    asked = api.post("/imports", {"kind": "clients", "format": "csv", "source": SOURCE})
    form = asked["upload"]
    sent = httpx.post(form["url"], data=form["fields"], files={"file": ("clients.csv", text.encode())}, trust_env=False)
    if sent.is_error:
        raise LocalAwsFailed(f"The file could not be uploaded: {sent.status_code}.")
    api.post(f"/imports/{asked['import_id']}/check")
    return ended_import(api, asked["import_id"], lambda _done, _total: None)


def ended_import(api: Api, import_id: str, progress: Callable[[int, int], None]) -> Document:
    """Wait until an import has ended, and return it.

    Raises:
        LocalAwsFailed: it did not end in time.
    """
    deadline = time.monotonic() + IMPORT_SECONDS
    while time.monotonic() < deadline:
        run = api.get(f"/imports/{import_id}")
        if run["state"] not in IN_FLIGHT:
            return run
        progress(run["percent_done"], 100)
        time.sleep(POLL_SECONDS)
    raise LocalAwsFailed(f"The import did not end within {IMPORT_SECONDS} seconds.")
