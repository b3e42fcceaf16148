"""docs/openapi.json and docs/schemas are generated from the code, and say what the code does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from client_lifecycle.domain.records import RecordKind
from local.openapi import TARGET, openapi, text
from local.schemas import DIALECT, FOLDER, schema_texts
from local.template import ROOT, read_template

KEYWORDS = """
$schema $id $ref $defs title description default examples type enum const format allOf anyOf oneOf
properties required additionalProperties propertyNames minProperties maxProperties
items prefixItems minItems maxItems uniqueItems minLength maxLength pattern
minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
"""
"""Those of JSON Schema that the description may use."""

OF_NAMES = ("properties", "$defs")
"""Keywords under which are names, and under these a schema each."""

DESCRIPTION = json.loads(TARGET.read_text(encoding="utf-8"))


def schema_of(file: str) -> Any:
    return json.loads((FOLDER / file).read_text(encoding="utf-8"))


def validator_of(file: str) -> Draft202012Validator:
    return Draft202012Validator(schema_of(file))


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


def test_the_checked_in_schemas_are_those_of_the_description() -> None:
    wanted = schema_texts(DESCRIPTION)
    assert set(FOLDER.iterdir()) == set(wanted), "run `make openapi`, and remove what is no longer written"
    for file, schema in wanted.items():
        assert json.loads(file.read_text(encoding="utf-8")) == json.loads(schema), "run `make openapi`"


def test_every_keyword_of_the_description_is_one_of_json_schema() -> None:
    """Whatever else stands there is ignored, like ``ge`` in place of ``minimum``."""
    parameters = [
        parameter["schema"]
        for operations in DESCRIPTION["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
    ]
    found = {
        keyword
        for schema in [*DESCRIPTION["components"]["schemas"].values(), *parameters]
        for keyword in keywords(schema)
    }
    assert found <= set(KEYWORDS.split())


def keywords(schema: Any) -> Iterator[str]:
    """Yield every keyword of a schema, whatever is under it."""
    if isinstance(schema, list):
        yield from (keyword for one in schema for keyword in keywords(one))
    elif isinstance(schema, dict):
        for keyword, value in schema.items():
            yield keyword
            if keyword not in ("enum", "const", "default", "examples", "required"):
                yield from keywords(list(value.values()) if keyword in OF_NAMES else value)


@pytest.mark.parametrize("file", sorted(one.name for one in FOLDER.iterdir()))
def test_every_schema_is_one_of_the_dialect_it_names(file: str) -> None:
    schema = schema_of(file)
    assert schema["$schema"] == DIALECT
    meta.validate(schema)
    assert set(keywords(schema)) <= set(KEYWORDS.split())


def test_the_examples_of_the_document_fit_the_schemas() -> None:
    document = (ROOT / "docs" / "records.md").read_text(encoding="utf-8")
    request, answer = (json.loads(block) for block in re.findall(r"```json\n(.+?)```", document, re.DOTALL)[:2])
    validator_of("request.json").validate(request)
    validator_of("answer.json").validate(answer)
    for change in request["changes"]:
        validator_of(f"{change['kind']}.json").validate(change)


@pytest.mark.parametrize("kind", RecordKind)
def test_a_schema_takes_no_change_of_another_kind_or_without_a_version(kind: RecordKind) -> None:
    validator = validator_of(f"{kind.value}.json")
    removed = {"kind": kind.value, "id": "a-1", "version": 1, "removed": True}
    assert validator.is_valid(removed) is (kind is not RecordKind.BALANCE)
    other = RecordKind.FORM if kind is RecordKind.DOCUMENT else RecordKind.DOCUMENT
    for fault in ({"version": 0}, {"version": 1.5}, {"kind": other.value}, {"removed": False}, {"title": "Diagnosis"}):
        assert not validator.is_valid({**removed, **fault})
