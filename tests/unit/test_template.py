"""template.yaml is the one source of truth; these tests hold the code and the template together."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from client_lifecycle.edge import audit, environment, idempotency, identity, unreadable_reports
from client_lifecycle.storage import audit_trail, exports, keys
from client_lifecycle.storage.event_bus import SOURCE
from client_lifecycle.use_cases.clean_up import LEASE, SweepResult
from local.template import ROOT, read_template
from local.template import TEMPLATE as TEMPLATE_FILE
from scheduled_cleanup.handler import metrics
from tests.support.rights import is_of_the_data_key

TEMPLATE = read_template()
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"] == kind}


FUNCTIONS = of_type("AWS::Serverless::Function")
TABLE = RESOURCES["Table"]["Properties"]
TABLE_ARN = {"Fn::GetAtt": ["ArnOfTable", "Value"]}
GIVEN_STREAM = {"Fn::Sub": "${ArnOfTable.Value}/stream/${TableStreamLabel}"}
STREAM_ARN = {"Fn::If": ["MakesTable", {"Fn::GetAtt": ["Table", "StreamArn"]}, GIVEN_STREAM]}
ANSWERS = {"Fn::GetAtt": ["IdempotencyTable", "Arn"]}
"""Where the answers of requests with an Idempotency-Key are kept."""


def statements(properties: dict[str, Any]) -> list[dict[str, Any]]:
    return [statement for policy in properties["Policies"] for statement in policy["Statement"]]


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [str(value)]


def parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


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
    of_the_audit = name in ("AuditLogs", "ApiLogs")
    kept = "AuditRetentionDays" if of_the_audit else "LogRetentionDays"
    assert RESOURCES[name]["Properties"]["RetentionInDays"] == {"Ref": kept}


def test_who_saw_what_is_kept_for_six_years_and_outlives_the_stack() -> None:
    assert TEMPLATE["Parameters"]["AuditRetentionDays"]["Default"] == 2192
    assert max(TEMPLATE["Parameters"]["AuditRetentionDays"]["AllowedValues"]) >= 3650
    for name in ("AuditLogs", "AuditLines"):
        assert RESOURCES[name]["DeletionPolicy"] == RESOURCES[name]["UpdateReplacePolicy"] == "Retain"
    assert RESOURCES["AuditLines"]["Properties"]["LogStreamName"] == audit_trail.STREAM
    alarm = RESOURCES["AuditLinesSetAside"]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (unreadable_reports.NAMESPACE, audit.SET_ASIDE)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_behind_the_api_and_no_others_may_leave_a_trace(name: str) -> None:
    is_behind_the_api = any(event["Type"] == "Api" for event in FUNCTIONS[name].get("Events", {}).values())
    allowed = [one for one in statements(FUNCTIONS[name]) if "logs" in str(one["Action"])]
    assert [(one["Action"], one["Resource"]["Fn::Sub"].partition("log-group:")[2]) for one in allowed] == [
        ("logs:PutLogEvents", f"${{AuditLogs}}:log-stream:{audit_trail.STREAM}")
    ] * is_behind_the_api


def test_every_package_of_functions_is_deployed() -> None:
    packages = {path.parent.name for path in [*ROOT.glob("functions/*/handler.py"), *ROOT.glob("console/*/handler.py")]}
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
        keys.COMMITMENTS_INDEX: ["commitment_key", "live_key"],
        keys.DUE_INDEX: ["due_key", "due_since"],
    }


def test_client_records_cannot_be_lost_with_the_stack() -> None:
    assert TABLE["DeletionProtectionEnabled"] is True
    assert TABLE["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert TABLE["SSESpecification"]["SSEEnabled"] is True
    assert TABLE["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert RESOURCES["Table"]["DeletionPolicy"] == RESOURCES["Table"]["UpdateReplacePolicy"] == "Retain"


def test_no_client_record_is_ever_forgotten() -> None:
    """A table's time to live would delete what it is told to; answers have a table of their own for it."""
    assert "TimeToLiveSpecification" not in TABLE


