"""Changes of the API that break a caller are told; others are not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from local.api_changes import breaking_changes

OLD: dict[str, Any] = {
    "paths": {
        "/clients": {
            "post": {
                "parameters": [{"name": "Idempotency-Key", "in": "header"}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}},
                "responses": {
                    "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Client"}}}}
                },
            }
        }
    },
    "components": {
        "schemas": {
            "New": {"required": ["name"], "properties": {"name": {}, "group_id": {}}},
            "Client": {"properties": {"client_id": {}, "name": {}}},
        }
    },
}


def operation(document: dict[str, Any]) -> dict[str, Any]:
    post: dict[str, Any] = document["paths"]["/clients"]["post"]
    return post


BREAKS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda new: new["paths"].pop("/clients"), "POST /clients is gone."),
    (lambda new: operation(new).update(responses={"200": {}}), "POST /clients no longer answers 201."),
    (
        lambda new: operation(new)["parameters"][0].update(required=True),
        "POST /clients requires the parameter Idempotency-Key.",
    ),
    (
        lambda new: new["components"]["schemas"]["New"]["required"].append("group_id"),
        "POST /clients requires group_id in its body.",
    ),
    (
        lambda new: new["components"]["schemas"]["Client"]["properties"].pop("name"),
        "POST /clients no longer answers with name.",
    ),
]


@pytest.mark.parametrize(("change", "sentence"), BREAKS, ids=[sentence for _, sentence in BREAKS])
def test_what_breaks_a_caller_is_told(change: Callable[[dict[str, Any]], object], sentence: str) -> None:
    new = copy.deepcopy(OLD)
    change(new)
    assert breaking_changes(OLD, new) == [sentence]


def test_what_is_added_breaks_nobody() -> None:
    new = copy.deepcopy(OLD)
    new["paths"]["/groups"] = {"get": {"responses": {"200": {}}}}
    new["components"]["schemas"]["Client"]["properties"]["email"] = {}
    new["components"]["schemas"]["New"]["properties"]["email"] = {}
    assert breaking_changes(OLD, new) == []
