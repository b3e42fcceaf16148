"""What a caller can read of a practice: its client groups and its settings."""

from __future__ import annotations

from client_lifecycle.domain.settings import ProviderSettings
from client_lifecycle.storage.providers import list_groups, read_group, settings_from, stored_settings
from client_lifecycle.storage.tenant import Tenant

__all__ = ["list_groups", "read_group", "show_settings"]


def show_settings(tenant: Tenant) -> ProviderSettings:
    """Read a provider's settings for those who decide about them.

    Raises:
        UnreadableRecord: they cannot be read; careful settings in their place would look like a decision.
    """
    return settings_from(stored_settings(tenant))
