"""docs/openapi.json is generated from the code, and says what the code does."""

from __future__ import annotations

from local.openapi import TARGET, openapi, text
from local.template import read_template


def test_the_checked_in_description_is_the_code_s() -> None:
    assert TARGET.read_text(encoding="utf-8") == text(), "run `make openapi`"


def test_the_routes_described_are_the_routes_deployed() -> None:
    deployed = {
        (event["Properties"]["Method"], event["Properties"]["Path"])
        for resource in read_template()["Resources"].values()
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "Api"
    }
    described = {(method, path) for path, operations in openapi()["paths"].items() for method in operations}
    assert described == deployed
