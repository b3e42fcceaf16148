"""Add, change and delete a provider's client groups; change its settings. Imports the domain and storage."""

from __future__ import annotations

from collections.abc import Callable

from client_lifecycle.domain.client import Group
from client_lifecycle.domain.errors import CommitContended
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
from client_lifecycle.storage.table import StaleRead, commit_attempts
from client_lifecycle.storage.tenant import Tenant

__all__ = ["add_group", "change_group", "change_settings", "delete_group"]


def change_group(tenant: Tenant, group_id: str, edit: Callable[[Group], Group]) -> Group:
    """Change a client group; an edit that changes nothing writes nothing.

    Raises:
        GroupNotFound: the provider has no such group.
        CommitContended: the group kept changing.
        StorageBusy: the table kept throttling.
    """
    for _ in commit_attempts():
        stored = stored_group(tenant, group_id)
        before = group_from(stored)
        after = edit(before)
        if after == before:
            return before
        try:
            commit_group(tenant, stored, after)
        except StaleRead:
            continue
        return after
    raise _contended()


def change_settings(tenant: Tenant, edit: Callable[[ProviderSettings], ProviderSettings]) -> ProviderSettings:
    """Change a provider's settings; of two changes at once, none undoes the other.

    Raises:
        CommitContended: the settings kept changing.
        StorageBusy: the table kept throttling.
    """
    for _ in commit_attempts():
        stored = stored_settings(tenant)
        before = settings_from(stored)
        after = edit(before)
        if after == before:
            return before
        try:
            commit_settings(tenant, stored, after)
        except StaleRead:
            continue
        return after
    raise _contended()


def _contended() -> CommitContended:
    return CommitContended("The practice's settings are being changed by others at the moment. Please try again.")
