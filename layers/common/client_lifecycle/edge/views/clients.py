"""Answers about clients: themselves, their lists, counts and history."""

from __future__ import annotations

from datetime import date, datetime

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import (
    ArchiveOptions,
    ArchivePlan,
    Client,
    HeldBackBy,
    PlanTerms,
    Source,
    Status,
    Trigger,
)
from client_lifecycle.domain.edits import Edit
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.domain.settings import PortalSettings, SafetyRule
from client_lifecycle.edge.views.shared import CauseView, UnreadableField, View
from client_lifecycle.edge.views.value_models import Shown
from client_lifecycle.use_cases.export import Export
from client_lifecycle.use_cases.queries.listing import Row


class PlanView(View):
    """An archive planned for later; ``held_back_by`` tells why it was not carried out although it was due."""

    trigger: Trigger
    archive_on: date | None
    options: Shown[ArchiveOptions]
    acknowledged: list[SafetyRule]
    planned_at: datetime
    planned_by: CauseView
    held_back_by: list[HeldBackBy]

    @classmethod
    def of(cls, plan: ArchivePlan) -> PlanView:
        """Show a plan."""
        return cls(
            trigger=plan.terms.trigger,
            archive_on=plan.terms.archive_on,
            options=plan.terms.options,
            acknowledged=list(plan.terms.acknowledged),
            planned_at=plan.planned_at,
            planned_by=CauseView.of(plan.planned_by),
            held_back_by=list(plan.held_back_by),
        )


class ClientView(View):
    """A client as the provider's staff see it, in either tab."""

    client_id: str
    name: str
    email: str
    status: Status
    group_id: str | None
    added_at: datetime
    last_active_at: datetime | None
    credit_cents: int
    owed_cents: int
    currency: str
    external_ids: dict[str, str]
    settings: Shown[PortalSettings]
    archive_id: str | None = None
    archived_at: datetime | None = None
    archived_by: CauseView | None = None
    archive_reason: ArchiveReason | None = None
    returned_at: datetime | None = None
    returned_by: CauseView | None = None
    returned_by_booking: bool = False
    archive_plan: PlanView | None = None

    @classmethod
    def of(cls, client: Client) -> ClientView:
        """Show a client."""
        stamp, back = client.stamp, client.last_return
        return cls(
            client_id=client.client_id,
            name=client.name,
            email=client.email,
            status=client.status,
            group_id=client.group_id,
            added_at=client.added_at,
            last_active_at=client.last_active_at,
            credit_cents=client.credit_cents,
            owed_cents=client.owed_cents,
            currency=client.currency,
            external_ids=dict(client.external_ids),
            settings=client.settings,
            archive_id=stamp.archive_id if stamp else None,
            archived_at=stamp.archived_at if stamp else None,
            archived_by=CauseView.of(stamp.cause) if stamp else None,
            archive_reason=stamp.reason if stamp else None,
            returned_at=back.returned_at if back else None,
            returned_by=CauseView.of(back.cause) if back else None,
            returned_by_booking=back is not None and back.cause.source is Source.BOOKING,
            archive_plan=PlanView.of(client.plan) if client.plan else None,
        )


class HistoryView(View):
    """One line of a client's history."""

    history_id: str
    at: datetime
    event: HistoryEvent
    by: CauseView
    archive_id: str | None
    options: Shown[ArchiveOptions] | None
    reason: str | None
    plan: Shown[PlanTerms] | None
    payment_ids: list[str]
    edits: list[Shown[Edit]]

    @classmethod
    def of(cls, entry: HistoryEntry) -> HistoryView:
        """Show a line."""
        return cls(
            history_id=entry.history_id,
            at=entry.at,
            event=entry.event,
            by=CauseView.of(entry.cause),
            archive_id=entry.archive_id,
            options=entry.options,
            reason=entry.reason,
            plan=entry.plan,
            payment_ids=list(entry.payment_ids),
            edits=list(entry.edits),
        )


class ClientRowView(ClientView):
    """A client as a list shows it; the name of a group and the next appointment may lag by moments."""

    group_name: str | None
    next_appointment_at: datetime | None

    @classmethod
    def beside(cls, view: ClientView, row: Row) -> ClientRowView:
        """Show a row, of whose client there is a view."""
        return cls(**dict(view), group_name=row.group_name, next_appointment_at=row.next_appointment_at)


class ClientListView(View):
    """A page of a client list."""

    clients: list[ClientRowView]
    next_cursor: str | None
    unreadable: UnreadableField


class CountsView(View):
    """How many clients each tab has."""

    active: int
    archived: int


class HistoryListView(View):
    """A page of a client's history."""

    entries: list[HistoryView]
    next_cursor: str | None
    unreadable: UnreadableField


class ExportView(View):
    """A link to everything that is held of a client, as JSON; those who have the link can read it until then."""

    client_id: str
    export_id: str
    url: str
    good_until: datetime

    @classmethod
    def of(cls, client_id: str, export: Export) -> ExportView:
        """Show an export."""
        return cls(client_id=client_id, export_id=export.export_id, url=export.url, good_until=export.good_until)
