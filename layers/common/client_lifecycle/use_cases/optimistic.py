"""The one way to read, decide and commit: begin again when what was read is no longer so."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from client_lifecycle.domain.errors import CommitContended
from client_lifecycle.storage.table import StaleRead, commit_attempts

P = ParamSpec("P")
T = TypeVar("T")


def optimistic(what: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator for what reads, decides, and commits under the condition that all is as it was read.

    It is called again, after a pause, while it raises ``StaleRead``. When it has lost to other writers too often, it
    raises ``CommitContended`` instead.

    Args:
        what: what others keep changing, in words for the caller, in the plural.
    """

    def decorated(decide: Callable[P, T]) -> Callable[P, T]:
        @wraps(decide)
        def until_committed(*args: P.args, **kwargs: P.kwargs) -> T:
            for _ in commit_attempts():
                try:
                    return decide(*args, **kwargs)
                except StaleRead:
                    continue
            raise CommitContended(f"{what} are being changed by others at the moment. Please try again.")

        return until_committed

    return decorated


optimistic_on_client = optimistic("The client's records")
optimistic_on_run = optimistic("The clients of this bulk archive")
