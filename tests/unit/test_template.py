"""template.yaml is the one source of truth; these tests hold the code and the template together."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from client_lifecycle.edge import http, identity, settings
from client_lifecycle.storage import keys
from local.template import ROOT, read_template

TEMPLATE = read_template()
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"] == kind}


FUNCTIONS = of_type("AWS::Serverless::Function")
TABLE = RESOURCES["Table"]["Properties"]
GATEWAY_RESPONSES = RESOURCES["Api"]["Properties"]["GatewayResponses"]


def statements(properties: dict[str, Any]) -> list[dict[str, Any]]:
    return [statement for policy in properties["Policies"] for statement in policy["Statement"]]


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [str(value)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_names_a_handler_that_exists(name: str) -> None:
    module, attribute = FUNCTIONS[name]["Handler"].rsplit(".", 1)
    assert callable(getattr(importlib.import_module(module), attribute))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_logs_to_a_group_of_its_own_that_forgets(name: str) -> None:
    group = RESOURCES[FUNCTIONS[name]["LoggingConfig"]["LogGroup"]["Ref"]]["Properties"]
    assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert group["LogGroupName"]["Fn::Sub"].endswith(FUNCTIONS[name]["FunctionName"]["Fn::Sub"])


@pytest.mark.parametrize("name", of_type("AWS::Logs::LogGroup"))
def test_no_log_is_kept_forever(name: str) -> None:
    assert RESOURCES[name]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_every_package_of_functions_is_deployed() -> None:
    packages = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
    assert packages == {properties["Handler"].split(".")[0] for properties in FUNCTIONS.values()}


def test_the_table_is_keyed_as_the_storage_ring_writes_it() -> None:
    assert [key["AttributeName"] for key in TABLE["KeySchema"]] == ["pk", "sk"]
    local = {index["IndexName"]: index["KeySchema"][1]["AttributeName"] for index in TABLE["LocalSecondaryIndexes"]}
    assert local == {keys.LIVE_INDEX: "live_key", keys.OUTCOMES_INDEX: "outcome_key"}
    listings = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in TABLE["GlobalSecondaryIndexes"]
    }
    assert listings == {
        keys.BY_STATUS_INDEX: ["status_key", "name_key"],
        keys.BY_GROUP_INDEX: ["group_key", "name_key"],
        keys.BY_EMAIL_INDEX: ["status_key", "email_key"],
        keys.COMMITMENTS_INDEX: ["commitment_key", "live_key"],
        keys.DUE_INDEX: ["due_key", "due_at"],
    }


def test_client_records_cannot_be_lost_with_the_stack() -> None:
    assert TABLE["DeletionProtectionEnabled"] is True
    assert TABLE["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert TABLE["SSESpecification"]["SSEEnabled"] is True
    assert TABLE["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert RESOURCES["Table"]["DeletionPolicy"] == RESOURCES["Table"]["UpdateReplacePolicy"] == "Retain"


def test_manifests_are_private_encrypted_and_expire() -> None:
    bucket = RESOURCES["ManifestBucket"]["Properties"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["BucketEncryption"]
    assert bucket["LifecycleConfiguration"]["Rules"][0]["Status"] == "Enabled"
    [only_tls] = RESOURCES["ManifestBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (only_tls["Effect"], only_tls["Action"]) == ("Deny", "s3:*")
    assert only_tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_environment_names_are_those_the_settings_models_read() -> None:
    common = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    assert {name.upper() for name in settings.TableSettings.model_fields} <= set(common)
    bulk = FUNCTIONS["BulkArchiveFunction"]["Environment"]["Variables"]
    assert {name.upper() for name in settings.WorkflowSettings.model_fields} == set(bulk)
    events = FUNCTIONS["PublishEventsFunction"]["Environment"]["Variables"]
    assert {name.upper() for name in settings.EventSettings.model_fields} == set(events)


def test_the_deployed_runtime_is_python_3_13_on_arm64() -> None:
    common = TEMPLATE["Globals"]["Function"]
    assert (common["Runtime"], common["Architectures"]) == ("python3.13", ["arm64"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_role_has_exact_actions_on_exact_resources(name: str) -> None:
    for statement in statements(FUNCTIONS[name]):
        assert not [text for text in texts(statement["Action"]) if "*" in text]
        assert not [text for text in texts(statement["Resource"]) if text == "*" or "index/*" in text]


DELETES = {"ClientsFunction": "EMAIL#*", "PracticeFunction": "PROVIDER#*"}
"""Who may delete, and in which partitions: an address that was given up, and a group without clients."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_role_may_scan_and_none_may_delete_but_addresses_and_groups(name: str) -> None:
    actions = [action for statement in statements(FUNCTIONS[name]) for action in texts(statement["Action"])]
    assert not [action for action in actions if "Scan" in action]
    deletes = [statement for statement in statements(FUNCTIONS[name]) if "Delete" in str(statement["Action"])]
    assert deletes == [
        {
            "Sid": statement["Sid"],
            "Effect": "Allow",
            "Action": "dynamodb:DeleteItem",
            "Resource": {"Fn::GetAtt": ["Table", "Arn"]},
            "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [DELETES[name]]}},
        }
        for statement in deletes
    ]
    assert len(deletes) == (name in DELETES)


