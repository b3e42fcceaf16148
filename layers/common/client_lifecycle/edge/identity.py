"""Who is calling, and whether they may: the claims that the Cognito authorizer has verified.

The provider is taken from the claims and from nowhere else.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, TypeGuard

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from msgspec import Struct

from client_lifecycle.domain.client import Cause, Door, Source
from client_lifecycle.domain.errors import NotPermitted
from client_lifecycle.edge.id_forms import ID_PATTERN

ARCHIVERS = "client-archivers"

FOR_STAFF: list[dict[str, list[str]]] = [{"staff": []}]
"""The ``security`` of a route that all staff of a provider may ask."""

FOR_ARCHIVERS: list[dict[str, list[str]]] = [{"staff": [ARCHIVERS]}]
"""The ``security`` of a route for staff who may archive, activate and change clients."""

CALLER = "caller"


class Staff(Struct, frozen=True):
    """A signed-in member of a provider's staff."""

    provider_id: str
    user_id: str
    groups: frozenset[str]

    @property
    def cause(self) -> Cause:
        """The person as the cause of a change."""
        return Cause(source=Source.STAFF, actor_id=self.user_id, through=Door.API)


def only_permitted(app: APIGatewayRestResolver) -> None:
    """Let a request through whose caller the route's ``security`` is for; a route that states none is for archivers.

    Raises:
        NotPermitted: the caller belongs to no provider, or is not in the group ``client-archivers`` and would have to.
    """
    found = signed_in(app.current_event.raw_event)
    if app.context["_route"].security != FOR_STAFF and ARCHIVERS not in found.groups:
        raise NotPermitted("Your account may not archive, activate or change clients.")
    app.context[CALLER] = found


def caller(app: APIGatewayRestResolver) -> Staff:
    """Return who makes the request that is being answered, and was let through."""
    found: Staff = app.context[CALLER]
    return found


def signed_in(event: Mapping[str, Any]) -> Staff:
    """Return who makes a request, as the gateway has verified it.

    Raises:
        NotPermitted: nobody who belongs to a provider.
    """
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    claims = authorizer.get("claims") or {}
    provider_id, user_id = claims.get("custom:provider_id"), claims.get("sub")
    if not (_is_id(provider_id) and _is_id(user_id)):
        raise NotPermitted("Your account does not belong to a provider.")
    groups = claims.get("cognito:groups")
    return Staff(provider_id, user_id, frozenset(_groups(groups, event) if isinstance(groups, str) else ()))


def _is_id(claim: object) -> TypeGuard[str]:
    return isinstance(claim, str) and re.fullmatch(ID_PATTERN, claim) is not None


def _groups(claim: str, event: Mapping[str, Any]) -> list[str]:
    """Tell the groups apart that arrive as one text: separated by commas, or in brackets by spaces.

    A group's name has no spaces, but may have commas and brackets, so that the text alone can mean two things. The
    token that it was made from tells which.
    """
    named = _groups_in_token(event)
    if claim in (",".join(named), f"[{' '.join(named)}]"):
        return named
    if claim.startswith("[") and claim.endswith("]"):
        return claim[1:-1].split(" ")
    return claim.split(",")


def _groups_in_token(event: Mapping[str, Any]) -> list[str]:
    """Read the groups from the token itself; its signature was verified before the function was called."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    payload = (headers.get("authorization") or "").removeprefix("Bearer ").split(".")[1:2]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload[0] + "=="))
        return [str(name) for name in claims["cognito:groups"]]
    except (IndexError, ValueError, KeyError, TypeError, RecursionError):
        return []
