"""How long an invocation lets AWS hold it up."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import inf
from typing import Any, TypeVar

from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.storage import retries

A = TypeVar("A")
Handler = Callable[[dict[str, Any], LambdaContext], A]

RESERVE_SECONDS = 6
"""What is kept of an invocation's time for the last try, which may wait for a connection and an answer, and to end."""


def for_a_caller(handler: Handler[A]) -> Handler[A]:
    """Let AWS hold a handler up for no longer than somebody who waits for the answer is patient."""
    return _patient(handler, retries.PATIENCE_SECONDS)


def for_a_task(handler: Handler[A]) -> Handler[A]:
    """Let AWS hold a handler up for as long as the invocation may run, less a reserve: nobody waits for the answer."""
    return _patient(handler, inf)


def _patient(handler: Handler[A], most_seconds: float) -> Handler[A]:
    @wraps(handler)
    def handle(event: dict[str, Any], context: LambdaContext) -> A:
        left_seconds = context.get_remaining_time_in_millis() / 1_000 - RESERVE_SECONDS
        with retries.patience(min(left_seconds, most_seconds), within_seconds=left_seconds):
            return handler(event, context)

    return handle
