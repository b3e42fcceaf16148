"""The history of a practice: who changed its settings and groups, and who did what with a bulk archive or import."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from client_lifecycle.domain.client import Cause
from client_lifecycle.domain.edits import Edit


class PracticeEvent(StrEnum):
    """What the history of a practice tells; also the names under which it is published."""

    SETTINGS_CHANGED = "settings.changed"
    GROUP_ADDED = "group.added"
    GROUP_CHANGED = "group.changed"
    GROUP_DELETED = "group.deleted"
    RUN_PREVIEWED = "bulk_archive.previewed"
    RUN_PROPOSED = "bulk_archive.proposed"
    RUN_EXCLUDED = "bulk_archive.clients_excluded"
    RUN_CONFIRMED = "bulk_archive.confirmed"
    RUN_STOP_ASKED = "bulk_archive.stop_asked"
    RUN_RETRIED = "bulk_archive.retried"
    RUN_UNDONE = "bulk_archive.undone"
    IMPORT_REQUESTED = "import.requested"
    IMPORT_CHECK_ASKED = "import.check_asked"
    IMPORT_CONFIRMED = "import.confirmed"
    IMPORT_STOP_ASKED = "import.stop_asked"
    IMPORT_RETRIED = "import.retried"


class PracticeEntry(Struct, frozen=True, kw_only=True):
    """One line of a practice's history: what happened, when, by whom and through what.

    ``run_id`` is the bulk archive that something was done with, ``undone_by`` the run that undoes it, ``import_id`` the
    import. ``client_ids`` are those that were excluded in one write.
    """

    history_id: str
    at: datetime
    event: PracticeEvent
    cause: Cause
    group_id: str | None = None
    run_id: str | None = None
    undone_by: str | None = None
    import_id: str | None = None
    client_ids: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
