"""The line that each request leaves: who asked for what, whom the answer showed, how it ended. Ids only, no names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from client_lifecycle.domain.errors import NotPermitted
from client_lifecycle.edge import identity
from client_lifecycle.edge.id_forms import ID_PATTERN
from client_lifecycle.edge.reading import raw_body, read_object
from client_lifecycle.edge.unreadable_reports import NAMESPACE

if TYPE_CHECKING:
    from client_lifecycle.storage.audit_trail import AuditTrail

SET_ASIDE = "AuditLineSetAside"

MOST_IDS = 100
"""The ids that a line names of each kind; a page of a list has no more. The counts count all."""

UNDERSTOOD = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT})
"""The refusals after a body was read; before, it may hold anything, and nothing of it is told."""

SHOWN = re.compile(r'"client_id": ?"([A-Za-z0-9_-]{1,64})"')
SHOWN_IN_CSV = re.compile(r"^(?!client_id,)([A-Za-z0-9_-]{1,64}),", re.MULTILINE)
"""The client's id is the first cell of a line."""

PROBLEM_NAME = re.compile(r'"type": ?"urn:client-archive:problem:(\w+)"')

logger = Logger()


def audit_line(event: Mapping[str, Any], status: int, body: str | None, at: datetime) -> dict[str, object]:
    """Return the line of a request.

    Args:
        event: the request as API Gateway delivers it.
        status: what it was answered with.
        body: the answer's, as JSON, or as CSV from a route that says so.
        at: the present moment, UTC.
    """
    context = event.get("requestContext") or {}
    actor_id, provider_id, roles = _actor(event)
    named = sorted(set(_named(event, status)))
    is_csv = str(event.get("resource")).endswith(".csv")
    shown = sorted(set((SHOWN_IN_CSV if is_csv else SHOWN).findall(body or "")))
    problem = PROBLEM_NAME.search(body or "") if status >= HTTPStatus.BAD_REQUEST else None
    return {
        "audit": 1,
        "at": at.isoformat(),
        "request_id": context.get("requestId"),
        "actor_id": actor_id,
        "provider_id": provider_id,
        "roles": " ".join(roles),
        "route": f"{event.get('httpMethod')} {event.get('resource')}",
        "ids_named": " ".join(named[:MOST_IDS]),
        "ids_named_count": len(named),
        "clients_shown": " ".join(shown[:MOST_IDS]),
        "clients_shown_count": len(shown),
        "status": status,
        "outcome": problem[1] if problem else "answered",
        "source_ip": (context.get("identity") or {}).get("sourceIp"),
    }


def _actor(event: Mapping[str, Any]) -> tuple[str | None, str | None, Iterable[str]]:
    """Return who asks, of which provider and in which roles.

    For a person it is what the gateway has verified. A system is whom it says it is, which is proven unless the
    outcome is ``BadSignature`` or ``TooManyRequests``.
    """
    try:
        staff = identity.signed_in(event)
    except NotPermitted:
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        provider_id, source = _id(headers.get("x-provider")), _id(headers.get("x-source"))
        return source or provider_id, provider_id, ()
    return staff.user_id, staff.provider_id, sorted(staff.groups)


def _id(text: object) -> str | None:
    return text if isinstance(text, str) and re.fullmatch(ID_PATTERN, text) else None


def _named(event: Mapping[str, Any], status: int) -> Iterator[str]:
    """Yield the ids in a request: those of its address and, if it was understood, those of its body."""
    yield from filter(None, map(_id, (event.get("pathParameters") or {}).values()))
    if status >= HTTPStatus.BAD_REQUEST and status not in UNDERSTOOD:
        return
    yield from _ids_in(event.get("queryStringParameters") or {})
    raw = raw_body(event)
    yield from _ids_in(read_object(raw) if raw else {})


def _ids_in(part: object, *, is_id: bool = False) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            yield from _ids_in(value, is_id=name.endswith(("_id", "_ids")))
    elif isinstance(part, list):
        for one in part:
            yield from _ids_in(one, is_id=is_id)
    elif is_id and (found := _id(part)):
        yield found


def keep(trail: Callable[[], AuditTrail], line: Mapping[str, object], at: datetime) -> None:
    """Keep a line; one that CloudWatch does not take is put into the function's own log, and raises an alarm.

    Args:
        trail: connects to where lines are kept.
        line: the line.
        at: the moment of the line, UTC.
    """
    try:
        trail().keep(json.dumps(line, separators=(",", ":")), at)
    except Exception as error:
        logger.error("audit line set aside", extra={"line": line, "cause": type(error).__name__})
        with single_metric(name=SET_ASIDE, unit=MetricUnit.Count, value=1, namespace=NAMESPACE):
            pass
