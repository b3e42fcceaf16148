"""Who is calling: the claims that the Cognito authorizer has verified. Imports the domain and Powertools.

The provider is taken from the claims and from nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from client_lifecycle.domain.client import Cause, Source
from client_lifecycle.domain.errors import NotPermitted

ARCHIVERS = "client-archivers"


@dataclass(frozen=True, slots=True)
class Staff:
    """A signed-in member of a provider's staff."""

    provider_id: str
    user_id: str
    groups: frozenset[str]

    @property
    def cause(self) -> Cause:
        """The person as the cause of a change."""
        return Cause(source=Source.STAFF, actor_id=self.user_id)


def staff(event: Mapping[str, Any]) -> Staff:
    """Read the caller from an API Gateway event.

    Raises:
        NotPermitted: the caller belongs to no provider.
    """
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    claims = authorizer.get("claims") or {}
    provider_id, user_id = claims.get("custom:provider_id"), claims.get("sub")
    if not provider_id or not user_id:
        raise NotPermitted("Your account does not belong to a provider.")
    return Staff(provider_id, user_id, frozenset(_group_names(claims.get("cognito:groups", ""))))


def archiver(event: Mapping[str, Any]) -> Staff:
    """Read the caller, who must be allowed to archive, activate and change clients.

    Raises:
        NotPermitted: the caller belongs to no provider, or is not in the group ``client-archivers``.
    """
    caller = staff(event)
    if ARCHIVERS not in caller.groups:
        raise NotPermitted("Your account may not archive, activate or change clients.")
    return caller


def _group_names(claim: str | list[str]) -> list[str]:
    """Split the groups, which arrive as one text: separated by commas, or in brackets by spaces."""
    if isinstance(claim, list):
        return claim
    return claim.strip("[]").replace(",", " ").split()
