"""HTTP for every function behind the API: the resolver, and every fault as problem+json (RFC 9457) in one place.

Imports the domain's errors, ``ids`` and Powertools.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIRequestValidationMiddleware,
    OpenAPIResponseValidationMiddleware,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
    ResponseValidationError,
)
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.domain import errors
from client_lifecycle.domain.errors import LifecycleError
from client_lifecycle.edge.ids import CURSOR_PATTERN, ID_PATTERN

PROBLEM_JSON = "application/problem+json"
PROBLEM_TYPE_PREFIX = "urn:client-archive:problem:"

STATUS_OF: Mapping[type[LifecycleError], HTTPStatus] = {
    errors.InvalidRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.BadSignature: HTTPStatus.UNAUTHORIZED,
    errors.NotPermitted: HTTPStatus.FORBIDDEN,
    errors.ClientNotFound: HTTPStatus.NOT_FOUND,
    errors.GroupNotFound: HTTPStatus.NOT_FOUND,
    errors.ReceiptNotFound: HTTPStatus.NOT_FOUND,
    errors.RestoreNotFound: HTTPStatus.NOT_FOUND,
    errors.RunNotFound: HTTPStatus.NOT_FOUND,
    errors.TooManyClients: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NothingSelected: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.PreviewExpired: HTTPStatus.CONFLICT,
    errors.PreviewMismatch: HTTPStatus.CONFLICT,
    errors.RunNotStarted: HTTPStatus.CONFLICT,
    errors.RunStarted: HTTPStatus.CONFLICT,
    errors.RunNotFinished: HTTPStatus.CONFLICT,
    errors.RunUndone: HTTPStatus.CONFLICT,
    errors.UndoExpired: HTTPStatus.CONFLICT,
    errors.NothingToUndo: HTTPStatus.CONFLICT,
    errors.ArchiveBlocked: HTTPStatus.CONFLICT,
    errors.AlreadyArchived: HTTPStatus.CONFLICT,
    errors.StillArchived: HTTPStatus.CONFLICT,
    errors.AcknowledgementNeeded: HTTPStatus.CONFLICT,
    errors.EmailInUse: HTTPStatus.CONFLICT,
    errors.GroupNotEmpty: HTTPStatus.CONFLICT,
    errors.RecordsAreKept: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.RequestStillRunning: HTTPStatus.CONFLICT,
    errors.Superseded: HTTPStatus.CONFLICT,
    errors.StorageBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.CommitContended: HTTPStatus.SERVICE_UNAVAILABLE,
}

TRY_AGAIN = (errors.RequestStillRunning, errors.StorageBusy, errors.CommitContended)
"""The faults that pass by themselves within moments."""

Id = Annotated[str, Path(pattern=ID_PATTERN)]
Limit = Annotated[int, Query(ge=1, le=100, description="The most entries on a page.")]
Cursor = Annotated[str | None, Query(pattern=CURSOR_PATTERN, description="The next_cursor of the page before.")]

logger = Logger()


def resolver() -> APIGatewayRestResolver:
    """Return a resolver that validates requests, and answers every fault with problem+json."""
    app = APIGatewayRestResolver(
        enable_validation=True, response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR
    )
    app.exception_handler(LifecycleError)(_lifecycle_problem)
    app.exception_handler(RequestValidationError)(_request_problem)
    app.exception_handler(RequestUnsupportedContentType)(_content_type_problem)
    app.exception_handler(NotFoundError)(_route_problem)
    app.exception_handler([ResponseValidationError, Exception])(_internal_problem)
    return app


def raw_body(event: APIGatewayProxyEvent) -> bytes:
    """Return the body of a request as it was sent, byte for byte."""
    body = event.body or ""
    return base64.b64decode(body) if event.is_base64_encoded else body.encode()


def validation() -> list[Callable[..., Response[Any]]]:
    """Return the resolver's own validation, for a route that has something to check before its requests are read.

    Such a route sets ``enable_validation=False`` and names its check and this as ``middlewares``.
    """
    return [
        OpenAPIRequestValidationMiddleware(),  # type: ignore[no-untyped-call]
        OpenAPIResponseValidationMiddleware(has_response_validation_error=True),
    ]


def lambda_handler(app: APIGatewayRestResolver) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Return the function that Lambda calls: it resolves the route, with the request's id in every log line."""

    @logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST, clear_state=True)
    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        return app.resolve(event, context)

    return handle


def problem(
    status: HTTPStatus,
    name: str,
    detail: str,
    field_errors: Sequence[Mapping[str, str]] = (),
    facts: Mapping[str, Any] | None = None,
) -> Response[str]:
    """Return a problem document.

    Args:
        status: the HTTP status.
        name: the fault's stable name; it ends the ``type``.
        detail: one sentence for people.
        field_errors: the parts of the request at fault, each with ``field`` and ``message``.
        facts: further members, for callers that know what to do with them.
    """
    document: dict[str, Any] = {
        **(facts or {}),
        "type": f"{PROBLEM_TYPE_PREFIX}{name}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
    }
    if field_errors:
        document["errors"] = list(field_errors)
    return Response(status_code=status.value, content_type=PROBLEM_JSON, body=json.dumps(document))


def _lifecycle_problem(error: LifecycleError) -> Response[str]:
    logger.info("request refused", extra={"problem": error.name, "fields": error.fields})
    field_errors = [{"field": field, "message": error.message} for field in error.fields]
    answer = problem(STATUS_OF[type(error)], error.name, error.message, field_errors, error.facts)
    if isinstance(error, TRY_AGAIN):
        answer.headers["Retry-After"] = "1"
    if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = ", ".join(error.facts["allow"])
    return answer


def _request_problem(error: RequestValidationError) -> Response[str]:
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        detail = "The body is not valid JSON."
        return problem(HTTPStatus.BAD_REQUEST, "InvalidRequest", detail, [{"field": "body", "message": detail}])
    field_errors = [{"field": _field(fault["loc"]), "message": fault["msg"]} for fault in faults]
    logger.info("request refused", extra={"problem": "InvalidRequest", "fields": [e["field"] for e in field_errors]})
    detail = "The request does not have the documented form."
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "InvalidRequest", detail, field_errors)


def _content_type_problem(_: RequestUnsupportedContentType) -> Response[str]:
    detail = "The body must be sent as application/json."
    field_errors = [{"field": "Content-Type", "message": detail}]
    return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "InvalidRequest", detail, field_errors)


def _route_problem(_: NotFoundError) -> Response[str]:
    return problem(HTTPStatus.NOT_FOUND, "RouteNotFound", "There is nothing at this address.")


def _internal_problem(error: Exception) -> Response[str]:
    logger.exception("request failed", exc_info=error)
    detail = "Something went wrong on our side. Nothing is known to be wrong with your request."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError", detail)


def _field(location: Sequence[str | int]) -> str:
    """Write a fault's place in the request as a path, like ``client_ids[3]``, or as a header's name."""
    if location[0] == "header":
        return str(location[1]).title()
    path = ""
    for part in location[1:]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path or str(location[0])
