"""Add or change a client as a platform tells it, in one transaction (A3, A8, I2, I14, I17)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from client_lifecycle.domain.client import Cause, Client, Door, Source, with_next_revision
from client_lifecycle.domain.client_intake import (
    ClientJudgement,
    ClientRefusal,
    IncomingClient,
    judge_known,
    judge_new,
    refused,
)
from client_lifecycle.domain.errors import GroupNotFound
from client_lifecycle.domain.intake import IntakeOutcome
from client_lifecycle.storage.client_edits import AddressTaken, ExternalIdTaken, commit_client, foresee_client
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.external_ids import Standing, owner_check, read_standing, told_write
from client_lifecycle.storage.providers import read_settings
from client_lifecycle.storage.table import StaleRead, Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.clients import edit_line, in_use
from client_lifecycle.use_cases.ids import new_id
from client_lifecycle.use_cases.optimistic import optimistic_on_client
from client_lifecycle.use_cases.record import Delivery, record


class Upserted(Struct, frozen=True):
    """What became of what a platform told; ``in_use_by`` is all that is known of whose the address is (A3)."""

    judgement: ClientJudgement
    in_use_by: Mapping[str, Any] | None = None


def upsert_client(tenant: Tenant, incoming: IncomingClient, *, at: datetime, is_dry_run: bool) -> Upserted:
    """Add or change a client as a platform tells it; nothing is kept of what is refused, stale or unchanged.

    When the client was last active is kept apart from all else: it has no version, and only ever rises (I17).

    Args:
        tenant: the provider's part of the table.
        incoming: what is told.
        at: the present moment, UTC.
        is_dry_run: judge only.

    Raises:
        ClientNotFound: the provider has no client of the given ``client_id``.
        UnreadableRecord: the client cannot be read.
        CommitContended: the client kept changing.
        StorageBusy: the table kept throttling.
    """
    upserted = _upsert(tenant, incoming, at, is_dry_run)
    judgement = upserted.judgement
    is_seen = judgement.outcome is not IntakeOutcome.REFUSED and not judgement.added and incoming.active_at
    if is_seen and judgement.client and not is_dry_run:
        seen = Delivery(
            client_id=judgement.client.client_id, source=incoming.source, changes=[], active_at=incoming.active_at
        )
        record(tenant, seen, at=at, is_dry_run=False, through=Door.CLIENT_HOOK)
    return upserted


@optimistic_on_client
def _upsert(tenant: Tenant, incoming: IncomingClient, at: datetime, is_dry_run: bool) -> Upserted:
    standing = read_standing(tenant, incoming.source, incoming.external_id)
    client_id = standing.owner or incoming.client_id
    before = read_client(tenant, client_id) if client_id else None
    if before and incoming.client_id not in (None, before.client_id):
        return Upserted(refused(before, ClientRefusal.LINKED_OTHERWISE))
    judgement = judge_known(incoming, standing.last, before) if before else _judge_new(tenant, incoming, at)
    if judgement.outcome is not IntakeOutcome.STORED or judgement.client is None:
        return Upserted(judgement)
    try:
        if is_dry_run:
            foresee_client(tenant, before, judgement.client)
        else:
            _commit(tenant, standing, incoming, before, judgement.client, at)
    except AddressTaken as taken:
        return Upserted(refused(before, ClientRefusal.EMAIL_IN_USE), in_use(tenant, taken).facts)
    except GroupNotFound:
        return Upserted(refused(before, ClientRefusal.UNKNOWN_GROUP))
    except ExternalIdTaken as taken:
        raise StaleRead from taken
    return Upserted(judgement)


def _judge_new(tenant: Tenant, incoming: IncomingClient, at: datetime) -> ClientJudgement:
    return judge_new(incoming, tenant.provider_id, new_id(at), read_settings(tenant).currency, at)


def _commit(
    tenant: Tenant, standing: Standing, incoming: IncomingClient, before: Client | None, after: Client, at: datetime
) -> None:
    told = told_write(tenant, incoming, standing.last)
    if after == before:
        tenant.table.transact_if_unchanged([told, owner_check(tenant, incoming, after.client_id)])
        return
    beside: list[Write] = [told]
    if standing.owner:
        beside.append(owner_check(tenant, incoming, after.client_id))
    cause = Cause(source=Source.SYSTEM, actor_id=incoming.source, through=Door.CLIENT_HOOK)
    line = edit_line(before, after, cause, at)
    commit_client(tenant, before, with_next_revision(after) if before else after, line, beside)
