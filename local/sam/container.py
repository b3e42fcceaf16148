"""Runs built functions in Lambda's container image with ``sam local invoke``, where a Docker engine answers."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from local.functions import Function
from local.invoking import Invocation
from local.ministack import LocalAws
from local.sam.build import PROCESSORS, SAM, missing, this_machine
from local.sam.files import write_sam_local
from local.sam.relay import reached_from_containers
from local.template import ROOT

ANSWER_SECONDS = 10


def cannot_contain() -> str | None:
    """Tell in a sentence why functions cannot be run this way here, or nothing."""
    return missing() or (None if _docker("version") else "No Docker engine answers here.")


def image() -> str:
    """Return the name of Lambda's image for this machine."""
    return f"public.ecr.aws/lambda/python:3.13-{PROCESSORS[this_machine()]}"


def has_image() -> bool:
    """Tell whether the engine has Lambda's image, so that it need not be pulled."""
    return _docker("image", "inspect", image())


def invoke_in_container(aws: LocalAws, function: Function, event: bytes) -> Invocation:
    """Invoke a function as it is built from the sources, in a container, on the practice that runs.

    Args:
        aws: where the practice runs.
        function: the function.
        event: JSON.

    Raises:
        CannotBuild: something is missing, or the build failed.
    """
    write_sam_local(aws)
    command = [str(SAM), "local", "invoke", function.logical_id, "--event", "-"]
    if has_image():
        command.append("--skip-pull-image")
    with reached_from_containers(aws.endpoint, _ignore):
        done = subprocess.run(  # noqa: S603 - our own arguments
            command, cwd=ROOT, env=environment_of_sam(), input=event, capture_output=True, check=False
        )
    log = done.stderr.decode(errors="replace")
    return Invocation.judged(_answer(done.stdout) if done.returncode == 0 else _no_answer(log), log)


def _ignore(_told: str) -> None:
    """Let the relay of the practice that runs, if there is one, keep the address."""


def _answer(said: bytes) -> Any:
    """Read what the SAM CLI prints last: the function's answer."""
    try:
        return json.loads(said.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return _no_answer(said.decode(errors="replace"))


def _no_answer(told: str) -> dict[str, str]:
    return {"errorType": "NoAnswer", "errorMessage": told.strip().splitlines()[-1] if told.strip() else ""}


def environment_of_sam() -> dict[str, str]:
    """Return the surrounding variables without those of AWS: the SAM CLI would pass them on, or call with them."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "SAM_CLI_TELEMETRY": "0"}


def _docker(*arguments: str) -> bool:
    """Tell whether a command of Docker's succeeds."""
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, timeout=ANSWER_SECONDS, check=False)  # noqa: S603, S607
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
