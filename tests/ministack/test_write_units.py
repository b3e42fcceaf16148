"""What each path costs in write units: counted item by item and index by index, and what is known of each path."""

from __future__ import annotations

import pytest

from benchmarks import single
from benchmarks.meter import Spent
from benchmarks.write_units import Bill, bills
from local.ministack import LocalAws

CLIENT, FLIP = {("client", "table"): 2, ("client", "live"): 1}, {("client", "clients_by_status"): 2}
LINE = {("history", "table"): 2}
TEN_RECORDS = {
    ("appointment", "table"): 14,
    ("appointment", "live"): 7,
    ("appointment", "commitments_by_provider"): 7,
    ("payment", "table"): 6,
    ("payment", "live"): 3,
    ("payment", "commitments_by_provider"): 3,
}
BOOKED = {
    ("appointment", "table"): 2,
    ("appointment", "live"): 1,
    ("appointment", "commitments_by_provider"): 1,
    ("booking", "table"): 2,
}

KNOWN: dict[str, Bill] = {
    "archive, 10 commitments": {**TEN_RECORDS, **CLIENT, **FLIP, **LINE, ("receipt", "table"): 2},
    "activate and restore all 10": {**TEN_RECORDS, **CLIENT, **FLIP, **LINE, ("restoration", "table"): 2},
    "booking, active client": {**BOOKED, **CLIENT, ("client", "clients_by_status"): 1},
    "booking, archived client": {**BOOKED, **CLIENT, **FLIP, **LINE},
}
"""One in a group costs two units more to archive or bring back, and one more to book: ``clients_by_group``."""

CALLS = {
    "archive, 10 commitments": 3,
    "activate and restore all 10": 4,
    "booking, active client": 3,
    "booking, archived client": 3,
}

OF_A_RUN = 62.1
"""Units of each client of a run with nine live records; each effect checks the stamp and adds a part to the receipt."""


@pytest.fixture(scope="module")
def found(local_aws: LocalAws) -> dict[str, Bill]:
    return bills(local_aws)


@pytest.fixture(scope="module")
def measured(local_aws: LocalAws) -> dict[str, Spent]:
    return {row.measure: row.ours for row in single.rows(local_aws, clients=1, records=1)}


@pytest.mark.parametrize("path", KNOWN)
def test_each_item_and_index_costs_what_is_known(found: dict[str, Bill], path: str) -> None:
    assert found[path] == KNOWN[path]


def test_a_client_of_a_run_costs_no_more_than_is_known(found: dict[str, Bill]) -> None:
    assert sum(found["each client of a run"].values()) <= OF_A_RUN


def test_an_engine_counts_the_same(found: dict[str, Bill], measured: dict[str, Spent]) -> None:
    assert {path: measured[path].write_units for path in KNOWN} == {path: sum(found[path].values()) for path in KNOWN}


def test_each_path_takes_as_many_calls_as_are_known(measured: dict[str, Spent]) -> None:
    assert {path: measured[path].calls for path in CALLS} == CALLS
