"""The golden vectors of docs/records-vectors.json, as tests read them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple

from local.template import ROOT

FILE = ROOT / "docs" / "records-vectors.json"
GOLDEN: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
ARCHIVE_ID: str = GOLDEN["archive_id"]

Json = dict[str, Any]


class Vector(NamedTuple):
    """What is kept of a client and a record, what is told of it, and what is answered and kept then."""

    name: str
    rules: list[str]
    client: str
    kept: Json | None
    source: str
    change: Json
    result: Json
    after: Json | None
    revision_rises: bool
    events: list[str]


VECTORS = [Vector(**one) for one in GOLDEN["vectors"]]


def compared(result: Json) -> Json:
    """Return a result as vectors have it: of an error, the field and not the words."""
    return {**result, "errors": [{"field": error["field"]} for error in result["errors"]]}


def moment(text: str | None) -> datetime | None:
    """Read a moment of a vector."""
    return datetime.fromisoformat(text) if text else None
