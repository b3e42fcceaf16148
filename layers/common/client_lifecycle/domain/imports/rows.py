"""Rows of an import as they were read and found valid, and what becomes of a client's row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.days import start_of
from client_lifecycle.domain.imports.outcomes import RowOutcome, RowResult
from client_lifecycle.domain.intake import IncomingChange


class ClientRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A client as a row tells it. ``group`` is a group's id or name; the day of an archive is one of the practice's."""

    row: int
    name: str
    email: str
    external_id: str | None = None
    group: str | None = None
    status: Status = Status.ACTIVE
    archived_on: date | None = None
    archive_reason: ArchiveReason | None = None


class RecordRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record as a row tells it, of the client with this id here, or with this external id in the import's source."""

    row: int
    change: IncomingChange
    client_id: str | None = None
    external_id: str | None = None


class Part(Struct, frozen=True, kw_only=True):
    """Rows that are worked on together, and the results of those among them that tell nothing that could be meant."""

    clients: tuple[ClientRow, ...] = ()
    records: tuple[RecordRow, ...] = ()
    results: tuple[RowResult, ...] = ()

    @property
    def rows(self) -> list[ClientRow | RecordRow]:
        """The rows that can be brought in."""
        return [*self.clients, *self.records]


class Standing(Struct, frozen=True, kw_only=True):
    """What is stored already that a client's row may be about.

    ``known`` is the client with the row's external id, ``address_of`` the id of the client that has its address.
    ``group_ids`` are the ids of the practice's groups by everything that a row may call them.
    """

    known: Client | None
    address_of: str | None
    holder: Client | None
    group_ids: Mapping[str, str]


class Verdict(Struct, frozen=True, kw_only=True):
    """What becomes of a client's row; ``client`` is the client as it is to be stored, if it is to be."""

    result: RowResult
    client: Client | None = None


def judge_client(row: ClientRow, standing: Standing, new: Client, *, overwrite: bool) -> Verdict:
    """Judge a client's row against what is stored.

    A client who is there already keeps the status it has (A8), and differs if the row says another. What a row leaves
    out is no difference.

    Args:
        row: the row.
        standing: what is stored.
        new: the client that the row would add, with its id; its group is not looked up yet.
        overwrite: whether a client who differs gets the row's values.
    """
    group_id = standing.group_ids.get(row.group) if row.group else None
    if row.group and group_id is None:
        return _is(row, RowOutcome.UNKNOWN_GROUP, field="group")
    known = standing.known or (standing.holder if row.external_id is None else None)
    if known is None:
        if standing.address_of is None:
            return _is(row, RowOutcome.ADDED, client=replace(new, group_id=group_id))
        return _is(row, RowOutcome.EMAIL_IN_USE, field="email", client_id=standing.address_of)
    if known.client_id == new.client_id:
        return _is(row, RowOutcome.ADDED, client_id=known.client_id)
    return _judge_known(row, known, standing, group_id, overwrite=overwrite)


def _judge_known(
    row: ClientRow, known: Client, standing: Standing, group_id: str | None, *, overwrite: bool
) -> Verdict:
    as_told = replace(known, name=row.name, email=row.email, group_id=group_id or known.group_id)
    fields = [name for name in ("name", "email", "group_id") if getattr(as_told, name) != getattr(known, name)]
    if "email" in fields and standing.address_of not in (None, known.client_id):
        return _is(row, RowOutcome.EMAIL_IN_USE, field="email", client_id=standing.address_of)
    if fields and overwrite and row.external_id is not None:
        return _is(row, RowOutcome.CHANGED, client=as_told)
    if row.status is not known.status:
        fields.append("status")
    if not fields:
        return _is(row, RowOutcome.UNCHANGED, client_id=known.client_id)
    if row.external_id is None:
        return _is(row, RowOutcome.EMAIL_IN_USE, field="email", client_id=known.client_id)
    return _is(row, RowOutcome.DIFFERS, field=fields[0], client_id=known.client_id)


def _is(
    row: ClientRow,
    outcome: RowOutcome,
    *,
    field: str | None = None,
    client_id: str | None = None,
    client: Client | None = None,
) -> Verdict:
    result = RowResult(
        row=row.row,
        outcome=outcome,
        external_id=row.external_id,
        field=field,
        client_id=client.client_id if client else client_id,
    )
    return Verdict(result=result, client=client)


def without_result(row: ClientRow | RecordRow, outcome: RowOutcome, reason: str | None = None) -> RowResult:
    """Return the result of a row that was not reached, or failed."""
    return RowResult(row=row.row, outcome=outcome, external_id=external_id_of(row), reason=reason)


def external_id_of(row: ClientRow | RecordRow) -> str | None:
    """Return the id by which people find a row again: the client's in its source, or the record's."""
    return row.external_id if isinstance(row, ClientRow) else row.change.record_id


def archived_at(row: ClientRow, at: datetime, zone: tzinfo) -> datetime:
    """Return the moment of an archived row's archive: the start of its day in the practice, or now if it names none."""
    return min(at, start_of(row.archived_on, zone)) if row.archived_on else at
