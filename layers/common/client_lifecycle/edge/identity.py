"""Who is calling, and whether they may: the claims that the Cognito authorizer has verified.

The provider is taken from the claims and from nowhere else.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeGuard

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from msgspec import Struct

from client_lifecycle.domain.client import Cause, Door, Source
from client_lifecycle.domain.errors import NotPermitted
from client_lifecycle.edge.id_forms import ID_PATTERN


class Role(StrEnum):
    """What a member of staff may do, by the user pool's group; each includes those before it."""

    READER = "client-readers"
    ARCHIVER = "client-archivers"
    MANAGER = "practice-managers"


RANKS = {role: rank for rank, role in enumerate(Role)}

LEAST_ROLE: Mapping[str, Role] = {
    "GET /clients": Role.READER,
    "POST /clients": Role.ARCHIVER,
    "POST /clients/_search": Role.READER,
    "POST /clients/_count": Role.READER,
    "GET /clients.csv": Role.READER,
    "GET /client-counts": Role.READER,
    "GET /clients/{client_id}": Role.READER,
    "PATCH /clients/{client_id}": Role.ARCHIVER,
    "DELETE /clients/{client_id}": Role.READER,
    "GET /clients/{client_id}/permissions": Role.READER,
    "POST /permission-checks": Role.READER,
    "GET /clients/{client_id}/history": Role.READER,
    "POST /clients/{client_id}/exports": Role.ARCHIVER,
    "GET /clients/{client_id}/records": Role.READER,
    "GET /records/unconfirmed": Role.READER,
    "GET /clients/{client_id}/receipts": Role.READER,
    "GET /clients/{client_id}/receipts/{archive_id}": Role.READER,
    "GET /clients/{client_id}/receipts/{archive_id}/restore": Role.READER,
    "POST /clients/{client_id}/receipts/{archive_id}/restore": Role.ARCHIVER,
    "GET /clients/{client_id}/archive-preview": Role.ARCHIVER,
    "POST /clients/{client_id}/archive": Role.ARCHIVER,
    "POST /clients/{client_id}/activate": Role.ARCHIVER,
    "PUT /clients/{client_id}/archive-plan": Role.ARCHIVER,
    "DELETE /clients/{client_id}/archive-plan": Role.ARCHIVER,
    "POST /bulk-archives": Role.ARCHIVER,
    "GET /bulk-archives": Role.READER,
    "GET /bulk-archives/{run_id}": Role.READER,
    "GET /bulk-archives/{run_id}/clients": Role.READER,
    "POST /bulk-archives/{run_id}/confirm": Role.ARCHIVER,
    "POST /bulk-archives/{run_id}/exclude": Role.ARCHIVER,
    "POST /bulk-archives/{run_id}/stop": Role.ARCHIVER,
    "POST /bulk-archives/{run_id}/retry": Role.ARCHIVER,
    "POST /bulk-archives/{run_id}/undo": Role.MANAGER,
    "POST /imports": Role.ARCHIVER,
    "GET /imports": Role.READER,
    "GET /imports/{import_id}": Role.READER,
    "GET /imports/{import_id}/report": Role.READER,
    "POST /imports/{import_id}/check": Role.ARCHIVER,
    "POST /imports/{import_id}/confirm": Role.ARCHIVER,
    "POST /imports/{import_id}/stop": Role.ARCHIVER,
    "POST /imports/{import_id}/retry": Role.ARCHIVER,
    "GET /groups": Role.READER,
    "POST /groups": Role.MANAGER,
    "GET /groups/{group_id}": Role.READER,
    "PATCH /groups/{group_id}": Role.MANAGER,
    "DELETE /groups/{group_id}": Role.MANAGER,
    "GET /me": Role.READER,
    "GET /settings": Role.READER,
    "PATCH /settings": Role.MANAGER,
    "GET /history": Role.MANAGER,
}
"""The least role that each route for staff is for; a route that is missing here is for nobody."""

CALLER = "caller"


class Staff(Struct, frozen=True):
    """A signed-in member of a provider's staff."""

    provider_id: str
    user_id: str
    groups: frozenset[str]

    @property
    def role(self) -> Role | None:
        """The highest of the person's roles, ``None`` without one."""
        return max((role for role in Role if role in self.groups), key=RANKS.__getitem__, default=None)

    def is_at_least(self, role: Role) -> bool:
        """Whether the person may do what this role may."""
        return self.role is not None and RANKS[self.role] >= RANKS[role]

    @property
    def cause(self) -> Cause:
        """The person as the cause of a change."""
        return Cause(source=Source.STAFF, actor_id=self.user_id, through=Door.API)


def only_permitted(app: APIGatewayRestResolver) -> None:
    """Let a request through whose caller has at least the role that the route is for.

    Raises:
        NotPermitted: the caller belongs to no provider, or has no such role.
        NotFoundError: there is no such route; its address has characters that no id has.
    """
    found = signed_in(app.current_event.raw_event)
    route = app.context["_route"]
    if route not in _routes(app):
        raise NotFoundError
    least = LEAST_ROLE.get(_name(route))
    if least is None or not found.is_at_least(least):
        raise NotPermitted("Your account has no role that may do this.")
    app.context[CALLER] = found


def state_roles(app: APIGatewayRestResolver) -> None:
    """State as each route's ``security`` the role that it is for, for the API's description."""
    for route in _routes(app):
        if route.security is None:
            route.security = [{"staff": [LEAST_ROLE[_name(route)]]}]


def _routes(app: APIGatewayRestResolver) -> list[Route]:
    return app._static_routes + app._dynamic_routes


def _name(route: Route) -> str:
    return f"{route.method} {route.openapi_path}"


def caller(app: APIGatewayRestResolver) -> Staff:
    """Return who makes the request that is being answered, and was let through."""
    found: Staff = app.context[CALLER]
    return found


def claims_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the claims of a request, as the gateway has verified them."""
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    return authorizer.get("claims") or {}


def signed_in(event: Mapping[str, Any]) -> Staff:
    """Return who makes a request, as the gateway has verified it.

    Raises:
        NotPermitted: nobody who belongs to a provider.
    """
    claims = claims_of(event)
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
