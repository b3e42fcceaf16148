"""Reads what is kept of the records that a source tells of, and commits what is stored of it.

Beside a record, never in its value, are stored whose it is and what its source last said (``source``,
``source_version``, ``source_digest``), the archive that ended it (``ended_by``), and its place in the list of what no
source has confirmed (I8). A record that its source has removed stays as an item with ``removed``, outside the indexes
(I12).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from client_lifecycle.domain.client import Client, Stamp
from client_lifecycle.domain.errors import UnreadableRecord
from client_lifecycle.domain.intake import UNKNOWN, Guard, IncomingChange, IntakeOutcome, Judgement, Kept, Place
from client_lifecycle.domain.intake_answers import RefusedOnTheBus
from client_lifecycle.domain.receipts import HistoryEntry
from client_lifecycle.domain.records import Record
from client_lifecycle.storage import clients, keys
from client_lifecycle.storage.archives import ReceiptPart
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import ENDED_BY, REMOVED
from client_lifecycle.storage.items import check, conditional_update, put_new, update
from client_lifecycle.storage.packed_changes import packed
from client_lifecycle.storage.table import Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain, to_plain

LAST_ACTIVE_AT = "last_active_at"
NOT_ARCHIVED = "attribute_exists(pk) AND (attribute_not_exists(archive_id) OR attribute_type(archive_id, :null))"


class Seen(Struct, frozen=True):
    """A client, and the records that are told of, as they were read: what is kept of each, and its item.

    ``last_active_at`` is as it is stored, in whatever way it was written.
    """

    client: Client
    last_active_at: str | None
    kept: Mapping[Place, Kept]
    items: Mapping[Place, Plain]


class Beside(Struct, frozen=True, kw_only=True):
    """What is stored beside a record's value: whose it is, what its source last said, and the archive that ended it."""

    source: str | None = None
    source_version: int | None = None
    source_digest: str | None = None
    ended_by: str | None = None


class MadeGood(Struct, frozen=True, kw_only=True):
    """What the client's archive did at once to what was told (I10): the part of its receipt and the line that tells."""

    stamp: Stamp
    part_id: str
    part: ReceiptPart
    line: HistoryEntry


def read_seen(tenant: Tenant, client_id: str, places: Collection[Place]) -> Seen:
    """Read a client and what is kept of some of its records, each strongly consistent.

    A record that cannot be read counts as unknown: what its source tells takes its place.

    Raises:
        ClientNotFound: the provider has no such client.
        UnreadableRecord: the client itself cannot be read.
    """
    by_sort_key = {tenant.keys.record(client_id, *place)["sk"]: place for place in places}
    client_key = tenant.keys.client(client_id)
    wanted = [client_key, *({"pk": client_key["pk"], "sk": sort_key} for sort_key in by_sort_key)]
    found = {plain["sk"]: plain for plain in tenant.table.get_many(wanted)}
    if client_key["sk"] not in found:
        raise clients.client_not_found()
    items = {place: found[sort_key] for sort_key, place in by_sort_key.items() if sort_key in found}
    return Seen(
        client=clients.client_from(found[client_key["sk"]]),
        last_active_at=found[client_key["sk"]].get(LAST_ACTIVE_AT),
        kept={place: _kept_or_unknown(plain) for place, plain in items.items()},
        items=items,
    )


def kept_from(plain: Plain) -> Kept:
    """Read what is kept of a record, and what is stored beside it.

    Raises:
        UnreadableRecord: what is stored beside it cannot be read; a value that cannot be read counts as unknown.
    """
    beside = from_plain(Beside, plain)
    return Kept(
        record=_record_from(plain),
        source=beside.source,
        version=beside.source_version,
        digest=beside.source_digest,
        ended_by=beside.ended_by,
    )


def _kept_or_unknown(plain: Plain) -> Kept:
    try:
        return kept_from(plain)
    except UnreadableRecord:
        return UNKNOWN


def _record_from(plain: Plain) -> Record | None:
    if plain.get(REMOVED):
        return None
    try:
        return clients.record_from(plain)
    except UnreadableRecord:
        return None


def commit_incoming(
    tenant: Tenant,
    seen: Seen,
    after: Client,
    judgements: Sequence[Judgement],
    guard: Guard,
    *,
    history: HistoryEntry | None,
    made_good: MadeGood | None,
    answer: RefusedOnTheBus | None = None,
) -> None:
    """Store what was told of one client, all or nothing.

    Args:
        tenant: the provider's part of the table.
        seen: the client and the records as read.
        after: the client as it will be; its revision is raised by ``guard``, not by this.
        judgements: what becomes of each change, in order; of one record, the last that is stored counts.
        guard: what must be so of the client.
        history: the line for staff, if there is one (I11).
        made_good: what the client's archive did at once, if it did anything.
        answer: what the source is answered on the bus, if something was refused.

    Raises:
        StaleRead: the client or one of the records is no longer as it was read, as far as it matters; or there is an
            answer already.
    """
    stored = {one.incoming.place: one for one in judgements if one.outcome is IntakeOutcome.STORED}
    client_id = seen.client.client_id
    writes = [
        *_client_writes(tenant, seen, after, guard),
        *(_record_write(tenant, client_id, one, seen, made_good) for one in stored.values()),
        *([clients.history_write(tenant, seen.client, history)] if history else []),
        *(_made_good_writes(tenant, seen.client, made_good) if made_good else []),
        *([_answer_write(tenant, answer)] if answer else []),
    ]
    tenant.table.transact_if_unchanged(writes)


