"""How often one system may call: a token bucket for each, kept in this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from client_lifecycle.domain.errors import TooManyRequests

BURST_SECONDS = 4
"""A system may use at once what it has not used of its rate within this time."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The calls that each signer may make in a second, with a burst of those of ``BURST_SECONDS``."""

    calls_per_second: int
    _used_up_to: dict[str, datetime] = field(default_factory=dict, init=False, repr=False)

    def count(self, signer: str, at: datetime) -> None:
        """Count a call of a signer whose signature fits; nobody else can use up what is a signer's.

        Args:
            signer: who calls.
            at: the present moment, UTC.

        Raises:
            TooManyRequests: the signer has used up what it may.
        """
        used_up_to = max(self._used_up_to.get(signer, at), at) + timedelta(seconds=1 / self.calls_per_second)
        if used_up_to - at > timedelta(seconds=BURST_SECONDS):
            raise TooManyRequests(f"More than {self.calls_per_second} requests a second.")
        self._used_up_to[signer] = used_up_to
