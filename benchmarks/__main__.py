"""``python -m benchmarks``: measures everything in one run, prints one table, and writes it beside this module."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import bulk, cold_start, imports, listing, records, results, scale, single
from benchmarks.engine import ENDPOINT, engine
from benchmarks.rows import Row, table
from local.ministack import LocalAws

COLD_STARTS = 5
MINISTACK_SIZES, ALL_SIZES = [100, 1_000], [100, 1_000, 10_000]
MINISTACK_LISTS, ALL_LISTS = [1_000, 10_000], [1_000, 10_000, 100_000]
"""Tables of MiniStack have no real indexes: what is large takes hours there."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The lines of the table, the bulk archives among them, and the table of simulated runs."""

    rows: list[Row]
    outcomes: list[bulk.Outcome]
    runs: str


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, and write the results."""
    asked = sizes(arguments)
    _say("cold starts")
    rows = cold_start.rows(asked.python, COLD_STARTS)
    with engine() as aws:
        measured = measure(aws, asked)
    rows += measured.rows
    print(table(rows))
    print(results.speeds(measured.outcomes))
    told = sys.argv[1:] if arguments is None else arguments
    named = f"{ENDPOINT}=... " if ENDPOINT in os.environ else ""
    command = " ".join([f"{named}python -m benchmarks", *told])
    results.write(asked.into, command, rows, measured.outcomes, measured.runs)


def sizes(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read how much is to be measured; an engine with real indexes measures more by default."""
    fast = ENDPOINT in os.environ
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--single", type=int, default=50, help="clients whose single archives are measured")
    parser.add_argument("--records", type=int, default=1_300, help="records of the client that is restored")
    parser.add_argument("--sizes", type=int, nargs="+", default=ALL_SIZES if fast else MINISTACK_SIZES)
    parser.add_argument("--lists", type=int, nargs="+", default=ALL_LISTS if fast else MINISTACK_LISTS)
    parser.add_argument("--rows", type=int, default=1_000, help="rows of the import")
    parser.add_argument("--changes", type=int, default=100, help="changes that a system tells")
    parser.add_argument("--simulated", type=int, nargs="+", default=[*scale.SIZES], help="clients of simulated runs")
    parser.add_argument("--python", default="python3.13", help="the deployed runtime's Python, for cold starts")
    parser.add_argument("--into", type=Path, default=Path(__file__).parent, help="where the results are written")
    return parser.parse_args(arguments)


def measure(aws: LocalAws, asked: argparse.Namespace) -> Measured:
    """Measure everything that an engine takes part in."""
    _say("single clients")
    rows = single.rows(aws, asked.single, asked.records)
    outcomes = []
    for clients in asked.sizes:
        _say(f"a run of {clients:,}")
        outcomes.append(bulk.outcome(aws, clients))
    rows += [row for outcome in outcomes for row in outcome.rows]
    _say("lists")
    rows += listing.rows(aws, asked.lists)
    _say("imports, told changes, simulated runs")
    rows += imports.rows(aws, asked.rows)
    rows += records.rows(aws, asked.changes)
    return Measured(rows, outcomes, scale.table(scale.footprint(*bulk.batch_calls(aws)), asked.simulated))


def _say(what: str) -> None:
    print(f"Measuring {what} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
