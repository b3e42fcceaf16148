"""Signed requests of other systems: HMAC-SHA256 over a moment and the raw body.

Two schemes are taken. Standard Webhooks (https://www.standardwebhooks.com): the headers ``webhook-id``,
``webhook-timestamp`` and ``webhook-signature``; what is signed is ``<id>.<timestamp>.<raw body>``, and several
signatures may stand side by side while a secret is rotated. And the header ``X-Signature`` of the booking hook, which
reads ``t=<seconds since 1970>,v1=<hex digest>``; what is signed is ``<t>.<raw body>``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from msgspec import Struct

from client_lifecycle.domain.errors import BadSignature

TOLERANCE = timedelta(minutes=5)
HEADER = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")
MESSAGE_ID = re.compile(r"[A-Za-z0-9_:/@+=-]{1,256}")
SECONDS = re.compile(r"[0-9]{1,12}")
SIGNATURE = re.compile(r"v1,([A-Za-z0-9+/]{43}=)")
ENCODED = "whsec_"
"""How a secret begins whose bytes are written in base64, as Standard Webhooks has it."""

MOST_SIGNATURES = 10


class Signature(Struct, frozen=True):
    """What a request says it was signed with: any of the digests may fit what was signed, which begins with ``prefix``.

    ``header`` is where the request says so.
    """

    prefix: bytes
    digests: tuple[bytes, ...]
    header: str


def sign(secret: str, body: bytes, at: datetime) -> str:
    """Return the header ``X-Signature`` that signs a body at this moment."""
    seconds = int(at.timestamp())
    return f"t={seconds},v1={_digest(secret, b'%d.' % seconds, body).hex()}"


def sign_webhook(secrets: Iterable[str], message_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks that sign a body at this moment, with each of the secrets."""
    seconds = int(at.timestamp())
    prefix = f"{message_id}.{seconds}.".encode()
    digests = (base64.b64encode(_digest(secret, prefix, body)).decode() for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{digest}" for digest in digests),
    }


def message_id_of(event_id: str) -> str:
    """Return an event's id as Standard Webhooks takes one: without full stops, other characters percent-encoded."""
    return quote(event_id, safe=":/@+=").replace(".", "%2E")


def of_request(headers: Mapping[str, str], at: datetime) -> Signature:
    """Read how a request is signed, by either scheme.

    Args:
        headers: those of the request; their names are looked up whatever their case.
        at: the present moment, UTC.

    Raises:
        BadSignature: it is signed by neither, or too long ago.
    """
    if "webhook-signature" in headers:
        return read_webhook(headers, at)
    return read(headers.get("X-Signature", ""), at)


def read(header: str, at: datetime) -> Signature:
    """Read the header ``X-Signature``, which costs nothing; whether it fits is another question.

    Args:
        header: its value.
        at: the present moment, UTC.

    Raises:
        BadSignature: there is none, or it is older or newer than five minutes.
    """
    found = HEADER.fullmatch(header)
    if not found:
        raise BadSignature("The request is not signed.", "X-Signature")
    _require_fresh(int(found[1]), at, "X-Signature")
    return Signature(f"{found[1]}.".encode(), (bytes.fromhex(found[2]),), "X-Signature")


def read_webhook(headers: Mapping[str, str], at: datetime) -> Signature:
    """Read the headers of Standard Webhooks, which costs nothing; whether they fit is another question.

    Args:
        headers: those of the request; signatures of versions that are not known are skipped.
        at: the present moment, UTC.

    Raises:
        BadSignature: one is missing or malformed, or they are older or newer than five minutes.
    """
    message_id, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not MESSAGE_ID.fullmatch(message_id):
        raise BadSignature("The request has no id, or none that can be signed.", "webhook-id")
    if not SECONDS.fullmatch(seconds):
        raise BadSignature("The request does not say when it was signed.", "webhook-timestamp")
    _require_fresh(int(seconds), at, "webhook-timestamp")
    written = headers.get("webhook-signature", "").split(" ")[:MOST_SIGNATURES]
    found = [match for one in written if (match := SIGNATURE.fullmatch(one))]
    if not found:
        raise BadSignature("The request is not signed.", "webhook-signature")
    digests = tuple(base64.b64decode(match[1]) for match in found)
    return Signature(f"{message_id}.{seconds}.".encode(), digests, "webhook-signature")


def verify(signature: Signature, body: bytes, secrets: Iterable[str]) -> None:
    """Check that a body was signed with one of the secrets.

    Args:
        signature: what the request says.
        body: the raw body.
        secrets: those that are good, the likeliest first; none is asked for once one fits.

    Raises:
        BadSignature: it was not.
    """
    if not any(_fits(_digest(secret, signature.prefix, body), signature) for secret in secrets):
        raise BadSignature("The signature does not fit the request.", signature.header)


def _require_fresh(seconds: int, at: datetime, header: str) -> None:
    if abs(at.timestamp() - seconds) > TOLERANCE.total_seconds():
        raise BadSignature("The signature is too old, or from the future.", header)


def _fits(digest: bytes, signature: Signature) -> bool:
    return any(hmac.compare_digest(digest, said) for said in signature.digests)


def _digest(secret: str, prefix: bytes, body: bytes) -> bytes:
    return hmac.new(_key(secret), prefix + body, hashlib.sha256).digest()


def _key(secret: str) -> bytes:
    """Return the bytes of a secret; one that is not encoded is its own text."""
    if not secret.startswith(ENCODED):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(ENCODED), validate=True)
    except ValueError:
        return secret.encode()