def test_answers_are_kept_encrypted_in_a_table_of_their_own_that_forgets() -> None:
    answers = RESOURCES["IdempotencyTable"]["Properties"]
    assert answers["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert answers["TimeToLiveSpecification"] == {"AttributeName": "expiration", "Enabled": True}
    assert answers["SSESpecification"]["SSEEnabled"] is True
    assert answers["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("template.yaml", "Idempotency-Key, names and addresses of clients among them, for {} hours "),
        (
            "docs/privacy.md",
            "| the answers of requests with an `Idempotency-Key`, which can hold names and addresses | {} hours",
        ),
        ("docs/privacy.md", "kept answers ({} hours"),
        ("docs/recovery.md", "| answers kept for an `Idempotency-Key` | none | {} hours of keys"),
        ("docs/integrator-guide.md", "with the same key within {} hours"),
        ("docs/openapi.json", "the same request is answered for {} hours"),
    ],
)
def test_an_answer_is_kept_for_as_long_as_is_told(file: str, told: str) -> None:
    assert told.format(idempotency.KEPT_HOURS) in (ROOT / file).read_text(encoding="utf-8")


ANSWER_ONCE = {"ClientsFunction", "PracticeFunction", "BulkArchiveFunction", "ImportsFunction"}
"""The functions with routes that take an Idempotency-Key."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_table_of_answers_is_for_the_functions_that_create(name: str) -> None:
    allowed = [texts(one["Action"]) for one in statements(FUNCTIONS[name]) if ANSWERS in parts(one["Resource"])]
    actions = ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    assert allowed == ([actions] if name in ANSWER_ONCE else [])


@pytest.mark.parametrize(("name", "days"), [("ManifestBucket", {"Ref": "ManifestRetentionDays"}), ("ImportBucket", 30)])
def test_buckets_are_private_encrypted_and_what_is_in_them_expires(name: str, days: object) -> None:
    bucket = RESOURCES[name]["Properties"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["BucketEncryption"]
    rule, *_ = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", days)
    [only_tls] = RESOURCES[f"{name}Policy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (only_tls["Effect"], only_tls["Action"]) == ("Deny", "s3:*")
    assert only_tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_environment_names_are_those_the_settings_models_read() -> None:
    common = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    everywhere = [
        name
        for shape in (environment.TableSettings, environment.OriginSettings, environment.AuditSettings)
        for name in shape.__struct_fields__
    ]
    assert {name.upper() for name in everywhere} <= set(common)
    answering_once = {name.upper() for name in environment.IdempotencySettings.__struct_fields__}
    listing = {name.upper() for name in environment.CursorSettings.__struct_fields__}
    starting_runs = {name.upper() for name in environment.WorkflowSettings.__struct_fields__}
    told = set(FUNCTIONS["BulkArchiveFunction"]["Environment"]["Variables"])
    assert told == starting_runs | answering_once | listing
    assert set(FUNCTIONS["PrepareRetryFunction"]["Environment"]["Variables"]) == starting_runs
    watching = {name.upper() for name in environment.StreamReaderSettings.__struct_fields__}
    importing = {name.upper() for name in environment.ImportSettings.__struct_fields__}
    cleaning = set(FUNCTIONS["ScheduledCleanupFunction"]["Environment"]["Variables"])
    assert cleaning == starting_runs | importing | watching
    for name in ("ReadUploadFunction", "ImportRowsFunction", "FinishImportFunction"):
        assert set(FUNCTIONS[name]["Environment"]["Variables"]) == importing
    assert set(FUNCTIONS["ImportsFunction"]["Environment"]["Variables"]) == importing | answering_once | listing
    exporting = {name.upper() for name in environment.ExportSettings.__struct_fields__}
    assert set(FUNCTIONS["ClientsFunction"]["Environment"]["Variables"]) == answering_once | listing | exporting
    for name in ANSWER_ONCE - {"BulkArchiveFunction", "ClientsFunction", "ImportsFunction"}:
        assert set(FUNCTIONS[name]["Environment"]["Variables"]) == answering_once | listing
    events = FUNCTIONS["PublishEventsFunction"]["Environment"]["Variables"]
    read = [*environment.EventSettings.__struct_fields__, *environment.DeadLetterSettings.__struct_fields__]
    assert {name.upper() for name in read} == set(events)
    requests = FUNCTIONS["BookingRequestsFunction"]["Environment"]["Variables"]
    assert {name.upper() for name in environment.DeadLetterSettings.__struct_fields__} == set(requests)
    changes = FUNCTIONS["RecordChangesFunction"]["Environment"]["Variables"]
    assert {name.upper() for name in environment.DeadLetterSettings.__struct_fields__} == set(changes)
    rate = {name.upper() for name in environment.RateSettings.__struct_fields__}
    hook = FUNCTIONS["BookingHookFunction"]["Environment"]["Variables"]
    assert {name.upper() for name in environment.HookSettings.__struct_fields__} | rate == set(hook)
    records = FUNCTIONS["RecordHookFunction"]["Environment"]["Variables"]
    assert {name.upper() for name in environment.RecordHookSettings.__struct_fields__} | rate == set(records)


def test_the_deployed_runtime_is_python_3_13_on_arm64_by_default() -> None:
    common, layer = TEMPLATE["Globals"]["Function"], RESOURCES["ClientLifecycleLayer"]
    asked = {"Ref": "Architecture"}
    assert (common["Runtime"], common["Architectures"]) == ("python3.13", [asked])
    assert layer["Properties"]["CompatibleArchitectures"] == [layer["Metadata"]["BuildArchitecture"]] == [asked]
    assert TEMPLATE["Parameters"]["Architecture"]["Default"] == "arm64"


@pytest.mark.parametrize(
    ("asked", "built"), [([], "aarch64"), (["MACHINE=aarch64"], "aarch64"), (["MACHINE=x86_64"], "x86_64")]
)
def test_the_layer_is_built_for_the_machine_that_is_asked_for(asked: list[str], built: str) -> None:
    command = ["make", "--dry-run", "build-ClientLifecycleLayer", *asked]
    environment = {"PATH": os.environ["PATH"]}
    told = subprocess.run(
        command, cwd=ROOT / "layers/common", env=environment, capture_output=True, text=True, check=True
    )
    platforms = set(re.findall(r"--platform (\S+)", told.stdout))
    assert platforms == {f"manylinux{version}_{built}" for version in ("_2_28", "_2_17", "2014")}


WITHOUT_RESOURCES = {"lambda:ListEventSourceMappings"}
"""Actions that AWS allows on ``*`` only."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_role_has_exact_actions_on_exact_resources(name: str) -> None:
    for statement in statements(FUNCTIONS[name]):
        assert not [text for text in texts(statement["Action"]) if "*" in text]
        wide = [text for text in texts(statement["Resource"]) if text == "*" or "index/*" in text]
        assert not wide or set(texts(statement["Action"])) <= WITHOUT_RESOURCES


