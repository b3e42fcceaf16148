"""Bodies of requests: their bytes, and the JSON object in them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from client_lifecycle.domain.errors import InvalidRequest, RequestTooLarge

MAX_BODY_BYTES = 1024 * 1024
"""Ten thousand ids of the longest kind fit in, which is the most that any route takes."""

MAX_SIGNED_BODY_BYTES = 64 * 1024
"""Fifty changes of the longest kind fit in, which is the most that another system tells at once."""

MAX_ERRORS = 20
"""The faults of form that an answer names, and the most that a log line does; one request can have many thousands."""

LONGEST_PATH = 200
"""The characters of a fault's place that are named."""

UNKNOWN_NAME = "(unknown)"

HALF_A_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
"""An escape for one of the two halves in which JSON can write a character; both make one."""


class NotJson(Exception):
    """A body is not JSON, or not JSON that anybody would send: nested too deeply, or numbers of thousands of digits."""


def raw_body(event: Mapping[str, Any], most_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Return the body of a request as it was sent, byte for byte; none is empty.

    Args:
        event: the request as API Gateway delivers it.
        most_bytes: the largest body that is taken.

    Raises:
        RequestTooLarge: it is larger.
        InvalidRequest: its transport encoding is broken.
    """
    body = event.get("body") or ""
    if len(body) > most_bytes * 4 // 3 + 3:
        raise _too_large(most_bytes)
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except ValueError as error:
        raise InvalidRequest("The body cannot be decoded.", "body", code="not_base64") from error
    if len(raw) > most_bytes:
        raise _too_large(most_bytes)
    return raw


def _too_large(most_bytes: int) -> RequestTooLarge:
    return RequestTooLarge(f"The body is larger than {most_bytes} bytes.", "body", most_bytes=most_bytes)


def read_object(raw: bytes) -> dict[str, Any]:
    """Read the JSON object in a body; of a field that is given twice, the last counts.

    It is the same on every Python: up to 200 levels, numbers of up to 4,300 digits, and no ``NaN``.

    Raises:
        NotJson: the body is not JSON.
        InvalidRequest: it is not UTF-8, or something else than an object, ``null`` for instance.
    """
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest("The body is not UTF-8.", "body", code="not_utf_8") from error
    try:
        found = _parsed(raw)
    except ValueError:
        raise NotJson from None
    if not isinstance(found, dict):
        raise InvalidRequest("The body must be a JSON object.", "body", code="not_an_object")
    return found


def _parsed(raw: bytes) -> Any:
    """Parse JSON; half a character is read as it is, so that the field it stands in can be named."""
    whole = HALF_A_CHARACTER.sub(rb"\\ufffd", raw)
    found = from_json(whole, allow_inf_nan=False)
    return found if whole == raw else json.loads(raw)


def path_of(place: Sequence[str | int]) -> str:
    """Write a fault's place in a body as a path, like ``client_ids[3]``, cut where it gets too long."""
    path = ""
    for part in place:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path[:LONGEST_PATH]


def known_place(fault: str, place: Sequence[str | int]) -> Sequence[str | int]:
    """Return a fault's place as it may be logged.

    Args:
        fault: pydantic's type of the fault.
        place: where in the request it is.

    Returns:
        The place, without the name of an unknown field: callers can put anything there, names of clients, too.
    """
    return [*place[:-1], UNKNOWN_NAME] if fault == "extra_forbidden" else place
