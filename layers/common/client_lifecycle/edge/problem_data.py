"""What a problem tells beside its sentence, by fault: the data for sentences in a reader's own language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from client_lifecycle.domain import errors
from client_lifecycle.domain.client import Status
from client_lifecycle.domain.errors import LifecycleError
from client_lifecycle.domain.runs import RunState
from client_lifecycle.domain.safety import Finding
from client_lifecycle.domain.settings import SafetyRule
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.edge.views.value_models import Shown


class ProblemData(BaseModel):
    """The base of what problems tell: of a fault that is not named in ``DATA_OF``, nothing."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class RuleData(ProblemData):
    """The safety rules that hold an archive back, and what each has found."""

    rules: list[SafetyRule]
    findings: list[Shown[Finding]]


class OwnerData(ProblemData):
    """The client that has the address or the id, as far as it is known, and how it is activated."""

    client_id: str | None = None
    client_status: Status | None = None
    activate: str | None = None


class StampData(ProblemData):
    """The archive that the client is under."""

    archive_id: str
    archived_at: datetime


class RunStateData(ProblemData):
    """The stage that the bulk archive is in."""

    state: RunState


class MostClientsData(ProblemData):
    """How many clients one bulk archive takes."""

    most_clients: int


class ExpiredData(ProblemData):
    """Until when the preview could be confirmed."""

    expired_at: datetime


class UndoWindowData(ProblemData):
    """For how many days an undo is possible, and when the bulk archive ended."""

    undo_window_days: int
    ended_at: datetime


class UndoneData(ProblemData):
    """The run that has undone the bulk archive."""

    undone_by: str


class TabData(ProblemData):
    """A tab in which the group has clients."""

    client_status: Status


class MostBytesData(ProblemData):
    """How large a body may be."""

    most_bytes: int


class InsteadData(ProblemData):
    """What is possible instead of a deletion."""

    archive: str
    allow: list[str]


class UnreadableData(ProblemData):
    """The stored records at fault."""

    unreadable: list[Shown[Unreadable]]


DATA_OF: Mapping[type[LifecycleError], type[ProblemData]] = {
    errors.ArchiveBlocked: RuleData,
    errors.AcknowledgementNeeded: RuleData,
    errors.EmailInUse: OwnerData,
    errors.ExternalIdInUse: OwnerData,
    errors.AlreadyArchived: StampData,
    errors.StillArchived: StampData,
    errors.RunStarted: RunStateData,
    errors.RunNotStarted: RunStateData,
    errors.RunNotFinished: RunStateData,
    errors.TooManyClients: MostClientsData,
    errors.PreviewExpired: ExpiredData,
    errors.UndoExpired: UndoWindowData,
    errors.RunUndone: UndoneData,
    errors.GroupNotEmpty: TabData,
    errors.RequestTooLarge: MostBytesData,
    errors.RecordsAreKept: InsteadData,
    errors.UnreadableRecord: UnreadableData,
}


def data_of(fault: type[LifecycleError]) -> type[ProblemData]:
    """Return what problems of a fault tell beside its sentence."""
    return DATA_OF.get(fault, ProblemData)