def test_each_exception_from_checkov_has_its_reason_beside_it() -> None:
    text = (ROOT / ".checkov.yaml").read_text(encoding="utf-8")
    skipped = re.findall(r"^  - (\w+)$", text, re.MULTILINE)
    assert skipped
    assert re.findall(r"^  # [A-Z].+\.\n  - (\w+)$", text, re.MULTILINE) == skipped
    skips = [
        one
        for resource in RESOURCES.values()
        for one in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    ]
    assert [one for one in skips if not one["comment"]] == []


def granted(value: Any) -> list[dict[str, Any]]:
    """All statements that allow something, wherever they stand."""
    if isinstance(value, list):
        return [statement for part in value for statement in granted(part)]
    if not isinstance(value, dict):
        return []
    found = [statement for part in value.values() for statement in granted(part)]
    return [*found, value] if value.get("Effect") == "Allow" else found


@pytest.mark.parametrize(("part", "wide"), [("Resource", r"\*"), ("Action", r"\w+:\*")])
def test_what_is_granted_on_everything_has_its_reason_beside_it(part: str, wide: str) -> None:
    everything = [text for one in granted(RESOURCES) for text in texts(one.get(part, [])) if re.fullmatch(wide, text)]
    reasons = re.findall(rf'^ +{part}: "?{wide}"? # \w.+$', TEMPLATE_FILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert everything
    assert len(reasons) == len(everything)


DELETES = {
    "ClientsFunction": ["EMAIL#*", "WORDS#*", "EXTERNAL#*"],
    "ImportRowsFunction": ["EMAIL#*", "WORDS#*"],
    "PracticeFunction": ["PROVIDER#*"],
    "RecordHookFunction": ["EMAIL#*", "WORDS#*"],
}
"""Who may delete, and in which partitions: an address or a name's words no longer used, a group without clients."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_role_may_scan_or_delete_more_than_addresses_groups_answers(name: str) -> None:
    actions = [action for statement in statements(FUNCTIONS[name]) for action in texts(statement["Action"])]
    assert not [action for action in actions if "Scan" in action]
    deletes = [
        statement
        for statement in statements(FUNCTIONS[name])
        if "dynamodb:Delete" in str(statement["Action"]) and statement["Resource"] != ANSWERS
    ]
    assert deletes == [
        {
            "Sid": statement["Sid"],
            "Effect": "Allow",
            "Action": "dynamodb:DeleteItem",
            "Resource": TABLE_ARN,
            "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": DELETES[name]}},
        }
        for statement in deletes
    ]
    assert len(deletes) == (name in DELETES)


TO_DELIVER_LOGS = {
    f"logs:{action}"
    for action in (
        "CreateLogDelivery",
        "DeleteLogDelivery",
        "DescribeLogGroups",
        "DescribeResourcePolicies",
        "GetLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "UpdateLogDelivery",
    )
}
TO_TRACE = {
    f"xray:{action}" for action in ("GetSamplingRules", "GetSamplingTargets", "PutTelemetryRecords", "PutTraceSegments")
}
TO_MAP = {f"states:{action}Execution" for action in ("Describe", "Redrive", "Start", "Stop")}
"""What AWS lists for logs, traces and a distributed map of its own."""

INTEGRATIONS = {"lambda:invoke": {"lambda:InvokeFunction"}, "s3:getObject": {"s3:GetObject", "kms:Decrypt"}}


MACHINES = {"ArchiveClients": "${ManifestBucket.Arn}/*", "ImportWorkflow": "${ImportBucket.Arn}/imports/*"}
"""Each state machine, and where its manifests are."""


@pytest.mark.parametrize("name", MACHINES)
def test_a_state_machine_may_do_what_its_workflow_does_and_no_more(name: str) -> None:
    """The local AWS does not enforce this role, so it is checked here."""
    machine = RESOURCES[name]["Properties"]
    workflow = (ROOT / machine["DefinitionUri"]).read_text(encoding="utf-8")
    called = re.findall(r'"Resource": "arn:\$\{Partition\}:states:::([^"]+)"', workflow)
    does = {action for one in called for action in INTEGRATIONS[one]}
    does |= (TO_MAP if '"Mode": "DISTRIBUTED"' in workflow else set()) | (TO_TRACE if machine["Tracing"] else set())
    does |= TO_DELIVER_LOGS if machine["Logging"] else set()
    [policy] = RESOURCES[f"{name}Role"]["Properties"]["Policies"]
    allowed = {
        action: texts(statement["Resource"])
        for statement in policy["PolicyDocument"]["Statement"]
        for action in texts(statement["Action"])
    }
    assert set(allowed) == does
    full_name, [label] = machine["Name"]["Fn::Sub"], re.findall(r'"Label": "(\w+)"', workflow)
    assert allowed["states:StartExecution"][0].endswith(f"stateMachine:{full_name}")
    for action in ("states:DescribeExecution", "states:StopExecution"):
        assert allowed[action][0].endswith(f"execution:{full_name}*")
    assert allowed["states:RedriveExecution"][0].endswith(f"execution:{full_name}/{label}:*")
    assert allowed["s3:GetObject"] == [MACHINES[name]]
    steps = {call: machine["DefinitionSubstitutions"][call] for call in re.findall(r"\$\{(\w+FunctionArn)\}", workflow)}
    assert sorted(allowed["lambda:InvokeFunction"]) == sorted(text for arn in steps.values() for text in texts(arn))


START = "states:StartExecution"
STARTS_RUNS = {"BulkArchiveFunction", "ScheduledCleanupFunction"}
STARTS_IMPORTS = {"ImportsFunction", "ScheduledCleanupFunction"}


def test_no_other_function_may_start_runs_or_imports() -> None:
    may = {name for name in FUNCTIONS for one in statements(FUNCTIONS[name]) if START in texts(one["Action"])}
    assert may == STARTS_RUNS | STARTS_IMPORTS


@pytest.mark.parametrize(
    ("function", "variable", "machine"),
    [
        *((name, "STATE_MACHINE_ARN", "ArchiveClients") for name in sorted(STARTS_RUNS)),
        *((name, "IMPORT_STATE_MACHINE_ARN", "ImportWorkflow") for name in sorted(STARTS_IMPORTS)),
    ],
)
def test_runs_are_started_on_a_state_machine_of_this_stack(function: str, variable: str, machine: str) -> None:
    arn = FUNCTIONS[function]["Environment"]["Variables"][variable]["Fn::Sub"]
    assert arn.endswith(f"stateMachine:{RESOURCES[machine]['Properties']['Name']['Fn::Sub']}")


def test_no_event_is_lost_while_the_bus_is_out_of_reach() -> None:
    """What the bus refuses is tried again for half the day that a stream keeps, then told to people."""
    stream = RESOURCES["PublishEventsStream"]["Properties"]
    assert stream["EventSourceArn"] == STREAM_ARN
    assert stream["StartingPosition"] == "TRIM_HORIZON"
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert stream["BisectBatchOnFunctionError"] is True
    assert (stream["MaximumRetryAttempts"], stream["MaximumRecordAgeInSeconds"]) == (-1, 12 * 60 * 60)
    assert stream["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["EventDeadLetters", "Arn"]}
    letters = RESOURCES["EventDeadLetters"]["Properties"]
    assert letters["MessageRetentionPeriod"] == 14 * 24 * 60 * 60
    [only_tls] = RESOURCES["EventDeadLettersPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (only_tls["Effect"], only_tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_publisher_reads_the_stream_and_cannot_touch_the_table() -> None:
    """The local AWS does not check the role that a stream is read with, so it is checked here."""
    allowed = {
        action: statement["Resource"]
        for statement in statements(FUNCTIONS["PublishEventsFunction"])
        for action in texts(statement["Action"])
    }
    reading = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    assert allowed == {
        **{f"dynamodb:{action}": STREAM_ARN for action in reading},
        "events:PutEvents": {"Fn::GetAtt": ["EventBus", "Arn"]},
        "sqs:SendMessage": {"Fn::GetAtt": ["EventDeadLetters", "Arn"]},
        **dict.fromkeys(("kms:Decrypt", "kms:GenerateDataKey"), KEY),
    }


def test_the_clean_up_runs_every_five_minutes_and_ends_within_its_leases() -> None:
    cleanup = FUNCTIONS["ScheduledCleanupFunction"]
    [schedule] = cleanup["Events"].values()
    assert (schedule["Type"], schedule["Properties"]["ScheduleExpression"]) == ("ScheduleV2", "rate(5 minutes)")
    assert timedelta(seconds=cleanup["Timeout"]) < LEASE
    assert cleanup["EventInvokeConfig"]["MaximumRetryAttempts"] == 0, "the next is five minutes away"


def test_both_entrances_for_bookings_may_do_the_same_to_the_table() -> None:
    hook, requests = (
        [one for one in statements(FUNCTIONS[name]) if one["Resource"] == TABLE_ARN]
        for name in ("BookingHookFunction", "BookingRequestsFunction")
    )
    assert hook == requests


def test_a_booking_on_the_bus_is_answered_or_set_aside_within_bounds() -> None:
    """The local AWS neither tries a rule's target again nor sets anything aside for it, so it is checked here."""
    letters = {"Fn::GetAtt": ["BookingDeadLetters", "Arn"]}
    rule = RESOURCES["BookingsRequested"]["Properties"]
    [target] = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["BookingRequestsFunction", "Arn"]}
    assert target["DeadLetterConfig"] == {"Arn": letters}
    invoked = FUNCTIONS["BookingRequestsFunction"]["EventInvokeConfig"]
    assert invoked["DestinationConfig"]["OnFailure"] == {"Type": "SQS", "Destination": letters}
    for bounds in (target["RetryPolicy"], invoked):
        assert bounds["MaximumRetryAttempts"] <= 20
        assert bounds["MaximumEventAgeInSeconds"] == 60 * 60
    only_tls, from_the_rule = RESOURCES["BookingDeadLettersPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (only_tls["Effect"], only_tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert from_the_rule["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["BookingsRequested", "Arn"]}}}
    permission = RESOURCES["BookingsRequestedPermission"]["Properties"]
    assert permission["SourceArn"] == {"Fn::GetAtt": ["BookingsRequested", "Arn"]}
    alarm = RESOURCES["BookingsSetAside"]["Properties"]
    assert alarm["Dimensions"][0]["Value"] == {"Fn::GetAtt": ["BookingDeadLetters", "QueueName"]}


