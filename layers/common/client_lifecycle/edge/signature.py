"""Signed requests of other systems: HMAC-SHA256 over timestamp and raw body.

The header ``X-Signature`` reads ``t=<seconds since 1970>,v1=<hex digest>``; what is signed is ``<t>.<raw body>``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from client_lifecycle.domain.errors import BadSignature

TOLERANCE = timedelta(minutes=5)
HEADER = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


class Signature(Struct, frozen=True):
    """What a request says it was signed with."""

    seconds: int
    digest: str


def sign(secret: str, body: bytes, at: datetime) -> str:
    """Return the header that signs a body at this moment."""
    seconds = int(at.timestamp())
    return f"t={seconds},v1={_digest(secret, seconds, body)}"


def read(header: str, at: datetime) -> Signature:
    """Read a signature, which costs nothing; whether it fits is another question.

    Args:
        header: the value of ``X-Signature``.
        at: the present moment, UTC.

    Raises:
        BadSignature: there is none, or it is older or newer than five minutes.
    """
    found = HEADER.fullmatch(header)
    if not found:
        raise BadSignature("The request is not signed.", "X-Signature")
    signature = Signature(int(found[1]), found[2])
    if abs(at.timestamp() - signature.seconds) > TOLERANCE.total_seconds():
        raise BadSignature("The signature is too old, or from the future.", "X-Signature")
    return signature


def verify(signature: Signature, body: bytes, secrets: Iterable[str]) -> None:
    """Check that a body was signed with one of the secrets.

    Args:
        signature: what the request says.
        body: the raw body.
        secrets: those that are good, the likeliest first; none is asked for once one fits.

    Raises:
        BadSignature: it was not.
    """
    fits = (hmac.compare_digest(_digest(secret, signature.seconds, body), signature.digest) for secret in secrets)
    if not any(fits):
        raise BadSignature("The signature does not fit the request.", "X-Signature")


def _digest(secret: str, seconds: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d.%b" % (seconds, body), hashlib.sha256).hexdigest()
