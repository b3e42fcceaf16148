"""The headers by which other systems sign what they send."""

from __future__ import annotations

from datetime import datetime

from client_lifecycle.edge.signature import sign, sign_webhook


def signed_headers(secret: str, provider_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """Return the headers that sign a body at this moment; they are good for five minutes."""
    return {"Content-Type": "application/json", "X-Provider": provider_id, "X-Signature": sign(secret, body, at)}


def webhook_headers(
    secret: str, provider_id: str, source: str, message_id: str, body: bytes, at: datetime
) -> dict[str, str]:
    """Return the headers by which a source signs a body at this moment; they are good for five minutes."""
    who = {"Content-Type": "application/json", "X-Provider": provider_id, "X-Source": source}
    return who | sign_webhook([secret], message_id, body, at)
