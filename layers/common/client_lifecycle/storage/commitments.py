"""Reads commitments, that is booked appointments and payments not yet charged, over all clients of a provider.

The index they are read from lags behind the clients' own records by moments. A decision on one client reads that
client. A commitment that cannot be read is skipped: one broken record must not stand in any other client's way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from client_lifecycle.domain.records import (
    FOREVER,
    LONGEST_APPOINTMENT,
    Appointment,
    AppointmentStatus,
    Record,
    RecordKind,
)
from client_lifecycle.domain.restore import Booked
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import record_from
from client_lifecycle.storage.skipping import read_each
from client_lifecycle.storage.table import Query, Table, side_by_side
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import unreadable

Commitments: TypeAlias = Mapping[str, Sequence[Record]]
"""Appointments and payments by client id; a client without any is not in it."""

KINDS = (RecordKind.APPOINTMENT, RecordKind.PAYMENT)
PREFIXES = tuple(keys.record_prefix(kind) for kind in KINDS)

BEGINNING = datetime.min.replace(tzinfo=UTC)

A_DAY = timedelta(days=1)
"""Moments are written in more than one way, which sort alike only if they are further apart than this."""


def commitments_of_provider(tenant: Tenant, at: datetime) -> tuple[Commitments, list[Unreadable]]:
    """Read all commitments of a provider: as many calls as they fill pages, however many clients there are.

    Args:
        tenant: the provider's part of the table.
        at: appointments that began before this moment are left out.

    Returns:
        The commitments by client, and those that cannot be read.
    """

    def of_kind(kind: RecordKind) -> list[Plain]:
        return list(tenant.table.query(_ahead(tenant, kind, at), consistent=False))

    return _by_client(tenant.table, (plain for found in side_by_side(of_kind, KINDS) for plain in found))


def commitments_of_clients(
    tenant: Tenant, client_ids: Sequence[str], at: datetime
) -> tuple[Commitments, list[Unreadable]]:
    """Read the commitments of a few clients: one query for each, several at a time.

    They may lag by moments, like those of a whole provider: a client who has changed since is noticed in its turn.

    Args:
        tenant: the provider's part of the table.
        client_ids: the clients.
        at: appointments that began before this moment are left out.

    Returns:
        The commitments by client, and those that cannot be read.
    """

    def of_client(client_id: str) -> list[Plain]:
        values = {":pk": tenant.keys.client_partition(client_id), ":at": keys.sortable(at)}
        found = tenant.table.query(
            Query("pk = :pk AND live_key >= :at", values, index=keys.LIVE_INDEX), consistent=False
        )
        return [plain for plain in found if plain["sk"].startswith(PREFIXES)]

    return _by_client(tenant.table, (plain for found in side_by_side(of_client, client_ids) for plain in found))


def appointments_ahead(tenant: Tenant, at: datetime) -> dict[str, datetime]:
    """Read who of a provider's clients has a booked appointment after this moment, and when the first of each starts.

    It costs as much as all appointments ahead fill, in the pages of one query, however many clients there are.
    """
    ahead = _ahead(tenant, RecordKind.APPOINTMENT, at)
    return _first_of_each(tenant.table, tenant.table.query(ahead, consistent=False), at)


def _ahead(tenant: Tenant, kind: RecordKind, at: datetime) -> Query:
    values = {":partition": tenant.keys.commitments(kind), ":at": keys.sortable(at)}
    return Query("commitment_key = :partition AND live_key >= :at", values, index=keys.COMMITMENTS_INDEX)


def _first_of_each(table: Table, found: Iterable[Plain], at: datetime) -> dict[str, datetime]:
    commitments, _ = read_each(table, _commitment_from, found)
    return _first(commitments, at)


def _first(commitments: Iterable[tuple[str, Record]], at: datetime) -> dict[str, datetime]:
    first: dict[str, datetime] = {}
    for client_id, record in commitments:
        if isinstance(record, Appointment) and record.is_upcoming(at):
            first[client_id] = min(record.starts_at, first.get(client_id, record.starts_at))
    return first


def next_appointments(tenant: Tenant, client_ids: Sequence[str], at: datetime) -> dict[str, datetime]:
    """Read when the first appointment of each of up to a hundred clients starts, after this moment; it may lag.

    One page of the provider's appointments ahead, some three thousand, is looked through in one call. Clients of whom
    none is among them, where there are more, are asked for one by one, several at a time.
    """
    if not client_ids:
        return {}
    clients = {f":client{number}": tenant.keys.client_partition(one) for number, one in enumerate(client_ids)}
    ahead = _ahead(tenant, RecordKind.APPOINTMENT, at)
    of_these = replace(ahead, values={**ahead.values, **clients}, where=f"pk IN ({', '.join(clients)})")
    page = tenant.table.page(of_these, consistent=False)
    first = _first_of_each(tenant.table, page.items, at)
    if page.next_key is None:
        return first
    others, _ = commitments_of_clients(tenant, [one for one in client_ids if one not in first], at)
    return first | _first(((client_id, one) for client_id, found in others.items() for one in found), at)


class Calendar(Struct):
    """A provider's calendar from a moment on, read once for all clients that come back together, side by side."""

    tenant: Tenant
    at: datetime
    _since: datetime = FOREVER
    _until: datetime = BEGINNING
    _booked: list[Booked] = field(default_factory=list)
    _one_at_a_time: Lock = field(default_factory=Lock)

    def booked_since(self, since: datetime, until: datetime) -> Sequence[Booked]:
        """Return the appointments ahead, or in progress, that were booked after ``since`` and begin before ``until``.

        Some that were booked a little before, or begin later, may be among them. One that cannot be read holds no slot.
        """
        with self._one_at_a_time:
            if since < self._since or until > self._until:
                since, until = min(since, self._since), max(until, self._until)
                self._booked = list(self._read(since, until))
                self._since, self._until = since, until
            return self._booked

    def _read(self, since: datetime, until: datetime) -> Iterator[Booked]:
        values = {
            ":partition": self.tenant.keys.commitments(RecordKind.APPOINTMENT),
            ":begin": keys.sortable(self.at - LONGEST_APPOINTMENT),
            ":end": keys.sortable(until),
            ":day_before": (since - A_DAY).date().isoformat(),
        }
        found = self.tenant.table.query(
            Query(
                "commitment_key = :partition AND live_key BETWEEN :begin AND :end",
                values,
                where="booked_at >= :day_before",
                index=keys.COMMITMENTS_INDEX,
            ),
            consistent=False,
        )
        commitments, _ = read_each(self.tenant.table, _commitment_from, found)
        for client_id, record in commitments:
            if isinstance(record, Appointment) and record.status is AppointmentStatus.BOOKED:
                yield Booked(client_id, record)


def _by_client(table: Table, found: Iterable[Plain]) -> tuple[Commitments, list[Unreadable]]:
    by_client: dict[str, list[Record]] = defaultdict(list)
    commitments, unreadable = read_each(table, _commitment_from, found)
    for client_id, record in commitments:
        by_client[client_id].append(record)
    return by_client, unreadable


def _commitment_from(plain: Plain) -> tuple[str, Record]:
    """Read a commitment and whose it is."""
    record = record_from(plain)
    client_id = keys.named(plain).client_id
    if client_id is None:
        raise unreadable(plain, "pk", "sk")
    return client_id, record
