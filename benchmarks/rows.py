"""The one table: each measure of this project beside its floor and beside what a user would do instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.meter import Spent
from benchmarks.prices import dollars

COLUMNS = (
    *("measure", "CPU ms", "floor", "ratio", "instead", "ratio", "wall, floor is 1", "model s", "instead"),
    *("calls", "instead", "write units", "instead", "read units", "instead", "$ per 1,000", "instead"),
)
NONE = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """What one thing takes: by this project, by the same calls in bare botocore, and done as a user would instead.

    ``note`` stands below the table.
    """

    measure: str
    ours: Spent
    floor: Spent
    instead: Spent | None = None
    note: str | None = None

    def cells(self) -> Iterator[str]:
        """Return the cells of the table's line, in the order of ``COLUMNS``."""
        ours, floor, instead = self.ours, self.floor, self.instead
        yield self.measure
        yield _number(1_000 * ours.cpu_seconds)
        yield _number(1_000 * floor.cpu_seconds)
        yield _ratio(ours.cpu_seconds, floor.cpu_seconds)
        yield _number(1_000 * instead.cpu_seconds) if instead else NONE
        yield _ratio(ours.cpu_seconds, instead.cpu_seconds) if instead else NONE
        yield _ratio(ours.seconds, floor.seconds)
        for name in ("model_seconds", "calls", "write_units", "read_units"):
            yield _number(getattr(ours, name))
            yield _number(getattr(instead, name)) if instead else NONE
        yield _number(1_000 * dollars(ours))
        yield _number(1_000 * dollars(instead)) if instead else NONE


def table(rows: Sequence[Row]) -> str:
    """Return rows as a table in Markdown, with their notes below."""
    lines = [COLUMNS, ["---", *["--:"] * (len(COLUMNS) - 1)], *(list(row.cells()) for row in rows)]
    notes = [f"- {row.measure}: {row.note}" for row in rows if row.note]
    return "\n".join([*(_line(cells) for cells in lines), "", *notes])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ratio(ours: float, other: float) -> str:
    return f"{ours / other:.2f}x" if ours and other else NONE


def _number(value: float) -> str:
    """Return a number with three figures that mean something."""
    if not value:
        return NONE
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
