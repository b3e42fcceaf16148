"""Signed requests: what is taken as good, and what is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from client_lifecycle.domain.errors import BadSignature
from client_lifecycle.edge.signature import TOLERANCE, sign, verify
from tests.unit.builders import NOW

SECRET, BEFORE, BODY = "current secret", "secret before", '{"event_id": "e-1"}'
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("secret", [SECRET, BEFORE])
@pytest.mark.parametrize("later", [timedelta(), TOLERANCE, -TOLERANCE])
def test_the_current_secret_and_the_one_before_are_good_for_five_minutes(secret: str, later: timedelta) -> None:
    verify(sign(secret, BODY, NOW), BODY, [SECRET, BEFORE], NOW + later)


@pytest.mark.parametrize("later", [TOLERANCE + SECOND, -TOLERANCE - SECOND])
def test_a_stale_signature_is_refused(later: timedelta) -> None:
    with pytest.raises(BadSignature, match="too old"):
        verify(sign(SECRET, BODY, NOW), BODY, [SECRET], NOW + later)


GOOD = sign(SECRET, BODY, NOW)
LATER = GOOD.replace(f"t={int(NOW.timestamp())}", f"t={int(NOW.timestamp()) + 1}")


@pytest.mark.parametrize(
    ("header", "body", "secrets"),
    [
        ("", BODY, [SECRET]),
        ("nonsense", BODY, [SECRET]),
        (GOOD + " ", BODY, [SECRET]),
        (GOOD, BODY + " ", [SECRET]),
        (LATER, BODY, [SECRET]),
        (GOOD, BODY, ["another secret"]),
        (GOOD, BODY, []),
        (GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1"), BODY, [SECRET]),
    ],
    ids=["none", "nonsense", "more", "other body", "other time", "other secret", "no secret", "other digest"],
)
def test_what_was_not_signed_like_this_is_refused(header: str, body: str, secrets: list[str]) -> None:
    with pytest.raises(BadSignature):
        verify(header, body, secrets, NOW)
