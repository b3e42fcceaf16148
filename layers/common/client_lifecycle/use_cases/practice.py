"""Add, change and delete a provider's client groups; change its settings."""

from __future__ import annotations

from collections.abc import Callable

from client_lifecycle.domain.client import Group
from client_lifecycle.domain.settings import ProviderSettings
from client_lifecycle.storage.providers import (
    add_group,
    commit_group,
    commit_settings,
    delete_group,
    group_from,
    settings_from,
    stored_group,
    stored_settings,
)
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.optimistic import optimistic

__all__ = ["add_group", "change_group", "change_settings", "delete_group"]

optimistic_on_settings = optimistic("The practice's settings")


@optimistic_on_settings
def change_group(tenant: Tenant, group_id: str, edit: Callable[[Group], Group]) -> Group:
    """Change a client group; an edit that changes nothing writes nothing.

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
    commit_group(tenant, stored, after)
    return after


@optimistic_on_settings
def change_settings(tenant: Tenant, edit: Callable[[ProviderSettings], ProviderSettings]) -> ProviderSettings:
    """Change a provider's settings; of two changes at once, none undoes the other.

    Raises:
        CommitContended: the settings kept changing.
        StorageBusy: the table kept throttling.
    """
    stored = stored_settings(tenant)
    before = settings_from(stored)
    after = edit(before)
    if after == before:
        return before
    commit_settings(tenant, stored, after)
    return after
