"""The headers by which a scheduling system signs a booking."""

from __future__ import annotations

from datetime import datetime

from client_lifecycle.edge.signature import sign


def signed_headers(secret: str, provider_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """Return the headers that sign a body at this moment; they are good for five minutes."""
    return {"Content-Type": "application/json", "X-Provider": provider_id, "X-Signature": sign(secret, body, at)}
