"""Deliver an event to a system that is not on AWS."""

from __future__ import annotations

from collections.abc import Mapping

from client_lifecycle.storage.endpoint import Endpoint, NotDelivered

__all__ = ["NotDelivered", "deliver"]


def deliver(endpoint: Endpoint, body: bytes, headers: Mapping[str, str]) -> None:
    """Post a signed event.

    Args:
        endpoint: the system that follows.
        body: the event's envelope, as it was published.
        headers: those that sign the body.

    Raises:
        NotDelivered: the system did not take it; it is to be tried again.
    """
    endpoint.post(body, {"Content-Type": "application/json", **headers})
