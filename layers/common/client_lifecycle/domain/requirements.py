"""What a caller requires of something, as it is read, before it may be changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from client_lifecycle.domain.client import Client

Requirement: TypeAlias = Callable[[Client], None]
"""Raises unless a client, as read, is as the caller requires; it is asked of each reading that is committed over."""


def nothing(client: Client) -> None:
    """Require nothing."""
