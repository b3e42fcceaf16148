"""Answers about a practice: its groups, settings and history."""

from __future__ import annotations

from datetime import datetime

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import (
    Group,
)
from client_lifecycle.domain.edits import Edit
from client_lifecycle.domain.practice_history import PracticeEntry, PracticeEvent
from client_lifecycle.domain.settings import PortalSettings, ProviderSettings, ReaderSettings, SafetySettings, TidyUp
from client_lifecycle.edge.views.clients import CountsView
from client_lifecycle.edge.views.shared import CauseView, UnreadableField, View
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


class GroupRowView(GroupView):
    """A client group as a list shows it, with how many clients it has, unless they were not to be counted."""

    clients: CountsView | None

    @classmethod
    def counted(cls, group: Group, clients: CountsView | None) -> GroupRowView:
        """Show a group with its counts."""
        return cls(group_id=group.group_id, name=group.name, settings=group.settings, clients=clients)


class GroupListView(View):
    """A page of a provider's groups."""

    groups: list[GroupRowView]
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
    readers: Shown[ReaderSettings]
    name: str | None
    currency: str

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
            readers=settings.readers,
            name=settings.name,
            currency=settings.currency,
        )


class PracticeNameView(View):
    """A practice, with the name that it has given itself in its settings."""

    provider_id: str
    name: str | None


class MeView(View):
    """Who is asking, for which practice and in which roles; and how the practice writes money and days."""

    user_id: str
    name: str | None
    practice: PracticeNameView
    roles: list[str]
    currency: str
    time_zone: str


class PracticeEntryView(View):
    """One line of a practice's history."""

    history_id: str
    at: datetime
    event: PracticeEvent
    by: CauseView
    group_id: str | None
    run_id: str | None
    undone_by: str | None
    import_id: str | None
    client_ids: list[str]
    edits: list[Shown[Edit]]

    @classmethod
    def of(cls, entry: PracticeEntry) -> PracticeEntryView:
        """Show a line."""
        return cls(
            history_id=entry.history_id,
            at=entry.at,
            event=entry.event,
            by=CauseView.of(entry.cause),
            group_id=entry.group_id,
            run_id=entry.run_id,
            undone_by=entry.undone_by,
            import_id=entry.import_id,
            client_ids=list(entry.client_ids),
            edits=list(entry.edits),
        )


class PracticeHistoryView(View):
    """A page of a practice's history, the newest lines first."""

    entries: list[PracticeEntryView]
    next_cursor: str | None
    unreadable: UnreadableField
