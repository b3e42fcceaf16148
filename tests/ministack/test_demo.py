"""What ``make demo`` shows, on a small practice, and a benchmark that people run like it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from benchmarks.records import changes_per_second, keep_group
from client_lifecycle.domain.records import RecordKind
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.tenant import Tenant
from local.commands.demo import show
from local.screen import Screen
from local.sources import HEARD_WITHIN_SECONDS, Source
from local.stack import PracticeStack, practice_stack
from local.systems import systems_of

ANSWERS = [
    (r"calendar \(bus\)", r"refused; by rule I4, client archived; cancelled here, by the archive"),
    (r"calendar \(bus\)", r"\d+ told"),
    (r"billing \(HTTP\)", r"stored; cancelled here, by the archive"),
    (r"billing \(HTTP\)", r"\d+ stored"),
    (r"documents \(HTTP\)", r"refused; by rule P7, client archived"),
]
"""Who tells, and what each is answered, in order."""

IMPORTED = "176 added and 11 duplicate row and 1 email in use and 8 invalid and 4 unknown group"


@pytest.fixture(scope="module")
def small() -> Iterator[PracticeStack]:
    with practice_stack(clients=60) as stack:
        yield stack


def test_the_demo_shows_an_archive_and_the_systems_that_follow_it(
    small: PracticeStack, capsys: pytest.CaptureFixture[str]
) -> None:
    with systems_of(small) as systems:
        show(Screen(), small, systems)
        require_all_is_stored(small, systems.calendar)
        require_all_is_stored(small, systems.billing)
    shown = capsys.readouterr().out
    assert re.search(r"The bulk archive is completed: \d+ archived\.", shown)
    assert re.findall(r"confirmed it: \d+ (\w+)\.", shown) == ["told", "stored"]
    rows = [line.strip() for line in shown.splitlines() if re.match(r" (calendar|billing|documents) \(", line)]
    for row, (system, answer) in zip(rows, ANSWERS, strict=True):
        assert re.fullmatch(rf"{system} .+ {answer}", row), row
    assert "The calendar has booked again what came back" in shown
    sentences = " ".join(shown.split())
    assert f"It expects: {IMPORTED}." in sentences
    assert f"The import is completed: {IMPORTED}." in sentences
    assert "\x1b" not in shown
    assert "@" not in shown


def require_all_is_stored(stack: PracticeStack, source: Source) -> None:
    """Wait until what a source has in its book is what is known here: its last word on each record."""
    keys = Keys(stack.practice.provider_id)
    waiting = {place: change["version"] for place, change in source.book.items() if change["version"] > 1}
    assert waiting
    deadline = time.monotonic() + HEARD_WITHIN_SECONDS
    while waiting:
        assert time.monotonic() < deadline, waiting
        for (client_id, record_id), version in [*waiting.items()]:
            kind = RecordKind(source.book[client_id, record_id]["kind"])
            plain = stack.table.get(keys.record(client_id, kind, record_id))
            if plain and plain["source_version"] == version:
                del waiting[client_id, record_id]


def test_the_benchmark_of_records_times_each_way(small: PracticeStack) -> None:
    tenant = Tenant(small.table, small.practice.provider_id)
    keep_group(tenant)
    rates = changes_per_second(small, changes=4, in_one=2)
    assert [*rates] == ["bare botocore", "in this process", "over HTTP", "on the bus"]
    assert all(rate > 0 for rate in rates.values())
