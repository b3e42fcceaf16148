"""Sends sample events to functions, on whatever runs them, and looks at what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from local.functions import functions, named
from local.invoking import Invocation, invoke_remotely
from local.providers import give_secret
from local.samples.catalogue import Sample, fits, readable
from local.samples.given import Given
from local.samples.practice import practice_of, prepare
from local.samples.shapes import api_event
from local.stack import PracticeStack

SECRET = "the scheduling system's"
PACKAGES = {route: function.package for function in functions() for route in function.routes}

Invoke = Callable[[bytes], Invocation]
"""Invokes one function with an event."""


def given_to_samples(deployed: PracticeStack, provider_id: str) -> Mapping[str, Given]:
    """What each sample may name, in a practice of its own; it is made in one go, as ``make events`` does it."""
    give_secret(deployed.aws, provider_id, SECRET)
    return prepare(practice_of(deployed.aws, deployed.deployed, provider_id=provider_id, secret=SECRET))


def deployed_function(deployed: PracticeStack, package: str) -> Invoke:
    """Return a function as it is deployed."""
    return lambda event: invoke_remotely(deployed.aws, named(package), event)


def assert_does_what_its_name_says(deployed: PracticeStack, sample: Sample, given: Given, invoke: Invoke) -> None:
    """Send a sample's event, twice if it may be; what it leads to is asked of the deployed functions."""
    event, expected = json.dumps(sample.event(given)).encode(), sample.answer(given)
    for _ in range(2 if sample.again else 1):
        told = invoke(event)
        assert not told.failed, (sample.name, told.answer)
        assert fits(expected, readable(told.answer)), (sample.name, told.answer)
    if sample.afterwards:
        route, shown = sample.afterwards
        ids = {"client_id": given.client_id, "run_id": given.run_id, "import_id": given.import_id}
        asked = json.dumps(api_event(route, given, path=ids)).encode()
        seen = readable(deployed_function(deployed, PACKAGES[route])(asked).answer)
        assert fits({"statusCode": 200, "body": shown}, seen), (sample.name, seen)
