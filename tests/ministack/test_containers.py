"""``sam local`` runs every function, and the API, in Lambda's container image on the practice that runs."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from local.functions import Function, functions
from local.ministack import HOST
from local.sam.build import SAM
from local.sam.container import cannot_contain, environment_of_sam, has_image, image, invoke_in_container
from local.sam.files import write_sam_local
from local.sam.relay import reached_from_containers
from local.samples.catalogue import SAMPLES
from local.samples.given import Given
from local.stack import PracticeStack
from local.template import ROOT
from tests.ministack.samples import assert_does_what_its_name_says, given_to_samples

LACKS = cannot_contain() or (None if has_image() else f"Docker has no image {image()}.")
pytestmark = pytest.mark.skipif(LACKS is not None, reason=LACKS or "")
START_SECONDS = 60
[INVOKE] = re.findall("^.*sam local invoke .*$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def given(deployed: PracticeStack, clean_up_by_hand: None) -> Mapping[str, Given]:
    return given_to_samples(deployed, "prov-contained")


@pytest.mark.parametrize("function", functions(), ids=lambda function: function.package)
def test_a_function_does_in_a_container_what_its_sample_says(
    deployed: PracticeStack, given: Mapping[str, Given], function: Function
) -> None:
    sample = next(one for one in SAMPLES if one.function == function.package)
    assert_does_what_its_name_says(
        deployed, sample, given[sample.name], lambda event: invoke_in_container(deployed.aws, function, event)
    )


def test_the_line_of_the_readme_invokes_a_function(deployed: PracticeStack, folder: Path) -> None:
    write_sam_local(deployed.aws)
    line = INVOKE.replace(".local/", f"{folder}/") + " --skip-pull-image"
    with reached_from_containers(deployed.aws.endpoint, pytest.fail):
        told = subprocess.run(["bash", "-c", line], cwd=ROOT, env=environment_of_sam(), capture_output=True, check=True)
    assert json.loads(told.stdout)["statusCode"] == 200


@pytest.fixture(scope="module")
def api(deployed: PracticeStack, unused_port: int) -> Iterator[httpx.Client]:
    """The routes as ``sam local start-api`` serves them."""
    write_sam_local(deployed.aws)
    command: list[str | Path] = [SAM, "local", "start-api", "--skip-pull-image", "--port", str(unused_port)]
    with reached_from_containers(deployed.aws.endpoint, pytest.fail):
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment_of_sam(), stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            with httpx.Client(base_url=f"http://{HOST}:{unused_port}", timeout=START_SECONDS, trust_env=False) as http:
                _wait(http)
                yield http
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait()


def _wait(http: httpx.Client) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            http.get("/")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("sam local start-api did not start.")


@pytest.fixture(scope="module")
def unused_port() -> int:

    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def test_a_route_answers_whom_its_token_names(deployed: PracticeStack, api: httpx.Client) -> None:
    answer = api.get("/client-counts", headers={"Authorization": deployed.api.token})
    assert (answer.status_code, set(answer.json())) == (200, {"active", "archived"})
    assert api.get("/client-counts").status_code == 401
