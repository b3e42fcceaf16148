"""The ids that this system gives: they sort by time."""

from __future__ import annotations

from datetime import datetime

from ulid import ULID


def new_id(at: datetime) -> str:
    """Return an id that nothing has yet, of this moment."""
    return str(ULID.from_datetime(at))
