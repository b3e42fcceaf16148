"""Puts what earlier versions have stored into the table, and names what is in it."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import timedelta
from typing import Any

from client_lifecycle.edge.signature import sign
from client_lifecycle.storage.attributes import Plain, from_item, to_item
from client_lifecycle.storage.table import Table
from local.template import ROOT
from tests.support.builders import NOW, PROVIDER_ID
from tests.support.calls import Answer, request

DAYS = sorted(folder.name for folder in (ROOT / "tests" / "recorded").iterdir() if (folder / "items.json").exists())
"""The days whose items are kept."""

LATER = NOW + timedelta(minutes=10)
"""When all of it was stored, and the proposals still stand."""

SECRET = "the scheduling system's secret"
STREAM = "arn:aws:dynamodb:us-east-1:123456789012:table/clients-table/stream/now"


def recorded(day: str) -> list[Plain]:
    """Return all that was stored on a day."""
    text = (ROOT / "tests" / "recorded" / day / "items.json").read_text(encoding="utf-8")
    return [from_item(item) for item in json.loads(text)]


def put_all(table: Table, items: list[Plain]) -> None:
    """Make these items the whole table."""
    pages = table.client.get_paginator("scan").paginate(TableName=table.name, ProjectionExpression="pk, sk")
    for key in [key for page in pages for key in page["Items"]]:
        table.client.delete_item(TableName=table.name, Key=key)
    table.put_many(items)


def in_base64(value: bytes) -> str:
    """Write bytes as the stream delivers them."""
    return b64encode(value).decode()


def delivered(item: Plain, number: int) -> dict[str, Any]:
    """Return the write of an item as Lambda delivers it from the stream."""
    stored: dict[str, Any] = json.loads(json.dumps(to_item(item), default=in_base64))
    keys = {"pk": stored["pk"], "sk": stored["sk"]}
    write = {"SequenceNumber": f"{number:05}", "Keys": keys, "NewImage": stored}
    return {"eventName": "INSERT", "eventSourceARN": STREAM, "dynamodb": write}


def requested(client_id: str) -> dict[str, Any]:
    """Return a client's own booking."""
    return {
        "event_id": f"new-{client_id}",
        "provider_id": PROVIDER_ID,
        "client_id": client_id,
        "booked_by": "client",
        "appointment": {"id": "appt-new", "start": "2026-04-04T10:00:00Z", "duration_minutes": 50, "type": "x"},
    }


def book(client_id: str) -> Answer:
    """Book for a client on the signed hook."""
    raw = json.dumps(requested(client_id))
    headers = {"X-Provider": PROVIDER_ID, "X-Signature": sign(SECRET, raw.encode(), LATER)}
    return request("POST", "/hooks/bookings", raw=raw, claims=None, headers=headers)
