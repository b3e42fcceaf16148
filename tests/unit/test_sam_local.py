"""What is derived for ``sam local``: from the template that ships, and nothing of it in what ships."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from client_lifecycle.edge.identity import Role
from local.functions import functions
from local.sam.authorizer.stand_in import lambda_handler
from local.sam.derived import AUTHORIZER, derived
from local.sam.environment import led_to
from local.template import ROOT, read_template

BUILT = Path("/built")
VARIABLES = {function.logical_id: ["TABLE_NAME", "AWS_ENDPOINT_URL"] for function in functions()}


@pytest.fixture
def template() -> dict[str, Any]:
    """The template as ``sam build`` leaves it: each function names a folder of its own, and so does the layer."""
    built = read_template()
    for name, resource in built["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = name
    built["Resources"]["ClientLifecycleLayer"]["Properties"]["ContentUri"] = "ClientLifecycleLayer"
    return built


@pytest.fixture
def resources(template: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = derived(template, built=BUILT, processor="x86_64", variables=VARIABLES)["Resources"]
    return made


def test_every_function_is_there_as_built_under_its_deployed_name(resources: dict[str, Any]) -> None:
    for function in functions():
        properties = resources[function.logical_id]["Properties"]
        assert properties["FunctionName"] == function.name
        assert properties["CodeUri"] == f"/built/{function.logical_id}"
        assert (properties["Runtime"], properties["Architectures"]) == ("python3.13", ["x86_64"])


def test_every_function_declares_the_variables_it_is_told(resources: dict[str, Any]) -> None:
    for name, variables in VARIABLES.items():
        assert sorted(resources[name]["Properties"]["Environment"]["Variables"]) == sorted(variables)


def test_every_route_is_there(resources: dict[str, Any]) -> None:
    for function in functions():
        events = resources[function.logical_id]["Properties"]["Events"].values()
        routes = [f"{event['Properties']['Method'].upper()} {event['Properties']['Path']}" for event in events]
        assert tuple(routes) == function.routes


def test_the_routes_ask_the_stand_in_where_they_asked_cognito(
    template: dict[str, Any], resources: dict[str, Any]
) -> None:
    asked = template["Resources"]["Api"]["Properties"]["Auth"]
    auth = resources["Api"]["Properties"]["Auth"]
    assert auth["DefaultAuthorizer"] == asked["DefaultAuthorizer"]
    assert auth["Authorizers"] == {"Staff": {"FunctionArn": {"Fn::GetAtt": [AUTHORIZER, "Arn"]}}}
    code, handler = Path(resources[AUTHORIZER]["Properties"]["CodeUri"]), resources[AUTHORIZER]["Properties"]["Handler"]
    assert (code / f"{handler.split('.')[0]}.py").exists()


def references(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    named = {value["Ref"]} if "Ref" in value else {value["Fn::GetAtt"][0]} if "Fn::GetAtt" in value else set()
    return named.union(*map(references, value.values()))


def test_nothing_is_named_that_is_not_there(resources: dict[str, Any]) -> None:
    assert references(resources) <= set(resources)


def test_nothing_of_it_is_in_what_ships() -> None:
    shipped = [ROOT / "template.yaml", *(ROOT / "functions").rglob("*.py"), *(ROOT / "layers").rglob("*.py")]
    assert [path for path in shipped if "stand_in" in path.read_text() or AUTHORIZER in path.read_text()] == []


def token(claims: dict[str, Any]) -> str:
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims, "")
    )


def asked(authorization: str) -> dict[str, Any]:
    return {"type": "TOKEN", "authorizationToken": authorization, "methodArn": "arn:aws:execute-api:::x/v1/GET/clients"}


def test_the_stand_in_passes_the_claims_on_as_text() -> None:
    claims = {
        "sub": "user-1",
        "custom:provider_id": "prov-1",
        "cognito:groups": [Role.ARCHIVER.value, "x"],
        "email_verified": True,
    }
    told = lambda_handler(asked(token(claims)), None)
    assert told["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert told["context"]["claims"] == {
        "sub": "user-1",
        "custom:provider_id": "prov-1",
        "cognito:groups": f"{Role.ARCHIVER.value},x",
        "email_verified": "true",
    }


def test_the_stand_in_lets_nobody_in_without_a_token() -> None:
    told = lambda_handler(asked("nonsense"), None)
    assert told["policyDocument"]["Statement"][0]["Effect"] == "Deny"


def test_a_function_in_a_container_is_led_to_this_machine() -> None:
    variables = {"TABLE_NAME": "clients", "DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:4566/000000000000/letters"}
    told = led_to("http://127.0.0.1:4566", variables, "host.docker.internal")
    assert told["AWS_ENDPOINT_URL"] == "http://host.docker.internal:4566"
    assert told["DEAD_LETTER_QUEUE_URL"] == "http://host.docker.internal:4566/000000000000/letters"
    assert told["TABLE_NAME"] == "clients"


def test_a_function_outside_containers_is_led_to_loopback() -> None:
    assert led_to("http://127.0.0.1:4566", {}, None)["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