@pytest.mark.parametrize(
    ("rule", "name"), [("BookingsRequested", "booking.requested"), ("RecordsChanged", "records.changed")]
)
def test_this_system_s_own_events_are_no_requests(rule: str, name: str) -> None:
    pattern = RESOURCES[rule]["Properties"]["EventPattern"]
    assert pattern == {"source": [{"anything-but": [SOURCE]}], "detail-type": [name]}


def test_what_a_source_publishes_is_stored_or_set_aside_within_bounds() -> None:
    """The local AWS checks neither the role that reads a queue nor a rule's retries, so they are checked here."""
    queue, letters = ({"Fn::GetAtt": [name, "Arn"]} for name in ("RecordQueue", "RecordDeadLetters"))
    [target] = RESOURCES["RecordsChanged"]["Properties"]["Targets"]
    assert (target["Arn"], target["DeadLetterConfig"]) == (queue, {"Arn": letters})
    waiting, aside = RESOURCES["RecordQueue"]["Properties"], RESOURCES["RecordDeadLetters"]["Properties"]
    assert waiting["RedrivePolicy"] == {"deadLetterTargetArn": letters, "maxReceiveCount": 5}
    assert waiting["VisibilityTimeout"] >= 6 * TEMPLATE["Globals"]["Function"]["Timeout"]
    for one in (waiting, aside):
        assert one["MessageRetentionPeriod"] == 14 * 24 * 60 * 60
    policy = RESOURCES["RecordQueuesPolicy"]["Properties"]
    assert policy["Queues"] == [{"Ref": "RecordQueue"}, {"Ref": "RecordDeadLetters"}]
    only_tls, from_the_rule = policy["PolicyDocument"]["Statement"]
    assert (only_tls["Effect"], only_tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert from_the_rule["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["RecordsChanged", "Arn"]}}}
    reader = RESOURCES["RecordQueueReader"]["Properties"]
    assert (reader["EventSourceArn"], reader["FunctionResponseTypes"]) == (queue, ["ReportBatchItemFailures"])
    allowed = {
        action: one["Resource"]
        for one in statements(FUNCTIONS["RecordChangesFunction"])
        for action in texts(one["Action"])
        if action.startswith("sqs:")
    }
    reading = ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
    assert allowed == {**{f"sqs:{action}": queue for action in reading}, "sqs:SendMessage": letters}


def test_an_item_that_fails_the_clean_up_repeatedly_raises_an_alarm() -> None:
    alarm = RESOURCES["CleanupItemsFailed"]["Properties"]
    service = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    assert alarm["Namespace"] == metrics.namespace
    assert alarm["MetricName"] == f"cleanup_{SweepResult.FAILED}"
    assert alarm["Dimensions"] == [{"Name": "service", "Value": service}]
    assert alarm["Period"] >= LEASE.total_seconds()


def test_staff_cannot_choose_their_provider() -> None:
    [attribute] = RESOURCES["StaffPool"]["Properties"]["Schema"]
    assert (attribute["Name"], attribute["Mutable"]) == ("provider_id", False)
    assert "custom:provider_id" not in RESOURCES["StaffPoolClient"]["Properties"]["WriteAttributes"]
    groups = [one["Properties"]["GroupName"] for one in RESOURCES.values() if one["Type"].endswith("UserPoolGroup")]
    assert groups == [role.value for role in identity.Role]


KEY = {"Fn::GetAtt": ["ArnOfKey", "Value"]}
AT_REST = {
    "AWS::DynamoDB::Table": lambda stored: stored["SSESpecification"]["KMSMasterKeyId"],
    "AWS::S3::Bucket": lambda stored: stored["BucketEncryption"]["ServerSideEncryptionConfiguration"][0][
        "ServerSideEncryptionByDefault"
    ]["KMSMasterKeyID"],
    "AWS::SQS::Queue": lambda stored: stored["KmsMasterKeyId"],
    "AWS::SNS::Topic": lambda stored: stored["KmsMasterKeyId"],
    "AWS::Logs::LogGroup": lambda stored: stored["KmsKeyId"],
}
"""Where each kind of store names the key that it is encrypted with."""

NEEDED_BY = {
    "dynamodb": {"kms:Decrypt"},
    "ssm": {"kms:Decrypt"},
    "sqs:SendMessage": {"kms:Decrypt", "kms:GenerateDataKey"},
    "sqs:ReceiveMessage": {"kms:Decrypt"},
    "s3:PutObject": {"kms:GenerateDataKey"},
    "s3:GetObject": {"kms:Decrypt"},
}
"""What a role must be allowed to do with the key, for a right it has on what is encrypted with it."""


FOR_EVERYBODY = {"ConsoleBucket", "PublishConsoleFunction"}
"""The console's files hold no data and are served to everybody: they need no key of ours."""


@pytest.mark.parametrize(
    "name", [name for name in RESOURCES if RESOURCES[name]["Type"] in AT_REST and name not in FOR_EVERYBODY]
)
def test_everything_at_rest_is_encrypted_with_the_one_key(name: str) -> None:
    stored = RESOURCES[name]
    assert AT_REST[stored["Type"]](stored["Properties"]) == KEY


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - FOR_EVERYBODY))
def test_a_role_may_use_the_key_for_what_it_reads_and_writes_alone(name: str) -> None:
    needed: set[tuple[str, str]] = set()
    for action in {one for statement in statements(FUNCTIONS[name]) for one in parts(statement["Action"])}:
        for used_by, actions in NEEDED_BY.items():
            if action.startswith(used_by):
                needed |= {(used_by.partition(":")[0], one) for one in actions}
    granted = {
        (service["Fn::Sub"].partition(".")[0], action)
        for statement in statements(FUNCTIONS[name])
        if is_of_the_data_key(statement)
        for action in parts(statement["Action"])
        for service in parts(statement["Condition"]["StringEquals"]["kms:ViaService"])
    }
    assert granted == needed


