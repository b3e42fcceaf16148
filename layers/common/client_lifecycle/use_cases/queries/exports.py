"""Clients as CSV, as far as one answer holds them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.imports.cells import csv_lines
from client_lifecycle.storage.client_lists import CursorKey
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.queries.listing import Wanted, list_wanted

CLIENTS_PER_READ = 500
ENOUGH_BYTES = 3_000_000
"""With what one more read brings, an answer of API Gateway still holds it."""

MAX_PAGES = 20
"""How many pages one answer reads: ten thousand clients, of whom conditions may leave few."""

BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel does not take the file for UTF-8."""

HEADER = ("client_id", "name", "email", "group_id", "status", "added_at", "archived_at", "archive_reason")


class Export(Struct, frozen=True):
    """Lines of CSV, and the place in the list to go on after, ``None`` at its end."""

    text: str
    next_after: CursorKey | None


def export_clients(tenant: Tenant, wanted: Wanted, *, at: datetime, after: CursorKey | None) -> Export:
    """Write clients as CSV, by name; the header is in the first answer only, so that they can be joined.

    Args:
        tenant: the provider's part of the table.
        wanted: which clients.
        at: the present moment, UTC.
        after: the place to go on after.
    """
    text = BYTE_ORDER_MARK + "".join(csv_lines(HEADER, [])) if after is None else ""
    parts, size_bytes = [text], 0
    for _ in range(MAX_PAGES):
        page = list_wanted(tenant, wanted, at=at, limit=CLIENTS_PER_READ, after=after)
        written = "".join(list(csv_lines(HEADER, map(_cells, page.clients)))[1:])
        parts.append(written)
        size_bytes += len(written.encode())
        after = page.next_after
        if after is None or size_bytes > ENOUGH_BYTES:
            break
    return Export("".join(parts), after)


def _cells(client: Client) -> Sequence[object]:
    stamp = client.stamp
    return (
        client.client_id,
        client.name,
        client.email,
        client.group_id,
        client.status.value,
        client.added_at.isoformat(),
        stamp.archived_at.isoformat() if stamp else None,
        stamp.reason.value if stamp and stamp.reason else None,
    )
