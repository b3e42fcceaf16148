"""``sam deploy`` brings what is built to the local AWS, as it does to AWS."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from local import ministack
from local.functions import functions
from local.ministack import ACCOUNT_KEY, REGION
from local.sam.build import built_here, missing
from local.template import ROOT

LACKS = missing()
STACK = "client-archive-by-sam"
[DEPLOY] = re.findall(
    "^.*sam deploy --config-env local$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
)


@pytest.mark.skipif(LACKS is not None, reason=LACKS or "")
def test_sam_deploys_every_function_and_a_deletion_keeps_the_data() -> None:
    built_here()
    with ministack.local_aws() as aws:
        run(aws.endpoint, DEPLOY)
        [stack] = aws.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        deployed = {one["FunctionName"] for one in aws.lambda_.list_functions()["Functions"]}
        run(aws.endpoint, ".venv-sam/bin/sam delete --config-env local --no-prompts")
        kept = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        assert aws.lambda_.list_functions()["Functions"] == []
        assert aws.dynamodb.list_tables()["TableNames"] == [kept["TableName"]]
        assert aws.cognito.describe_user_pool(UserPoolId=kept["StaffPoolId"])
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert deployed == {function.name.replace("client-archive", STACK, 1) for function in functions()}


def run(endpoint: str, line: str) -> None:
    """Run a line of shell with the variables of the local AWS."""
    environment = {**os.environ, **variables(endpoint)}
    told = subprocess.run(["bash", "-c", line], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def variables(endpoint: str) -> dict[str, str]:
    """Return what ``.local/aws.env`` sets for AWS tools."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCOUNT_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "SAM_CLI_TELEMETRY": "0",
    }
