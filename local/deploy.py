"""Deploys template.yaml to the local AWS through CloudFormation and its SAM transform."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local.ministack import LocalAws, LocalAwsFailed
from local.package import SOURCES, Code, package

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cloudformation.literals import CapabilityType
    from types_boto3_cloudformation.type_defs import ParameterTypeDef

STACK = "client-archive"
ARTIFACTS_BUCKET = "client-archive-artifacts"
DEPLOY_SECONDS = 120
PARAMETERS: Mapping[str, str] = {
    "Console": "true",
    "EventArchiveDays": "0",
    "HookCallsPerSecond": "1000",
    "RequireMfa": "false",
    "SignInStyle": "classic",
    "TokenMinutes": "60",
}
"""MiniStack 1.5 refuses an archive of events in a template, which its EventBridge has, and managed sign-in pages.

Tests call hooks all the time. Nobody here has an authenticator app.
"""

CAPABILITIES: Sequence[CapabilityType] = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
NO_UPDATES = "No updates are to be performed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What the stack tells about itself."""

    api_url: str
    user_pool_id: str
    user_pool_client_id: str
    console_client_id: str
    table_name: str
    state_machine_arn: str
    manifest_bucket: str
    event_bus: str
    import_state_machine_arn: str
    import_bucket: str


def deploy(
    aws: LocalAws,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    code: Code = SOURCES,
    parameters: Mapping[str, str] = PARAMETERS,
) -> Deployed:
    """Package and deploy the template; a stack that is there already is updated.

    Args:
        aws: where to.
        on_progress: told from time to time how many resources of how many exist.
        code: what is deployed.
        parameters: the template's parameters, where they are not as by default.

    Raises:
        LocalAwsFailed: the stack could not be deployed; the message names the resources and their reasons.
    """
    aws.s3.create_bucket(Bucket=ARTIFACTS_BUCKET)
    template = package(code, aws.s3, ARTIFACTS_BUCKET)
    aws.s3.put_object(Bucket=ARTIFACTS_BUCKET, Key="template.json", Body=json.dumps(template).encode())
    given: list[ParameterTypeDef] = [
        {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
    ]
    location = f"{aws.endpoint}/{ARTIFACTS_BUCKET}/template.json"
    try:
        aws.cloudformation.create_stack(
            StackName=STACK,
            TemplateURL=location,
            Parameters=given,
            Capabilities=CAPABILITIES,
            OnFailure="DO_NOTHING",
        )
    except aws.cloudformation.exceptions.AlreadyExistsException:
        _update(aws.cloudformation, location, given)
    _wait(aws.cloudformation, on_progress)
    return read_deployed(aws)


def _update(cloudformation: CloudFormationClient, location: str, given: Sequence[ParameterTypeDef]) -> None:
    try:
        cloudformation.update_stack(StackName=STACK, TemplateURL=location, Parameters=given, Capabilities=CAPABILITIES)
    except ClientError as refused:
        if NO_UPDATES not in str(refused):
            raise


def _wait(cloudformation: CloudFormationClient, on_progress: Callable[[int, int], None] | None) -> None:
    deadline = time.monotonic() + DEPLOY_SECONDS
    while time.monotonic() < deadline:
        status = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return
        if not status.endswith("IN_PROGRESS"):
            raise LocalAwsFailed(f"The template could not be deployed:\n{_reasons(cloudformation)}")
        if on_progress:
            on_progress(*_created(cloudformation))
        time.sleep(0.2)
    raise LocalAwsFailed(f"The template was not deployed within {DEPLOY_SECONDS} seconds.")


def _created(cloudformation: CloudFormationClient) -> tuple[int, int]:
    resources = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    return sum(resource["ResourceStatus"].endswith("COMPLETE") for resource in resources), len(resources)


def _reasons(cloudformation: CloudFormationClient) -> str:
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in reversed(events) if event.get("ResourceStatus", "").endswith("FAILED")]
    return "\n".join(
        f"  {event.get('LogicalResourceId')}: {event.get('ResourceStatusReason', 'no reason')}" for event in failed
    )


def read_deployed(aws: LocalAws) -> Deployed:
    """Read what a deployed stack tells about itself."""
    stack = aws.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return Deployed(
        api_url=local_address(aws.endpoint, outputs["ApiUrl"]),
        user_pool_id=outputs["StaffPoolId"],
        user_pool_client_id=outputs["StaffPoolClientId"],
        console_client_id=outputs["ConsoleClientId"],
        table_name=outputs["TableName"],
        state_machine_arn=outputs["StateMachineArn"],
        manifest_bucket=outputs["ManifestBucketName"],
        event_bus=outputs["EventBusName"],
        import_state_machine_arn=outputs["ImportStateMachineArn"],
        import_bucket=outputs["ImportBucketName"],
    )


def local_address(endpoint: str, url: str) -> str:
    """Turn the address the API has on AWS, https://id.execute-api.region.../stage, into its local one."""
    host, _, stage = url.removeprefix("https://").rstrip("/").partition("/")
    return f"{endpoint}/_aws/execute-api/{host.split('.')[0]}/{stage}"
