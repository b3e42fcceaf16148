"""Makes calls to AWS, and makes them again while AWS asks for it or is out of reach: the one loop that does.

The tries of botocore are turned off in ``connections``, so nothing multiplies.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from random import SystemRandom
from threading import Lock
from typing import Any, TypeVar

from botocore import exceptions as aws
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from client_lifecycle.domain.errors import StorageBusy

T = TypeVar("T")

CHANCE = SystemRandom()
"""Python's own generator is seeded at import, so that all that starts from one snapshot would pause alike."""

FIRST_PAUSE_SECONDS = 0.025
LONGEST_PAUSE_SECONDS = 1.0
SHORTEST_PAUSE_SECONDS = 0.001
"""With less time left, there is none for another try."""

PATIENCE_SECONDS = 5.0
"""How long calls may be held up while somebody waits for an answer, or where nobody has said how long."""

TRY_AGAIN_CODES = frozenset(
    {
        "DependencyTimeoutException",
        "ExecutionLimitExceeded",
        "InternalError",
        "InternalException",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "KMSInternalException",
        "KeyUnavailableException",
        "KmsThrottled",
        "OperationAborted",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""What DynamoDB, S3, Step Functions, Parameter Store, KMS, EventBridge and SQS say when another try may help."""

TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500

TRANSACTION_CANCELED = "TransactionCanceledException"
TRY_AGAIN_REASONS = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"})


class TryAgain(Exception):
    """A call was answered in part; what is left is to be asked for again."""


OUT_OF_REACH = (aws.ConnectionError, aws.HTTPClientError, ResponseParserError)
"""No connection, none that held until the answer, or an answer that came in pieces."""


class Patience:
    """How long the calls of one piece of work may be held up, all together.

    Time counts from the beginning of a call that has to be tried again; calls that are held up side by side count once.

    Args:
        seconds: the time that may be lost.
        within_seconds: from now, after which nothing is tried again.
    """

    def __init__(self, seconds: float, within_seconds: float) -> None:
        now = time.monotonic()
        self._seconds_left = seconds
        self._ends_at = now + within_seconds
        self._counted_until = now
        self._lock = Lock()

    def pause(self, since: float, attempt: int) -> bool:
        """Wait before the next try of a call, unless there is no time for another.

        Args:
            since: when the call began, as ``time.monotonic`` tells it.
            attempt: how often it has been tried.

        Returns:
            Whether the call may be tried again.
        """
        left = self._left(since)
        if left < SHORTEST_PAUSE_SECONDS:
            return False
        time.sleep(min(jittered_seconds(attempt), left))
        self._left(since)
        return True

    def _left(self, since: float) -> float:
        """Count the time until now as lost, and return what is left."""
        with self._lock:
            now = time.monotonic()
            self._seconds_left -= max(0.0, now - max(since, self._counted_until))
            self._counted_until = now
            return min(self._seconds_left, self._ends_at - now)


_patience: ContextVar[Patience | None] = ContextVar("patience", default=None)


@contextmanager
def patience(seconds: float, *, within_seconds: float) -> Iterator[None]:
    """Let the calls made in this block be held up for so long, all together.

    Args:
        seconds: the time that may be lost with calls that have to be tried again.
        within_seconds: from now, after which nothing is tried again.
    """
    before = _patience.set(Patience(seconds, within_seconds))
    try:
        yield
    finally:
        _patience.reset(before)


def persistently(call: Callable[[], T]) -> T:
    """Make a call, and make it again after a pause with full jitter while it is throttled, in conflict or unanswered.

    Args:
        call: makes one request; safe to make again if its answer was lost.

    Raises:
        StorageBusy: there was no time left for another try.
        ClientError: AWS refused the call, and would again.
    """
    allowed = _patience.get() or Patience(PATIENCE_SECONDS, PATIENCE_SECONDS)
    since = time.monotonic()
    for attempt in count(1):
        try:
            return call()
        except (TryAgain, *OUT_OF_REACH, ClientError) as fault:
            if not _passes(fault):
                raise
            if not allowed.pause(since, attempt):
                raise StorageBusy("The records are busy at the moment. Please try again.") from fault
    raise AssertionError


def named(fault: BaseException | None) -> str:
    """Return what a log may say of the fault that a call met last: what AWS said to which call, or what went wrong."""
    if isinstance(fault, ClientError):
        return f"{fault.response['Error']['Code']} of {fault.operation_name}"
    return type(fault).__name__


def jittered_seconds(attempt: int) -> float:
    """Return how long to wait after so many tries: anything up to a bound that doubles with each."""
    ceiling_seconds = min(FIRST_PAUSE_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS)
    return CHANCE.uniform(0, ceiling_seconds)


def pause(attempt: int) -> None:
    """Wait after so many tries of something that others keep changing."""
    time.sleep(jittered_seconds(attempt))


def reasons_of(error: ClientError) -> list[dict[str, Any]]:
    """Return why a transaction was cancelled, action by action; nothing for any other fault."""
    response: dict[str, Any] = dict(error.response)
    return list(response.get("CancellationReasons", []))


def _passes(fault: Exception) -> bool:
    """Tell whether another try may help: AWS asks for one, is at fault itself, or was not reached."""
    if not isinstance(fault, ClientError):
        return True
    code = fault.response["Error"]["Code"]
    if code == TRANSACTION_CANCELED:
        reasons = {reason["Code"] for reason in reasons_of(fault)} - {"None"}
        return bool(reasons) and reasons <= TRY_AGAIN_REASONS
    status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code in TRY_AGAIN_CODES or status == TOO_MANY_REQUESTS or status >= SERVER_ERROR
