"""Keeps the last calls that a world let through, for those who read why an invariant broke."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.proof.scheduler import Call, Let

KEPT_CALLS = 20
HEADING = "the last"
MOST_KEYS = 4
"""Items that are named of one call; of any more, only the number is."""


@dataclass
class Trail:
    """The last calls, oldest first: whose each was, what it was for, and what became of it."""

    calls: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))

    def note(self, operation: str, call: Call, let: Let) -> None:
        """Keep a call that is let go, in the place of the oldest."""
        self.calls.append(f"{operation}: {call.name} {_keys(call)}{_fate(let)}")

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Add the last calls to a fault of this block, as a note that pytest prints with it."""
        try:
            yield
        except BaseException as fault:
            if not any(note.startswith(HEADING) for note in getattr(fault, "__notes__", ())):
                fault.add_note("\n".join([f"{HEADING} {len(self.calls)} calls, the latest at the end:", *self.calls]))
            raise


def _keys(call: Call) -> str:
    found = list(dict.fromkeys(_keys_in(call.body)))
    more = f" and {len(found) - MOST_KEYS} more" if len(found) > MOST_KEYS else ""
    return ", ".join(found[:MOST_KEYS]) + more


def _keys_in(value: Any) -> Iterator[str]:
    """Yield the keys of the items that a request names, and the partition that a query reads."""
    match value:
        case {"pk": {"S": pk}, "sk": {"S": sk}}:
            yield f"{pk}/{sk}"
        case {":pk": {"S": partition}}:
            yield f"{partition}/..."
        case dict():
            for part in value.values():
                yield from _keys_in(part)
        case list():
            for part in value:
                yield from _keys_in(part)


def _fate(let: Let) -> str:
    if let.crash_before:
        return " (crash before it)"
    if let.crash_after:
        return " (crash after it)"
    if let.answer is None:
        return ""
    return f" (refused: {let.answer['__type'].rpartition('#')[2]})" if "__type" in let.answer else " (answered here)"
