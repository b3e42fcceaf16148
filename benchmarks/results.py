"""Writes ``RESULTS.md`` and its pictures: the table, and all that its figures are to be read with."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.bulk import BATCHES_AT_ONCE, SAMPLE, Outcome
from benchmarks.engine import engine_name
from benchmarks.latencies import SEED, STATE_SECONDS, WRITE_UNITS_PER_SECOND
from benchmarks.plain import AT_ONCE, MOST_CLIENTS
from benchmarks.plots import plot
from benchmarks.prices import FILE, prices
from benchmarks.rows import Row, table

INLINE_MAP = f"inline map, to {MOST_CLIENTS}"
READING = f"""\
Each line is one run of everything: this project, the floor, and what a user would do instead, in turn, piece by piece.
Times are medians, all else means. **Floor** is the same calls for the same items in bare botocore; for a cold start,
Powertools' `Logger` and a botocore client. **Instead** is a user's own table with one index, and functions that change
one item after the other, without transaction, receipt, history or rules; for a cold start, boto3 with resolver,
validation, idempotency and parser; for a run, an inline map with a task for each client and function. What
its functions do is done on the same engine: their calls, units and CPU are measured as ours are. Its states are counted
from what such a workflow consists of, and time alone is modelled. Of a run of more than {SAMPLE:,} clients, instead,
and the floor of the archive, are measured with the first {SAMPLE:,}. CPU is that of this process, the engine's is not
in it. This project asks through the client that its functions have, which does not compare requests with DynamoDB's
model; bare botocore and what a user would do compare, as botocore does unless told otherwise. Calls, units and dollars
hold anywhere, seconds on one machine alone.

**Model s** are seconds on the modelled AWS: CPU seconds as a function with its memory has them, the latencies of
DynamoDB [as published](latencies.py) (seed {SEED}), {1_000 * STATE_SECONDS:.0f} ms from state to state (assumed), and a
table that sustains {WRITE_UNITS_PER_SECOND:,} write units a second, as a new on-demand table does. Those of a run are
divided by its clients: {BATCHES_AT_ONCE} batches are worked on at once, the template's default, and in the inline map
{AT_ONCE} clients, the most it can. **$ per 1,000** are dollars for a thousand of what the line measures: units, states,
functions and requests; what the stream makes of the writes is not among them."""


ONE_PROCESS = f"""\
**One process** carries out batch after batch and step after step on the engine, up to {SAMPLE:,} clients: its seconds
are those of this machine, the engine's among them."""


def write(folder: Path, command: str, rows: Sequence[Row], outcomes: Sequence[Outcome], runs: str) -> None:
    """Write the results of one run.

    Args:
        folder: where to.
        command: what was asked for.
        rows: the lines of the table.
        outcomes: the bulk archives, for the pictures and the clients per second.
        runs: the table of simulated runs.
    """
    pictures = growth(outcomes) if len(outcomes) > 1 else {}
    parts = [
        "# Results",
        f"Written by `{command}`; do not edit.",
        "\n".join(f"- {told}" for told in circumstances()),
        table(rows),
        READING,
        "## Clients a second of a run, modelled",
        speeds(outcomes),
        ONE_PROCESS,
        "\n".join(f"![{name}]({name})" for name in pictures),
        "## Runs of any size, simulated",
        "What these runs would meet first, and why, is in [docs/scale.md](../docs/scale.md).",
        runs,
        "## Prices",
        f"us-east-1, from [{FILE.name}]({FILE.name}):",
        "\n".join(_prices()),
    ]
    for name, picture in pictures.items():
        (folder / name).write_text(picture)
    (folder / "RESULTS.md").write_text("\n\n".join(part for part in parts if part) + "\n")


def circumstances() -> Iterable[str]:
    """Tell what was measured, when, and on what."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    load, cores = os.getloadavg()[1], os.cpu_count()
    yield f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit or 'unknown'}"
    yield f"{_processor()}, {cores} cores, load of the last five minutes {load:.1f}{_busy(load, cores or 1)}"
    yield f"Python {platform.python_version()}, botocore {version('botocore')}, {engine_name()}"


def _busy(load: float, cores: int) -> str:
    return ": the machine was busy, so read ratios, not times" if load > cores else ""


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return names[0].partition(":")[2].strip() if names else platform.processor() or platform.machine()


def speeds(outcomes: Sequence[Outcome]) -> str:
    """Return how many clients a second runs archive, by their size and batches at once."""
    if not outcomes:
        return ""
    counts = list(outcomes[0].seconds)
    lines = [
        ["clients", *(f"{count} batches at once" for count in counts), "inline map", "one process, measured"],
        ["--:"] * (len(counts) + 3),
        *([f"{one.clients:,}", *(f"{rate:.0f}" for rate in _rates(one))] for one in outcomes),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _rates(outcome: Outcome) -> Iterable[float]:
    """Return the clients a second by batches at once, in the inline map, and in one process."""
    for seconds in (*outcome.seconds.values(), outcome.plain_seconds):
        yield outcome.clients / seconds
    yield 1 / outcome.pace.seconds


def growth(outcomes: Sequence[Outcome]) -> Mapping[str, str]:
    """Return the pictures of how calls, write units and modelled seconds grow with the clients of a run."""
    many = [(one.clients, one.archive) for one in outcomes]
    counted = {
        field: {
            "this project": [(clients, clients * getattr(row.ours, field)) for clients, row in many],
            INLINE_MAP: [(clients, clients * getattr(row.instead, field)) for clients, row in many],
        }
        for field in ("calls", "write_units")
    }
    seconds = {
        **{
            f"{count} batches at once": [(one.clients, one.seconds[count]) for one in outcomes]
            for count in outcomes[0].seconds
        },
        INLINE_MAP: [(one.clients, one.plain_seconds) for one in outcomes],
    }
    return {
        "growth-calls.svg": plot("Calls of a run", "calls", counted["calls"]),
        "growth-units.svg": plot("Write units of a run", "units", counted["write_units"]),
        "growth-seconds.svg": plot("Seconds of a run, modelled", "s", seconds),
    }


def _prices() -> Iterable[str]:
    for name, price in prices().items():
        told = "" if price.read_here else " (not read on AWS's own page: to be checked)"
        yield f"- {name.replace('_', ' ')}: ${price.dollars} per {price.per:,}; {price.source}{told}"
