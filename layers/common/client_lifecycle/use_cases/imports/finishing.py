"""Last step of an attempt of an import: its report, its counts, its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec.structs import replace

from client_lifecycle.domain.imports.cells import csv_lines
from client_lifecycle.domain.imports.outcomes import AS_WISHED, ROWS_TO_RETRY, RowOutcome, RowResult
from client_lifecycle.domain.imports.rows import without_result
from client_lifecycle.domain.imports.run import (
    FIRST_SHOWN,
    IMPORT_IN_FLIGHT,
    Import,
    ImportState,
    PartResult,
    Phase,
    close,
    refuse,
)
from client_lifecycle.storage import imports
from client_lifecycle.storage.import_files import ImportFiles, ImportWorkflow
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.bulkhead import INTERNAL_ERROR
from client_lifecycle.use_cases.imports.control import optimistic_on_import

REPORT_HEADER = ("row", "external_id", "outcome", "field", "client_id", "reason", "of_row")


@optimistic_on_import
def finish_import(tenant: Tenant, workflow: ImportWorkflow, import_id: str, attempt: int, *, at: datetime) -> Import:
    """Close an attempt of an import: a report of all rows, their counts, the verdict. Safe to repeat.

    Args:
        tenant: the provider's part of the table.
        workflow: what carries imports out.
        import_id: the import.
        attempt: the attempt that has ended.
        at: the present moment, UTC.

    Raises:
        ImportNotFound: the provider has no such import.
        ImportExpired: its rows are kept no longer.
        CommitContended: the import kept changing.
        StorageBusy: the table or the bucket kept throttling.
    """
    run = imports.read_import(tenant, import_id)
    if run.attempt != attempt or run.state not in IMPORT_IN_FLIGHT:
        return run
    ended = _ended(tenant, workflow.files, run, at)
    imports.replace_import(tenant, run, ended)
    return ended


def _ended(tenant: Tenant, files: ImportFiles, run: Import, at: datetime) -> Import:
    if run.phase is Phase.CHECK and not run.parts:
        return _unread(run, at)
    parts = {one.part: one for one in imports.list_parts(tenant, run)}
    counts: Counter[RowOutcome] = Counter()
    first: dict[RowOutcome, tuple[RowResult, ...]] = {}

    def noted() -> Iterator[RowResult]:
        for result in _all_results(files, run, parts):
            counts[result.outcome] += 1
            shown = first.get(result.outcome, ())
            if result.outcome not in AS_WISHED and len(shown) < FIRST_SHOWN:
                first[result.outcome] = (*shown, result)
            yield result

    files.write_report(run, csv_lines(REPORT_HEADER, map(_line, noted())))
    return close(run, counts, first, at)


def _unread(run: Import, at: datetime) -> Import:
    """Return an import whose upload could not be read, because it was stopped or because reading it failed for good."""
    stopped = run.state is ImportState.STOPPING
    return close(run, {}, {}, at) if stopped else refuse(run, INTERNAL_ERROR, None)


def _all_results(files: ImportFiles, run: Import, parts: Mapping[int, PartResult]) -> Iterator[RowResult]:
    """Yield the results of all rows, part by part; a row that this attempt has not dealt with was not reached."""
    for number in range(run.parts):
        if (done := parts.get(number)) is None:
            whole = files.read_part(run, number)
            missing = [without_result(row, RowOutcome.NOT_REACHED) for row in whole.rows]
            yield from sorted([*whole.results, *missing], key=lambda result: result.row)
        else:
            for result in files.read_results(run, number, done.attempt):
                is_left = result.outcome in ROWS_TO_RETRY and done.attempt < run.attempt
                yield replace(result, outcome=RowOutcome.NOT_REACHED, reason=None) if is_left else result


def _line(result: RowResult) -> list[object]:
    return [getattr(result, name) for name in REPORT_HEADER]