def read_answer(tenant: Tenant, source: str, event_id: str) -> RefusedOnTheBus | None:
    """Read the answer that an event of a source was given before, if something of it was refused."""
    plain = tenant.table.get(tenant.keys.refused_on_the_bus(source, event_id))
    return from_plain(RefusedOnTheBus, plain) if plain else None


def commit_answer(tenant: Tenant, answer: RefusedOnTheBus) -> None:
    """Keep the answer to an event of which nothing is stored.

    Raises:
        StaleRead: it was answered meanwhile.
    """
    tenant.table.transact_if_unchanged([_answer_write(tenant, answer)])


def _answer_write(tenant: Tenant, answer: RefusedOnTheBus) -> Write:
    return put_new(tenant.table.name, tenant.keys.refused_on_the_bus(answer.source, answer.event_id), to_plain(answer))


def _made_good_writes(tenant: Tenant, client: Client, made_good: MadeGood) -> list[Write]:
    key = tenant.keys.receipt_part(client.client_id, made_good.stamp.archive_id, made_good.part_id)
    return [
        put_new(tenant.table.name, key, packed(to_plain(made_good.part))),
        clients.history_write(tenant, client, made_good.line),
    ]


def _record_write(
    tenant: Tenant, client_id: str, judgement: Judgement, seen: Seen, made_good: MadeGood | None
) -> Write:
    """Write a record with what is stored beside it over its reading, or not at all."""
    incoming = judgement.incoming
    key = tenant.keys.record(client_id, *incoming.place)
    ended_at = made_good.part.at if made_good and judgement.made_good else None
    kept = _kept_item(tenant, client_id, incoming, judgement.after, ended_at)
    item = {name: value for name, value in kept.items() if name not in key}
    found = seen.items.get(incoming.place)
    if found is None:
        return put_new(tenant.table.name, key, item)
    known = seen.kept.get(incoming.place, UNKNOWN).record
    ours = to_plain(known).keys() if known else found.keys()
    names = {*ours, *item, *BESIDE} - key.keys()
    before = {name: found[name] for name in names if name in found}
    changed = {name for name in names if before.get(name) != item.get(name)}
    shape = type(known) if known else None
    return conditional_update(tenant.table.name, key, before, item, changed | {"source_version"}, shape=shape)


BESIDE = (
    *("live_key", "commitment_key", "source", "source_version", "source_digest"),
    *(ENDED_BY, REMOVED, *keys.DUE_ATTRIBUTES),
)
"""What is stored beside a record's value."""


def _kept_item(
    tenant: Tenant, client_id: str, incoming: IncomingChange, after: Kept, ended_at: datetime | None
) -> Plain:
    """Return a record as it is stored; ``ended_at`` is when an archive ended what was told, if it did so at once."""
    record: Plain = (
        clients.record_item(tenant.keys, client_id, after.record)
        if after.record
        else {"kind": incoming.kind.value, "record_id": incoming.record_id, REMOVED: True}
    )
    beside = {
        "source": after.source,
        "source_version": after.version,
        "source_digest": after.digest,
        ENDED_BY: after.ended_by,
        keys.DUE_KEY: tenant.keys.unconfirmed() if after.record else None,
        keys.DUE_SINCE: tenant.keys.ended_at(ended_at) if ended_at else None,
    }
    return {**record, **{name: value for name, value in beside.items() if value is not None}}


def _client_writes(tenant: Tenant, seen: Seen, after: Client, guard: Guard) -> list[Write]:
    """Require of the client what the guard says, and write what was told of the client itself.

    The revision is added to, whatever it is: two sources that tell at once do not disturb each other (I15).
    """
    before, wanted = clients.client_item(seen.client), clients.client_item(after)
    changed = {name: wanted[name] for name in wanted if wanted[name] != before.get(name)}
    expect = {LAST_ACTIVE_AT: seen.last_active_at} if LAST_ACTIVE_AT in changed else {}
    key = tenant.keys.client(after.client_id)
    archive_id = seen.client.stamp.archive_id if seen.client.stamp else None
    if guard is not Guard.NOTHING:
        expect["archive_id"] = archive_id
    if changed or guard is Guard.RAISE_REVISION:
        rising = ("revision",) if guard is Guard.RAISE_REVISION else ()
        return [update(tenant.table.name, key, changed, expect, rising=rising)]
    if guard is Guard.NOTHING:
        return []
    if archive_id:
        return [clients.stamp_check(tenant, after.client_id, archive_id)]
    return [check(tenant.table.name, key, NOT_ARCHIVED, {":null": "NULL"})]
