"""The API calls published versions of its functions, and an update may move calls to new ones step by step."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import patch

import pytest

from local import transformed as transform
from local.template import function_properties, read_template
from local.transformed import transformed

TEMPLATE = read_template()
PARAMETERS = set(TEMPLATE["Parameters"])
RESOURCES: dict[str, dict[str, Any]] = transformed()["Resources"]
GRADUAL: dict[str, dict[str, Any]] = transformed({"DeployGradually": "true"})["Resources"]
ROUTED = sorted(
    name
    for name, resource in TEMPLATE["Resources"].items()
    if any(event["Type"] == "Api" for event in resource.get("Properties", {}).get("Events", {}).values())
)
OTHERS = sorted(name for name, one in RESOURCES.items() if one["Type"] == "AWS::Lambda::Function" if name not in ROUTED)


def of_type(resources: dict[str, dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource["Properties"] for name, resource in resources.items() if resource["Type"] == kind}


def parameters_in(value: Any) -> set[str]:
    """The parameters that a value is made of, through the conditions and the stored values that it names."""
    if isinstance(value, list):
        return {found for part in value for found in parameters_in(part)}
    if not isinstance(value, dict):
        return set()
    found = {found for part in value.values() for found in parameters_in(part)} | ({str(value.get("Ref"))} & PARAMETERS)
    if "Fn::If" in value:
        found |= parameters_in(TEMPLATE["Conditions"][value["Fn::If"][0]])
    if "Fn::Sub" in value:
        found |= set(re.findall(r"\$\{(\w+)\}", value["Fn::Sub"])) & PARAMETERS
    if value.get("Fn::GetAtt", ["", ""])[1] == "Value":
        found |= parameters_in(TEMPLATE["Resources"][value["Fn::GetAtt"][0]]["Properties"]["Value"])
    return found


@pytest.mark.parametrize("name", ROUTED)
def test_the_api_calls_the_live_version_of_its_function(name: str) -> None:
    alias = RESOURCES[f"{name}Aliaslive"]["Properties"]
    [version] = [one for one in of_type(RESOURCES, "AWS::Lambda::Version") if one.startswith(f"{name}Version")]
    assert alias["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}
    assert alias["FunctionName"] == RESOURCES[version]["Properties"]["FunctionName"] == {"Ref": name}
    assert RESOURCES[version]["DeletionPolicy"] == "Delete", "a snapshot is paid for as long as its version is there"


@pytest.mark.parametrize("name", OTHERS)
def test_what_no_route_calls_changes_at_once_and_has_no_snapshot(name: str) -> None:
    assert not {"DeploymentPreference", "SnapStart"} & set(function_properties(TEMPLATE, name))


@pytest.mark.parametrize("name", ROUTED)
def test_a_parameter_that_reaches_a_function_makes_a_new_version(name: str) -> None:
    """SAM makes one for what changes in the template; for a parameter, the version's description has to change."""
    properties = function_properties(TEMPLATE, name)
    environments = [TEMPLATE["Globals"]["Function"]["Environment"], properties["Environment"]]
    reached = parameters_in([environments, properties["Architectures"], properties["SnapStart"]])
    assert reached
    assert parameters_in(properties["VersionDescription"]) == reached


def longest_of(parameter: str) -> int:
    told = TEMPLATE["Parameters"][parameter]
    if told["Type"] == "Number":
        return len("1000000000")
    return int(told.get("MaxLength") or max(map(len, told["AllowedValues"])))


@pytest.mark.parametrize("name", ROUTED)
def test_the_description_of_a_version_is_no_longer_than_lambda_takes(name: str) -> None:
    described = TEMPLATE["Resources"][name]["Properties"]["VersionDescription"]["Fn::Sub"]
    assert len(re.sub(r"\$\{(\w+)\}", lambda found: "x" * longest_of(found[1]), described)) <= 256


def test_a_change_of_the_layer_alone_makes_a_new_version() -> None:
    packaged = transform._packaged

    def with_another_layer(template: dict[str, Any]) -> dict[str, Any]:
        template = packaged(template)
        layer = template["Resources"]["ClientLifecycleLayer"]["Properties"]
        layer["ContentUri"] = {**layer["ContentUri"], "Key": "another.zip"}
        return template

    with patch.object(transform, "_packaged", with_another_layer):
        changed = transformed()["Resources"]
    kept = set(of_type(RESOURCES, "AWS::Lambda::Version")) & set(of_type(changed, "AWS::Lambda::Version"))
    assert not [name for name in kept if name.startswith(tuple(ROUTED))]


@pytest.mark.parametrize("name", ROUTED)
def test_a_snapshot_is_made_only_if_it_is_asked_for(name: str) -> None:
    assert RESOURCES[name]["Properties"]["SnapStart"] == {
        "ApplyOn": {"Fn::If": ["UsesSnapStart", "PublishedVersions", "None"]}
    }
    assert TEMPLATE["Parameters"]["UseSnapStart"]["Default"] == "false"


@pytest.mark.parametrize("name", ROUTED)
def test_a_gradual_update_goes_back_on_the_alarms_of_the_function(name: str) -> None:
    group = GRADUAL[f"{name}DeploymentGroup"]["Properties"]
    errors = f"{name.removesuffix('Function')}Errors"
    assert GRADUAL[errors]["Properties"]["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": name}}]
    watched = [alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]]
    assert (group["AlarmConfiguration"]["Enabled"], watched) == (True, [errors, "ApiFaults"])
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert group["DeploymentConfigName"]["Fn::Sub"][1] == {"ConfigName": "Canary10Percent5Minutes"}
    update = GRADUAL[f"{name}Aliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert update["DeploymentGroupName"] == {"Ref": f"{name}DeploymentGroup"}


def test_nothing_of_gradual_updates_is_there_unless_asked_for() -> None:
    added = {one["Type"] for name, one in GRADUAL.items() if name not in RESOURCES}
    assert added - {"AWS::Lambda::Version"} == {
        "AWS::CodeDeploy::Application",
        "AWS::CodeDeploy::DeploymentGroup",
        "AWS::IAM::Role",
    }
    assert not [name for name in RESOURCES if RESOURCES[name]["Type"].startswith("AWS::CodeDeploy")]
    assert not [name for name in ROUTED if "UpdatePolicy" in RESOURCES[f"{name}Aliaslive"]]


def test_only_codedeploy_takes_the_role_of_gradual_updates() -> None:
    role = GRADUAL["CodeDeployServiceRole"]["Properties"]
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": ["codedeploy.amazonaws.com"]}
    assert [arn.rpartition("/")[2] for arn in role["ManagedPolicyArns"]] == ["AWSCodeDeployRoleForLambda"]
