"""The sample events of the functions behind the API are events that those functions answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from client_lifecycle.storage.table import Table
from local.template import ROOT, read_template
from tests.moto.calls import invoke

HANDLERS = [
    resource["Properties"]["Handler"]
    for resource in read_template()["Resources"].values()
    if any(event["Type"] == "Api" for event in resource["Properties"].get("Events", {}).values())
]
SAMPLES = [
    (handler, sample)
    for handler in HANDLERS
    for sample in sorted((ROOT / "events").glob(f"{handler.split('.')[0]}*.json"))
]


@pytest.mark.parametrize(("handler", "sample"), SAMPLES, ids=[sample.stem for _, sample in SAMPLES])
def test_a_sample_event_is_routed_understood_and_answered(
    table: Table, handler: str, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOKING_SECRET_PREFIX", "test/bookings")
    answer = invoke(handler, json.loads(sample.read_text(encoding="utf-8")))
    problem = json.loads(answer["body"]).get("type", "") if answer["body"] else ""
    assert answer["statusCode"] < 500
    assert not problem.endswith(("RouteNotFound", "InvalidRequest", "NotPermitted"))