def test_the_state_machine_may_start_itself_and_read_its_manifests() -> None:
    """The local AWS does not enforce this role, so it is checked here."""
    [policy] = RESOURCES["ArchiveClientsRole"]["Properties"]["Policies"]
    allowed = {
        action: texts(statement["Resource"])
        for statement in policy["PolicyDocument"]["Statement"]
        for action in texts(statement["Action"])
    }
    name = RESOURCES["ArchiveClients"]["Properties"]["Name"]["Fn::Sub"]
    assert allowed["states:StartExecution"][0].endswith(f"stateMachine:{name}")
    assert allowed["states:DescribeExecution"][0].endswith(f"execution:{name}*")
    assert allowed["s3:GetObject"] == ["${ManifestBucket.Arn}/*"]
    steps = RESOURCES["ArchiveClients"]["Properties"]["DefinitionSubstitutions"].values()
    assert sorted(allowed["lambda:InvokeFunction"]) == sorted(text for step in steps for text in texts(step))


def test_bulk_archive_starts_the_state_machine_of_this_stack() -> None:
    arn = FUNCTIONS["BulkArchiveFunction"]["Environment"]["Variables"]["STATE_MACHINE_ARN"]["Fn::Sub"]
    assert arn.endswith(f"stateMachine:{RESOURCES['ArchiveClients']['Properties']['Name']['Fn::Sub']}")


def test_no_event_is_lost_while_the_bus_is_out_of_reach() -> None:
    """What the bus refuses is tried again for half the day that a stream keeps, then told to people."""
    stream = RESOURCES["PublishEventsStream"]["Properties"]
    assert stream["EventSourceArn"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    assert stream["StartingPosition"] == "TRIM_HORIZON"
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert stream["BisectBatchOnFunctionError"] is True
    assert stream["MaximumRecordAgeInSeconds"] == 12 * 60 * 60
    assert stream["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["EventDeadLetters", "Arn"]}
    letters = RESOURCES["EventDeadLetters"]["Properties"]
    assert (letters["SqsManagedSseEnabled"], letters["MessageRetentionPeriod"]) == (True, 14 * 24 * 60 * 60)
    [only_tls] = RESOURCES["EventDeadLettersPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (only_tls["Effect"], only_tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_publisher_reads_the_stream_and_cannot_touch_the_table() -> None:
    """The local AWS does not check the role that a stream is read with, so it is checked here."""
    allowed = {
        action: statement["Resource"]["Fn::GetAtt"]
        for statement in statements(FUNCTIONS["PublishEventsFunction"])
        for action in texts(statement["Action"])
    }
    reading = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    assert allowed == {
        **{f"dynamodb:{action}": ["Table", "StreamArn"] for action in reading},
        "events:PutEvents": ["EventBus", "Arn"],
        "sqs:SendMessage": ["EventDeadLetters", "Arn"],
    }


def test_staff_cannot_choose_their_provider() -> None:
    [attribute] = RESOURCES["StaffPool"]["Properties"]["Schema"]
    assert (attribute["Name"], attribute["Mutable"]) == ("provider_id", False)
    assert "custom:provider_id" not in RESOURCES["StaffPoolClient"]["Properties"]["WriteAttributes"]
    assert RESOURCES["ClientArchivers"]["Properties"]["GroupName"] == identity.ARCHIVERS


def test_every_route_needs_a_signed_in_caller() -> None:
    assert RESOURCES["Api"]["Properties"]["Auth"]["DefaultAuthorizer"] == "Staff"
    open_routes = [
        event["Properties"]["Path"]
        for function in FUNCTIONS.values()
        for event in function.get("Events", {}).values()
        if "Auth" in event["Properties"]
    ]
    assert open_routes == ["/hooks/bookings"], "the booking hook is signed instead"


def test_every_route_is_served_once() -> None:
    routes = [
        (event["Properties"]["Method"], event["Properties"]["Path"])
        for function in FUNCTIONS.values()
        for event in function.get("Events", {}).values()
    ]
    assert len(routes) == len(set(routes))


@pytest.mark.parametrize("kind", GATEWAY_RESPONSES)
def test_what_the_gateway_refuses_itself_is_a_problem_too(kind: str) -> None:
    response = GATEWAY_RESPONSES[kind]
    document = json.loads(response["ResponseTemplates"][http.PROBLEM_JSON])
    assert document["type"].startswith(http.PROBLEM_TYPE_PREFIX)
    assert {"title", "detail"} < set(document)
    assert document.get("status") == response.get("StatusCode")


def test_the_gateway_says_nothing_in_words_of_its_own() -> None:
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(GATEWAY_RESPONSES)


def test_the_api_is_made_after_the_role_it_logs_with() -> None:
    """Without that role, an account that never logged an API's calls refuses the stage."""
    assert RESOURCES["Api"]["Properties"]["AccessLogSetting"]
    assert RESOURCES[RESOURCES["Api"]["DependsOn"]]["Type"] == "AWS::ApiGateway::Account"


@pytest.mark.parametrize("name", of_type("AWS::CloudWatch::Alarm"))
def test_every_alarm_reaches_whoever_is_to_know(name: str) -> None:
    assert "AlarmTopicArn" in texts(RESOURCES[name]["Properties"]["AlarmActions"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_a_sample_event(name: str) -> None:
    package = FUNCTIONS[name]["Handler"].split(".")[0]
    samples = list(Path(ROOT / "events").glob(f"{package}*.json"))
    assert samples
    assert all(json.loads(sample.read_text()) for sample in samples)
