"""Every benchmark, small: its calls and units, never its seconds."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import bulk, cold_start, one_process, results, scale
from benchmarks.__main__ import Measured, measure, sizes
from benchmarks.engine import ENDPOINT
from benchmarks.rows import Row, table
from benchmarks.scale import Footprint, Limits, Run
from benchmarks.workflow import KeptManifest
from client_lifecycle.domain.imports.run import ROWS_PER_PART
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.storage.runs import read_run
from client_lifecycle.storage.tenant import Tenant
from local.ministack import LocalAws
from local.template import ROOT

pytestmark = pytest.mark.xdist_group("benchmarks")

RECORDS = 120
EACH = Footprint(seconds=2.0, table_units=1_750, block_units=100, index_units=75, run_units=2, commits_on_run=1)

MOST: dict[str, tuple[float, float, float]] = {
    "archive, 10 commitments": (3, 49, 3),
    "activate and restore all 10": (5, 49, 12.5),
    "booking, active client": (4, 10, 3),
    "booking, archived client": (4, 13, 3),
    "one by one, each usual client": (3, 41, 3),
    f"restore of {RECORDS} records": (7, 499, 123.5),
    "preview of 25": (30, 32, 60),
    "bulk of 25, each client": (1.6, 62.1, 14.1),
    "preview of 50": (55, 57, 120),
    "bulk of 50, each client": (1.6, 62.1, 14.1),
    "page of 20 of 220 clients": (1, 0, 1),
    "search by name among 220": (2, 0, 20.5),
    "page of 20 of 300 clients": (1, 0, 1),
    "search by name among 300": (2, 0, 20.5),
    f"import of {ROWS_PER_PART}: new clients, each row": (1.1, 14, 0.1),
    f"import of {ROWS_PER_PART}: the same again, each row": (0.1, 0.1, 3.1),
    "one change told": (2, 9, 1),
    "50 changes told in one": (2, 205, 1),
}
"""The most calls, write units and read units of each; what takes fewer may lower them."""


@pytest.fixture(scope="module")
def measured(local_aws: LocalAws) -> Measured:
    """What ``python -m benchmarks`` measures, asked for little of each."""
    small = f"--single 2 --records {RECORDS} --sizes 25 50 --lists 220 300 --rows {ROWS_PER_PART} --changes 50"
    return measure(local_aws, sizes(f"{small} --simulated 100".split()))


@pytest.fixture(scope="module")
def rows(measured: Measured) -> dict[str, Row]:
    return {row.measure: row for row in measured.rows}


def test_each_measure_takes_no_more_calls_and_units_than_are_known(rows: dict[str, Row]) -> None:
    taken = {
        name: tuple(round(number, 1) for number in (row.ours.calls, row.ours.write_units, row.ours.read_units))
        for name, row in rows.items()
    }
    assert taken.keys() == MOST.keys()
    assert taken == {name: tuple(map(min, taken[name], MOST[name])) for name in MOST}


def test_a_floor_makes_the_same_calls_for_the_same_units(rows: dict[str, Row]) -> None:
    for row in rows.values():
        ours, floor = ((one.calls, one.read_units, one.write_units) for one in (row.ours, row.floor))
        assert ours == pytest.approx(floor), row.measure


def test_no_figure_is_shown_without_its_floor(rows: dict[str, Row]) -> None:
    assert [name for name, row in rows.items() if not row.floor.cpu_seconds or not row.instead] == []
    shown = table(list(rows.values()))
    assert all(f"| {name} |" in shown for name in rows)


def test_a_client_of_a_run_and_a_page_cost_the_same_at_any_size(rows: dict[str, Row]) -> None:
    for few, many in (("bulk of 25", "bulk of 50"), ("page of 20 of 220", "page of 20 of 300")):
        [small], [large] = ([row.ours for name, row in rows.items() if name.startswith(one)] for one in (few, many))
        assert large.write_units == pytest.approx(small.write_units, rel=0.02)
        assert large.read_units == pytest.approx(small.read_units, rel=0.02)
        assert large.calls == pytest.approx(small.calls, rel=0.02)


def test_the_results_have_every_line_and_pictures_that_can_be_read(
    tmp_path: Path, rows: dict[str, Row], measured: Measured
) -> None:
    results.write(tmp_path, "the test", measured.rows, measured.outcomes, measured.runs)
    written = (tmp_path / "RESULTS.md").read_text()
    assert all(name in written for name in rows)
    for picture in ("growth-calls.svg", "growth-units.svg", "growth-seconds.svg"):
        assert ElementTree.parse(tmp_path / picture).getroot().tag.endswith("svg")  # noqa: S314
        assert picture in written


def test_a_run_in_one_process_archives_every_client(
    local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ENDPOINT, local_aws.endpoint)
    archived: list[int] = []
    carry_out = one_process.carry_out_all

    def counted(tenant: Tenant, kept: KeptManifest) -> None:
        carry_out(tenant, kept)
        assert kept.started
        archived.append(read_run(tenant, kept.started.run_id).counts[Outcome.ARCHIVED])

    monkeypatch.setattr(one_process, "carry_out_all", counted)
    one_process.main(["30"])
    assert archived == [30]
    assert capsys.readouterr().out.split()[:2] == ["30", "clients"]


def test_the_table_of_cold_starts_has_a_line_for_each_function(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is installed for it is taken from here; of the functions one stands for all."""
    code = cold_start.subjects()
    monkeypatch.setattr(cold_start, "subjects", lambda: {name: code[name] for name in ("floor", "FinishRunFunction")})
    monkeypatch.setattr(cold_start, "install", lambda *_: [ROOT / "functions", ROOT / "layers" / "common"])
    cold_start.main(["--python", sys.executable, "--runs", "1"])
    lines = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert int(lines["FinishRunFunction"][-1]) > int(lines["floor"][-1]) > 100


def test_a_simulated_run_settles_every_client_once() -> None:
    for clients in (1, 25, 26, 10_001):
        assert Run(EACH, clients, Limits(40)).simulate().settled == clients


def test_the_table_limits_a_run_first_and_an_index_next() -> None:
    def limit(at_once: int, units_per_second: int) -> str:
        return Run(EACH, 50_000, Limits(at_once, table_units_per_second=units_per_second)).simulate().first_limit

    assert limit(4, 4_000) == "batches at once"
    assert limit(40, 4_000) == "the table"
    assert limit(100, 40_000) == "the index of appointments"


def test_a_batch_commits_on_the_item_of_its_run_once(local_aws: LocalAws) -> None:
    each = scale.footprint(*bulk.batch_calls(local_aws))
    assert each.commits_on_run == 1
    assert each.block_units <= EACH.block_units