LOGS = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group"
OF_THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
ANYTHING = {"Effect": "Allow", "Resource": "*"}
"""In a key's own policy, the key."""

BY_ROLES_OF_THIS_ACCOUNT = {
    **ANYTHING,
    "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
    "Action": "kms:*",
}
"""It gives nobody a right by itself: roles do."""

KEY_IS_USED_BY = {
    "ByRolesOfThisAccount": BY_ROLES_OF_THIS_ACCOUNT,
    "LogsOfThisStack": {
        **ANYTHING,
        "Principal": {"Service": {"Fn::Sub": "logs.${AWS::Region}.${AWS::URLSuffix}"}},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        "Condition": {
            "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": [
                    {"Fn::Sub": f"{LOGS}:/*/${{AWS::StackName}}*"},
                    {"Fn::Sub": f"{LOGS}:${{AWS::StackName}}-*"},
                ]
            }
        },
    },
    "AlarmsOfThisAccount": {
        **ANYTHING,
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Condition": OF_THIS_ACCOUNT,
    },
    "RulesThatFillQueues": {
        **ANYTHING,
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Condition": OF_THIS_ACCOUNT,
    },
}
"""All that the key's policy allows, by statement."""

KEY_POLICIES = {"DataKey": KEY_IS_USED_BY, "CursorKey": {"ByRolesOfThisAccount": BY_ROLES_OF_THIS_ACCOUNT}}


