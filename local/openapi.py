"""Writes docs/openapi.json from the handlers' own routes and models; a test fails when it is out of date.

Every operation's faults are described once, as the problem document that ``edge.http`` answers with.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

from aws_lambda_powertools.event_handler.openapi.merge import OpenAPIMerge

from client_lifecycle.edge.http import PROBLEM_JSON
from local.template import ROOT, read_template

TARGET = ROOT / "docs" / "openapi.json"
OF_THE_LIBRARY = ("HTTPValidationError", "ValidationError", "ResponseValidationError")

PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457); type is stable, errors name the fields at fault.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
SECURITY_SCHEMES: dict[str, Any] = {
    "staff": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "The ID token of a staff user of the provider. The group client-archivers, where it is named, "
        "may archive, activate and change clients.",
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Signature",
        "description": "t=<seconds since 1970>,v1=<hex HMAC-SHA256 of t, a full stop and the raw body>, with the "
        "secret of the provider that X-Provider names.",
    },
}
FAULT = {
    "description": "Anything but success",
    "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


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
    return _with_names_of_headers(_with_problems(merge.get_openapi_schema()))


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
    for operations in schema["paths"].values():
        for operation in operations.values():
            answers = operation["responses"]
            success = {status: answer for status, answer in answers.items() if str(status).startswith("2")}
            operation["responses"] = {**success, "default": FAULT}
    return schema


def _with_names_of_headers(schema: dict[str, Any]) -> dict[str, Any]:
    """Write headers as people do, like ``Idempotency-Key``; the library writes them in small letters."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "header":
                    parameter["name"] = parameter["name"].title()
    return schema


def text() -> str:
    """Return the description as it is checked in."""
    return json.dumps(openapi(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
