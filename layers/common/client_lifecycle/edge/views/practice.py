"""Answers about a practice: its groups and settings."""

from __future__ import annotations

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import (
    Group,
)
from client_lifecycle.domain.settings import PortalSettings, ProviderSettings, SafetySettings, TidyUp
from client_lifecycle.edge.views.shared import UnreadableField, View
from client_lifecycle.edge.views.value_models import Shown


class GroupView(View):
    """A client group and its switches, which count for members that have not set theirs."""

    group_id: str
    name: str
    settings: Shown[PortalSettings]

    @classmethod
    def of(cls, group: Group) -> GroupView:
        """Show a group."""
        return cls(group_id=group.group_id, name=group.name, settings=group.settings)


class GroupListView(View):
    """A page of a provider's groups."""

    groups: list[GroupView]
    next_cursor: str | None
    unreadable: UnreadableField


class SettingsView(View):
    """What a provider has decided for all clients."""

    portal: Shown[PortalSettings]
    safety: Shown[SafetySettings]
    no_self_return: list[ArchiveReason]
    undo_window_days: int
    tidy_up: Shown[TidyUp] | None
    time_zone: str

    @classmethod
    def of(cls, settings: ProviderSettings) -> SettingsView:
        """Show settings; the reasons are sorted."""
        return cls(
            portal=settings.portal,
            safety=settings.safety,
            no_self_return=sorted(settings.no_self_return),
            undo_window_days=settings.undo_window_days,
            tidy_up=settings.tidy_up,
            time_zone=settings.time_zone.key,
        )
