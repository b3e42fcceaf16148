"""Every write has an author: what each call to DynamoDB writes, and whether it says whose doing that is.

A transaction has one if it adds a line to a history, an answer to a booking, a part of a receipt (whose head names who
archived, or asked for the restore), or a record with its source. All other writes are of a kind that is listed here
with the reason why it needs none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

LINES = ("CLIENT HISTORY", "PRACTICE HISTORY")
REFERRING = ("CLIENT RECEIPT", "CLIENT RESTORE", "CLIENT RESTORATION", "BOOKING", "RECORDS")
"""Items that name an author themselves, or the archive whose receipt does."""

ANY_FIELD: frozenset[str] = frozenset()


class Unsigned(Struct, frozen=True):
    """A kind of write that needs no author: which fields it may write, any if none is named, and why.

    Its ``state`` may move only as the workflow moves it, from one to another; all other moves are somebody's doing.
    """

    fields: frozenset[str]
    reason: str
    moves: frozenset[tuple[str, str]] = frozenset()


LEASE = frozenset({"due_key", "due_since"})
READ_UPLOAD = frozenset({"columns", "rows", "parts", "attempt_rows", "refused_for", "refused_field"})
MOVES_OF_RUNS = frozenset(
    {
        ("preparing", "running"),
        ("stopping", "stopped"),
        ("running", "completed"),
        ("running", "completed_in_part"),
        ("running", "completed_with_failures"),
    }
)
MOVES_OF_IMPORTS = frozenset(
    {
        ("checking", "checked"),
        ("checking", "refused"),
        ("stopping", "stopped"),
        ("running", "completed"),
        ("running", "completed_with_failures"),
    }
)
UNSIGNED: Mapping[str, Unsigned] = {
    "RUN MEMBER": Unsigned(ANY_FIELD, "the run names who asked for it, and is stored with a line"),
    "RUN RUN": Unsigned(
        frozenset({*LEASE, "counts", "state", "finished_at", "not_restored"}),
        "the workflow carries out what the run's line tells, and counts",
        MOVES_OF_RUNS,
    ),
    "CLIENT CLIENT": Unsigned(
        frozenset({*LEASE, "plan", "revision", "last_active_at"}),
        "the plan names who planned, the clean-up only puts it off; being seen active is the client's own doing",
    ),
    "CLIENT RESTORATION": Unsigned(ANY_FIELD, "a restore goes on; it names who asked for it"),
    "EXTERNAL TOLD": Unsigned(ANY_FIELD, "what a platform told last of a client; the key names the platform"),
    "IMPORT IMPORT": Unsigned(
        frozenset({*LEASE, *READ_UPLOAD, "state", "counts", "first", "token", "checked_in", "finished_at"}),
        "the workflow carries out what the import's line tells, and counts",
        MOVES_OF_IMPORTS,
    ),
    "IMPORT PART": Unsigned(ANY_FIELD, "a part of an import, which names who asked for it"),
    "PROVIDER STAFF": Unsigned(ANY_FIELD, "what a person is called, as the pool has signed it; the key says who"),
    "PROVIDER SETTINGS": Unsigned(LEASE, "the clean-up's lease"),
    "CLIENT RECEIPT": Unsigned(
        frozenset({*LEASE, "state"}), "a receipt is settled, or leased; its head names who archived"
    ),
    "answers": Unsigned(ANY_FIELD, "answers kept for a day, by their key; what they answer has its author"),
}


class Part(Struct, frozen=True):
    """One write: the kind of its item, the fields that it writes, and the item where it is written whole.

    ``move`` is the state that it requires and the one that it writes, if it writes one.
    """

    kind: str
    fields: frozenset[str]
    item: Mapping[str, Any]
    move: tuple[str, str] | None = None


_found: list[str] = []


def look_at(operation: str, parameters: Mapping[str, Any]) -> None:
    """Note a write without an author."""
    parts = list(_parts(operation, parameters))
    if parts and not any(map(_is_author, parts)):
        _found.extend(f"{part.kind} {sorted(part.fields)}" for part in parts if not _needs_none(part))


def without_author() -> list[str]:
    """Return what was written without an author since the last time."""
    found, _found[:] = [*_found], []
    return found


def _is_author(part: Part) -> bool:
    if part.kind in LINES:
        return bool(part.item.get("cause", {}).get("M", {}).get("actor_id", {}).get("S"))
    is_told = "source" in part.item or "source_version" in part.fields
    return is_told or (part.kind in REFERRING and bool(part.item))


def _needs_none(part: Part) -> bool:
    unsigned = UNSIGNED.get(part.kind)
    if unsigned is None or (unsigned.moves and part.move and part.move not in unsigned.moves):
        return False
    return unsigned.fields == ANY_FIELD or part.fields <= unsigned.fields


def _parts(operation: str, parameters: Mapping[str, Any]) -> Iterator[Part]:
    match operation:
        case "TransactWriteItems":
            for action in parameters["TransactItems"]:
                yield from (_part(kind, one) for kind, one in action.items() if kind != "ConditionCheck")
        case "PutItem" | "UpdateItem" | "DeleteItem":
            yield _part(operation.removesuffix("Item"), parameters)
        case "BatchWriteItem":
            for table, requests in parameters["RequestItems"].items():
                for request in requests:
                    for kind, one in request.items():
                        yield _part(kind.removesuffix("Request"), {"TableName": table, **one})
        case _:
            return


def _part(kind: str, action: Mapping[str, Any]) -> Part:
    item = action.get("Item", {})
    name = _kind(action["TableName"], item or action["Key"])
    if kind == "Update":
        return Part(name, frozenset(_written(action)), {}, _move(action.get("ExpressionAttributeValues", {})))
    return Part(name, frozenset(item) or frozenset({kind}), item)


def _move(values: Mapping[str, Any]) -> tuple[str, str] | None:
    before, after = (values.get(f":{when}_state", {}).get("S") for when in ("before", "after"))
    return (before or "", after) if after else None


def _kind(table: str, key: Mapping[str, Any]) -> str:
    if "pk" not in key or "sk" not in key:
        return "answers"
    what, of = (key[name]["S"].partition("#")[0] for name in ("pk", "sk"))
    return what if what in ("BOOKING", "RECORDS", "EMAIL", "WORDS") else f"{what} {of}"


def _written(action: Mapping[str, Any]) -> Iterator[str]:
    names = action.get("ExpressionAttributeNames", {})
    for clause in re.split(r"\b(?:SET|REMOVE)\b", action["UpdateExpression"]):
        for assigned in re.split(r",\s*(?![^(]*\))", clause.strip()):
            if assigned:
                first = re.split(r"[.\s=]", assigned.strip(), maxsplit=1)[0]
                yield names.get(first, first)
