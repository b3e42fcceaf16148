"""First step of a check: read what was uploaded, row by row, and cut it into parts."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import IO, Any, TypeAlias

from msgspec import Struct

from client_lifecycle.domain.imports.columns import ClientField, ColumnMissing, Columns, columns_of
from client_lifecycle.domain.imports.csv_rows import encoding_of, read_records
from client_lifecycle.domain.imports.outcomes import ImportKind, RowOutcome, RowResult
from client_lifecycle.domain.imports.rows import ClientRow, Part, RecordRow
from client_lifecycle.domain.imports.run import (
    MAX_ROWS,
    ROWS_PER_PART,
    Import,
    ImportFormat,
    ImportState,
    Upload,
    refuse,
    uploaded,
)
from client_lifecycle.storage import imports
from client_lifecycle.storage.addresses import normalized
from client_lifecycle.storage.import_files import CHUNK_BYTES, ImportFiles, ImportWorkflow
from client_lifecycle.storage.table import StaleRead
from client_lifecycle.storage.tenant import Tenant

MAX_COLUMNS = 500
MAX_HEADER_CHARACTERS = 200
"""As much of a column's name as it is known by."""

WHOLE_ROW = "row"
"""Stands for the field at fault where a row cannot be told apart into fields."""

Fields: TypeAlias = Mapping[str, Any]
Read: TypeAlias = ClientRow | RecordRow | RowResult
ReadRow: TypeAlias = Callable[[int, Fields], Read]
"""Reads what one row says, by fields; the result of a row that makes no sense is ``invalid`` and names the field."""


class FileRefused(Exception):
    """A file cannot be read as a whole; ``reason`` is why, for machines, ``field`` what no column was found for."""

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class Opened(Struct, frozen=True):
    """A file that is being read: its columns by field, and its rows by number; ``None`` for one that is broken."""

    columns: Mapping[ClientField, str]
    rows: Iterator[tuple[int, Fields | None]]


def read_upload(
    tenant: Tenant, workflow: ImportWorkflow, import_id: str, attempt: int, read_row_of: Callable[[ImportKind], ReadRow]
) -> bool:
    """Read an upload, and keep its rows in parts of some hundred. Safe to repeat.

    Args:
        tenant: the provider's part of the table.
        workflow: what carries imports out.
        import_id: the import.
        attempt: the attempt that is the check.
        read_row_of: returns what reads one row, by what the rows are.

    Returns:
        Whether parts follow; they do not if the file is refused, or once the import is stopped.

    Raises:
        ImportNotFound: the provider has no such import.
        ImportExpired: what was uploaded is kept no longer.
        StorageBusy: the table or the bucket kept throttling.
    """
    run = imports.read_import(tenant, import_id)
    if run.attempt == attempt and run.state is ImportState.CHECKING and not run.parts:
        try:
            after = uploaded(run, _cut_into_parts(workflow.files, run, read_row_of(run.kind)))
        except FileRefused as refused:
            after = refuse(run, refused.reason, refused.field)
        with suppress(StaleRead):
            imports.replace_import(tenant, run, after)
        run = imports.read_import(tenant, import_id)
    return run.attempt == attempt and run.state is ImportState.CHECKING


def _cut_into_parts(files: ImportFiles, run: Import, read_row: ReadRow) -> Upload:
    rows = parts = 0
    with files.upload(run) as file, _opened(files, run, file) as opened:
        read = _without_duplicates(_read(number, fields, read_row) for number, fields in opened.rows)
        while chunk := list(islice(read, ROWS_PER_PART)):
            rows += len(chunk)
            if rows > MAX_ROWS:
                raise FileRefused("TooManyRows")
            files.write_part(run, parts, _part(chunk))
            parts += 1
    if not rows:
        raise FileRefused("NoRows")
    files.write_manifest(run, range(parts))
    return Upload(columns=opened.columns, rows=rows, parts=parts)


@contextmanager
def _opened(files: ImportFiles, run: Import, file: IO[bytes]) -> Iterator[Opened]:
    if run.format is ImportFormat.JSON_LINES:
        yield Opened({}, _json_lines(file))
        return
    encoding = encoding_of(iter(lambda: file.read(CHUNK_BYTES), b""))
    file.seek(0)
    with io.TextIOWrapper(file, encoding, errors="replace", newline="") as text:
        yield _open_csv(files, run, text)


def _open_csv(files: ImportFiles, run: Import, text: Iterable[str]) -> Opened:
    records = read_records(text)
    first = next(records, None)
    header = [name.strip()[:MAX_HEADER_CHARACTERS] for name in (first.cells if first else None) or ()]
    if not header:
        raise FileRefused("NoRows")
    if len(header) > MAX_COLUMNS:
        raise FileRefused("TooManyColumns")
    files.write_header(run, header)
    try:
        columns = columns_of(header, run.mapping)
    except ColumnMissing as missing:
        raise FileRefused("ColumnMissing", missing.field) from missing
    return Opened(columns.names, ((one.number, _told(columns, len(header), one.cells)) for one in records))


def _told(columns: Columns, width: int, cells: Sequence[str] | None) -> Fields | None:
    """Return what a row says by fields; one with more cells than the header has been shifted, so nothing is sure."""
    return None if cells is None or any(map(str.strip, cells[width:])) else columns.fields(cells)


def _json_lines(file: IO[bytes]) -> Iterator[tuple[int, Fields | None]]:
    for number, line in enumerate(file, start=1):
        if line.strip():
            yield number, _object(line)


def _object(line: bytes) -> Fields | None:
    try:
        found = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _read(number: int, fields: Fields | None, read_row: ReadRow) -> Read:
    if fields is None:
        return RowResult(row=number, outcome=RowOutcome.INVALID, field=WHOLE_ROW)
    return read_row(number, fields)


def _without_duplicates(read: Iterable[Read]) -> Iterator[Read]:
    """Turn each client that an earlier row tells of, by its external id or its address, into a ``duplicate_row``."""
    ids: dict[str, int] = {}
    addresses: dict[str, int] = {}
    for one in read:
        if isinstance(one, ClientRow):
            earlier = ids.get(one.external_id or ""), addresses.get(normalized(one.email))
            yield _duplicate(one, *earlier) if any(earlier) else one
            if one.external_id:
                ids.setdefault(one.external_id, one.row)
            addresses.setdefault(normalized(one.email), one.row)
        else:
            yield one


def _duplicate(row: ClientRow, by_id: int | None, by_address: int | None) -> RowResult:
    return RowResult(
        row=row.row,
        outcome=RowOutcome.DUPLICATE_ROW,
        external_id=row.external_id,
        field=ClientField.EXTERNAL_ID if by_id else ClientField.EMAIL,
        of_row=by_id or by_address,
    )


def _part(read: Sequence[Read]) -> Part:
    return Part(
        clients=tuple(one for one in read if isinstance(one, ClientRow)),
        records=tuple(one for one in read if isinstance(one, RecordRow)),
        results=tuple(one for one in read if isinstance(one, RowResult)),
    )
