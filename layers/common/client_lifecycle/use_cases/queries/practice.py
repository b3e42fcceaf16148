"""What a caller can read of a practice: its client groups, its settings and its history."""

from __future__ import annotations

from datetime import date, timedelta

from client_lifecycle.domain.days import start_of
from client_lifecycle.domain.settings import ProviderSettings
from client_lifecycle.storage.client_lists import count_by_group
from client_lifecycle.storage.practice_history import (
    AFTER_ALL_IDS,
    PracticeHistoryPage,
    Span,
    list_practice_history,
)
from client_lifecycle.storage.providers import list_groups, read_group, read_settings, settings_from, stored_settings
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.ids import first_id_of

__all__ = ["count_by_group", "list_groups", "read_group", "show_history", "show_settings"]


def show_settings(tenant: Tenant) -> ProviderSettings:
    """Read a provider's settings for those who decide about them.

    Raises:
        UnreadableRecord: they cannot be read; careful settings in their place would look like a decision.
    """
    return settings_from(stored_settings(tenant))


def show_history(
    tenant: Tenant, *, actor_id: str | None, since: date | None, until: date | None, limit: int, after: str | None
) -> PracticeHistoryPage:
    """Read a page of a practice's history, the newest lines first.

    Args:
        tenant: the provider's part of the table.
        actor_id: only what this person or system did, where given.
        since: the first day, where the practice is (T1).
        until: the last day.
        limit: the most lines to return.
        after: the id to go on after.

    Raises:
        StorageBusy: the table kept throttling.
    """
    span = Span()
    if since or until:
        zone = read_settings(tenant).time_zone
        span = Span(
            first=first_id_of(start_of(since, zone)) if since else "",
            end=first_id_of(start_of(until + timedelta(days=1), zone)) if until else AFTER_ALL_IDS,
        )
    return list_practice_history(tenant, span, actor_id=actor_id, limit=limit, after=after)
