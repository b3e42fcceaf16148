"""Makes AWS fail as it does: out of reach, silent, throttled, or at fault itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import get_ident
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
)

from client_lifecycle.storage import retries

URL = "https://aws.example/"
DROPPED = OSError("connection reset by peer")


@dataclass
class CountedTime:
    """Stands for ``time`` where calls wait: a pause takes no time, and is counted."""

    now: float = 0.0
    seen: dict[int, float] = field(default_factory=dict)

    def monotonic(self) -> float:
        """Return the seconds that have been counted."""
        self.seen[get_ident()] = self.now
        return self.seen[get_ident()]

    def sleep(self, seconds: float) -> None:
        """Count a pause from when its thread last looked at the clock; those side by side pass together."""
        until = self.seen.get(get_ident(), self.now) + seconds
        self.seen[get_ident()] = until
        self.now = max(self.now, until)


def used_up(seconds: float, allowed_seconds: float) -> bool:
    """Tell whether all the time was used, except a rest that is too short for another try."""
    return allowed_seconds - retries.SHORTEST_PAUSE_SECONDS <= seconds <= allowed_seconds + 1e-6


class Body:
    """The body of a made-up response."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """Return it in one piece."""
        yield self._content


Fault = Callable[[AWSPreparedRequest], AWSResponse]
"""What becomes of a request: it is answered so, or not at all."""


def unanswered(fault: Exception) -> Fault:
    """Return a fault of the connection."""

    def fail(_: AWSPreparedRequest) -> AWSResponse:
        raise fault

    return fail


def refused(status: int, code: str) -> Fault:
    """Return a refusal, in the form of every service there is here."""

    def refuse(request: AWSPreparedRequest) -> AWSResponse:
        as_xml = f"<Error><Code>{code}</Code><Message>made up</Message></Error>"
        as_json = f'{{"__type": "{code}", "message": "made up"}}'
        body = as_xml if "s3." in request.url else as_json
        request.url = URL  # so that no other stand-in for AWS carries the request out
        return AWSResponse(URL, status, HTTPHeaders.from_dict({"x-amzn-RequestId": "made-up"}), Body(body.encode()))

    return refuse


OUT_OF_REACH: Mapping[str, Fault] = {
    "no endpoint": unanswered(EndpointConnectionError(endpoint_url=URL)),
    "no connection in time": unanswered(ConnectTimeoutError(endpoint_url=URL)),
    "no answer in time": unanswered(ReadTimeoutError(endpoint_url=URL)),
    "connection closed": unanswered(ConnectionClosedError(endpoint_url=URL)),
    "connection reset": unanswered(HTTPClientError(error=DROPPED)),
    "answer cut off": unanswered(ResponseStreamingError(error=DROPPED)),
    "no TLS": unanswered(SSLError(endpoint_url=URL, error=DROPPED)),
    "no proxy": unanswered(ProxyConnectionError(proxy_url=URL, error=DROPPED)),
}
THROTTLED = refused(400, "ThrottlingException")
PASSING: Mapping[str, Fault] = {
    **OUT_OF_REACH,
    "throttled": THROTTLED,
    "too many requests": refused(429, "TooManyRequestsException"),
    "slow down": refused(503, "SlowDown"),
    "internal error": refused(500, "InternalServerError"),
    "too many executions": refused(400, "ExecutionLimitExceeded"),
    "error without a name": refused(502, "BadGateway"),
}
"""The faults that pass by themselves."""

NOT_ALLOWED = refused(400, "AccessDeniedException")
"""A fault that another try meets again."""


@contextmanager
def failing(client: Any, fault: Fault, *, times: int | None = None, operation: str = "*") -> Iterator[list[str]]:
    """Let the calls of a boto3 client fail.

    Args:
        client: whose calls.
        fault: how they fail.
        times: how many of them fail before the others go through, all by default.
        operation: only calls of this operation, such as ``PutItem``.

    Yields:
        The operations that were called, one for each try.
    """
    tries: list[str] = []
    numbers = count()

    def before_send(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
        called = event_name.rpartition(".")[2]
        if operation not in ("*", called):
            return None
        tries.append(called)
        return fault(request) if times is None or next(numbers) < times else None

    event = f"before-send.{client.meta.service_model.service_id.hyphenize()}"
    client.meta.events.register_first(event, before_send)
    try:
        yield tries
    finally:
        client.meta.events.unregister(event, before_send)
