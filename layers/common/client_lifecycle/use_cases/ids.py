"""The ids that this system gives: they sort by time."""

from __future__ import annotations

from datetime import datetime


def new_id(at: datetime) -> str:
    """Return an id that nothing has yet, of this moment; the library is loaded with the first, as it is slow to."""
    from ulid import ULID

    return str(ULID.from_datetime(at))
