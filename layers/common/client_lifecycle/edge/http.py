"""HTTP for every function behind the API: the resolver, and every fault as problem+json (RFC 9457) in one place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from annotated_types import Ge, Le
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import OpenAPIRequestValidationMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
    ResponseValidationError,
)
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BeforeValidator

from client_lifecycle.domain import errors
from client_lifecycle.domain.errors import InvalidRequest, LifecycleError, UnreadableRecord
from client_lifecycle.edge import audit, identity, patience, people, wiring
from client_lifecycle.edge.answer_headers import headers_for
from client_lifecycle.edge.field_errors import FieldError, Misfit
from client_lifecycle.edge.id_forms import CURSOR_FORMAT, CURSOR_PATTERN, ID_PATTERN
from client_lifecycle.edge.reading import MAX_ERRORS, NotJson, known_place, path_of, raw_body, read_object
from client_lifecycle.edge.redaction import shown_to_caller
from client_lifecycle.edge.unreadable_reports import report
from client_lifecycle.storage import retries

JSON = "application/json"
ASK_AGAIN_SECONDS = "2"
PROBLEM_JSON = "application/problem+json"
PROBLEM_TYPE_PREFIX = "urn:client-archive:problem:"

STATUS_OF: Mapping[type[LifecycleError], HTTPStatus] = {
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.RequestTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.BadSignature: HTTPStatus.UNAUTHORIZED,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.NotPermitted: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.RecordsAreKept: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.ChangedMeanwhile: HTTPStatus.PRECONDITION_FAILED,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.TryLater: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.UnreadableRecord: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status of each kind of fault."""

TITLES: Mapping[int, str] = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
"""The phrases of RFC 9110; those of ``http.HTTPStatus`` change with Python's version."""

TRY_AGAIN = (errors.RequestStillRunning, errors.TooManyRequests, errors.TryLater)
"""The faults that pass by themselves within moments."""

UNKNOWN = "extra_forbidden"
"""Pydantic's type of the fault that there is no such field."""

ELSEWHERE = {"q": "what is sought does not belong into a URL: it goes into the body of POST /clients/_search"}
"""What is no parameter of any route, and where it goes."""

UNSUPPORTED = "The body must be sent as application/json."

MayAsk = Callable[[APIGatewayRestResolver], None]
Route = TypeVar("Route", bound=Callable[..., Any])
Watched = TypeVar("Watched")

FAULTS_OF: dict[Callable[..., Any], tuple[type[LifecycleError], ...]] = {}
"""The faults of its own that each route may answer with, for the API's description."""


def _digits(text: object) -> object:
    if isinstance(text, str) and not (text.isascii() and text.isdigit()):
        raise Misfit("not_digits", "a whole number is written in digits only")
    return text


Digits = BeforeValidator(_digits)
"""Beside an ``int``: a parameter like ``5``, and not ``5.0``, ``+5`` or ``1_0``."""

Id = Annotated[str, Path(pattern=ID_PATTERN)]
Limit = Annotated[int, Ge(1), Le(100), Digits, Query(description="The most entries on a page.")]
Cursor = Annotated[
    str | None,
    Query(
        pattern=CURSOR_PATTERN,
        description="The next_cursor of the page before.",
        json_schema_extra={"format": CURSOR_FORMAT},
    ),
]

logger = Logger()


class RequestReader(OpenAPIRequestValidationMiddleware):
    """What every request passes first: may the caller ask, is the body not too large, and then what it says.

    Args:
        may_ask: raises for a request of which nothing is to be read.
    """

    def __init__(self, may_ask: MayAsk) -> None:
        self._may_ask = may_ask

    def handler(self, app: Any, next_middleware: NextMiddleware) -> Response[Any]:
        """Check and read a request.

        Raises:
            LifecycleError: the caller may not ask, or the request is too large, or cannot be decoded.
            NotJson, RequestUnsupportedContentType, RequestValidationError: it does not have the documented form.
        """
        self._may_ask(app)
        event = app.current_event
        raw_body(event)
        if not event.path.isprintable():
            message = "The address holds characters that no address has."
            raise InvalidRequest(message, "path", code="unprintable_address")
        _only_known_parameters(app)
        answer = super().handler(app, next_middleware)
        if identity.CALLER in app.context:
            caller = identity.caller(app)
            people.put_names(wiring.tenant(caller.provider_id), answer.body, _own_name(caller, event))
            answer.body = shown_to_caller(app, answer.body)
        return answer

    def _get_body(self, app: Any) -> Any:
        """Take over from the library, which also reads forms, and takes ``null`` for no body and a list for its first.

        A request without a body is one that says nothing, whatever its content type.
        """
        event = app.current_event
        raw = raw_body(event)
        if not raw:
            return None
        media_type = event.headers.get("Content-Type", JSON).partition(";")[0].strip().lower()
        if media_type not in (JSON, ""):
            raise RequestUnsupportedContentType(UNSUPPORTED, errors=[])
        return read_object(raw)


def _only_known_parameters(app: Any) -> None:
    """Refuse parameters that the route does not have: one that is misspelled would ask for everything.

    Raises:
        RequestValidationError: there are some; each is named.
    """
    known = {parameter.alias for parameter in app.context["_route"].dependant.query_params}
    unknown = [name for name in app.current_event.query_string_parameters if name not in known]
    if unknown:
        raise RequestValidationError(
            [
                {"type": UNKNOWN, "loc": ("query", name), "msg": ELSEWHERE.get(name, "there is no such parameter here")}
                for name in unknown
            ]
        )


