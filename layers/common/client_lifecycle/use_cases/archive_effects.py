"""Carry out an archive's effects under its stamp, part by part: at once, in a workflow, or long after it.

Every part is committed on a reading of its own and added to the archive's receipt; nothing is written once the client
is back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import count

from msgspec.structs import replace

from client_lifecycle.domain.client import Cause, Stamp
from client_lifecycle.domain.effects import Change, ChangeSet, Effect, LeftAlone, all_effects
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent, ReceiptState
from client_lifecycle.storage import archives
from client_lifecycle.storage.archives import EffectsPart
from client_lifecycle.storage.clients import LiveClient, read_live
from client_lifecycle.storage.table import Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.ids import new_id
from client_lifecycle.use_cases.optimistic import optimistic_on_client


@optimistic_on_client
def apply_effect(tenant: Tenant, client_id: str, archive_id: str, effect: Effect, *, at: datetime) -> None:
    """Carry out one effect of an archive under its stamp, in as many transactions as it takes (A5).

    Safe to repeat: what is done already is no longer planned. The client is archived by now, so what can be read is
    dealt with even if there is something that cannot.

    Args:
        tenant: the provider's part of the table.
        client_id: the archived client.
        archive_id: the stamp the client must still carry.
        effect: the plan to carry out, like ``cancel_commitments``.
        at: the present moment, UTC.

    Raises:
        Superseded: the client no longer carries the stamp; nothing more was written.
        UnreadableRecord: a live record cannot be read; the effect is carried out on all others.
        CommitContended: the client's records kept changing.
        StorageBusy: the table kept throttling.
    """
    live, stamp = read_under(tenant, client_id, archive_id, at)
    for part in _parts(tenant, live, stamp, effect, at):
        archives.commit_effects(tenant, live.client, stamp, part)


def read_under(tenant: Tenant, client_id: str, archive_id: str, at: datetime) -> tuple[LiveClient, Stamp]:
    """Read a client that must carry a stamp, with its live records.

    Raises:
        Superseded: it does not, or not any more.
    """
    return under(read_live(tenant, client_id, at), archive_id)


def under(live: LiveClient, archive_id: str) -> tuple[LiveClient, Stamp]:
    """Return a client as read, with its stamp.

    Raises:
        Superseded: it does not carry this one, or not any more.
    """
    if live.client.stamp is None or live.client.stamp.archive_id != archive_id:
        raise archives.superseded()
    return live, live.client.stamp


def finish_archive(tenant: Tenant, client_id: str, archive_id: str, *, at: datetime) -> None:
    """Carry out whatever an archive still has to do, and settle its receipt. Safe to repeat.

    Args:
        tenant: the provider's part of the table.
        client_id: the archived client.
        archive_id: the stamp the client must still carry.
        at: the present moment, UTC.

    Raises:
        Superseded: the client no longer carries the stamp; nothing more was written.
        CommitContended: the client's records kept changing.
        StorageBusy: the table kept throttling.
    """
    apply_effect(tenant, client_id, archive_id, all_effects, at=at)
    archives.settle_receipt(tenant, client_id, archive_id)


def recheck(tenant: Tenant, client_id: str, archive_id: str, *, at: datetime) -> ChangeSet:
    """Look again at a client whose archive left something alone, and make good what has become live (A11).

    Records that still have to be left alone are looked at again later. The clean-up acts in the name of the person who
    archived.

    Args:
        tenant: the provider's part of the table.
        client_id: the client.
        archive_id: the archive that left something alone.
        at: the present moment, UTC.

    Returns:
        What was made good, and what still had to be left alone.

    Raises:
        Superseded: the client is back; nothing is left to be made good.
        UnreadableRecord: a live record cannot be read; all others are dealt with.
        CommitContended: the client's records kept changing.
        StorageBusy: the table kept throttling.
    """
    done = ChangeSet()

    @optimistic_on_client
    def made_good() -> None:
        nonlocal done
        live, stamp = read_under(tenant, client_id, archive_id, at)
        for part in make_good(tenant, live, stamp, cause=stamp.cause, at=at):
            done += part

    made_good()
    return done


def make_good(
    tenant: Tenant,
    live: LiveClient,
    stamp: Stamp,
    *,
    cause: Cause,
    at: datetime,
    also: Callable[[Sequence[Change]], Sequence[Write]] = lambda _: (),
) -> Iterator[ChangeSet]:
    """End what has become live under a client's stamp since its archive, whatever wrote it (A11).

    It is added to that archive's receipt, and the history tells who has made good, in as many transactions as it takes.
    An archive that is still settling is finished instead: what it has not carried out yet has not become live since.

    Args:
        tenant: the provider's part of the table.
        live: the archived client and its live records, as read.
        stamp: the client's, which it must still carry.
        cause: who makes good, and through what.
        at: the present moment, UTC.
        also: a write of the caller's that belongs to the changes of one transaction, if there is one.

    Yields:
        What was ended, and what still had to be left alone, once it is committed.

    Raises:
        Superseded: the client no longer carries the stamp; nothing more was written.
        UnreadableRecord: a live record cannot be read; all others are dealt with.
        StaleRead: one of the records is no longer as it was read; what was committed stays.
        StorageBusy: the table kept throttling.
    """
    client_id = live.client.client_id
    plan = all_effects(live.records, at)
    if plan and _is_settling(tenant, client_id, stamp.archive_id):
        finish_archive(tenant, client_id, stamp.archive_id, at=at)
        yield ChangeSet(left_alone=plan.left_alone)
        return
    for part in _parts(tenant, live, stamp, all_effects, at):
        changes = part.effects.changes
        told = replace(part, history=made_good_entry(stamp, cause, at)) if changes else part
        archives.commit_effects(tenant, live.client, stamp, told, also(changes) if changes else ())
        yield part.effects


def made_good_entry(stamp: Stamp, cause: Cause, at: datetime) -> HistoryEntry:
    """Return the history line of a client whose archive is made good (A11, I10)."""
    return HistoryEntry(
        history_id=new_id(at), at=at, event=HistoryEvent.MADE_GOOD, archive_id=stamp.archive_id, cause=cause
    )


def _is_settling(tenant: Tenant, client_id: str, archive_id: str) -> bool:
    """Tell whether an archive is not known to be carried out in full."""
    return archives.read_receipt(tenant, client_id, archive_id).state is ReceiptState.SETTLING


def only_part(live: LiveClient, effect: Effect, at: datetime) -> EffectsPart | None:
    """Plan an effect on all records of a client as one part, ``None`` if a transaction does not take it.

    Raises:
        UnreadableRecord: a live record cannot be read.
    """
    live.require_whole()
    plan = effect(live.records, at)
    fits = len(plan) <= archives.CHANGES_UNDER_STAMP
    return EffectsPart(part_id=_part_id(new_id(at), 0), at=at, effects=plan) if fits else None


def _part_id(first_id: str, number: int) -> str:
    """Return the id of a part, which sorts after those of the parts before."""
    return f"{first_id}.{number:04}"


def _parts(tenant: Tenant, live: LiveClient, stamp: Stamp, effect: Effect, at: datetime) -> Iterator[EffectsPart]:
    """Plan an effect part by part, each under an id that sorts after those before.

    A part is to be committed before the next, which is planned on a new reading.
    """
    told: set[LeftAlone] = set()
    first_id = new_id(at)
    for number in count():
        planned = effect(live.records, at)
        plan = replace(planned, left_alone=tuple(one for one in planned.left_alone if one not in told))
        if part := plan.first(archives.CHANGES_UNDER_STAMP):
            yield EffectsPart(part_id=_part_id(first_id, number), at=at, effects=part)
        if len(part) == len(plan):
            live.require_whole()
            return
        told |= set(part.left_alone)
        live, stamp = read_under(tenant, live.client.client_id, stamp.archive_id, at)
