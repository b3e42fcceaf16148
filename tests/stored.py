"""Puts a provider's groups and settings into a table, whatever was there before."""

from __future__ import annotations

from client_lifecycle.domain.client import Group
from client_lifecycle.domain.settings import ProviderSettings
from client_lifecycle.storage.clients import group_item
from client_lifecycle.storage.items import to_plain
from client_lifecycle.storage.keys import settings_key
from client_lifecycle.storage.table import Table


def write_group(table: Table, group: Group) -> None:
    """Store a client group."""
    table.put_many([group_item(group)])


def write_settings(table: Table, provider_id: str, settings: ProviderSettings) -> None:
    """Store a provider's settings."""
    table.put_many([{**settings_key(provider_id), **to_plain(settings)}])