@pytest.mark.parametrize("name", of_type("AWS::KMS::Key"))
def test_a_key_s_policy_allows_exactly_this(name: str) -> None:
    statements = RESOURCES[name]["Properties"]["KeyPolicy"]["Statement"]
    assert {one["Sid"]: {key: one[key] for key in one if key != "Sid"} for one in statements} == KEY_POLICIES[name]


def test_the_key_outlives_the_stack_and_is_renewed() -> None:
    key = RESOURCES["DataKey"]
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert key["Properties"]["EnableKeyRotation"] is True


@pytest.mark.parametrize("name", ["ManifestBucket", "ImportBucket"])
def test_what_is_put_into_a_bucket_is_versioned_and_can_be_watched(name: str) -> None:
    bucket = RESOURCES[name]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["LoggingConfiguration"]["Fn::If"][1]["DestinationBucketName"] == {"Ref": "AccessLogBucket"}
    of_all, *_ = bucket["LifecycleConfiguration"]["Rules"]
    assert of_all["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_exports_expire_after_a_day_and_no_other_object_is_in_reach() -> None:
    _, of_exports = RESOURCES["ManifestBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert (of_exports["Prefix"], of_exports["ExpirationInDays"]) == (f"{exports.FOLDER}/", 1)
    allowed = [one["Resource"] for one in statements(FUNCTIONS["ClientsFunction"]) if "s3:" in str(one["Action"])]
    assert allowed == [{"Fn::Sub": f"${{ManifestBucket.Arn}}/{exports.FOLDER}/*"}]


def test_nobody_is_signed_in_for_long_or_by_a_password_alone() -> None:
    parameters, client = TEMPLATE["Parameters"], RESOURCES["StaffPoolClient"]["Properties"]
    assert parameters["TokenMinutes"]["Default"] == 15
    assert parameters["RefreshTokenHours"]["Default"] == 12
    assert client["TokenValidityUnits"] == {"IdToken": "minutes", "AccessToken": "minutes", "RefreshToken": "hours"}
    assert client["IdTokenValidity"] == client["AccessTokenValidity"] == {"Ref": "TokenMinutes"}
    assert client["RefreshTokenValidity"] == {"Ref": "RefreshTokenHours"}
    assert client["EnableTokenRevocation"] is True
    assert "ALLOW_USER_PASSWORD_AUTH" not in client["ExplicitAuthFlows"]
    assert client["AllowedOAuthFlows"]["Fn::If"][1] == ["code"]
    pool = RESOURCES["StaffPool"]["Properties"]
    assert parameters["RequireMfa"]["Default"] == "true"
    assert pool["MfaConfiguration"] == {"Fn::If": ["RequiresMfa", "ON", "OFF"]}
    assert pool["EnabledMfas"]["Fn::If"][1] == ["SOFTWARE_TOKEN_MFA"]
    assert pool["DeletionProtection"] == "ACTIVE"


def test_a_record_that_cannot_be_read_raises_an_alarm() -> None:
    alarm = RESOURCES["RecordsUnreadable"]["Properties"]
    service = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (unreadable_reports.NAMESPACE, unreadable_reports.METRIC)
    assert alarm["Dimensions"] == [{"Name": "service", "Value": service}]


@pytest.mark.parametrize("name", of_type("AWS::CloudWatch::Alarm"))
def test_every_alarm_reaches_its_subscribers(name: str) -> None:
    assert "AlarmTopicArn" in texts(RESOURCES[name]["Properties"]["AlarmActions"])


SAMPLED = [name for name in FUNCTIONS if "Condition" not in RESOURCES[name] and name != "PublishConsoleFunction"]
"""Not those that only a parameter makes, or that CloudFormation alone calls."""


@pytest.mark.parametrize("name", SAMPLED)
def test_every_function_has_a_sample_event(name: str) -> None:
    package = FUNCTIONS[name]["Handler"].split(".")[0]
    samples = list(Path(ROOT / "events").glob(f"{package}*.json"))
    assert samples
    assert all(json.loads(sample.read_text()) for sample in samples)
