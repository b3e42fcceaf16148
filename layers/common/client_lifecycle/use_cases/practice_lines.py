"""Lines for the history of a practice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from client_lifecycle.domain.client import Cause
from client_lifecycle.domain.practice_history import PracticeEntry, PracticeEvent
from client_lifecycle.use_cases.ids import new_id


def practice_line(event: PracticeEvent, cause: Cause, at: datetime, **told: Any) -> PracticeEntry:
    """Return a line of this moment; ``told`` are the fields of ``PracticeEntry`` that the event has."""
    return PracticeEntry(history_id=new_id(at), at=at, event=event, cause=cause, **told)
