"""Calls the functions as AWS does: HTTP by the template's routes, workflow steps by name."""

from __future__ import annotations

import base64
import importlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from client_lifecycle.domain import errors
from client_lifecycle.domain.errors import LifecycleError
from client_lifecycle.edge.field_errors import FieldError
from client_lifecycle.edge.problem_data import data_of
from local.openapi import TARGET
from local.template import function_properties, read_template
from tests.support import rights
from tests.support.builders import OTHER_PROVIDER_ID, PROVIDER_ID, STAFF_ID

JSON = "application/json"
SOURCE_IP = "203.0.113.7"
PROBLEM_JSON = "application/problem+json"

MANAGER = {"sub": STAFF_ID, "custom:provider_id": PROVIDER_ID, "cognito:groups": "practice-managers"}
"""The claims of a staff user who may do everything, as Cognito's authorizer passes them on."""

ARCHIVER = MANAGER | {"cognito:groups": "client-archivers"}
"""The claims of a staff user of the same provider who may archive, and not decide for the practice."""

READER = MANAGER | {"cognito:groups": "client-readers"}
"""The claims of a staff user of the same provider who may only read."""

GUEST = MANAGER | {"cognito:groups": "front-desk"}
"""The claims of a staff user of the same provider without a role."""

STRANGER = MANAGER | {"custom:provider_id": OTHER_PROVIDER_ID}
"""The claims of a manager of another provider."""


def _functions() -> Iterator[Mapping[str, Any]]:
    template = read_template()
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            yield function_properties(template, name)


TIMEOUTS_SECONDS: dict[str, int] = {function["Handler"].split(".")[0]: function["Timeout"] for function in _functions()}
"""How long each function may take, by its package."""


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a function about itself."""

    function_name: str
    aws_request_id: str = "5f1d9a3c-0000-4000-8000-000000000001"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:test"

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""
        return 1_000 * TIMEOUTS_SECONDS[self.function_name]


class Trail(threading.local):
    """Stands for the audit trail: what the calls of this thread have left there."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def keep(self, line: str, at: datetime) -> None:
        """Keep a line."""
        assert datetime.fromisoformat(json.loads(line)["at"]) == at
        self.lines.append(json.loads(line))


TRAIL = Trail()


