"""Signed requests: what is taken as good, and what is not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from client_lifecycle.domain.errors import BadSignature
from client_lifecycle.edge import signature
from client_lifecycle.edge.signature import TOLERANCE, sign
from tests.support.builders import NOW

SECRET, BEFORE, BODY = "current secret", "secret before", b'{"event_id": "e-1"}'
SECOND = timedelta(seconds=1)


def verify(header: str, body: bytes, secrets: Iterable[str], at: datetime) -> None:
    """Check a request as the hook does: first what costs nothing."""
    signature.verify(signature.read(header, at), body, secrets)


@pytest.mark.parametrize("secret", [SECRET, BEFORE])
@pytest.mark.parametrize("later", [timedelta(), TOLERANCE, -TOLERANCE])
def test_the_current_secret_and_the_one_before_are_good_for_five_minutes(secret: str, later: timedelta) -> None:
    verify(sign(secret, BODY, NOW), BODY, [SECRET, BEFORE], NOW + later)


@pytest.mark.parametrize("later", [TOLERANCE + SECOND, -TOLERANCE - SECOND])
def test_a_stale_signature_is_refused(later: timedelta) -> None:
    with pytest.raises(BadSignature, match="too old"):
        verify(sign(SECRET, BODY, NOW), BODY, [SECRET], NOW + later)


def test_no_secret_is_asked_for_on_behalf_of_a_stale_signature() -> None:
    secrets = iter([SECRET])
    with pytest.raises(BadSignature):
        verify(sign(SECRET, BODY, NOW), BODY, secrets, NOW + TOLERANCE + SECOND)
    assert list(secrets) == [SECRET]


def test_no_other_secret_is_asked_for_once_one_fits() -> None:
    secrets = iter([SECRET, BEFORE])
    verify(sign(SECRET, BODY, NOW), BODY, secrets, NOW)
    assert list(secrets) == [BEFORE]


def test_what_is_signed_are_bytes_not_what_they_stand_for() -> None:
    composed, decomposed = "\u00e9".encode(), "e\u0301".encode()
    verify(sign(SECRET, composed, NOW), composed, [SECRET], NOW)
    with pytest.raises(BadSignature):
        verify(sign(SECRET, composed, NOW), decomposed, [SECRET], NOW)


GOOD = sign(SECRET, BODY, NOW)
LATER = GOOD.replace(f"t={int(NOW.timestamp())}", f"t={int(NOW.timestamp()) + 1}")


@pytest.mark.parametrize(
    ("header", "body", "secrets"),
    [
        ("", BODY, [SECRET]),
        ("nonsense", BODY, [SECRET]),
        (GOOD + " ", BODY, [SECRET]),
        (GOOD, BODY + b" ", [SECRET]),
        (LATER, BODY, [SECRET]),
        (GOOD, BODY, ["another secret"]),
        (GOOD, BODY, []),
        (GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1"), BODY, [SECRET]),
    ],
    ids=["none", "nonsense", "more", "other body", "other time", "other secret", "no secret", "other digest"],
)
def test_what_was_not_signed_like_this_is_refused(header: str, body: bytes, secrets: list[str]) -> None:
    with pytest.raises(BadSignature):
        verify(header, body, secrets, NOW)
