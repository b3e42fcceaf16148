"""What is told of a stored record that cannot be read: which one it is, and where, never what it holds."""

from __future__ import annotations

from msgspec import Struct

MOST_NAMED = 20
"""Records, and fields of one, that are named in one answer, one run or one log; the metric counts all."""


class Unreadable(Struct, frozen=True, kw_only=True):
    """A stored record that does not have the form it should have.

    ``fields`` are those that are missing or have a value they cannot have; none, if the whole record is missing.
    ``client_id`` is the client that the record belongs to, if it is not the client itself.
    """

    kind: str
    id: str
    fields: tuple[str, ...] = ()
    client_id: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.id} ({', '.join(self.fields) or 'missing'})"
