"""Loads a practice as its own systems do: clients are added, sources tell what each has, and staff archive.

All of it goes through the code behind the API and the doors of other systems, in this process and as of the moment at
which it happened; nothing is written into the table beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from client_lifecycle.domain.client import Cause, Client, Door, Source
from client_lifecycle.domain.intake import IntakeOutcome
from client_lifecycle.domain.records import Balance, Record, RecordKind
from client_lifecycle.domain.settings import SafetyRule
from client_lifecycle.edge.records import MAX_CHANGES, RecordsBody
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import to_plain
from client_lifecycle.use_cases.archive import archive_client
from client_lifecycle.use_cases.clients import add_client
from client_lifecycle.use_cases.practice import add_group
from client_lifecycle.use_cases.record import record
from local.ministack import LocalAwsFailed
from local.sample_practice import SampleClient, SamplePractice

SOURCE_OF: Mapping[RecordKind, str] = {
    RecordKind.APPOINTMENT: "calendar",
    RecordKind.PAYMENT: "billing",
    RecordKind.BALANCE: "billing",
    RecordKind.MEMBERSHIP: "portal",
    RecordKind.RECIPIENT: "portal",
    RecordKind.FEED_ENTRY: "portal",
    RecordKind.REMINDER: "portal",
    RecordKind.DOCUMENT: "documents",
    RecordKind.FORM: "documents",
}
"""Which system of the practice tells of which records."""

OUR_NAMES = {"record_id": "id", "starts_at": "start"}
"""The fields that have another name in what is told."""

BY_THE_PLATFORM = Cause(source=Source.SYSTEM, actor_id="platform", through=Door.CLIENT_HOOK)
"""The author of the sample practice's groups and clients."""

CLIENTS_AT_ONCE = 4


def change_of(record: Record, version: int) -> dict[str, Any]:
    """Return a record's whole state as its source tells it."""
    said = {OUR_NAMES.get(name, name): value for name, value in to_plain(record).items() if name != "cancelled_by"}
    return {**said, "version": version}


def tell(table: Table, practice: SamplePractice, at: datetime, on_progress: Callable[[int, int], None]) -> None:
    """Load a practice.

    Args:
        table: what is behind the doors.
        practice: whose groups, clients and records.
        at: the present moment of the practice, UTC.
        on_progress: told how many of how many clients are loaded.
    """
    tenant = Tenant(table, practice.provider_id)
    for group in practice.groups:
        add_group(tenant, group, cause=BY_THE_PLATFORM, at=at)
    with ThreadPoolExecutor(CLIENTS_AT_ONCE) as threads:
        loaded = threads.map(lambda sample: _tell_client(tenant, sample, at), practice.clients)
        for number, _ in enumerate(loaded, start=1):
            on_progress(number, len(practice.clients))


def _tell_client(tenant: Tenant, sample: SampleClient, at: datetime) -> None:
    client, receipt = sample.client, sample.receipt
    new = replace(client, stamp=None, revision=1, credit_cents=0, owed_cents=0, last_active_at=None)
    add_client(tenant, new, BY_THE_PLATFORM)
    told_at = receipt.archived_at if receipt else at
    for source, changes in _changes(sample).items():
        for first in range(0, len(changes), MAX_CHANGES):
            _deliver(tenant, client, source, changes[first : first + MAX_CHANGES], told_at)
    if receipt:
        archive_client(
            tenant,
            client.client_id,
            cause=receipt.cause,
            at=receipt.archived_at,
            options=receipt.options,
            acknowledged=[*SafetyRule],
        )


def _changes(sample: SampleClient) -> dict[str, list[dict[str, Any]]]:
    """Return what is told of a client, by source: its records as they were before an archive ended some of them."""
    client = sample.client
    balance = Balance(
        record_id="balance",
        credit_cents=client.credit_cents,
        owed_cents=client.owed_cents,
        currency=client.currency,
    )
    told = [balance] if client.credit_cents or client.owed_cents else []
    changes: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in [*sample.records_before_archive, *told]:
        changes[SOURCE_OF[one.kind]].append(change_of(one, version=1))
    return changes


def _deliver(tenant: Tenant, client: Client, source: str, changes: Sequence[dict[str, Any]], at: datetime) -> None:
    said: dict[str, Any] = {"provider_id": tenant.provider_id, "client_id": client.client_id, "changes": changes}
    if client.last_active_at:
        said["client_active_at"] = client.last_active_at.isoformat()
    delivery = RecordsBody.model_validate(said).delivery(source)
    recorded = record(tenant, delivery, at=at, is_dry_run=False, through=Door.RECORD_HOOK)
    stored = [one for one in recorded.judgements if one.outcome is IntakeOutcome.STORED]
    if len(stored) != len(changes):
        raise LocalAwsFailed(f"Not all that {source} told of {client.client_id} was stored.")
