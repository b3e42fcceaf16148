"""What ``make demo`` shows, on a small practice, and a benchmark that people run like it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from benchmarks.records import changes_per_second, group
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.practice import add_group
from local.commands.demo import show
from local.screen import Screen
from local.stack import PracticeStack, practice_stack
from local.systems import systems_of

ANSWERS = [
    ("calendar", r"unchanged; here it is cancelled by the archive"),
    ("calendar", r"\d+ stored"),
    ("billing", r"stored; here it is cancelled by the archive"),
    ("billing", r"\d+ stored"),
    ("documents", r"refused; by rule P7, client archived"),
]
"""Who tells, and what each is answered, in order."""


@pytest.fixture(scope="module")
def small() -> Iterator[PracticeStack]:
    with practice_stack(clients=60) as stack:
        yield stack


def test_the_demo_shows_an_archive_and_the_systems_that_follow_it(
    small: PracticeStack, capsys: pytest.CaptureFixture[str]
) -> None:
    with systems_of(small) as systems:
        show(Screen(), small, systems)
    shown = capsys.readouterr().out
    assert re.search(r"The bulk archive is completed: \d+ archived\.", shown)
    assert re.findall(r"confirmed it: (.+)\.", shown) == [
        f"{n} stored" for n in re.findall(r"confirmed it: (\d+)", shown)
    ]
    rows = [line.strip() for line in shown.splitlines() if re.match(r" (calendar|billing|documents) ", line)]
    for row, (system, answer) in zip(rows, ANSWERS, strict=True):
        assert re.fullmatch(rf"{system} .+ {answer}", row), row
    assert "The calendar has booked again what came back" in shown
    assert "\x1b" not in shown
    assert "@" not in shown


def test_the_benchmark_of_records_times_each_way(small: PracticeStack) -> None:
    tenant = Tenant(small.table, small.practice.provider_id)
    add_group(tenant, group(tenant))
    rates = changes_per_second(small, changes=4, in_one=2)
    assert [*rates] == ["bare botocore", "in this process", "over HTTP"]
    assert all(rate > 0 for rate in rates.values())
