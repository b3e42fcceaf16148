"""Signed requests: what is taken as good, and what is not."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from client_lifecycle.domain.errors import BadSignature
from client_lifecycle.edge import signature
from client_lifecycle.edge.signature import MOST_SIGNATURES, TOLERANCE, sign, sign_webhook
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


ENCODED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRETS = [SECRET, ENCODED]


def heard(headers: Mapping[str, str], secrets: Iterable[str], body: bytes = BODY) -> None:
    signature.verify(signature.of_request(headers, NOW), body, secrets)


@given(body=st.binary(), message_id=st.text(alphabet="msg_0123456789abc-", min_size=1, max_size=40))
@pytest.mark.parametrize("secret", SECRETS, ids=["text", "encoded"])
def test_a_webhook_is_signed_as_the_standard_s_own_package_does(secret: str, message_id: str, body: bytes) -> None:
    key = secret.removeprefix("whsec_") if secret is ENCODED else b64encode(secret.encode()).decode()
    at, text = datetime.now(UTC), body.hex()
    signed = sign_webhook([secret], message_id, text.encode(), at)
    Webhook(key).verify(text, signed, json_parse=False)
    theirs = {**signed, "webhook-signature": Webhook(key).sign(message_id, at, text)}
    signature.verify(signature.read_webhook(theirs, at), text.encode(), [secret])


def test_while_a_secret_is_rotated_one_of_several_signatures_fits() -> None:
    headers = sign_webhook([BEFORE, SECRET], "msg_1", BODY, NOW)
    assert len(headers["webhook-signature"].split(" ")) == 2
    heard(headers, [SECRET])
    heard({**headers, "webhook-signature": f"v1a,unknown {headers['webhook-signature']}"}, [SECRET])


SIGNED = sign_webhook([SECRET], "msg_1", BODY, NOW)
UNFIT: list[tuple[str, dict[str, str]]] = [
    ("another id", {"webhook-id": "msg_2"}),
    ("an id with a full stop", {"webhook-id": "msg.1"}),
    ("no id", {"webhook-id": ""}),
    ("another moment", {"webhook-timestamp": str(int(NOW.timestamp()) + 1)}),
    ("six minutes ago", {"webhook-timestamp": str(int(NOW.timestamp()) - 360)}),
    ("no moment", {"webhook-timestamp": "yesterday"}),
    ("no signature", {"webhook-signature": ""}),
    ("no base64", {"webhook-signature": "v1,====="}),
    ("another version", {"webhook-signature": SIGNED["webhook-signature"].replace("v1,", "v2,")}),
    ("too many", {"webhook-signature": "v1,x " * MOST_SIGNATURES + SIGNED["webhook-signature"]}),
]


@pytest.mark.parametrize(("_", "fields"), UNFIT, ids=[row[0] for row in UNFIT])
def test_a_webhook_that_was_not_signed_like_this_is_refused(_: str, fields: dict[str, str]) -> None:
    heard(SIGNED, [SECRET])
    with pytest.raises(BadSignature):
        heard({**SIGNED, **fields}, [SECRET])


def test_a_webhook_s_body_is_what_was_signed() -> None:
    with pytest.raises(BadSignature):
        heard(SIGNED, [SECRET], BODY + b" ")
    with pytest.raises(BadSignature):
        heard(SIGNED, [])
