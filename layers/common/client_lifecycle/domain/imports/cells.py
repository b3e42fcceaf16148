"""Writes CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet, which may call out with what is in the others."""


def safe_cell(text: str) -> str:
    """Return a cell as it is given out: an apostrophe stands before what would be a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Write rows as lines of CSV, the header first; what is ``None`` is empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in ([*header], *rows):
        writer.writerow([safe_cell("" if cell is None else str(cell)) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
