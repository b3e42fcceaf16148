"""What Schemathesis cannot know from the description: values made by rule, signatures, and the words of API Gateway.

Loaded by Schemathesis, with ``BOOKING_SECRET`` in the environment.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from itertools import count
from typing import Any, Literal, TypeAlias

import requests
import schemathesis
from hypothesis import strategies as st
from requests import PreparedRequest
from requests.auth import AuthBase

from clients.bodies import AddBody, SearchBody
from local.sample_practice import PROVIDER_ID
from local.signatures import signed_headers, webhook_headers
from local.template import read_template

Case: TypeAlias = schemathesis.Case[Any]

BOOKINGS = "/hooks/bookings"
RECORDS, CLIENTS = "/hooks/records", "/hooks/clients/{external_id}"
TO_BE_SIGNED = "to be signed"
PROBLEM_JSON = "application/problem+json"
SOURCE = "calendar"
NUMBERS = count()
SECRET = os.environ["BOOKING_SECRET"]
TODAY_AT_NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
TODAY = TODAY_AT_NOON.date()
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=200)
UNAUTHORIZED = read_template()["Resources"]["Api"]["Properties"]["GatewayResponses"]["UNAUTHORIZED"]


def _is_name(text: str) -> bool:
    return _is_valid(AddBody, name=text, email="sam@example.org")


def _is_address(text: str) -> bool:
    return _is_valid(AddBody, name="Sam", email=text)


def _is_valid(shape: Any, **fields: Any) -> bool:
    try:
        shape.model_validate(fields)
    except ValueError:
        return False
    return True


def _is_sought(text: str) -> bool:
    return any(character.isalnum() for character in text) and _is_valid(SearchBody, q=text)


schemathesis.openapi.format("name", TEXT.filter(_is_name))
schemathesis.openapi.format("idn-email", st.emails().filter(_is_address))
schemathesis.openapi.format("search", TEXT.filter(_is_sought))
schemathesis.openapi.format(
    "time-zone", st.sampled_from(files("tzdata").joinpath("zones").read_text(encoding="utf-8").splitlines())
)
schemathesis.openapi.format(
    "date", st.dates(TODAY + timedelta(days=3), date(2199, 12, 31)).map(lambda day: day.isoformat())
)
schemathesis.openapi.format(
    "date-time",
    st.integers(0, 9 * 365 * 24 * 60).map(lambda minutes: (TODAY_AT_NOON + timedelta(minutes=minutes)).isoformat()),
)


class Signed(AuthBase):
    """Signs a booking as the practice's scheduling system does."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        assert isinstance(body, str | bytes)
        raw = body.encode() if isinstance(body, str) else body
        request.headers["X-Signature"] = signed_headers(SECRET, PROVIDER_ID, raw, datetime.now(UTC))["X-Signature"]
        return request


class SignedAsWebhook(AuthBase):
    """Signs changes as the practice's calendar does."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        assert isinstance(body, str | bytes)
        raw = body.encode() if isinstance(body, str) else body
        signed = webhook_headers(SECRET, PROVIDER_ID, SOURCE, f"fuzz-{next(NUMBERS)}", raw, datetime.now(UTC))
        request.headers.update({name: value for name, value in signed.items() if name.startswith("webhook-")})
        return request


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Give well-formed requests the values that only a caller with earlier answers, or a memory, can have."""
    _sign(case, kwargs)
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if "cursor" in case.query:
        _take_cursor(case, case.query, "params")
    if case.path.endswith("/_search") and isinstance(case.body, dict) and case.body.get("cursor"):
        _take_cursor(case, case.body, "json")
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = _own(
            case.headers["Idempotency-Key"], case.method, case.formatted_path, case.body
        )
    if len({"source", "external_id"} & case.query.keys()) == 1:
        _take_the_other_too(case)
    _be_of_the_practice(case)


def _take_the_other_too(case: Case) -> None:
    """Name a source and an external id together, which no description can ask for."""
    case.query["source"] = SOURCE
    case.query["external_id"] = "fuzz"


def _sign(case: Case, kwargs: dict[str, Any]) -> None:
    if case.path == BOOKINGS and case.headers.get("X-Signature") == TO_BE_SIGNED:
        kwargs["auth"] = Signed()
    if case.path in (RECORDS, CLIENTS) and case.headers.get("webhook-signature") == TO_BE_SIGNED:
        kwargs["auth"] = SignedAsWebhook()


def _be_of_the_practice(case: Case) -> None:
    """Have what other systems send be of the provider that it is signed for, and of a client it has."""
    if not isinstance(case.body, dict):
        return
    if case.path == BOOKINGS:
        case.headers["X-Provider"] = case.body["provider_id"] = PROVIDER_ID
        case.body["event_id"] = _own(str(case.body["event_id"]), {**case.body, "event_id": None})
    if case.path == RECORDS:
        case.headers["X-Provider"] = case.body["provider_id"] = PROVIDER_ID
        case.headers["X-Source"] = SOURCE
        case.body["client_id"] = "client-0001"
        case.body.pop("client_external_id", None)
    if case.path == CLIENTS:
        case.headers["X-Provider"] = case.body["provider_id"] = PROVIDER_ID
        case.headers["X-Source"] = SOURCE
        case.body.pop("client_id", None)


def _take_cursor(case: Case, asked: dict[str, Any], part: Literal["params", "json"]) -> None:
    """Put the cursor of the first page in place of a made-up one; a list of one page has none."""
    url = f"{case.operation.base_url}{case.formatted_path}"
    first = {name: value for name, value in asked.items() if name != "cursor"} | {"limit": 1}
    headers = {"Authorization": os.environ["STAFF_TOKEN"]}
    params, body = (first, None) if part == "params" else (None, first)
    answer = requests.request(case.method, url, params=params, json=body, headers=headers, timeout=30)
    is_json = answer.headers.get("Content-Type", "").startswith("application/json")
    cursor = answer.json().get("next_cursor") if answer.ok and is_json else None
    if cursor:
        asked["cursor"] = cursor
    else:
        del asked["cursor"]


MADE: dict[str, str] = {}
"""What each key or event id was sent with first."""


def _own(made_up: str, *sent: Any) -> str:
    """Return a key or an event id that is sent with this request and with no other."""
    request = json.dumps(sent, default=str)
    return made_up if MADE.setdefault(made_up, request) == request else f"fuzz-{next(NUMBERS)}"


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: Case, response: schemathesis.Response) -> None:
    """Answer as API Gateway does by the template's ``GatewayResponses``, which MiniStack ignores."""
    if response.status_code == UNAUTHORIZED["StatusCode"] and response.content == b'{"message":"Unauthorized"}':
        response.headers["content-type"] = [PROBLEM_JSON]
        response.content = UNAUTHORIZED["ResponseTemplates"][PROBLEM_JSON].encode()
