"""The headers of every answer: what browsers may do with it, and pages of which origins may read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from client_lifecycle.edge.environment import OriginSettings, read_environment

ALWAYS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}
"""Kept nowhere, since it holds records of clients; asked for over TLS alone; never taken for another media type."""

EXPOSED = "Allow,ETag,Idempotent-Replayed,Link,Retry-After"
"""What pages of other origins may read beside the body."""


def headers_for(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of the answer to a request.

    Args:
        event: the request, as API Gateway passes it on.
    """
    origin = next((value for name, value in (event["headers"] or {}).items() if name.lower() == "origin"), None)
    if origin not in read_environment(OriginSettings).allowed_origins.split(",") or not origin:
        return {**ALWAYS}
    return {**ALWAYS, "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED}
