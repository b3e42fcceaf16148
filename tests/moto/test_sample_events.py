"""The documented sample events of the functions behind the API are understood by those functions.

That they do what their name says where their ids exist is tested on the deployed system.
"""

from __future__ import annotations

import json

import pytest

from client_lifecycle.storage.table import Table
from local.functions import functions
from local.samples.catalogue import SAMPLES, Sample, readable
from local.samples.files import DOCUMENTATION
from tests.support.booking_secrets import PREFIX
from tests.support.calls import invoke

HANDLERS = {function.package: function.handler for function in functions()}
REQUESTS = [sample for sample in SAMPLES if sample.route]


@pytest.mark.parametrize("sample", REQUESTS, ids=[sample.name for sample in REQUESTS])
def test_a_sample_event_is_routed_understood_and_answered(
    table: Table, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOKING_SECRET_PREFIX", PREFIX)
    monkeypatch.setenv("RECORD_SECRET_PREFIX", PREFIX)
    event = json.loads((DOCUMENTATION / f"{sample.name}.json").read_text(encoding="utf-8"))
    answer = invoke(HANDLERS[sample.function], event)
    document = readable(answer)["body"]
    problem = document.get("type", "") if isinstance(document, dict) else ""
    assert answer["statusCode"] < 500
    assert not problem.endswith(("RouteNotFound", "InvalidRequest", "NotPermitted"))
