"""Keeps and reads the history of a practice, in a partition of its own."""

from __future__ import annotations

from msgspec import Struct, field

from client_lifecycle.domain.practice_history import PracticeEntry
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage import keys
from client_lifecycle.storage.items import put_new
from client_lifecycle.storage.skipping import read_each
from client_lifecycle.storage.table import Query, Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain, to_plain

AFTER_ALL_IDS = "~"


class PracticeHistoryPage(Struct, frozen=True):
    """A page of a practice's history and the id to go on after, ``None`` on the last."""

    entries: list[PracticeEntry]
    next_after: str | None
    unreadable: list[Unreadable] = field(default_factory=list)


class Span(Struct, frozen=True, kw_only=True):
    """A span of time, as the beginnings of ids: from ``first`` on and before ``end``."""

    first: str = ""
    end: str = AFTER_ALL_IDS


def practice_write(tenant: Tenant, entry: PracticeEntry) -> Write:
    """Add a line to the practice's history, in the transaction of what it tells."""
    by_actor = {"outcome_key": keys.actor_key(entry.cause.actor_id, entry.history_id)}
    key = tenant.keys.practice_entry(entry.history_id)
    return put_new(tenant.table.name, key, {**to_plain(entry), **by_actor})


def list_practice_history(
    tenant: Tenant, span: Span, *, actor_id: str | None, limit: int, after: str | None
) -> PracticeHistoryPage:
    """Read a page of a practice's history, the newest lines first; it lags by moments.

    Args:
        tenant: the provider's part of the table.
        span: the time that the lines are of.
        actor_id: only what this person or system did, where given.
        limit: the most lines to return.
        after: the id to go on after.
    """
    start = {**tenant.keys.practice_entry(after)} if after else None
    if start and actor_id and after:
        start["outcome_key"] = keys.actor_key(actor_id, after)
    page = tenant.table.page(_query(tenant, span, actor_id), limit=limit, after=start, consistent=False)
    entries, unreadable = read_each(tenant.table, lambda plain: from_plain(PracticeEntry, plain), page.items)
    return PracticeHistoryPage(entries, keys.named(page.next_key).id if page.next_key else None, unreadable)


def _query(tenant: Tenant, span: Span, actor_id: str | None) -> Query:
    attribute, prefix = ("outcome_key", keys.actor_key(actor_id, "")) if actor_id else ("sk", keys.HISTORY_PREFIX)
    values = {
        ":pk": tenant.keys.practice_history(),
        ":first": f"{prefix}{span.first}",
        ":end": f"{prefix}{span.end}",
    }
    return Query(
        f"pk = :pk AND {attribute} BETWEEN :first AND :end",
        values,
        index=keys.OUTCOMES_INDEX if actor_id else None,
        newest_first=True,
    )
