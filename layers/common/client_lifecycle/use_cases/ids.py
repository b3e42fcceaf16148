"""The ids that this system gives: they sort by time, and those of moments before 1970 come first."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""The first moment that an id can tell; ids of earlier moments tell this one."""

TIME_CHARACTERS = 10
"""An id begins with its time, in milliseconds."""


def new_id(at: datetime) -> str:
    """Return an id that nothing has yet, of this moment; the library is loaded with the first, as it is slow to."""
    from ulid import ULID

    return str(ULID.from_datetime(max(at, EPOCH)))


def id_of(at: datetime, *made_of: str | int) -> str:
    """Return the id of what is made of these parts: of this moment, and always the same, so that it is made once."""
    from ulid import ULID

    digest = hashlib.sha256("#".join(map(str, made_of)).encode()).digest()
    return str(ULID.from_bytes(ULID.from_datetime(max(at, EPOCH)).bytes[:6] + digest[:10]))


def first_id_of(at: datetime) -> str:
    """Return what all ids of this moment begin with; those of earlier moments sort before it, all others after."""
    return new_id(at)[:TIME_CHARACTERS]
