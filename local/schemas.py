"""JSON Schemas of what sources tell, out of the API's description: what is in docs/schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from client_lifecycle.domain.records import RecordKind
from local.template import ROOT

FOLDER = ROOT / "docs" / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
IN_THE_DESCRIPTION = "#/components/schemas/"
REMOVED = "RemovedChange"


def schema_texts(description: dict[str, Any]) -> dict[Path, str]:
    """Return the text of each file: one for each kind, one of a whole request and one of its answer.

    Args:
        description: that of the whole API.
    """
    known = description["components"]["schemas"]
    files = {
        **{f"{kind.value}.json": _of_kind(kind, known) for kind in RecordKind},
        "request.json": known["RecordsBody"],
        "answer.json": known["RecordsView"],
    }
    return {FOLDER / name: _text(name, schema, known) for name, schema in files.items()}


def _of_kind(kind: RecordKind, known: dict[str, Any]) -> dict[str, Any]:
    """Describe a change of a kind: the record's state or, if such a record can be removed, that it was."""
    state = next(
        name
        for name, schema in known.items()
        if schema.get("properties", {}).get("kind", {}).get("const") == kind.value and name.endswith("Change")
    )
    if kind.value not in known[REMOVED]["properties"]["kind"]["enum"]:
        return {"$ref": f"{IN_THE_DESCRIPTION}{state}"}
    removed = {"$ref": f"{IN_THE_DESCRIPTION}{REMOVED}", "properties": {"kind": {"const": kind.value}}}
    return {"oneOf": [{"$ref": f"{IN_THE_DESCRIPTION}{state}"}, removed]}


def _text(name: str, schema: dict[str, Any], known: dict[str, Any]) -> str:
    parts = {part: known[part] for part in sorted(needed(schema, known))}
    whole = {"$schema": DIALECT, "$id": name, **schema, **({"$defs": parts} if parts else {})}
    return json.dumps(whole, indent=2).replace(IN_THE_DESCRIPTION, "#/$defs/") + "\n"


def needed(schema: Any, known: dict[str, Any]) -> set[str]:
    """Return the names of all parts that a schema refers to, and those that they refer to."""
    found: set[str] = set()
    waiting = [*_references(schema)]
    while waiting:
        if (part := waiting.pop()) not in found:
            found.add(part)
            waiting += _references(known[part])
    return found


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].removeprefix(IN_THE_DESCRIPTION)
        yield from (name for part in schema.values() for name in _references(part))
    elif isinstance(schema, list):
        yield from (name for part in schema for name in _references(part))
