"""Store what a source tells of one client's records, in one transaction (I1-I19)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from client_lifecycle.domain.client import Cause, Client, Door, Source, Stamp, with_made_good
from client_lifecycle.domain.errors import ClientNotFound, EventIdReused
from client_lifecycle.domain.intake import (
    IncomingChange,
    IntakeOutcome,
    Judgement,
    guard_of,
    judge_all,
    seen_active,
    with_balance,
)
from client_lifecycle.domain.intake_answers import RefusedOnTheBus, Result, refused_results, unknown_client_results
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.storage.archives import ReceiptPart
from client_lifecycle.storage.external_ids import require_owner
from client_lifecycle.storage.incoming import MadeGood, Seen, commit_answer, commit_incoming, read_answer, read_seen
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


class EventDelivery(Struct, frozen=True, kw_only=True):
    """What a source tells on the bus: ``event_id`` is its own, ``digest`` the same for the same content.

    ``malformed`` are the results of the changes that cannot be read.
    """

    event_id: str
    digest: str
    delivery: Delivery
    malformed: Sequence[Result]


class _Judged(Struct, frozen=True):
    """What was read, what becomes of each change, and the client as it will be."""

    seen: Seen
    judgements: Sequence[Judgement]
    after: Client

    @property
    def is_new(self) -> bool:
        """Whether there is something to store."""
        has_stored = any(one.outcome is IntakeOutcome.STORED for one in self.judgements)
        return has_stored or self.after != self.seen.client


@optimistic_on_client
def record(tenant: Tenant, delivery: Delivery, *, at: datetime, is_dry_run: bool, through: Door) -> Recorded:
    """Judge what a source tells, and store what is to be stored in one transaction.

    Nothing is stored of what is refused, stale or unchanged. The judgements are those of the commit: if the client or a
    record changed in between, all is read and judged again.

    Args:
        tenant: the provider's part of the table.
        delivery: what is told, of one client.
        at: the present moment, UTC.
        is_dry_run: judge only.
        through: the way it came.

    Raises:
        ClientNotFound: the provider has no such client (I14).
        UnreadableRecord: the client cannot be read.
        CommitContended: the client's records kept changing.
        StorageBusy: the table kept throttling.
    """
    judged = _judge(tenant, delivery, at)
    if is_dry_run or not judged.is_new:
        return Recorded(judged.seen.client, judged.judgements)
    cause = Cause(source=Source.RECORDS, actor_id=delivery.source, through=through)
    _commit(tenant, judged, cause, at)
    return Recorded(judged.after, judged.judgements)


@optimistic_on_client
def record_event(tenant: Tenant, event: EventDelivery, *, at: datetime) -> tuple[Result, ...]:
    """Store what a source tells on the bus; what is refused of it, or cannot be read, is answered once (I14, I19).

    The answer is written with what is stored, and is published from there. An event that comes again is judged again:
    versions tell what was stored, and an answer that was given stays as it is.

    Args:
        tenant: the provider's part of the table.
        event: what is told, of one client.
        at: the present moment, UTC.

    Returns:
        The results of what is not stored because it may not be, or cannot be read.

    Raises:
        EventIdReused: the source was refused other content under this event id.
        UnreadableRecord: the client cannot be read.
        CommitContended: the client's records kept changing.
        StorageBusy: the table kept throttling.
    """
    delivery = event.delivery
    try:
        judged = _judge(tenant, delivery, at)
        refused = (*refused_results(judged.judgements), *event.malformed)
    except ClientNotFound:
        judged, refused = None, (*unknown_client_results(delivery.changes), *event.malformed)
    answer = _new_answer(tenant, event, refused, at) if refused else None
    if judged and judged.is_new:
        cause = Cause(source=Source.RECORDS, actor_id=delivery.source, through=Door.BUS)
        _commit(tenant, judged, cause, at, answer)
    elif answer:
        commit_answer(tenant, answer)
    return refused


def _new_answer(
    tenant: Tenant, event: EventDelivery, refused: tuple[Result, ...], at: datetime
) -> RefusedOnTheBus | None:
    """Return the answer to an event, unless it was given already."""
    given = read_answer(tenant, event.delivery.source, event.event_id)
    if given is None:
        return RefusedOnTheBus(
            event_id=event.event_id,
            source=event.delivery.source,
            client_id=event.delivery.client_id,
            external_id=event.delivery.external_id,
            answered_at=at,
            digest=event.digest,
            results=refused,
        )
    if given.digest != event.digest:
        raise EventIdReused("The event id was sent before, with other content.", "event_id")
    return None


def _judge(tenant: Tenant, delivery: Delivery, at: datetime) -> _Judged:
    client_id = delivery.client_id or require_owner(tenant, delivery.source, delivery.external_id or "")
    seen = read_seen(tenant, client_id, {incoming.place for incoming in delivery.changes})
    judgements = judge_all(delivery.changes, seen.kept, delivery.source, seen.client, at)
    after = with_balance(seen.client, judgements)
    after = seen_active(after, delivery.active_at, at) if delivery.active_at else after
    after = with_made_good(after, at) if any(one.made_good for one in judgements) else after
    return _Judged(seen, judgements, after)


def _commit(tenant: Tenant, judged: _Judged, cause: Cause, at: datetime, answer: RefusedOnTheBus | None = None) -> None:
    stamp = judged.seen.client.stamp
    commit_incoming(
        tenant,
        judged.seen,
        judged.after,
        judged.judgements,
        guard_of(judged.judgements),
        history=_charged_anyway(judged.judgements, cause, at),
        made_good=_made_good(stamp, judged.judgements, cause, at) if stamp else None,
        answer=answer,
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
