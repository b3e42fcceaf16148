"""Store what a source tells of one client's records, in one transaction (I1-I19)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from client_lifecycle.domain.client import Cause, Client, Source, Stamp
from client_lifecycle.domain.intake import (
    IncomingChange,
    IntakeOutcome,
    Judgement,
    guard_of,
    judge_all,
    seen_active,
    with_balance,
)
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.storage.archives import ReceiptPart
from client_lifecycle.storage.external_ids import require_owner
from client_lifecycle.storage.incoming import MadeGood, Seen, commit_incoming, read_seen
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.archive_effects import made_good_entry
from client_lifecycle.use_cases.ids import new_id
from client_lifecycle.use_cases.optimistic import optimistic_on_client


class Recorded(Struct, frozen=True):
    """The client that was told of, and what became of each change, in their order."""

    client: Client
    judgements: Sequence[Judgement]


class Delivery(Struct, frozen=True, kw_only=True):
    """What a source tells of one client in one go; ``active_at`` is when it last saw the client do something (I17).

    A client without ``client_id`` is named by ``external_id``, its id in the source (I14).
    """

    client_id: str | None
    source: str
    changes: Sequence[IncomingChange]
    active_at: datetime | None = None
    external_id: str | None = None


@optimistic_on_client
def record(tenant: Tenant, delivery: Delivery, *, at: datetime, is_dry_run: bool) -> Recorded:
    """Judge what a source tells, and store what is to be stored in one transaction.

    Nothing is stored of what is refused, stale or unchanged. The judgements are those of the commit: if the client or a
    record changed in between, all is read and judged again.

    Args:
        tenant: the provider's part of the table.
        delivery: what is told, of one client.
        at: the present moment, UTC.
        is_dry_run: judge only.

    Raises:
        ClientNotFound: the provider has no such client (I14).
        UnreadableRecord: the client cannot be read.
        CommitContended: the client's records kept changing.
        StorageBusy: the table kept throttling.
    """
    client_id = delivery.client_id or require_owner(tenant, delivery.source, delivery.external_id or "")
    seen = read_seen(tenant, client_id, {incoming.place for incoming in delivery.changes})
    judgements = judge_all(delivery.changes, seen.kept, delivery.source, seen.client, at)
    after = with_balance(seen.client, judgements)
    after = seen_active(after, delivery.active_at, at) if delivery.active_at else after
    is_new = after != seen.client or any(one.outcome is IntakeOutcome.STORED for one in judgements)
    if is_dry_run or not is_new:
        return Recorded(seen.client, judgements)
    _commit(tenant, seen, after, judgements, delivery.source, at)
    return Recorded(after, judgements)


def _commit(
    tenant: Tenant, seen: Seen, after: Client, judgements: Sequence[Judgement], source: str, at: datetime
) -> None:
    cause = Cause(source=Source.RECORDS, actor_id=source)
    commit_incoming(
        tenant,
        seen,
        after,
        judgements,
        guard_of(judgements),
        history=_charged_anyway(judgements, cause, at),
        made_good=_made_good(seen.client.stamp, judgements, cause, at) if seen.client.stamp else None,
    )


def _charged_anyway(judgements: Sequence[Judgement], cause: Cause, at: datetime) -> HistoryEntry | None:
    """Return the line that tells staff of payments that are charged although an archive cancelled them (I11)."""
    charged = dict.fromkeys(one.incoming.record_id for one in judgements if one.charged_anyway)
    if not charged:
        return None
    return HistoryEntry(
        history_id=new_id(at),
        at=at,
        event=HistoryEvent.CHARGED_ANYWAY,
        cause=cause,
        payment_ids=tuple(charged),
    )


def _made_good(stamp: Stamp, judgements: Sequence[Judgement], cause: Cause, at: datetime) -> MadeGood | None:
    """Return what the archive did at once to payments that fell back from charging (I10)."""
    changes = tuple(one.made_good for one in judgements if one.made_good)
    if not changes:
        return None
    return MadeGood(
        stamp=stamp,
        part_id=f"{new_id(at)}.0000",
        part=ReceiptPart(at=at, notify_client=stamp.notify_client, changes=changes),
        line=made_good_entry(stamp, cause, at),
    )
