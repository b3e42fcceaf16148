"""Every sample event of the running practice does what its name says, on the deployed functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from local.deploy import STACK
from local.functions import functions
from local.samples.catalogue import SAMPLES, Sample, fits, readable
from local.samples.given import Given
from local.samples.practice import practice_of, prepare
from local.samples.shapes import Event, api_event
from local.stack import PracticeStack

PROVIDER_ID = "prov-events"
SECRET = "the scheduling system's"
NAMES = {function.package: function.name for function in functions()}
PACKAGES = {route: function.package for function in functions() for route in function.routes}


@pytest.fixture(scope="module")
def given(deployed: PracticeStack) -> Mapping[str, Given]:
    """What each sample may name, in a practice of its own; it is made in one go, as ``make events`` does it."""
    deployed.aws.secretsmanager.create_secret(Name=f"{STACK}/bookings/{PROVIDER_ID}", SecretString=SECRET)
    stack = deployed.deployed
    practice = practice_of(
        deployed.aws,
        deployed.table,
        bucket=stack.manifest_bucket,
        state_machine_arn=stack.state_machine_arn,
        provider_id=PROVIDER_ID,
        secret=SECRET,
    )
    return prepare(practice)


def invoke(deployed: PracticeStack, package: str, event: Event) -> Any:
    answer = deployed.aws.lambda_.invoke(FunctionName=NAMES[package], Payload=json.dumps(event).encode())
    told = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, told
    return readable(told)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_event_does_what_its_name_says(
    deployed: PracticeStack, given: Mapping[str, Given], sample: Sample
) -> None:
    event, expected = sample.event(given[sample.name]), sample.answer(given[sample.name])
    for _ in range(2 if sample.again else 1):
        answer = invoke(deployed, sample.function, event)
        assert fits(expected, answer), answer
    if sample.afterwards:
        route, shown = sample.afterwards
        ids = {"client_id": given[sample.name].client_id, "run_id": given[sample.name].run_id}
        seen = invoke(deployed, PACKAGES[route], api_event(route, given[sample.name], path=ids))
        assert fits({"statusCode": 200, "body": shown}, seen), seen
