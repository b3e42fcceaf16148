"""``python -m benchmarks``: measures everything in one run, and prints one table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from benchmarks import bulk, single
from benchmarks.engine import engine
from benchmarks.rows import table


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--single", type=int, default=50, help="clients whose single archives are measured")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1_000], help="clients of the bulk archives")
    parser.add_argument("--records", type=int, default=1_300, help="records of the client that is restored")
    asked = parser.parse_args(arguments)
    with engine() as aws:
        rows = single.rows(aws, asked.single, asked.records)
        outcomes = [bulk.outcome(aws, clients) for clients in asked.sizes]
    rows += [row for outcome in outcomes for row in outcome.rows]
    print(table(rows))
    for outcome in outcomes:
        for at_once, seconds in outcome.seconds.items():
            print(f"{outcome.clients:,} clients, {at_once} batches at once: {outcome.clients / seconds:.0f} clients/s")


if __name__ == "__main__":
    main()
