"""What SAM makes of template.yaml: exactly the stages, routes, roles and permissions that are meant, and no others."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from local.template import ROOT
from local.transformed import transformed

RESOURCES: dict[str, dict[str, Any]] = transformed()["Resources"]
ROUTES: dict[tuple[str, str], dict[str, Any]] = {
    (method.upper(), path): operation
    for path, operations in RESOURCES["Api"]["Properties"]["Body"]["paths"].items()
    for method, operation in operations.items()
    if method != "options"
}


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"] == kind}


def described() -> set[tuple[str, str]]:
    paths = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))["paths"]
    return {(method.upper(), path) for path, operations in paths.items() for method in operations}


def called_by(operation: dict[str, Any]) -> str:
    [name] = re.findall(r"\$\{(\w+)\}/invocations", operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"])
    return str(name)


READS_A_SECOND = 40
"""What Parameter Store answers in an account, as long as nobody asks for more."""


def test_the_api_has_one_stage_and_it_is_throttled_and_logged() -> None:
    [stage] = of_type("AWS::ApiGateway::Stage").values()
    assert stage["StageName"] == {"Ref": "StageName"}
    assert stage["AccessLogSetting"]["DestinationArn"] == {"Fn::GetAtt": ["ApiLogs", "Arn"]}
    every, *hooks = stage["MethodSettings"]
    assert (every["HttpMethod"], every["ResourcePath"]) == ("*", "/*")
    assert every["ThrottlingRateLimit"]
    assert every["ThrottlingBurstLimit"]
    paths = [(hook["HttpMethod"], hook["ResourcePath"].replace("~1", "/")) for hook in hooks]
    assert paths == [
        ("POST", "//hooks/bookings"),
        ("POST", "//hooks/records"),
        ("PUT", "//hooks/clients/{external_id}"),
    ]
    for hook in hooks:
        assert hook["ThrottlingRateLimit"] * 2 <= READS_A_SECOND, "a call reads two versions of a secret"
    [deployment] = of_type("AWS::ApiGateway::Deployment").values()
    assert "StageName" not in deployment, "a deployment that names a stage makes it"


def test_the_api_serves_exactly_the_described_routes() -> None:
    assert set(ROUTES) == described()


def test_every_route_but_the_signed_hooks_needs_a_staff_token() -> None:
    without = {route for route, operation in ROUTES.items() if operation.get("security") != [{"Staff": []}]}
    assert without == {
        ("POST", "/hooks/bookings"),
        ("POST", "/hooks/records"),
        ("PUT", "/hooks/clients/{external_id}"),
    }


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_only_its_route_of_this_api_may_call_a_function(route: tuple[str, str]) -> None:
    """SAM grants it for any stage; there is one, and making another takes rights on the API."""
    method, path = route
    pattern = f"/{method}{re.sub(r'{[^}]+}', '*', path)}"
    callers = [
        permission["FunctionName"]["Ref"]
        for permission in of_type("AWS::Lambda::Permission").values()
        if permission["Principal"] == "apigateway.amazonaws.com"
        and permission["SourceArn"]["Fn::Sub"][0].endswith(f"/${{__Stage__}}{pattern}")
        and permission["SourceArn"]["Fn::Sub"][1]["__ApiId__"] == {"Ref": "Api"}
    ]
    assert callers == [called_by(ROUTES[route])]


def test_nobody_but_the_routes_and_the_bus_may_call_a_function() -> None:
    principals = [permission["Principal"] for permission in of_type("AWS::Lambda::Permission").values()]
    assert principals.count("apigateway.amazonaws.com") == len(ROUTES)
    assert [other for other in principals if other != "apigateway.amazonaws.com"] == ["events.amazonaws.com"]


def test_each_function_has_a_role_of_its_own_and_nobody_else_can_take_it() -> None:
    roles = [function["Role"]["Fn::GetAtt"][0] for function in of_type("AWS::Lambda::Function").values()]
    assert len(set(roles)) == len(roles)
    for role in roles:
        [statement] = RESOURCES[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": ["lambda.amazonaws.com"]}
    others = set(of_type("AWS::IAM::Role")) - set(roles)
    assert others == {
        "ArchiveClientsRole",
        "ImportWorkflowRole",
        "ApiLoggingRole",
        "ScheduledCleanupFunctionEveryFiveMinutesRole",
    }


def test_sam_adds_rights_to_write_logs_and_traces_and_no_others() -> None:
    """Both are on any resource: Lambda names its log streams itself, and X-Ray has no resources to name."""
    added = {
        arn.rpartition("/")[2]
        for function in of_type("AWS::Lambda::Function").values()
        for arn in RESOURCES[function["Role"]["Fn::GetAtt"][0]]["Properties"]["ManagedPolicyArns"]
    }
    assert added == {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"}


def test_the_clock_may_call_the_clean_up_and_nothing_else() -> None:
    [policy] = RESOURCES["ScheduledCleanupFunctionEveryFiveMinutesRole"]["Properties"]["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"] == {"Fn::GetAtt": ["ScheduledCleanupFunction", "Arn"]}


def test_the_stage_waits_for_the_role_it_logs_with_where_there_is_one() -> None:
    """A dependency by name on a resource whose condition is false takes the API itself out of the stack."""
    assert not [name for name in RESOURCES if "ApiLogging" in str(RESOURCES[name].get("DependsOn"))]
    [stage] = of_type("AWS::ApiGateway::Stage").values()
    depends = {"Fn::If": ["SetsUpApiLogging", {"Ref": "ApiLogging"}, "the-account"]}
    assert depends in [tag["Value"] for tag in stage["Tags"]]
