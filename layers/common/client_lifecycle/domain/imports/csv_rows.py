"""Reads CSV as people's programs write it: three delimiters, quoted line breaks, bad lines that harm no other."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

UTF_8 = "utf-8-sig"
"""UTF-8, with or without the mark that Excel puts before it."""

LATIN_1 = "cp1252"
"""Latin-1 as Windows writes it, where it has letters in place of control characters."""

DELIMITERS = (",", ";", "\t")

MAX_CELL_CHARACTERS = 100_000
"""A quote that is never closed swallows no more than this."""


class Record(Struct, frozen=True):
    """One row of a file by its number, the header's being 1; ``cells`` is ``None`` if it cannot be read."""

    number: int
    cells: Sequence[str] | None


def encoding_of(chunks: Iterable[bytes]) -> str:
    """Return the encoding of a file: UTF-8 if all of it is, else Latin-1, in which everything is something."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return LATIN_1
    return UTF_8


def delimiter_of(header: str) -> str:
    """Return what separates the cells: the delimiter that the header has most of, outside quotes; else a comma."""
    unquoted = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=unquoted.count)


def read_records(lines: Iterable[str]) -> Iterator[Record]:
    """Read the rows of a file in their order, the header first; empty ones are counted, but not returned.

    Args:
        lines: the file line by line, with its line breaks.
    """
    waiting = iter(lines)
    header = next(waiting, "")
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    reader = csv.reader(_chain(header, waiting), delimiter=delimiter_of(header), strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Record(number, None)
            continue
        if any(cell.strip() for cell in cells):
            yield Record(number, cells)


def _chain(first: str, others: Iterator[str]) -> Iterator[str]:
    yield first
    yield from others
