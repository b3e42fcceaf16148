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
def test_the_line_of_the_readme_deploys_every_function_to_the_local_aws() -> None:
    built_here()
    with ministack.local_aws() as aws:
        told = subprocess.run(
            ["bash", "-c", DEPLOY],
            cwd=ROOT,
            env={**os.environ, **variables(aws.endpoint)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stdout + told.stderr
        [stack] = aws.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        deployed = {one["FunctionName"] for one in aws.lambda_.list_functions()["Functions"]}
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert deployed == {function.name.replace("client-archive", STACK, 1) for function in functions()}


def variables(endpoint: str) -> dict[str, str]:
    """Return what ``.local/aws.env`` sets for AWS tools."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCOUNT_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "SAM_CLI_TELEMETRY": "0",
    }