def _own_name(caller: identity.Staff, event: Mapping[str, Any]) -> dict[str, str]:
    name = people.name_in(identity.claims_of(event))
    return {caller.user_id: name} if name else {}


def may_fail_with(*faults: type[LifecycleError]) -> Callable[[Route], Route]:
    """Tell which faults of its own a route may answer with, beside those that any request may meet."""

    def tell_of(route: Route) -> Route:
        FAULTS_OF[route] = faults
        return route

    return tell_of


def resolver(may_ask: MayAsk = identity.only_permitted) -> APIGatewayRestResolver:
    """Return a resolver that validates requests, and answers every fault with problem+json.

    Args:
        may_ask: decides on a request before anything of it is read; by default by the role of the caller.
    """
    app = APIGatewayRestResolver(
        enable_validation=True, response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR
    )
    app._request_validation_middleware = RequestReader(may_ask)
    app.exception_handler(LifecycleError)(_lifecycle_problem)
    app.exception_handler(RequestValidationError)(_request_problem)
    app.exception_handler(NotJson)(_json_problem)
    app.exception_handler(RequestUnsupportedContentType)(_content_type_problem)
    app.exception_handler(NotFoundError)(_route_problem)
    app.exception_handler([ResponseValidationError, Exception])(_internal_problem)
    return app


def lambda_handler(app: APIGatewayRestResolver) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Return the function that Lambda calls: it resolves the route, with the request's id in every log line.

    Each request leaves one line in the audit trail before it is answered.
    """
    identity.state_roles(app)

    @logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST, clear_state=True)
    @patience.for_a_caller
    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        answer = app.resolve(event, context)
        answer["multiValueHeaders"].update({name: [value] for name, value in headers_for(event).items()})
        at = wiring.now()
        audit.keep(wiring.audit_trail, audit.audit_line(event, answer["statusCode"], answer["body"], at), at)
        return answer

    return handle


def watched(view: Watched, *, in_flight: bool) -> Response[Watched]:
    """Answer how far something is; while it is in flight, ``Retry-After`` says when to ask again."""
    headers: dict[str, str | list[str]] = {"Retry-After": ASK_AGAIN_SECONDS} if in_flight else {}
    return Response(status_code=HTTPStatus.OK, content_type=JSON, body=view, headers=headers)


def problem(
    status: HTTPStatus,
    name: str,
    detail: str,
    field_errors: Sequence[FieldError] = (),
    facts: Mapping[str, Any] | None = None,
) -> Response[str]:
    """Return a problem document.

    Args:
        status: the HTTP status.
        name: the fault's stable name; it is the ``code``, and ends the ``type``.
        detail: one sentence for people.
        field_errors: the parts of the request at fault.
        facts: further members, for callers that know what to do with them.
    """
    document: dict[str, Any] = {
        **(facts or {}),
        "type": f"{PROBLEM_TYPE_PREFIX}{name}",
        "code": name,
        "title": TITLES[status],
        "status": status.value,
        "detail": detail,
    }
    if field_errors:
        document["errors"] = [one.model_dump() for one in field_errors]
    return Response(status_code=status.value, content_type=PROBLEM_JSON, body=json.dumps(document))


def _lifecycle_problem(error: LifecycleError) -> Response[str]:
    cause = {"cause": retries.named(error.__cause__)} if isinstance(error, errors.StorageBusy) else {}
    logger.info("request refused", extra={"problem": error.name, "fields": error.fields[:MAX_ERRORS], **cause})
    field_errors = [FieldError(field=field, message=error.message, code=error.code) for field in error.fields]
    answer = problem(status_of(type(error)), error.name, error.message, field_errors, error.facts)
    if isinstance(error, UnreadableRecord):
        report(error.found)
    if isinstance(error, TRY_AGAIN):
        answer.headers["Retry-After"] = "1"
    if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = ", ".join(error.facts["allow"])
    return answer


def status_of(fault: type[LifecycleError]) -> HTTPStatus:
    """Return the HTTP status of a fault: that of its kind."""
    return next(status for kind, status in STATUS_OF.items() if issubclass(fault, kind))


def _request_problem(error: RequestValidationError) -> Response[str]:
    faults = error.errors()[:MAX_ERRORS]
    known = [_field(known_place(fault["type"], fault["loc"])) for fault in faults]
    logger.info("request refused", extra={"problem": "InvalidRequest", "fields": known})
    field_errors = [FieldError.of(fault, _field(fault["loc"])) for fault in faults]
    detail = "The request does not have the documented form."
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "InvalidRequest", detail, field_errors)


def _json_problem(_: NotJson) -> Response[str]:
    logger.info("request refused", extra={"problem": "InvalidRequest", "fields": ["body"]})
    detail = "The body is not valid JSON."
    fault = FieldError(field="body", message=detail, code="not_json")
    return problem(HTTPStatus.BAD_REQUEST, "InvalidRequest", detail, [fault])


def _content_type_problem(_: RequestUnsupportedContentType) -> Response[str]:
    fault = FieldError(field="Content-Type", message=UNSUPPORTED, code="not_json_type")
    return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "InvalidRequest", UNSUPPORTED, [fault])


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
    return path_of(location[1:]) or str(location[0])