OF_EVERY_PROBLEM = {"type", "code", "title", "status", "detail"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the API; ``body`` is its JSON, or its text if it is something else, ``None`` where it has none.

    ``audit`` is the line that it has left in the audit trail.
    """

    status: int
    content_type: str | None
    body: Any
    headers: Mapping[str, str]
    audit: Mapping[str, Any]

    @property
    def problem(self) -> str:
        """The stable name of the fault, once the answer is checked to be a whole problem document."""
        assert self.content_type == PROBLEM_JSON
        assert self.body.keys() >= OF_EVERY_PROBLEM
        assert self.body["status"] == self.status
        prefix, _, name = self.body["type"].rpartition(":")
        assert prefix == "urn:client-archive:problem"
        assert self.body["code"] == name
        told = {member: value for member, value in self.body.items() if member not in (*OF_EVERY_PROBLEM, "errors")}
        data_of(getattr(errors, name, LifecycleError)).model_validate(told)
        assert all(FieldError.model_validate(one).code for one in self.body.get("errors", []))
        return str(name)

    @property
    def fields(self) -> list[str]:
        """The parts of the request that the problem names."""
        return [error["field"] for error in self.body.get("errors", [])]


def _routes() -> dict[tuple[str, str], str]:
    return {
        (event["Properties"]["Method"].upper(), event["Properties"]["Path"]): function["Handler"]
        for function in _functions()
        for event in function.get("Events", {}).values()
        if event["Type"] == "Api"
    }


ROUTES = _routes()


def _route(method: str, path: str) -> tuple[str, dict[str, str]]:
    """Find the template's path for an address, as API Gateway does."""
    for routed_method, template in ROUTES:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
        if routed_method == method and (found := re.fullmatch(pattern, path)):
            return template, found.groupdict()
    raise LookupError(f"no route for {method} {path}")


def invoke(handler: str, event: Mapping[str, Any]) -> Any:
    """Call a function by its handler's name; what goes in and out passes through JSON, as in Lambda."""
    module, attribute = handler.rsplit(".", 1)
    function = getattr(importlib.import_module(module), attribute)
    package = module.split(".")[0]
    with rights.of(package):
        answer = function(json.loads(json.dumps(event)), Context(package))
    return json.loads(json.dumps(answer))


def request(
    method: str,
    address: str,
    body: object = None,
    *,
    raw: str | bytes | None = None,
    claims: Mapping[str, Any] | None = MANAGER,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Make a request to the API.

    Args:
        method: the HTTP method.
        address: path and query.
        body: sent as JSON, unless ``raw`` is given.
        raw: the body as it is, bytes as API Gateway encodes them; a request with neither has none, and no content type.
        claims: the caller's, ``None`` for a request that no authorizer saw.
        headers: more headers, or others.
    """
    url = urlsplit(address)
    resource, parameters = _route(method, url.path)
    query = parse_qs(url.query, keep_blank_values=True)
    text = raw if raw is not None else None if body is None else json.dumps(body)
    sent = ({} if text is None else {"Content-Type": JSON}) | dict(headers or {})
    event = {
        "resource": resource,
        "path": url.path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {
            "requestId": "3f6a1c52-0d0f-4f7c-8f0a-6a1b8a1d2c03",
            "stage": "v1",
            "path": f"/v1{url.path}",
            "httpMethod": method,
            "resourcePath": resource,
            "identity": {"sourceIp": SOURCE_IP},
            **({} if claims is None else {"authorizer": {"claims": dict(claims)}}),
        },
        "body": base64.b64encode(text).decode() if isinstance(text, bytes) else text,
        "isBase64Encoded": isinstance(text, bytes),
    }
    TRAIL.lines.clear()
    answer = invoke(ROUTES[method, resource], event)
    *_of_calls_meanwhile, audit = TRAIL.lines
    received = {name: ", ".join(values) for name, values in answer["multiValueHeaders"].items()}
    is_json = "json" in received.get("Content-Type", "")
    document = json.loads(answer["body"]) if answer["body"] and is_json else answer["body"] or None
    made = Answer(answer["statusCode"], received.get("Content-Type"), document, received, audit)
    assert audit["status"] == made.status
    _require_described(method, resource, made)
    return made


def _require_described(method: str, resource: str, answer: Answer) -> None:
    """Require that the API's description has this status for the route and, where it is a problem, its name too."""
    described = _description()["paths"][resource][method.lower()]["responses"]
    assert str(answer.status) in described, f"{method} {resource} may answer {answer.status}, and does not say so"
    if answer.content_type == PROBLEM_JSON:
        names = described[str(answer.status)]["description"].split(", ")
        assert answer.problem in names, f"{method} {resource} may answer {answer.problem}, and does not say so"


@cache
def _description() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(TARGET.read_text(encoding="utf-8"))
    return found


def get(address: str, **options: Any) -> Answer:
    """Make a GET request."""
    return request("GET", address, **options)


def pages(address: str, **options: Any) -> Iterator[Any]:
    """Read a list page by page, by the cursors it answers with; the address has a query already."""
    cursor = None
    while True:
        answer = get(address + (f"&cursor={cursor}" if cursor else ""), **options)
        assert answer.status == 200
        yield answer.body
        cursor = answer.body["next_cursor"]
        if cursor is None:
            return


def post(address: str, body: object = None, **options: Any) -> Answer:
    """Make a POST request."""
    return request("POST", address, body, **options)


def put(address: str, body: object = None, **options: Any) -> Answer:
    """Make a PUT request."""
    return request("PUT", address, body, **options)


def patch(address: str, body: object = None, **options: Any) -> Answer:
    """Make a PATCH request."""
    return request("PATCH", address, body, **options)


def delete(address: str, **options: Any) -> Answer:
    """Make a DELETE request."""
    return request("DELETE", address, **options)
