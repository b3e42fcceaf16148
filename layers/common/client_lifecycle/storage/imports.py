"""Keeps imports, and the counts of their parts; nothing of what a row says is here."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct, field

from client_lifecycle.domain.errors import ImportNotFound
from client_lifecycle.domain.imports.run import IMPORT_IN_FLIGHT, Import, PartResult
from client_lifecycle.domain.practice_history import PracticeEntry
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.items import conditional_update, put, put_new
from client_lifecycle.storage.pages import list_newest
from client_lifecycle.storage.practice_history import practice_write
from client_lifecycle.storage.table import ConditionsFailed, Query, Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain, to_plain

CHECK_IMPORT_AFTER = timedelta(minutes=10)
"""How long after an attempt began the clean-up looks whether something still works on it."""


class ImportPage(Struct, frozen=True):
    """A page of a provider's imports and the id to go on after, ``None`` on the last."""

    imports: list[Import]
    next_after: str | None
    unreadable: list[Unreadable] = field(default_factory=list)


def create_import(tenant: Tenant, run: Import, line: PracticeEntry) -> None:
    """Store a new import, with the line for the practice's history."""
    tenant.table.transact(
        [
            put_new(tenant.table.name, tenant.keys.import_run(run.import_id), _fields(run)),
            put_new(tenant.table.name, tenant.keys.import_in_list(run.import_id), {"import_id": run.import_id}),
            practice_write(tenant, line),
        ]
    )


def read_import(tenant: Tenant, import_id: str) -> Import:
    """Read an import.

    Raises:
        ImportNotFound: the provider has no such import.
        UnreadableRecord: it cannot be read.
    """
    plain = tenant.table.get(tenant.keys.import_run(import_id))
    if plain is None:
        raise ImportNotFound("You have no import with this id.", "import_id")
    return from_plain(Import, plain)


def replace_import(tenant: Tenant, before: Import, after: Import, line: PracticeEntry | None = None) -> None:
    """Move an import to another state, with a line for the practice's history if a person has done so.

    Raises:
        StaleRead: it is no longer as it was read.
    """
    write = conditional_update(
        tenant.table.name,
        tenant.keys.import_run(before.import_id),
        _fields(before),
        _fields(after),
        {"state", "attempt"},
        shape=Import,
    )
    tenant.table.transact_if_unchanged([write, *([practice_write(tenant, line)] if line else [])])


def list_imports(tenant: Tenant, *, limit: int, after: str | None) -> ImportPage:
    """Read a page of a provider's imports, the newest first; it ends before it would hold more than an answer does."""
    imports, last, unreadable = list_newest(
        tenant, keys.IMPORT_PREFIX, tenant.keys.import_run, _import_from, limit=limit, after=after
    )
    return ImportPage(imports, last, unreadable)


def _import_from(plain: Plain) -> Import:
    return from_plain(Import, plain)


def keep_part(tenant: Tenant, run: Import, result: PartResult) -> bool:
    """Keep the counts of a part, unless those of a later attempt are there.

    Returns:
        Whether they were kept.
    """
    key = tenant.keys.import_part(run.import_id, run.results_in, result.part)
    item = {**key, **to_plain(result)}
    try:
        tenant.table.transact([_unless_later(tenant, item)])
    except ConditionsFailed:
        return False
    return True


def _unless_later(tenant: Tenant, item: Plain) -> Write:
    condition = "attribute_not_exists(pk) OR attempt < :attempt"
    return put(tenant.table.name, item, condition, {":attempt": item["attempt"]})


def read_part(tenant: Tenant, run: Import, part: int) -> PartResult | None:
    """Read the counts of one part, ``None`` while nobody has worked on it in this phase."""
    plain = tenant.table.get(tenant.keys.import_part(run.import_id, run.results_in, part))
    return from_plain(PartResult, plain) if plain else None


def list_parts(tenant: Tenant, run: Import) -> list[PartResult]:
    """Read the counts of all parts that somebody has worked on in this phase, in their order."""
    first = tenant.keys.import_part(run.import_id, run.results_in, 0)
    values = {":pk": first["pk"], ":prefix": first["sk"].rpartition("#")[0] + "#"}
    found = tenant.table.query(Query("pk = :pk AND begins_with(sk, :prefix)", values))
    return [from_plain(PartResult, plain) for plain in found]


def _fields(run: Import) -> Plain:
    check_at = _check_at(run)
    return {**to_plain(run), **(keys.due_keys(keys.Work.IMPORT, run.import_id, check_at) if check_at else {})}


def _check_at(run: Import) -> datetime | None:
    """Return from when on the clean-up has to look at an import."""
    if run.state in IMPORT_IN_FLIGHT and run.attempt_started_at:
        return run.attempt_started_at + CHECK_IMPORT_AFTER
    return None
