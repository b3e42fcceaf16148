"""The answer to what archiving one client would mean."""

from __future__ import annotations

from datetime import datetime

from client_lifecycle.domain.effects import LeftAlone
from client_lifecycle.domain.labels import MAX_NAMED_RECORDS, RecordName
from client_lifecycle.domain.members import record_names
from client_lifecycle.domain.money import Amount
from client_lifecycle.domain.preview import ArchivePreview
from client_lifecycle.domain.records import RecordKind
from client_lifecycle.domain.safety import Finding
from client_lifecycle.domain.settings import Level
from client_lifecycle.edge.views.clients import ClientView
from client_lifecycle.edge.views.shared import UnreadableField, View
from client_lifecycle.edge.views.value_models import Shown


class ArchivePreviewView(View):
    """What archiving a client would meet and do, as of ``checked_at``.

    ``blocks`` are the safety rules that forbid it, ``warnings`` those that are to be acknowledged. ``changes`` names
    the records that would end, the first hundred of them; ``counts`` counts all by kind, and ``scheduled`` is the sum
    of the payments among them, per currency. ``left_alone`` is what would stay as it is, and why. Credits and debts
    stay. Of a client that is archived already, it is what has become live since and would be made good.
    """

    client: ClientView
    checked_at: datetime
    blocks: list[Shown[Finding]]
    warnings: list[Shown[Finding]]
    counts: dict[RecordKind, int]
    scheduled: list[Shown[Amount]]
    changes: list[Shown[RecordName]]
    left_alone: list[Shown[LeftAlone]]
    left_alone_total: int
    unreadable: UnreadableField

    @classmethod
    def of(cls, preview: ArchivePreview) -> ArchivePreviewView:
        """Show a preview."""
        found, effects = preview.findings.found, preview.effects
        return cls(
            client=ClientView.of(preview.client),
            checked_at=preview.at,
            blocks=[one for one in found if one.level is Level.BLOCK],
            warnings=[one for one in found if one.level is Level.WARN],
            counts=dict(preview.counts),
            scheduled=list(preview.scheduled),
            changes=record_names(effects.changes[:MAX_NAMED_RECORDS]),
            left_alone=list(effects.left_alone[:MAX_NAMED_RECORDS]),
            left_alone_total=len(effects.left_alone),
            unreadable=list(preview.unreadable),
        )
