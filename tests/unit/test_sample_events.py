"""Sample events: one for every function and route, in the services' shapes, checked in as the code makes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.functions import functions
from local.samples.catalogue import SAMPLES, Need, Sample, fits
from local.samples.files import DOCUMENTATION, documentation
from local.samples.given import DOCUMENTED
from local.samples.practice import MAKERS

REQUESTS = [sample for sample in SAMPLES if sample.route]
OTHERS = {sample.name: sample.event(DOCUMENTED) for sample in SAMPLES if not sample.route}
ULID = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"


def named(sample: Sample) -> str:
    return sample.name


def test_every_function_has_a_sample_event() -> None:
    assert {function.package for function in functions()} == {sample.function for sample in SAMPLES}


def test_every_route_has_a_sample_event() -> None:
    """A new route is missing here until ``local/samples/catalogue.py`` has an entry for it."""
    routes = {route: function.package for function in functions() for route in function.routes}
    assert {sample.route: sample.function for sample in REQUESTS} == routes


def test_sample_names_are_unique_and_every_need_can_be_met() -> None:
    assert len({sample.name for sample in SAMPLES}) == len(SAMPLES)
    assert set(MAKERS) == set(Need)


def test_the_documented_events_are_those_the_code_makes() -> None:
    """Should this fail: ``.venv/bin/python -m local.samples.files``."""
    assert {path.name: path.read_text(encoding="utf-8") for path in DOCUMENTATION.iterdir()} == documentation()


@pytest.mark.parametrize("sample", REQUESTS, ids=named)
def test_a_request_has_every_field_that_api_gateway_sends(sample: Sample) -> None:
    event = sample.event(DOCUMENTED)
    assert event.keys() == {
        "resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters",
        "multiValueQueryStringParameters", "pathParameters", "stageVariables", "requestContext", "body",
        "isBase64Encoded",
    }  # fmt: skip
    context = event["requestContext"]
    assert context.keys() - {"authorizer"} == {
        "resourceId", "resourcePath", "httpMethod", "extendedRequestId", "requestTime", "path", "accountId", "protocol",
        "stage", "domainPrefix", "requestTimeEpoch", "requestId", "identity", "domainName", "deploymentId", "apiId",
    }  # fmt: skip
    assert (context["protocol"], context["identity"]["sourceIp"]) == ("HTTP/1.1", "192.0.2.17")
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context["requestTime"])
    assert f"{event['httpMethod']} {event['resource']}" == sample.route
    assert "{" not in event["path"]
    assert event["multiValueHeaders"] == {name: [value] for name, value in event["headers"].items()}
    assert ("authorizer" in context) == (sample.function not in ("booking_hook", "record_hook"))


def test_the_schedule_delivers_its_detail_as_text() -> None:
    event = OTHERS["scheduled_cleanup"]
    assert event.keys() == {
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
    }  # fmt: skip
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.scheduler", "Scheduled Event", "{}")
    assert event["resources"][0].endswith(":schedule/default/client-archive-scheduled-cleanup")


def test_a_bus_event_has_every_field_that_eventbridge_sends() -> None:
    event = OTHERS["booking_requests"]
    assert event.keys() == OTHERS["scheduled_cleanup"].keys()
    assert event["detail"].keys() == {"event_id", "provider_id", "client_id", "appointment", "booked_by"}


@pytest.mark.parametrize(("step", "kind"), [("mark_archived", "archive"), ("undo_archives", "undo")])
def test_a_first_step_is_told_the_kind_of_its_run(step: str, kind: str) -> None:
    assert OTHERS[step]["kind"] == kind


def ids(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ids(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from ids(inner, name)
    elif name in ("client_id", "run_id", "archive_id", "group_id", "history_id") and isinstance(value, str):
        yield value


@pytest.mark.parametrize("sample", SAMPLES, ids=named)
def test_every_id_of_a_sample_has_the_length_of_a_real_one(sample: Sample) -> None:
    event = sample.event(DOCUMENTED)
    body = json.loads(event["body"]) if event.get("body") else {}
    assert [found for found in ids([event, body]) if not re.fullmatch(ULID, found)] == []


@pytest.mark.parametrize(
    ("expected", "found", "fit"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": {"b": []}}, {"a": {"b": []}}, True),
        ({"a": []}, {"a": [1]}, False),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}, {"b": 3}]}, True),
        ({"a": [1, 2]}, {"a": [1]}, False),
        (None, None, True),
        (None, {"statusCode": 500}, False),
    ],
)
def test_an_answer_fits_when_it_has_what_is_expected(expected: Any, found: Any, fit: bool) -> None:
    assert fits(expected, found) is fit
