"""Writes docs/openapi.json and docs/schemas from the handlers' own routes and models.

A test fails when they are out of date.

Every operation's faults are described by status, with the names that each can have: those that any request may meet,
and those that the route says it may fail with.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.openapi.merge import OpenAPIMerge
from pydantic import BaseModel

from client_lifecycle.domain import errors
from client_lifecycle.domain.errors import BadSignature, LifecycleError
from client_lifecycle.edge.field_errors import FieldError
from client_lifecycle.edge.http import FAULTS_OF, PROBLEM_JSON, PROBLEM_TYPE_PREFIX, status_of
from client_lifecycle.edge.preconditions import TAGGED
from client_lifecycle.edge.problem_data import DATA_OF, data_of
from client_lifecycle.edge.redaction import MONEY, NOTES
from local.schemas import FOLDER, needed, schema_texts
from local.template import ROOT, read_template

TARGET = ROOT / "docs" / "openapi.json"
SUCCESSES = ("200", "201", "202", "204")
OF_THE_LIBRARY = ("HTTPValidationError", "ValidationError", "ResponseValidationError")

PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457); type and code are stable, errors name the fields at fault.",
    "required": ["type", "code", "title", "detail"],
    "properties": {
        "type": {"type": "string"},
        "code": {"type": "string", "description": "The last part of the type."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/FieldError"},
        },
    },
}
SECURITY_SCHEMES: dict[str, Any] = {
    "staff": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "The ID token of a staff user of the provider, who is in the group that is named, or in one "
        "that includes it: practice-managers includes client-archivers, and that client-readers.",
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Signature",
        "description": "t=<seconds since 1970>,v1=<hex HMAC-SHA256 of t, a full stop and the raw body>, with the "
        "secret of the provider that X-Provider names. Standard Webhooks is taken too.",
    },
    "webhook": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks: v1,<base64 HMAC-SHA256 of webhook-id, webhook-timestamp and the raw body, "
        "with full stops between them>, with the secret of the source that X-Provider and X-Source name. Of several, "
        "with spaces between them, one has to fit.",
    },
}
PROBLEM_DATA = sorted(set(DATA_OF.values()), key=lambda model: model.__name__)
PROBLEM_MODELS: Sequence[type[BaseModel]] = (FieldError, *PROBLEM_DATA)
REFERENCE = "#/components/schemas/{model}"

OF_ANY_REQUEST: Mapping[HTTPStatus, tuple[str, ...]] = {
    HTTPStatus.BAD_REQUEST: ("InvalidRequest",),
    HTTPStatus.UNAUTHORIZED: ("NotSignedIn",),
    HTTPStatus.FORBIDDEN: ("NotPermitted",),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("RequestTooLarge", "InvalidRequest"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("InvalidRequest",),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("InvalidRequest",),
    HTTPStatus.TOO_MANY_REQUESTS: ("TooManyRequests",),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("InternalError", "UnreadableRecord"),
    HTTPStatus.SERVICE_UNAVAILABLE: ("StorageBusy", "CommitContended", "InternalError"),
    HTTPStatus.GATEWAY_TIMEOUT: ("InternalError",),
}
"""The faults that any request may meet: those of API Gateway, of reading what was sent, and of the table."""

HIDDEN = MONEY | NOTES

RETRY_AFTER = {
    "description": "When to try again.",
    "schema": {"type": "integer", "minimum": 1, "description": "seconds"},
}
REPLAYED = {
    "description": "The answer was given before, to the same request with the same key.",
    "schema": {"type": "string", "const": "true"},
}
ETAG = {
    "description": "What to send as If-Match, for a change to be made only to what was seen.",
    "schema": {"type": "string"},
    "required": True,
}
ALLOW = {"description": "The methods that there are.", "schema": {"type": "string"}, "required": True}


def openapi() -> dict[str, Any]:
    """Return the description of the whole API, gathered from every function with routes."""
    merge = OpenAPIMerge(
        title="Client archive",
        version="1",
        description="Archives, activates and bulk-archives the clients of a health practice.",
        on_conflict="error",
    )
    for package in _packages_with_routes():
        app = importlib.import_module(f"{package}.handler").app
        merge.add_schema(json.loads(app.get_openapi_json_schema(security_schemes=SECURITY_SCHEMES)))
    return _with_hidden(_with_names_of_headers(_with_problems(merge.get_openapi_schema())))


def _with_hidden(schema: dict[str, Any]) -> dict[str, Any]:
    """Tell which parts of an answer readers may not be shown; what is sent to the API stays as it is."""
    known = schema["components"]["schemas"]
    operations = (operation for path in schema["paths"].values() for operation in path.values())
    sent = needed([operation.get("requestBody") for operation in operations], known)
    for shape in (known[name] for name in known.keys() - sent):
        hidden = HIDDEN & shape.get("properties", {}).keys()
        for part in hidden:
            shape["properties"][part]["description"] = "Absent for readers, unless the practice shows it to them."
        if hidden and "required" in shape:
            shape["required"] = [part for part in shape["required"] if part not in hidden]
    return schema


def _packages_with_routes() -> list[str]:
    functions = (
        resource["Properties"]
        for resource in read_template()["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    )
    return [function["Handler"].split(".")[0] for function in functions if _is_behind_the_api(function)]


def _is_behind_the_api(function: dict[str, Any]) -> bool:
    return any(event["Type"] == "Api" for event in function.get("Events", {}).values())


def _with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    schemas = schema["components"]["schemas"]
    for name in OF_THE_LIBRARY:
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    for model in PROBLEM_MODELS:
        described = model.model_json_schema(ref_template=REFERENCE, mode="serialization")
        for name, schema_of_part in {**described.pop("$defs", {}), model.__name__: described}.items():
            schemas.setdefault(name, schema_of_part)
    for (method, path), route in _routes().items():
        operation = schema["paths"][path][method]
        operation["responses"] = {
            **_successes(operation, route),
            **_faults(operation, path, FAULTS_OF.get(route.func, ())),
        }
    return schema


def _routes() -> dict[tuple[str, str], Route]:
    """Return every route by its method and its path, as the description writes them."""
    apps = [importlib.import_module(f"{package}.handler").app for package in _packages_with_routes()]
    return {
        (method.lower(), route.path.replace("<", "{").replace(">", "}")): route
        for app in apps
        for route in [*app._static_routes, *app._dynamic_routes]
        for method in ([route.method] if isinstance(route.method, str) else route.method)
    }


def _successes(operation: dict[str, Any], route: Route) -> dict[str, Any]:
    """Return the answers other than problems; what is only ever refused has none, and 204 has no content."""
    if operation["responses"].keys() & {"405"}:
        return {}
    answers = {status: answer for status, answer in operation["responses"].items() if status in ("409", *SUCCESSES)}
    for status, answer in answers.items():
        if status == "204":
            answer.pop("content")
        if _is_answered_once(operation):
            answer["headers"] = {"Idempotent-Replayed": REPLAYED}
        if operation["operationId"].startswith("run_"):
            answer["headers"] = {"Retry-After": RETRY_AFTER}
        if route.func in TAGGED:
            answer["headers"] = {"ETag": ETAG}
    return answers


def _is_answered_once(operation: dict[str, Any]) -> bool:
    return any(parameter["name"].lower() == "idempotency-key" for parameter in operation.get("parameters", []))


def _faults(operation: dict[str, Any], path: str, own: Sequence[type[LifecycleError]]) -> dict[str, Any]:
    """Return a problem for each status that an operation may be refused with, with the names that it can have."""
    names: dict[HTTPStatus, list[str]] = {status: list(common) for status, common in OF_ANY_REQUEST.items()}
    if "requestBody" not in operation:
        del names[HTTPStatus.UNSUPPORTED_MEDIA_TYPE]
    if BadSignature in own:
        names[HTTPStatus.UNAUTHORIZED] = []
    if "{" in path:
        names[HTTPStatus.NOT_FOUND] = ["RouteNotFound"]
    for fault in own:
        names.setdefault(status_of(fault), []).append(fault.__name__)
    return {str(status.value): _problem(status, named) for status, named in sorted(names.items())}


def _problem(status: HTTPStatus, names: Sequence[str]) -> dict[str, Any]:
    types = [f"{PROBLEM_TYPE_PREFIX}{name}" for name in names]
    told = {"type": {"enum": types}, "code": {"enum": list(names)}, **_data_of(names)}
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, {"properties": told}]}
    answer: dict[str, Any] = {"description": ", ".join(names), "content": {PROBLEM_JSON: {"schema": schema}}}
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        answer["headers"] = {"Allow": ALLOW}
    if status in (HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE):
        answer["headers"] = {"Retry-After": RETRY_AFTER}
    return answer


def _data_of(names: Sequence[str]) -> dict[str, Any]:
    """Return what problems of these names may tell beside their sentence, each member as its model describes it."""
    models = {data_of(getattr(errors, name)).__name__ for name in names if hasattr(errors, name)}
    return {
        member: {"$ref": f"#/components/schemas/{model.__name__}/properties/{member}"}
        for model in PROBLEM_DATA
        if model.__name__ in models
        for member in model.model_fields
    }


def _with_names_of_headers(schema: dict[str, Any]) -> dict[str, Any]:
    """Write headers as people do, like ``Idempotency-Key``, and as texts: one that is not sent is not null."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "header":
                    parameter["name"] = parameter["name"].title()
                    shape = parameter["schema"]
                    [text_shape] = [one for one in shape.pop("anyOf", [{}]) if one != {"type": "null"}]
                    parameter["schema"] = shape | text_shape
    return schema


def text() -> str:
    """Return the description as it is checked in."""
    return json.dumps(openapi(), indent=2, sort_keys=True) + "\n"


def main() -> None:
    """Write all that is made of the code's own description."""
    TARGET.write_text(text(), encoding="utf-8")
    FOLDER.mkdir(exist_ok=True)
    for file, schema in schema_texts(openapi()).items():
        file.write_text(schema, encoding="utf-8")


if __name__ == "__main__":
    main()
