"""What a function is told that runs on this machine, outside the local AWS, and works on the practice there."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from local.functions import Function
from local.ministack import ACCOUNT_KEY, REGION, LocalAws

FROM_CONTAINERS = "host.docker.internal"
"""What a container calls this machine."""


def environment(aws: LocalAws, function: Function, *, host: str | None = None) -> dict[str, str]:
    """Return a deployed function's variables, and what leads it to the local AWS.

    Args:
        aws: where it is deployed.
        function: the function.
        host: what the function calls this machine; by default as the local AWS is called here.
    """
    deployed = aws.lambda_.get_function_configuration(FunctionName=function.name)["Environment"]["Variables"]
    return led_to(aws.endpoint, deployed, host)


def led_to(endpoint: str, variables: Mapping[str, str], host: str | None) -> dict[str, str]:
    """Return variables with those added that lead to the local AWS, under the name ``host`` if one is given."""
    here = urlsplit(endpoint)
    there = f"{here.scheme}://{host}:{here.port}" if host else endpoint
    return {
        **{name: value.replace(endpoint, there) for name, value in variables.items()},
        "AWS_ENDPOINT_URL": there,
        "AWS_ACCESS_KEY_ID": ACCOUNT_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCOUNT_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
    }
