"""The name of a fault of one client or one row; all others continue."""

from __future__ import annotations

from client_lifecycle.domain.errors import LifecycleError

INTERNAL_ERROR = "InternalError"
"""The reason for an unexpected fault."""


def reason_of(fault: Exception) -> str:
    """Return the name of a fault, as outcomes tell it."""
    return fault.name if isinstance(fault, LifecycleError) else INTERNAL_ERROR
