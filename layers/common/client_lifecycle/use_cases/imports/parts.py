"""A part of an import's rows: predicted, or brought in, row by row; a fault of one row harms no other.

Each row is judged on what is stored when its turn comes and committed on that reading or not at all. A client that an
import adds has an id made of the import and the row: a row that is delivered again finds its client, and adds no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.client import ArchiveOptions, Cause, Client, Door, Source, Status, with_next_revision
from client_lifecycle.domain.errors import ClientNotFound, GroupNotFound, StorageBusy, UnreadableRecord
from client_lifecycle.domain.imports.outcomes import ROWS_TO_RETRY, ImportKind, RowOutcome, RowResult, counted
from client_lifecycle.domain.imports.rows import (
    ClientRow,
    RecordRow,
    Standing,
    archived_at,
    judge_client,
    without_result,
)
from client_lifecycle.domain.imports.run import IMPORT_IN_FLIGHT, Import, ImportState, PartResult, Phase
from client_lifecycle.domain.intake import IntakeOutcome, Judgement
from client_lifecycle.domain.receipts import ReceiptState
from client_lifecycle.domain.settings import ProviderSettings
from client_lifecycle.storage import imports
from client_lifecycle.storage.archives import archived_before
from client_lifecycle.storage.client_edits import AddressTaken, ExternalIdTaken, commit_client
from client_lifecycle.storage.import_files import ImportFiles, ImportWorkflow
from client_lifecycle.storage.import_lookups import Lookups, read_lookups
from client_lifecycle.storage.providers import read_settings
from client_lifecycle.storage.table import StaleRead, Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.archive import archived_entry, stamped
from client_lifecycle.use_cases.bulkhead import reason_of
from client_lifecycle.use_cases.clients import edit_line
from client_lifecycle.use_cases.ids import id_of
from client_lifecycle.use_cases.optimistic import optimistic_on_client
from client_lifecycle.use_cases.record import Delivery, record

CHANGES_PER_DELIVERY = 50
"""As many changes of one client as one request of a source may tell."""

LogFailure = Callable[[int, Exception], None]
"""Told of each row whose work failed, by its number, and of its fault."""


def work_on_part(
    tenant: Tenant,
    workflow: ImportWorkflow,
    import_id: str,
    attempt: int,
    part: int,
    *,
    at: datetime,
    log_failure: LogFailure,
) -> PartResult | None:
    """Work on the rows of one part that have no result yet, or are to be tried again. Safe to repeat.

    Args:
        tenant: the provider's part of the table.
        workflow: what carries imports out.
        import_id: the import.
        attempt: the attempt that the step belongs to.
        part: the number of the part.
        at: the present moment, UTC.
        log_failure: told of rows that failed.

    Returns:
        The counts of the part; ``None`` if the import has ended, or another attempt has begun.

    Raises:
        ImportNotFound: the provider has no such import.
        ImportExpired: its rows are kept no longer.
        StorageBusy: the table or the bucket kept throttling; the part is to be delivered again.
    """
    run = imports.read_import(tenant, import_id)
    if run.attempt != attempt or run.state not in IMPORT_IN_FLIGHT:
        return None
    done = imports.read_part(tenant, run, part)
    if done and done.attempt == attempt:
        return done
    results = _results(_Attempt(tenant, run, at, log_failure), workflow.files, part, done)
    workflow.files.write_results(run, part, results)
    result = PartResult(part=part, attempt=attempt, counts=counted(results))
    imports.keep_part(tenant, run, result)
    return result


class _Attempt(Struct, frozen=True):
    """What a row is worked on for: an attempt of an import, at one moment."""

    tenant: Tenant
    run: Import
    at: datetime
    log_failure: LogFailure

    @property
    def predicts(self) -> bool:
        """Whether nothing is written."""
        return self.run.phase is Phase.CHECK


def _results(attempt: _Attempt, files: ImportFiles, part: int, done: PartResult | None) -> list[RowResult]:
    whole = files.read_part(attempt.run, part)
    known = files.read_results(attempt.run, part, done.attempt) if done else whole.results
    kept = [result for result in known if result.outcome not in ROWS_TO_RETRY]
    settled = {result.row for result in kept}
    if attempt.run.state is ImportState.STOPPING:
        left = [row for row in whole.rows if row.row not in settled]
        kept += [without_result(row, RowOutcome.NOT_REACHED) for row in left]
    elif attempt.run.kind is ImportKind.CLIENTS:
        kept += _clients(attempt, [row for row in whole.clients if row.row not in settled])
    else:
        kept += _records(attempt, [row for row in whole.records if row.row not in settled])
    return sorted(kept, key=lambda result: result.row)


# Clients


def _clients(attempt: _Attempt, rows: Sequence[ClientRow]) -> list[RowResult]:
    settings = read_settings(attempt.tenant)
    lookups = read_lookups(attempt.tenant, attempt.run.source, rows)
    return [_one_client(attempt, row, lookups, settings) for row in rows]


def _one_client(attempt: _Attempt, row: ClientRow, lookups: Lookups, settings: ProviderSettings) -> RowResult:
    try:
        return _bring_in(attempt, row, lookups, settings)
    except StorageBusy:
        raise
    except Exception as fault:
        return _failed(attempt, [row], fault)[0]


def _failed(attempt: _Attempt, rows: Sequence[ClientRow] | Sequence[RecordRow], fault: Exception) -> list[RowResult]:
    attempt.log_failure(rows[0].row, fault)
    return [without_result(row, RowOutcome.FAILED, reason_of(fault)) for row in rows]


def _bring_in(attempt: _Attempt, row: ClientRow, lookups: Lookups, settings: ProviderSettings) -> RowResult:
    """Judge a row on the reading of its part, and on a new one while what was read has changed."""
    readings = [lookups]
    new = _new_client(attempt, row, settings.currency)

    @optimistic_on_client
    def judged() -> RowResult:
        latest = readings.pop() if readings else read_lookups(attempt.tenant, attempt.run.source, [row])
        standing = latest.standing(row)
        verdict = judge_client(row, standing, new, overwrite=attempt.run.overwrite)
        if verdict.client is None or attempt.predicts:
            return verdict.result
        try:
            _commit(attempt, row, standing, verdict.client, settings)
        except (AddressTaken, ExternalIdTaken, GroupNotFound) as late:
            raise StaleRead from late
        return verdict.result

    return judged()


def _new_client(attempt: _Attempt, row: ClientRow, currency: str) -> Client:
    run = attempt.run
    return Client(
        provider_id=run.provider_id,
        client_id=id_of(run.created_at, run.import_id, row.row),
        name=row.name,
        email=row.email,
        added_at=attempt.at,
        currency=currency,
        external_ids={run.source: row.external_id} if row.external_id else {},
    )


def _commit(attempt: _Attempt, row: ClientRow, standing: Standing, client: Client, settings: ProviderSettings) -> None:
    cause = _cause(attempt.run)
    if standing.known:
        line = edit_line(standing.known, client, cause, attempt.at)
        commit_client(attempt.tenant, standing.known, with_next_revision(client), line)
    elif row.status is Status.ARCHIVED:
        moment = archived_at(row, attempt.at, settings.time_zone)
        added = replace(client, added_at=min(client.added_at, moment))
        line = edit_line(None, added, cause, added.added_at)
        archived, receipt = _archived(attempt, row, added, moment)
        commit_client(attempt.tenant, None, archived, line, beside=receipt)
    else:
        commit_client(attempt.tenant, None, client, edit_line(None, client, cause, attempt.at))


def _cause(run: Import) -> Cause:
    actor_id = run.confirmed_by or run.created_by
    return Cause(source=Source.IMPORT, actor_id=actor_id, run_id=run.import_id, through=Door.IMPORT)


def _archived(attempt: _Attempt, row: ClientRow, added: Client, moment: datetime) -> tuple[Client, list[Write]]:
    """Return a client that comes in as archived, with the receipt of an archive that had nothing to end (A1)."""
    archived = stamped(added, _cause(attempt.run), ArchiveOptions(reason=row.archive_reason), moment)
    receipt = replace(archived.receipt, state=ReceiptState.SETTLED)
    return archived.client, archived_before(attempt.tenant, archived.client, receipt, archived_entry(receipt))


# Records


def _records(attempt: _Attempt, rows: Sequence[RecordRow]) -> list[RowResult]:
    lookups = read_lookups(attempt.tenant, attempt.run.source, rows)
    by_client: dict[str | None, list[RecordRow]] = {}
    results: list[RowResult] = []
    for row in rows:
        try:
            by_client.setdefault(lookups.client_id(row), []).append(row)
        except UnreadableRecord as fault:
            results += _failed(attempt, [row], fault)
    for client_id, theirs in by_client.items():
        for start in range(0, len(theirs), CHANGES_PER_DELIVERY):
            results += _records_of(attempt, client_id, theirs[start : start + CHANGES_PER_DELIVERY])
    return results


def _records_of(attempt: _Attempt, client_id: str | None, rows: Sequence[RecordRow]) -> list[RowResult]:
    if client_id is None:
        return [without_result(row, RowOutcome.UNKNOWN_CLIENT) for row in rows]
    delivery = Delivery(client_id=client_id, source=attempt.run.source, changes=[row.change for row in rows])
    try:
        recorded = record(attempt.tenant, delivery, at=attempt.at, is_dry_run=attempt.predicts, through=Door.IMPORT)
    except ClientNotFound:
        return [without_result(row, RowOutcome.UNKNOWN_CLIENT) for row in rows]
    except StorageBusy:
        raise
    except Exception as fault:
        return _failed(attempt, rows, fault)
    return [_judged(row, client_id, judgement) for row, judgement in zip(rows, recorded.judgements, strict=True)]


def _judged(row: RecordRow, client_id: str, judgement: Judgement) -> RowResult:
    result = without_result(row, OF_INTAKE[judgement.outcome], judgement.refusal)
    return replace(result, client_id=client_id)


OF_INTAKE = {
    IntakeOutcome.STORED: RowOutcome.STORED,
    IntakeOutcome.UNCHANGED: RowOutcome.UNCHANGED,
    IntakeOutcome.STALE: RowOutcome.STALE,
    IntakeOutcome.REFUSED: RowOutcome.REFUSED,
    IntakeOutcome.INVALID: RowOutcome.INVALID,
}
