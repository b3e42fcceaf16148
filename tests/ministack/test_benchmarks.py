"""Every benchmark, small: its calls and units, never its seconds."""

from __future__ import annotations

import pytest

from benchmarks import bulk, single
from benchmarks.rows import Row, table
from local.ministack import LocalAws

RECORDS = 120
CLIENTS = 30

MOST: dict[str, tuple[float, float]] = {
    "archive, 10 commitments": (3, 57),
    "activate and restore all 10": (5, 59),
    "booking, active client": (4, 11),
    "booking, archived client": (4, 15),
    f"restore of {RECORDS} records": (7, 572),
    f"preview of {CLIENTS}": (37, 37),
    f"bulk of {CLIENTS}, each client": (10.2, 71),
}
"""The most calls and write units of each; what takes fewer may lower them."""


@pytest.fixture(scope="module")
def rows(local_aws: LocalAws) -> dict[str, Row]:
    measured = [*single.rows(local_aws, clients=2, records=RECORDS), *bulk.outcome(local_aws, CLIENTS).rows]
    return {row.measure: row for row in measured}


def test_each_measure_takes_no_more_calls_and_units_than_are_known(rows: dict[str, Row]) -> None:
    assert rows.keys() == MOST.keys()
    taken = {name: (round(row.ours.calls, 1), round(row.ours.write_units, 1)) for name, row in rows.items()}
    at_most = {name: tuple(map(min, taken[name], most)) for name, most in MOST.items()}
    assert taken == at_most


def test_a_floor_makes_the_same_calls_for_the_same_units(rows: dict[str, Row]) -> None:
    for row in rows.values():
        spent = [(one.calls, one.read_units, one.write_units) for one in (row.ours, row.floor)]
        assert spent[0] == pytest.approx(spent[1]), row.measure


def test_no_figure_is_shown_without_its_floor(rows: dict[str, Row]) -> None:
    assert all(row.floor.cpu_seconds for row in rows.values())
    assert table(list(rows.values())).count("\n") >= len(rows)
