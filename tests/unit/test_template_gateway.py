"""What API Gateway says itself: refusals and preflights, as SAM transforms them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from client_lifecycle.edge import http, idempotency
from client_lifecycle.edge.answer_headers import ALWAYS
from local.transformed import transformed

BODY: dict[str, Any] = transformed()["Resources"]["Api"]["Properties"]["Body"]
REFUSALS: dict[str, dict[str, Any]] = BODY["x-amazon-apigateway-gateway-responses"]
PATHS: dict[str, dict[str, Any]] = BODY["paths"]
ANY_ORIGIN_IF_SOME = {"Fn::If": ["HasAllowedOrigins", "'*'", {"Ref": "AWS::NoValue"}]}


def static(value: str) -> str:
    """A fixed value, as API Gateway's mappings write it."""
    return f"'{value}'"


@pytest.mark.parametrize("kind", REFUSALS)
def test_what_the_gateway_refuses_itself_is_a_problem_too(kind: str) -> None:
    templates = REFUSALS[kind]["responseTemplates"]
    document = json.loads(templates[http.PROBLEM_JSON])
    assert document["type"].startswith(http.PROBLEM_TYPE_PREFIX)
    assert {"title", "detail"} < set(document)
    assert str(document.get("status")) == str(REFUSALS[kind].get("statusCode"))
    assert templates == {http.JSON: templates[http.PROBLEM_JSON], http.PROBLEM_JSON: templates[http.PROBLEM_JSON]}


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_has_the_headers_of_an_answer(kind: str) -> None:
    headers = {
        name.removeprefix("gatewayresponse.header."): value
        for name, value in REFUSALS[kind]["responseParameters"].items()
    }
    assert headers == {
        **{name: static(value) for name, value in ALWAYS.items()},
        "Content-Type": static(http.PROBLEM_JSON),
        "Access-Control-Allow-Origin": ANY_ORIGIN_IF_SOME,
    }


def test_the_gateway_says_nothing_in_words_of_its_own() -> None:
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(REFUSALS)


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_allows_what_the_path_serves_and_calls_nothing(path: str) -> None:
    preflight = PATHS[path]["options"]
    assert "security" not in preflight, "browsers sign no preflight"
    assert preflight["x-amazon-apigateway-integration"]["type"] == "mock"
    answer = preflight["x-amazon-apigateway-integration"]["responses"]["default"]["responseParameters"]
    allows = {name.removeprefix("method.response.header.Access-Control-"): value for name, value in answer.items()}
    assert allows["Allow-Origin"] == ANY_ORIGIN_IF_SOME
    assert set(allows["Allow-Methods"].strip("'").split(",")) == {method.upper() for method in PATHS[path]}
    assert allows["Allow-Headers"] == static(f"Authorization,Content-Type,{idempotency.HEADER},If-Match")
    assert "Allow-Credentials" not in allows, "the token is sent by the page, and never by the browser itself"


def test_an_own_domain_takes_tls_1_2_and_leaves_no_other_door() -> None:
    resources = transformed()["Resources"]
    assert resources["Domain"]["Properties"]["SecurityPolicy"] == "TLS_1_2"
    closed = BODY["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"]
    assert closed == {"Fn::If": ["HasDomain", True, False]}


def test_the_firewall_bounds_the_open_route_and_stands_before_the_stage() -> None:
    resources = transformed()["Resources"]
    [rate, _] = resources["Firewall"]["Properties"]["Rules"]
    bounded = rate["Statement"]["RateBasedStatement"]["ScopeDownStatement"]["ByteMatchStatement"]["SearchString"]
    staff_only: list[dict[str, list[str]]] = [{"Staff": []}]
    unsigned = {
        path
        for path, operations in PATHS.items()
        for method, operation in operations.items()
        if method != "options" and operation.get("security", staff_only) != staff_only
    }
    assert unsigned
    assert unsigned == {path for path in PATHS if bounded in path}
    [stage] = [name for name, one in resources.items() if one["Type"] == "AWS::ApiGateway::Stage"]
    assert f"${{{stage}}}" in resources["FirewallOfTheApi"]["Properties"]["ResourceArn"]["Fn::Sub"]
