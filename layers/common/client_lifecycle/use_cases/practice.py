"""Add, change and delete a provider's client groups; change its settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from client_lifecycle.domain.client import Cause, Group
from client_lifecycle.domain.edits import edits_between
from client_lifecycle.domain.practice_history import PracticeEntry, PracticeEvent
from client_lifecycle.domain.settings import ProviderSettings
from client_lifecycle.storage import providers
from client_lifecycle.storage.providers import (
    commit_group,
    commit_settings,
    group_from,
    settings_from,
    stored_group,
    stored_settings,
)
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.optimistic import optimistic
from client_lifecycle.use_cases.practice_lines import practice_line

optimistic_on_settings = optimistic("The practice's settings or groups")


def add_group(tenant: Tenant, group: Group, *, cause: Cause, at: datetime) -> None:
    """Keep a new client group, with who made it.

    Raises:
        StorageBusy: the table kept throttling.
    """
    providers.add_group(tenant, group, _line(PracticeEvent.GROUP_ADDED, None, group, cause, at))


@optimistic_on_settings
def change_group(tenant: Tenant, group_id: str, edit: Callable[[Group], Group], *, cause: Cause, at: datetime) -> Group:
    """Change a client group, with who did it; an edit that changes nothing writes nothing.

    Raises:
        GroupNotFound: the provider has no such group.
        CommitContended: the group kept changing.
        StorageBusy: the table kept throttling.
    """
    stored = stored_group(tenant, group_id)
    before = group_from(stored)
    after = edit(before)
    if after == before:
        return before
    commit_group(tenant, stored, after, _line(PracticeEvent.GROUP_CHANGED, before, after, cause, at))
    return after


def delete_group(tenant: Tenant, group_id: str, *, cause: Cause, at: datetime) -> None:
    """Delete a client group that no client is in, with who did it.

    Raises:
        GroupNotEmpty: a client, active or archived, is in the group.
        GroupNotFound: the provider has no such group.
        StorageBusy: the table kept throttling.
    """
    line = practice_line(PracticeEvent.GROUP_DELETED, cause, at, group_id=group_id)
    providers.delete_group(tenant, group_id, line)


@optimistic_on_settings
def change_settings(
    tenant: Tenant, edit: Callable[[ProviderSettings], ProviderSettings], *, cause: Cause, at: datetime
) -> ProviderSettings:
    """Change a provider's settings, with who did it; of two changes at once, none undoes the other.

    Raises:
        CommitContended: the settings kept changing.
        StorageBusy: the table kept throttling.
    """
    stored = stored_settings(tenant)
    before = settings_from(stored)
    after = edit(before)
    if after == before:
        return before
    line = practice_line(PracticeEvent.SETTINGS_CHANGED, cause, at, edits=edits_between(before, after))
    commit_settings(tenant, stored, after, line)
    return after


def _line(event: PracticeEvent, before: Group | None, after: Group, cause: Cause, at: datetime) -> PracticeEntry:
    return practice_line(event, cause, at, group_id=after.group_id, edits=edits_between(before, after))
